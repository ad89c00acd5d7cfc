//! Well-formed commands with the most extreme values: whatever they say, the kernel refuses or executes, and stays sound.

#[path = "../benches/session/mod.rs"]
#[allow(clippy::cast_possible_truncation, dead_code)]
mod session;

mod desk;

use crossbook_kernel::command::{
    AddAsset, AddMarket, Amend, Cancel, Command, CreateAccount, Deposit, MassCancel, OrderKind, Origin, Place, Record,
    SelfTrade, SetFees, SetLimits, SetMark, SetParameters, SetTiers, Side, Sides, Tick, Tier, TimeInForce, Transfer,
    Withdraw,
};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::matching::naive::Naive;
use crossbook_kernel::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, OrderId, Rate, Ticks};
use crossbook_kernel::view::View;
use crossbook_kernel::wire::Writer;

use desk::text;
use session::Dice;

/// Price, position and tick value at the notional limit in three ways: `(tick_size_e12, price_max, position_max)` of
/// markets whose lot is 1 and whose asset has no decimals.
const MARKETS: [(u64, i64, i64); 3] = [
    (1_000_000_000_000, (1 << 31) - 1, 1 << 27),
    (1_000_000_000_000, 1, 1 << 58),
    (1_000_000_000_000_000_000, 1_000, 200_000_000),
];
const ACCOUNTS: u32 = 12;

const EXTREMES: [i64; 16] = [
    0,
    1,
    -1,
    2,
    1_000,
    (1 << 31) - 1,
    1 << 31,
    1 << 40,
    1 << 58,
    1 << 60,
    (1 << 60) + 1,
    1 << 62,
    i64::MAX - 1,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
];

/// A kernel that is given one command after the other.
struct Session {
    kernel: Kernel<Ladder>,
    /// Grown from the latest snapshot, on the naive book: a state's history may not show in what comes of it.
    twin: Option<Kernel<Naive>>,
    dice: Dice,
    time: u64,
}

impl Session {
    fn open(seed: u64) -> Self {
        let mut session =
            Self { kernel: Kernel::genesis(Checks::Everything), twin: None, dice: Dice::seeded(seed), time: 1 };
        session.operator(AddAsset { symbol: Box::new(text("USD")), decimals: 0 });
        for (index, (tick_size_e12, price_max, position_max)) in (1_u16..).zip(MARKETS) {
            session.operator(AddMarket {
                symbol: Box::new(text(&format!("M{index}"))),
                settlement: AssetId(1),
                tick_size_e12,
                lot_size_e12: 1_000_000_000_000,
                price_max: Ticks(price_max),
                position_max: Lots(position_max),
            });
            let tiers = session.tiers();
            session.operator(SetTiers { market: MarketId(index), tiers });
            session.operator(SetMark { market: MarketId(index), price: Ticks(1) });
        }
        for account in 1..=ACCOUNTS {
            session.operator(CreateAccount { parent: AccountId(u32::from(account % 3 == 0)) });
            let amount = Money((1 << 60) / i64::from(2 * ACCOUNTS));
            session.operator(Deposit { account: AccountId(account), asset: AssetId(1), amount });
        }
        assert_eq!(session.kernel.state().markets.len(), MARKETS.len());
        session
    }

    fn operator(&mut self, command: impl Into<Command>) {
        self.apply(&Record {
            time: self.time,
            origin: Origin::Operator,
            author: AuthorId(0),
            cause: 0,
            nonce: 0,
            command: command.into(),
        });
    }

