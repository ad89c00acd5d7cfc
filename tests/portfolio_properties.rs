//! Laws of portfolio margin, whatever the tables and the positions are.

mod desk;

use crossbook_kernel::command::{
    MarginMode, SetBasis, SetConcentration, SetCorrelations, SetGroup, SetMark, SetPortfolio, SetScenarios,
    SettleFunding,
};
use crossbook_kernel::kernel::Checks;
use crossbook_kernel::lists::Correlation;
use crossbook_kernel::quantities::{GroupId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks, Wide};
use crossbook_kernel::risk::pool::Pool;
use crossbook_kernel::risk::portfolio::{ROUNDINGS, most_maintenance, steepest_rate};
use crossbook_kernel::state::holdings::{Holdings, PoolId};
use proptest::prelude::*;

use desk::{Desk, USD};

const SCENARIOS: usize = 5;
const MARKETS: usize = 6;
const MARK: i64 = 100;

/// A venue and what somebody holds there, drawn at random.
#[derive(Clone, Debug)]
struct Drawn {
    moves: Vec<[i64; SCENARIOS]>,
    groups: Vec<u16>,
    lots: Vec<i64>,
    correlations: [(i64, i64); 3],
    stresses: (i64, i64),
    rates: [i64; 4],
}

fn share() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 0..=RATE_ONE, Just(RATE_ONE)]
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let moves = prop::collection::vec(prop::array::uniform5(-90_i64..=90), MARKETS);
    let groups = prop::collection::vec(1_u16..=3, MARKETS);
    let lots = prop::collection::vec(prop_oneof![Just(0_i64), -500_i64..=500], MARKETS);
    let correlations = prop::array::uniform3((-RATE_ONE..=RATE_ONE, share()));
    (moves, groups, lots, correlations, (share(), share()), prop::array::uniform4(share())).prop_map(
        |(moves, groups, lots, correlations, stresses, rates)| Drawn {
            moves,
            groups,
            lots,
            correlations,
            stresses,
            rates,
        },
    )
}

impl Drawn {
    /// The same venue with its markets and groups numbered the other way round.
    fn reversed(&self) -> Self {
        let mut other = self.clone();
        other.moves.reverse();
        other.lots.reverse();
        other.groups = self.groups.iter().rev().map(|group| 4 - group).collect();
        // The pairs (1, 2), (1, 3), (2, 3) become (2, 3), (1, 3), (1, 2).
        other.correlations.reverse();
        other
    }

    /// Every position has its opposite in a twin of its market.
    fn offset(&self) -> Self {
        let mut other = self.clone();
        other.moves.extend_from_slice(&self.moves);
        other.groups.extend_from_slice(&self.groups);
        other.lots.extend(self.lots.iter().map(|lots| -lots));
        other
    }

    fn venue(&self) -> Desk {
        let mut desk = Desk::open(Checks::Totals);
        let [maintenance, basis, concentration, funding] = self.rates;
        for (moves, &group) in self.moves.iter().zip(&self.groups) {
            let market = desk.market(10_000, 1_000_000, RATE_ONE / 10, MARK);
            let rate = Rate(concentration);
            desk.operator(SetGroup { market, group: GroupId(group) });
            desk.operator(SetScenarios { market, moves: moves.map(Ticks).to_vec() });
            desk.operator(SetConcentration { market, threshold: Money(10_000), rate });
            desk.operator(SettleFunding { market, price: Ticks(MARK), rate: Rate(funding / 10) });
            desk.operator(SetBasis { group: GroupId(group), basis_rate: Rate(basis) });
        }
        let pairs = [(1, 2), (1, 3), (2, 3)].into_iter().zip(self.correlations);
        let pairs = pairs.map(|((a, b), (correlation, cap))| Correlation {
            group_a: GroupId(a),
            group_b: GroupId(b),
            correlation_rate: Rate(correlation),
            offset_cap_rate: Rate(cap),
        });
        let (towards_one_rate, towards_zero_rate) = (Rate(self.stresses.0), Rate(self.stresses.1));
        desk.operator(SetCorrelations { towards_one_rate, towards_zero_rate, pairs: pairs.collect() });
        desk.operator(SetPortfolio { asset: USD, maintenance_rate: Rate(maintenance), funding_epochs: 2 });
        desk
    }

    fn holdings(&self, desk: &Desk) -> Holdings {
        held(desk, &self.lots)
    }
}

/// What a portfolio account with these positions holds, by market.
fn held(desk: &Desk, lots: &[i64]) -> Holdings {
    let mut holdings = Holdings::default();
    holdings.profile.mode = MarginMode::Portfolio;
    for (market, &lots) in (1..).map(MarketId).zip(lots) {
        if lots != 0 {
            holdings.position_mut(market).lots = Lots(lots);
        }
    }
    holdings.revalue(&desk.kernel.state().markets);
    holdings
}

fn pool<'a>(desk: &'a Desk, holdings: &'a Holdings) -> Pool<'a> {
    Pool::new(holdings, desk.kernel.state().risk(), PoolId::Cross(USD))
}

