//! The mark sweep that looks at few pools against the scan that looks at all: the same announcements, byte for byte.
//!
//! Random venues: cross, isolated and portfolio pools, several settlement assets, collateral, tiers, calls, funding, fills,
//! money in and out, jumps of marks, and snapshots in between. After every command the scan says which announcements there had
//! to be. More than a million times an account's turn at a mark is judged this way.

mod desk;

use std::collections::BTreeMap;

use crossbook_kernel::command::{
    AddAsset, AddMarket, AdjustMargin, Command, Correlation, Deposit, Liquidate, MarginMode, Origin, Record, SetBasis,
    SetCollateral, SetCollateralPrice, SetConcentration, SetCorrelations, SetGroup, SetLiquidation, SetMarginMode,
    SetMark, SetPortfolio, SetPositionMode, SetScenarios, SetTiers, SetVault, SettleFunding, Side, Socialise, TakeOver,
    Tick, Tier, Transfer, Withdraw,
};
use crossbook_kernel::event::{Event, Standing, StandingChanged};
use crossbook_kernel::kernel::{Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{
    AccountId, AssetId, AuthorId, GroupId, Lots, MarketId, Money, RATE_ONE, Rate, Ticks,
};
use crossbook_kernel::risk::pool::Pool;
use crossbook_kernel::state::State;
use crossbook_kernel::state::holdings::PoolId;
use crossbook_kernel::sweep::announcement;
use crossbook_kernel::sweep::scan::scan;
use crossbook_kernel::wire::{Reader, Writer};
use desk::{Desk, EUR, USD, limit, text};

const BTC: AssetId = AssetId(3);
const ACCOUNTS: u32 = 64;
const MARKETS: u16 = 5;
const PRICE_MAX: i64 = 1_000_000;
const GROUPS: [GroupId; 2] = [GroupId(1), GroupId(2)];
const COMMANDS: usize = 4_000;
const VENUES: u64 = 8;
const REJECTED: u64 = 1;
const STANDING_CHANGED: u64 = 56;

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.cast_unsigned()).cast_signed()
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high - low + 1)
    }

    fn account(&mut self) -> AccountId {
        AccountId(u32::try_from(self.between(1, ACCOUNTS.into())).expect("few"))
    }

    fn market(&mut self) -> MarketId {
        MarketId(u16::try_from(self.between(1, MARKETS.into())).expect("few"))
    }

    fn group(&mut self) -> GroupId {
        GROUPS[usize::try_from(self.below(2)).expect("two")]
    }

    fn rate(&mut self) -> Rate {
        Rate(self.between(0, RATE_ONE))
    }

    /// Half the time the first.
    fn asset(&mut self) -> AssetId {
        [USD, USD, EUR, BTC][usize::try_from(self.below(4)).expect("few")]
    }
}

/// What is remembered of every pool that is not healthy.
type Remembered = BTreeMap<(AccountId, AssetId, MarketId), Standing>;

fn key(account: AccountId, pool: &Pool<'_>) -> (AccountId, AssetId, MarketId) {
    match pool.id {
        PoolId::Cross(asset) => (account, asset, MarketId::NONE),
        PoolId::Isolated(market) => (account, pool.asset(), market),
    }
}

fn remembered(state: &State<Ladder>) -> Remembered {
    let looks = scan(state).map(|(account, look)| {
        let holdings = &state.accounts.of(account).holdings;
        let pool = Pool::new(holdings, state.risk(), look.pool);
        (key(account, &pool), holdings.condition(look.pool).standing)
    });
    looks.collect()
}

/// What had to be announced, from the state after the command and what was remembered before it.
fn expected(state: &State<Ladder>, before: &Remembered) -> Vec<StandingChanged> {
    let looks = scan(state).filter_map(|(account, look)| {
        let pool = Pool::new(&state.accounts.of(account).holdings, state.risk(), look.pool);
        let previous = before.get(&key(account, &pool)).copied().unwrap_or(Standing::Healthy);
        (previous != look.standing).then(|| StandingChanged { previous, ..announcement(account, &pool, &look) })
    });
    looks.collect()
}

/// A market in USD, or one in EUR; gives its mark.
fn open_market(desk: &mut Desk, market: u16, dice: &mut Dice) -> i64 {
    desk.operator(AddMarket {
        symbol: Box::new(text(&format!("M{market}"))),
        settlement: if market == 4 { EUR } else { USD },
        tick_size_e12: 1_000_000_000_000,
        lot_size_e12: 1_000_000_000_000,
        price_max: Ticks(PRICE_MAX),
        position_max: Lots(1 << 20),
    });
    let (lower_bound, initial_rate, maintenance_rate) = (Money(0), Rate(50_000_000), Rate(25_000_000));
    let (market, price) = (MarketId(market), Ticks(dice.between(1_000, 20_000)));
    desk.operator(SetTiers { market, tiers: vec![Tier { lower_bound, initial_rate, maintenance_rate }] });
    desk.operator(SetMark { market, price });
    price.0
}