    fn apply(&mut self, record: &Record) {
        let mut writer = Writer::default();
        record.write(&mut writer, record.time);
        let first_seq = self.kernel.state().sequence.seq + 1;
        let head = BlockHead { first_seq, base_time: record.time, count: 1 };
        let events = self.kernel.apply(writer.as_bytes(), head, 1).expect("a good block");
        if let Some(twin) = &mut self.twin {
            assert_eq!(twin.apply(writer.as_bytes(), head, 1).expect("a good block"), events);
        }
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.dice.below(values.len() as u64)).expect("few")]
    }

    fn extreme(&mut self) -> i64 {
        self.one_of(&EXTREMES)
    }

    fn tiers(&mut self) -> Vec<Tier> {
        let rate = self.one_of(&[0, 1, 20_000_000, 1_000_000_000]);
        let bound = self.one_of(&[1, 1 << 30, 1 << 58, i64::MAX]);
        let tier = |bound, rate| Tier {
            lower_bound: Money(bound),
            initial_rate: Rate(rate),
            maintenance_rate: Rate(rate / 2),
        };
        vec![tier(0, rate), tier(bound, 1_000_000_000)]
    }

    /// A price or size that a market may take, most of the time.
    fn within(&mut self, max: i64) -> i64 {
        match self.dice.below(12) {
            0 => self.extreme(),
            1..=3 => max,
            4..=6 => 1,
            7 => max / 2,
            _ => 1 + i64::try_from(self.dice.below(max.cast_unsigned())).expect("below an i64"),
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId(u32::try_from(self.dice.below(u64::from(ACCOUNTS) + 1)).expect("few"))
    }

    fn market(&mut self) -> (MarketId, i64, i64) {
        let index = usize::try_from(self.dice.below(3)).expect("few");
        (MarketId(u16::try_from(index + 1).expect("few")), MARKETS[index].1, MARKETS[index].2)
    }

    fn step(&mut self) {
        self.time = match self.dice.below(400) {
            0 => self.time.saturating_add(1 << 62),
            1..=9 => self.time.saturating_add(100),
            _ => self.time,
        };
        let command = self.command();
        let nonce = self.one_of(&[0, 0, 0, 1, u64::MAX, u64::MAX - 1]);
        let cause = self.one_of(&[0, 0, 0, 0, 1, u64::MAX]);
        let author = AuthorId(self.one_of(&[0, 0, 0, 0, 1, u16::MAX]));
        let origin =
            self.one_of(&[Origin::Operator, Origin::Operator, Origin::Operator, Origin::Client, Origin::Policy]);
        self.apply(&Record { time: self.time, origin, author, cause, nonce, command });
    }

    fn command(&mut self) -> Command {
        let (account, asset) = (self.account(), AssetId(self.one_of(&[1, 1, 1, 0, 2, u16::MAX])));
        let (market, price_max, position_max) = self.market();
        let amount = Money(self.within(1 << 60));
        match self.dice.below(30) {
            0 => Deposit { account, asset, amount }.into(),
            1 => Withdraw { account, asset, amount, destination: 0 }.into(),
            2 => Transfer { source: account, destination: self.account(), asset, amount }.into(),
            3..=6 => SetMark { market, price: Ticks(self.within(price_max)) }.into(),
            7 => SetFees { market, maker_rate: self.rate(), taker_rate: self.rate() }.into(),
            8 => SetTiers { market, tiers: self.tiers() }.into(),
            9 => self.limits(market, position_max).into(),
            10 => Amend {
                account,
                order: self.order(),
                client_order: self.one_of(&[0, 0, 0, 1, u64::MAX]),
                price: Ticks(self.one_of(&[0, 1, price_max, i64::MIN, i64::MAX])),
                lots: Lots(self.one_of(&[0, 1, position_max, i64::MIN, i64::MAX])),
            }
            .into(),
            11 => Cancel { account, order: self.order(), client_order: 0 }.into(),
            12 => MassCancel { account, market: MarketId(0), side: Sides::Both }.into(),
            13 => SetParameters {
                open_orders_max: self.one_of(&[1, 10, 1_000_000, u32::MAX]),
                root_interval_commands: self.one_of(&[0, 1, 1 << 18, u64::MAX]),
                root_interval_ns: self.one_of(&[0, 1, u64::MAX]),
            }
            .into(),
            14 => Tick {}.into(),
            _ => self.place(account, market, price_max, position_max).into(),
        }
    }

    fn rate(&mut self) -> Rate {
        Rate(self.one_of(&[100_000_000, -100_000_000, 0, 1, -1, i64::MIN, i64::MAX]))
    }

    fn order(&mut self) -> OrderId {
        let latest = self.kernel.state().sequence.orders;
        OrderId(match self.dice.below(8) {
            0 => u64::MAX,
            _ => latest.saturating_sub(self.dice.below(20)),
        })
    }

    fn limits(&mut self, market: MarketId, position_max: i64) -> SetLimits {
        SetLimits {
            market,
            order_min_notional: Money(self.one_of(&[0, 0, 1, 1 << 58, i64::MAX, i64::MIN])),
            order_max_lots: Lots(self.one_of(&[position_max, position_max, 1, i64::MAX, i64::MIN])),
            price_band_rate: Rate(self.one_of(&[0, 0, 0, 1_000_000_000, i64::MAX])),
            market_bound_rate: Rate(self.one_of(&[1, 1_000_000_000, 1_000_000_000, i64::MAX])),
        }
    }

    fn place(&mut self, account: AccountId, market: MarketId, price_max: i64, position_max: i64) -> Place {
        let time_in_force = self.one_of(&[
            TimeInForce::GoodTillCancel,
            TimeInForce::GoodTillCancel,
            TimeInForce::ImmediateOrCancel,
            TimeInForce::FillOrKill,
            TimeInForce::GoodTillDate,
        ]);
        let dated = time_in_force == TimeInForce::GoodTillDate;
        let allow = SelfTrade::Allow;
        Place {
            account,
            market,
            side: self.one_of(&[Side::Buy, Side::Sell]),
            kind: self.one_of(&[OrderKind::Limit, OrderKind::Limit, OrderKind::Limit, OrderKind::Market]),
            price: Ticks(self.within(price_max)),
            lots: Lots(self.within(position_max)),
            time_in_force,
            self_trade: self.one_of(&[allow, allow, allow, SelfTrade::Decrement, SelfTrade::CancelOldest]),
            post_only: self.dice.below(10) == 0,
            reduce_only: self.dice.below(5) == 0,
            client_order: self.one_of(&[0, 0, 0, 1, u64::MAX]),
            expires_at: if dated { self.one_of(&[u64::MAX, self.time.saturating_add(50)]) } else { 0 },
        }
    }

    /// The views answer, and the state survives a snapshot.
    fn inspect(&mut self) {
        let state = self.kernel.state();
        View::of(state).assets();
        View::of(state).markets();
        for account in 0..=ACCOUNTS + 1 {
            View::of(state).account(AccountId(account));
            View::of(state).orders(AccountId(account), MarketId(0));
        }
        for market in 0..=4 {
            View::of(state).book(MarketId(market), usize::MAX);
            View::of(state).queue(MarketId(market), Side::Buy, Ticks(1));
        }
        let saved = self.kernel.snapshot();
        let mut loaded = Kernel::<Ladder>::from_snapshot(&saved, Checks::Everything).expect("our own snapshot");
        assert_eq!(loaded.snapshot(), saved);
        assert_eq!(loaded.state_root(), self.kernel.full_state_root());
        assert_eq!(self.kernel.state_root(), self.kernel.full_state_root());
        if let Some(twin) = &self.twin {
            assert_eq!((twin.snapshot(), twin.exec_mark()), (saved.clone(), self.kernel.exec_mark()));
        }
        self.twin = Some(Kernel::from_snapshot(&saved, Checks::Totals).expect("our own snapshot"));
    }
}

#[test]
fn extreme_values_are_refused_or_executed_soundly() {
    // More for a longer hunt: EXTREMES=5000 cargo test --test extremes.
    let sessions: u64 = std::env::var("EXTREMES").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let mut trades = 0;
    for seed in 0..sessions {
        let mut session = Session::open(seed);
        for step in 0..1_500 {
            session.step();
            if step % 100 == 99 {
                session.inspect();
            }
        }
        trades += session.kernel.state().sequence.trades;
    }
    assert!(trades > 10 * sessions, "they traded: {trades}");
}
