//! What the tables of portfolio margin may be set to, each refusal by its code and in its order.

mod desk;

use crossbook_kernel::command::{
    Command, Origin, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetPortfolio, SetScenarios,
};
use crossbook_kernel::kernel::Checks;
use crossbook_kernel::lists::Correlation;
use crossbook_kernel::quantities::{GroupId, MarketId, Money, RATE_ONE, Rate, Ticks};

use desk::{Desk, USD};

fn refused(desk: &mut Desk, command: impl Into<Command>) -> u64 {
    desk.code(Origin::Policy, command)
}

fn scenarios(market: MarketId, moves: Vec<i64>) -> SetScenarios {
    SetScenarios { market, moves: moves.into_iter().map(Ticks).collect() }
}

fn pair(group_a: u16, group_b: u16) -> Correlation {
    let (correlation_rate, offset_cap_rate) = (Rate(RATE_ONE), Rate(RATE_ONE));
    Correlation { group_a: GroupId(group_a), group_b: GroupId(group_b), correlation_rate, offset_cap_rate }
}

fn correlations(pairs: Vec<Correlation>) -> SetCorrelations {
    SetCorrelations { towards_one_rate: Rate(0), towards_zero_rate: Rate(RATE_ONE), pairs }
}

#[test]
fn there_are_sixty_four_groups() {
    let mut desk = Desk::open(Checks::Everything);
    let market = desk.market(1_000, 1_000, 0, 1);
    for (group, code) in [(0, 0), (64, 0), (65, 228)] {
        assert_eq!(refused(&mut desk, SetGroup { market, group: GroupId(group) }), code, "group {group}");
    }
    for (group, rate, code) in [(0, 0, 228), (65, -1, 228), (1, -1, 229), (1, RATE_ONE + 1, 229), (64, RATE_ONE, 0)] {
        assert_eq!(refused(&mut desk, SetBasis { group: GroupId(group), basis_rate: Rate(rate) }), code);
    }
}

#[test]
fn the_markets_of_a_group_have_the_same_scenarios_or_none() {
    let mut desk = Desk::open(Checks::Everything);
    let [first, second] = [desk.market(1_000, 1_000, 0, 1), desk.market(1_000, 1_000, 0, 1)];
    assert_eq!(refused(&mut desk, scenarios(first, vec![])), 228, "no group");
    for market in [first, second] {
        desk.operator(SetGroup { market, group: GroupId(1) });
    }
    assert_eq!(refused(&mut desk, scenarios(first, vec![0; 33])), 230);
    assert_eq!(refused(&mut desk, scenarios(first, vec![1_000, -1_001])), 230);
    assert_eq!(refused(&mut desk, scenarios(first, vec![i64::MIN])), 230);
    assert_eq!(refused(&mut desk, scenarios(first, vec![-1_000, 1_000])), 0);
    assert_eq!(refused(&mut desk, scenarios(second, vec![0; 3])), 230, "the other has two");
    assert_eq!(refused(&mut desk, scenarios(first, vec![0; 32])), 0, "the only one may change");
    assert_eq!(refused(&mut desk, scenarios(second, vec![0; 32])), 0);
    assert_eq!(refused(&mut desk, scenarios(second, vec![])), 0);
}

#[test]
fn sixteen_markets_of_a_group_have_scenarios() {
    let mut desk = Desk::open(Checks::Everything);
    let markets: Vec<MarketId> = (0..17).map(|_| desk.market(1_000, 1_000, 0, 1)).collect();
    for &market in &markets {
        desk.operator(SetGroup { market, group: GroupId(9) });
    }
    for &market in &markets[..16] {
        assert_eq!(refused(&mut desk, scenarios(market, vec![1])), 0);
    }
    assert_eq!(refused(&mut desk, scenarios(markets[16], vec![1])), 230);
    assert_eq!(refused(&mut desk, scenarios(markets[3], vec![2])), 0, "it is one of the sixteen");
    assert_eq!(refused(&mut desk, scenarios(markets[3], vec![])), 0);
    assert_eq!(refused(&mut desk, scenarios(markets[16], vec![1])), 0);
}

#[test]
fn concentration_and_portfolio_terms_keep_within_their_ranges() {
    let mut desk = Desk::open(Checks::Everything);
    let market = desk.market(1_000, 1_000, 0, 1);
    for (threshold, rate, code) in [(-1, 0, 231), (0, -1, 231), (0, RATE_ONE + 1, 231), (i64::MAX, RATE_ONE, 0)] {
        let command = SetConcentration { market, threshold: Money(threshold), rate: Rate(rate) };
        assert_eq!(refused(&mut desk, command), code);
    }
    for (rate, funding_epochs, code) in [(-1, 0, 233), (RATE_ONE + 1, 0, 233), (0, 1_001, 233), (RATE_ONE, 1_000, 0)] {
        let command = SetPortfolio { asset: USD, maintenance_rate: Rate(rate), funding_epochs };
        assert_eq!(refused(&mut desk, command), code);
    }
}

#[test]
fn pairs_are_listed_once_and_in_order() {
    let mut desk = Desk::open(Checks::Everything);
    let all: Vec<Correlation> = (1..=64).flat_map(|a| (a + 1..=64).map(move |b| pair(a, b))).collect();
    assert_eq!(all.len(), 2_016);
    let wrong = [
        vec![pair(1, 1)],
        vec![pair(2, 1)],
        vec![pair(0, 1)],
        vec![pair(1, 65)],
        vec![pair(1, 3), pair(1, 2)],
        vec![pair(1, 2), pair(1, 2)],
        vec![Correlation { correlation_rate: Rate(-RATE_ONE - 1), ..pair(1, 2) }],
        vec![Correlation { offset_cap_rate: Rate(-1), ..pair(1, 2) }],
        [all.clone(), vec![pair(63, 64)]].concat(),
    ];
    for pairs in wrong {
        assert_eq!(refused(&mut desk, correlations(pairs)), 232);
    }
    assert_eq!(refused(&mut desk, SetCorrelations { towards_one_rate: Rate(-1), ..correlations(vec![]) }), 232);
    assert_eq!(refused(&mut desk, SetCorrelations { towards_zero_rate: Rate(-1), ..correlations(vec![]) }), 232);
    assert_eq!(refused(&mut desk, correlations(all)), 0);
    assert_eq!(refused(&mut desk, correlations(vec![])), 0);
}