/// The events of a command one by one, each with its tag.
fn events(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let mut reader = Reader::new(bytes);
        let fields = reader.array().expect("an event");
        let tag = reader.unsigned().expect("a tag");
        for _ in 1..fields {
            reader.skip_scalar().expect("a field");
        }
        let (event, rest) = bytes.split_at(bytes.len() - reader.remaining());
        events.push((tag, event));
        bytes = rest;
    }
    events
}

/// A random venue that is judged after every command.
struct Venue {
    desk: Desk,
    dice: Dice,
    marks: Vec<i64>,
    tally: Tally,
}

/// What was seen, so that a quiet test is not taken for a good one.
#[derive(Default)]
struct Tally {
    turns: usize,
    announced: [usize; 6],
    refused: usize,
    by_tag: BTreeMap<u8, usize>,
}

impl Venue {
    fn open(seed: u64) -> Self {
        let mut desk = Desk::open(Checks::Totals);
        let mut dice = Dice(seed);
        desk.operator(AddAsset { symbol: Box::new(text("BTC")), decimals: 0 });
        let marks: Vec<i64> = (1..=MARKETS).map(|market| open_market(&mut desk, market, &mut dice)).collect();
        for index in 0..ACCOUNTS {
            let parent = u32::from(index % 2 != 0);
            let account = desk.account(parent, dice.between(0, 2_000_000));
            desk.operator(Deposit { account, asset: EUR, amount: Money(dice.between(1, 2_000_000)) });
            desk.operator(Deposit { account, asset: BTC, amount: Money(dice.between(1, 1_000)) });
        }
        // The first is a vault that takes over whatever falls.
        desk.operator(Deposit { account: AccountId(1), asset: USD, amount: Money(1 << 40) });
        desk.operator(SetVault { account: AccountId(1), asset: USD, exposure_max: Money(1 << 50) });
        let mut venue = Self { desk, dice, marks, tally: Tally::default() };
        for market in (1..=MARKETS).map(MarketId) {
            venue.judge(SetGroup { market, group: GROUPS[usize::from(market.0 % 2)] }.into());
            venue.judge(venue.scenarios(market));
        }
        venue
    }

    /// Executes a command; the sweep's announcements must be those of the scan, and no other command has any.
    fn judge(&mut self, command: Command) {
        let before = remembered(self.desk.kernel.state());
        let (tag, time) = (command.tag(), self.desk.time);
        let sweeps = matches!(
            command,
            Command::SetMark(_) | Command::SettleFunding(_) | Command::SetCollateralPrice(_) | Command::Socialise(_)
        );
        let record = Record { time, origin: Origin::Operator, author: AuthorId(0), cause: 0, nonce: 0, command };
        let bytes = self.desk.apply(&record);
        let events = events(&bytes);
        let refused = events.iter().any(|(tag, _)| *tag == REJECTED);
        let state = self.desk.kernel.state();
        let mut writer = Writer::default();
        if refused {
            self.tally.refused += 1;
        } else if sweeps {
            self.tally.turns += state.accounts.len();
            for change in expected(state, &before) {
                self.tally.announced[usize::from(change.standing as u8)] += 1;
                change.write(state.sequence.seq, &mut writer);
            }
        }
        *self.tally.by_tag.entry(tag).or_default() += usize::from(!refused);
        let announced: Vec<&[u8]> =
            events.iter().filter(|(tag, _)| *tag == STANDING_CHANGED).map(|(_, event)| *event).collect();
        assert_eq!(writer.as_bytes(), announced.concat(), "at seq {}", state.sequence.seq);
        let positions: usize = state.accounts.iter().map(|(_, account)| account.holdings.positions().len()).sum();
        assert!(state.watch.triggers() <= 2 * positions, "triggers are left behind");
    }

    fn step(&mut self) {
        let commands = match self.dice.below(100) {
            0..=57 => vec![self.mark()],
            58..=71 => self.trade(),
            72..=74 => vec![self.waterfall()],
            75..=80 => vec![self.money()],
            81..=86 => vec![self.isolate()],
            87..=89 => vec![self.fund()],
            90 => vec![self.collateral()],
            91..=92 => vec![self.collateral_price()],
            93 => vec![self.tiers()],
            94 => vec![self.liquidation()],
            95..=97 => vec![self.portfolio()],
            98 => {
                self.reload();
                vec![]
            }
            _ => {
                self.desk.time += 1_000;
                vec![]
            }
        };
        for command in commands {
            self.judge(command);
        }
    }