fn asked(desk: &Desk, holdings: &Holdings) -> (Wide, Wide) {
    let pool = pool(desk, holdings);
    (pool.requirement(), pool.maintenance())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_needs_nothing(drawn in drawn()) {
        let desk = drawn.venue();
        prop_assert_eq!(asked(&desk, &held(&desk, &[])), (Wide(0), Wide(0)));
    }

    #[test]
    fn maintenance_is_never_more_than_the_requirement(drawn in drawn()) {
        let desk = drawn.venue();
        let (requirement, maintenance) = asked(&desk, &drawn.holdings(&desk));
        prop_assert!(Wide(0) <= maintenance && maintenance <= requirement, "{maintenance:?} of {requirement:?}");
    }

    #[test]
    fn the_order_of_markets_and_groups_does_not_matter(drawn in drawn()) {
        let (desk, other) = (drawn.venue(), drawn.reversed());
        let other_desk = other.venue();
        prop_assert_eq!(asked(&desk, &drawn.holdings(&desk)), asked(&other_desk, &other.holdings(&other_desk)));
    }

    #[test]
    fn an_exact_offset_leaves_no_scenario_to_lose_in(drawn in drawn()) {
        // Charges by market and the basis aside, which an offset in another market does not take away.
        let plain = Drawn { rates: [drawn.rates[0], 0, 0, 0], ..drawn };
        let offset = plain.offset();
        let desk = offset.venue();
        let alone = asked(&desk, &held(&desk, &plain.lots));
        let both = asked(&desk, &offset.holdings(&desk));
        prop_assert_eq!(both, (Wide(0), Wide(0)));
        prop_assert!(alone.0 >= both.0 && alone.1 >= both.1);
    }

    #[test]
    fn within_a_group_two_portfolios_lose_no_more_together(drawn in drawn(), more in prop::collection::vec(-500_i64..=500, MARKETS)) {
        let plain = Drawn { rates: [RATE_ONE, 0, 0, 0], groups: vec![1; MARKETS], ..drawn };
        let desk = plain.venue();
        let of = |lots: &[i64]| asked(&desk, &held(&desk, lots)).0.0;
        let together: Vec<i64> = plain.lots.iter().zip(&more).map(|(one, other)| one + other).collect();
        prop_assert!(of(&together) <= of(&plain.lots) + of(&more));
    }

    #[test]
    fn with_losses_added_up_maintenance_is_no_less_and_no_steeper_in_the_marks_than_said(
        drawn in drawn(), marks in prop::collection::vec(1_i64..1_000, MARKETS)
    ) {
        let mut desk = drawn.venue();
        let holdings = drawn.holdings(&desk);
        let before = pool(&desk, &holdings);
        let mut most = most_maintenance(&before).0 + (ROUNDINGS * MARKETS) as i128;
        for ((market, &lots), mark) in before.risk.markets.iter().zip(&drawn.lots).zip(&marks) {
            let growth = i128::from((mark - MARK).max(0) * lots.abs());
            let steepest = i128::from(steepest_rate(&before, market).0);
            most += -((-growth * steepest).div_euclid(i128::from(RATE_ONE)));
        }
        for (market, &mark) in (1..).map(MarketId).zip(&marks) {
            desk.operator(SetMark { market, price: Ticks(mark) });
        }
        let after = pool(&desk, &holdings);
        prop_assert!(after.maintenance() <= most_maintenance(&after));
        prop_assert!(most_maintenance(&after).0 <= most, "{:?} against {most}", most_maintenance(&after));
    }

    #[test]
    fn a_pool_as_it_would_be_asks_what_it_asks_once_it_is(
        drawn in drawn(), number in 0..MARKETS, lots in -500_i64..=500, buys in 0_i64..100, sells in 0_i64..100
    ) {
        let desk = drawn.venue();
        let before = drawn.holdings(&desk);
        let market = MarketId(u16::try_from(number + 1).expect("few"));
        let mut position = before.position(market);
        (position.lots, position.buys, position.sells) = (Lots(lots), Lots(buys), Lots(sells));
        let imagined = pool(&desk, &before).with(position);
        let mut after = before.clone();
        *after.position_mut(market) = position;
        after.revalue(&desk.kernel.state().markets);
        prop_assert_eq!((imagined.requirement(), imagined.maintenance()), asked(&desk, &after));
    }
}

/// The largest market there may be: price, position and tick value at their limits, every move as far as it goes.
#[test]
fn a_thousand_markets_at_their_limits_do_not_overflow() {
    const PRICE_MAX: i64 = (1 << 31) - 1;
    const POSITION_MAX: i64 = 1 << 27;
    let mut desk = Desk::open(Checks::Totals);
    for group in 1..=64 {
        for _ in 0..16 {
            let market = desk.market(PRICE_MAX, POSITION_MAX, RATE_ONE, PRICE_MAX);
            let (threshold, rate) = (Money(0), Rate(RATE_ONE));
            desk.operator(SetGroup { market, group: GroupId(group) });
            desk.operator(SetScenarios { market, moves: vec![Ticks(-PRICE_MAX), Ticks(PRICE_MAX)] });
            desk.operator(SetConcentration { market, threshold, rate });
        }
        desk.operator(SetBasis { group: GroupId(group), basis_rate: Rate(RATE_ONE) });
    }
    desk.operator(SetPortfolio { asset: USD, maintenance_rate: Rate(RATE_ONE), funding_epochs: 1_000 });
    let long = held(&desk, &[POSITION_MAX; 1_024]);
    // A position loses and is charged for its concentration all that it is worth.
    let worth = i128::from(PRICE_MAX) * i128::from(POSITION_MAX) * 1_024;
    assert_eq!(asked(&desk, &long), (Wide(2 * worth), Wide(2 * worth)));
    let mut mixed = [POSITION_MAX; 1_024];
    mixed.iter_mut().step_by(2).for_each(|lots| *lots = -POSITION_MAX);
    // Nothing is lost then, but half of it is basis.
    assert_eq!(asked(&desk, &held(&desk, &mixed)).0, Wide(worth + worth / 2));
    let mut flipped = long.position(MarketId(1_024));
    (flipped.lots, flipped.buys, flipped.sells) = (Lots(-POSITION_MAX), Lots(POSITION_MAX), Lots(0));
    assert!(pool(&desk, &long).with(flipped).requirement() < Wide(2 * worth));
}