    /// Small steps, and now and then a jump.
    fn mark(&mut self) -> Command {
        let market = self.dice.market();
        let mark = &mut self.marks[market.index()];
        let bound = match self.dice.below(60) {
            0 => *mark,
            1..=6 => *mark / 20,
            _ => *mark / 200,
        };
        *mark = (*mark + self.dice.between(-bound - 1, bound + 1)).clamp(1, PRICE_MAX);
        // Marks come back from the ends of the scale.
        if !(200..=200_000).contains(mark) {
            *mark = self.dice.between(1_000, 20_000);
        }
        SetMark { market, price: Ticks(*mark) }.into()
    }

    fn trade(&mut self) -> Vec<Command> {
        let (buyer, seller, market) = (self.dice.account(), self.dice.account(), self.dice.market());
        let mark = self.marks[market.index()];
        let price = (mark + self.dice.between(-mark / 100, mark / 100)).max(1);
        let lots = self.dice.between(1, 200);
        let orders = [limit(seller, market, Side::Sell, lots, price), limit(buyer, market, Side::Buy, lots, price)];
        orders.map(Command::from).to_vec()
    }

    fn money(&mut self) -> Command {
        let (account, destination, asset) = (self.dice.account(), self.dice.account(), self.dice.asset());
        let amount = Money(self.dice.between(1, if asset == BTC { 100 } else { 200_000 }));
        match self.dice.below(4) {
            0 => Deposit { account, asset, amount }.into(),
            1 => Transfer { source: account, destination, asset, amount }.into(),
            _ => Withdraw { account, asset, amount, destination: 0 }.into(),
        }
    }

    fn isolate(&mut self) -> Command {
        let (account, market) = (self.dice.account(), self.dice.market());
        let amount = Money(self.dice.between(0, 100_000));
        match self.dice.below(3) {
            0 => SetPositionMode { account, market, isolated: true, amount }.into(),
            1 => SetPositionMode { account, market, isolated: false, amount: Money(0) }.into(),
            _ => AdjustMargin { account, market, amount: amount - Money(50_000) }.into(),
        }
    }

    fn fund(&mut self) -> Command {
        let market = self.dice.market();
        let (price, rate) = (Ticks(self.marks[market.index()]), Rate(self.dice.between(-20_000_000, 20_000_000)));
        SettleFunding { market, price, rate }.into()
    }

    fn collateral(&mut self) -> Command {
        let (account_cap, total_cap) = (Money(self.dice.between(0, 1_000)), Money(1 << 40));
        let haircut_rate = Rate(self.dice.between(0, RATE_ONE / 2));
        SetCollateral { asset: BTC, settlement: USD, haircut_rate, account_cap, total_cap, price_decimals: 0 }.into()
    }

    fn collateral_price(&mut self) -> Command {
        let depeg_rate = Rate(if self.dice.below(5) == 0 { RATE_ONE / 2 } else { RATE_ONE });
        SetCollateralPrice { asset: BTC, price: self.dice.between(100, 1_000), depeg_rate }.into()
    }

    fn tiers(&mut self) -> Command {
        let first = self.dice.between(10, 300) * (RATE_ONE / 10_000);
        let tier = |(bound, rate): (i64, i64)| Tier {
            lower_bound: Money(bound),
            initial_rate: Rate(2 * rate),
            maintenance_rate: Rate(rate),
        };
        let tiers = [(0, first), (500_000, 2 * first), (2_000_000, 10 * first)].map(tier).to_vec();
        SetTiers { market: self.dice.market(), tiers }.into()
    }

    fn liquidation(&mut self) -> Command {
        let [first_call, second_call] = [[0, 0], [15, 0], [30, 12]][usize::try_from(self.dice.below(3)).expect("few")];
        let terms = SetLiquidation {
            asset: self.dice.asset(),
            first_call_rate: Rate(first_call * (RATE_ONE / 10)),
            second_call_rate: Rate(second_call * (RATE_ONE / 10)),
            take_over_rate: Rate(self.dice.between(0, RATE_ONE)),
            adjustment_rate: Rate(RATE_ONE),
            spread_rate: Rate(RATE_ONE),
            partial_rate: Rate(RATE_ONE),
            partial_notional: Money(0),
            cooldown_ns: 0,
            fee_rate: Rate(0),
        };
        terms.into()
    }

    fn portfolio(&mut self) -> Command {
        let (account, market) = (self.dice.account(), self.dice.market());
        match self.dice.below(16) {
            0 => SetGroup { market, group: self.dice.group() }.into(),
            1..=4 => self.scenarios(market),
            5 => SetBasis { group: self.dice.group(), basis_rate: self.dice.rate() }.into(),
            6 => SetConcentration { market, threshold: Money(self.dice.below(100_000)), rate: self.dice.rate() }.into(),
            7 => self.correlations(),
            8 => SetPortfolio { asset: USD, maintenance_rate: self.dice.rate(), funding_epochs: 3 }.into(),
            9..=13 => SetMarginMode { account, mode: MarginMode::Portfolio }.into(),
            _ => SetMarginMode { account, mode: MarginMode::Standard }.into(),
        }
    }

    fn scenarios(&self, market: MarketId) -> Command {
        let mark = self.marks[market.index()];
        let moves = [-mark / 10, -mark / 50, mark / 50, mark / 10].map(Ticks).to_vec();
        SetScenarios { market, moves }.into()
    }

    /// Two groups that move together, or against each other: a sign that turns with a mark is a jump.
    fn correlations(&mut self) -> Command {
        let [group_a, group_b] = GROUPS;
        let correlation_rate = Rate(self.dice.between(-RATE_ONE, RATE_ONE));
        let pairs = vec![Correlation { group_a, group_b, correlation_rate, offset_cap_rate: Rate(RATE_ONE) }];
        SetCorrelations { towards_one_rate: Rate(0), towards_zero_rate: Rate(0), pairs }.into()
    }

    /// A step of the waterfall for one of the accounts that are in trouble, if any is.
    fn waterfall(&mut self) -> Command {
        let state = self.desk.kernel.state();
        let fallen = scan(state).filter(|(_, look)| look.standing as u8 >= Standing::TakeOver as u8);
        let fallen: Vec<AccountId> = fallen.map(|(account, _)| account).collect();
        let index = self.dice.below(i64::try_from(fallen.len()).expect("few") + 1);
        let Some(&account) = fallen.get(usize::try_from(index).expect("few")) else { return Tick {}.into() };
        let positions = state.accounts.of(account).holdings.positions();
        let open = positions.iter().find(|position| position.lots != Lots(0)).map(|position| position.market);
        let (market, vault, lots, price) = (self.dice.market(), AccountId(1), Lots(0), Ticks(0));
        match (open, self.dice.below(2)) {
            (Some(market), 0) => Liquidate { account, market, lots, price }.into(),
            (Some(market), _) => TakeOver { account, market, lots, vault }.into(),
            (None, 0) => Socialise { account, market, side: Side::Buy, amount: Money(0) }.into(),
            (None, _) => Socialise { account, market, side: Side::Sell, amount: Money(0) }.into(),
        }
    }

    /// A kernel from its own snapshot has no triggers, and must go on as if it had.
    fn reload(&mut self) {
        let bytes = self.desk.kernel.snapshot();
        self.desk.kernel = Kernel::from_snapshot(&bytes, Checks::Totals).expect("its own snapshot");
    }
}

#[test]
fn the_ladder_announces_what_the_scan_sees_byte_for_byte() {
    let mut seen = Tally::default();
    for seed in 1..=VENUES {
        let mut venue = Venue::open(seed);
        for _ in 0..COMMANDS {
            venue.step();
        }
        seen.turns += venue.tally.turns;
        seen.refused += venue.tally.refused;
        for (sum, one) in seen.announced.iter_mut().zip(venue.tally.announced) {
            *sum += one;
        }
        for (tag, count) in venue.tally.by_tag {
            *seen.by_tag.entry(tag).or_default() += count;
        }
    }
    println!(
        "{} turns, {} refused, announced {:?}, executed {:?}",
        seen.turns, seen.refused, seen.announced, seen.by_tag
    );
    assert!(seen.turns >= 1_000_000, "{} turns", seen.turns);
    assert!(seen.announced.iter().all(|count| *count > 100), "every standing must be reached: {:?}", seen.announced);
    assert!(seen.by_tag.values().all(|count| *count > 0), "every command must pass: {:?}", seen.by_tag);
}

#[test]
fn a_mark_that_concerns_nobody_announces_nothing() {
    let mut venue = Venue::open(1);
    let (market, price) = (MarketId(1), Ticks(venue.marks[0]));
    venue.judge(SetMark { market, price }.into());
    assert_eq!([0; 6], venue.tally.announced);
}
