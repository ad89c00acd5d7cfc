//! A desk from which Rust scenarios are played: one command at a time, straight into a kernel.
#![allow(dead_code, reason = "each test file uses what it needs")]

use crossbook_kernel::command::{
    AddAsset, AddMarket, Command, CreateAccount, Deposit, OrderKind, Origin, Place, Record, SelfTrade, SetMark,
    SetTiers, Side, Tier, TimeInForce,
};
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, Rate, Ticks};
use crossbook_kernel::risk::pool::Pool;
use crossbook_kernel::state::holdings::PoolId;
use crossbook_kernel::wire::{Reader, Text, Writer};

/// The asset everything settles in.
pub const USD: AssetId = AssetId(1);
/// Another asset.
pub const EUR: AssetId = AssetId(2);

/// A kernel that is given one command after the other.
pub struct Desk {
    pub kernel: Kernel<Ladder>,
    pub time: u64,
}

/// A short text.
pub fn text(text: &str) -> Text {
    Text::new(text).expect("short")
}

/// An integer or a truth as a number; 0 for a text.
fn scalar(reader: &mut Reader<'_>) -> i128 {
    let start = *reader;
    reader.skip_scalar().expect("a scalar");
    let unsigned = { start }.unsigned().map(i128::from);
    let signed = unsigned.or_else(|_| { start }.signed().map(i128::from));
    signed.or_else(|_| { start }.boolean().map(i128::from)).unwrap_or_default()
}

impl Desk {
    /// A venue with two assets without decimals and nothing else.
    pub fn open(checks: Checks) -> Self {
        let mut desk = Self { kernel: Kernel::genesis(checks), time: 1_000 };
        for symbol in ["USD", "EUR"] {
            desk.operator(AddAsset { symbol: Box::new(text(symbol)), decimals: 0 });
        }
        desk
    }

    /// A market whose tick on one lot is worth one unit: one tier, and a mark.
    pub fn market(&mut self, price_max: i64, position_max: i64, initial_rate: i64, mark: i64) -> MarketId {
        self.market_worth(1, price_max, position_max, initial_rate, mark)
    }

    /// The same with another tick value.
    pub fn market_worth(
        &mut self,
        tick_value: u64,
        price_max: i64,
        position_max: i64,
        initial_rate: i64,
        mark: i64,
    ) -> MarketId {
        let market = MarketId(u16::try_from(self.kernel.state().markets.len() + 1).expect("few"));
        self.operator(AddMarket {
            symbol: Box::new(text(&format!("M{}", market.0))),
            settlement: USD,
            tick_size_e12: tick_value * 1_000_000_000_000,
            lot_size_e12: 1_000_000_000_000,
            price_max: Ticks(price_max),
            position_max: Lots(position_max),
        });
        let (initial_rate, maintenance_rate) = (Rate(initial_rate), Rate(initial_rate / 2));
        let tiers = vec![Tier { lower_bound: Money(0), initial_rate, maintenance_rate }];
        self.operator(SetTiers { market, tiers });
        self.operator(SetMark { market, price: Ticks(mark) });
        market
    }

    /// An account with some money.
    pub fn account(&mut self, parent: u32, amount: i64) -> AccountId {
        self.operator(CreateAccount { parent: AccountId(parent) });
        let account = AccountId(u32::try_from(self.kernel.state().accounts.len()).expect("few"));
        if amount > 0 {
            self.operator(Deposit { account, asset: USD, amount: Money(amount) });
        }
        account
    }

    /// Executes a record as a block of one; gives its events.
    pub fn apply(&mut self, record: &Record) -> Vec<u8> {
        let mut writer = Writer::default();
        record.write(&mut writer, record.time);
        let first_seq = self.kernel.state().sequence.seq + 1;
        let head = BlockHead { first_seq, base_time: record.time, count: 1 };
        self.kernel.apply(writer.as_bytes(), head, 1).expect("a good block").to_vec()
    }

    /// The same with the code of its refusal, 0 if there is none.
    pub fn code(&mut self, origin: Origin, command: impl Into<Command>) -> u64 {
        let (time, author) = (self.time, AuthorId(0));
        let events = self.apply(&Record { time, origin, author, cause: 0, nonce: 0, command: command.into() });
        // [1, seq, command, account, code, a, b] is a refusal.
        let mut reader = Reader::new(&events);
        let length = reader.array().expect("an event");
        let head: Vec<u64> = (0..length.min(5)).map_while(|_| reader.unsigned().ok()).collect();
        if head[0] == 1 { head[4] } else { 0 }
    }

    /// The same with its events, each as its tag, its seq and its fields; a text is 0.
    pub fn events(&mut self, origin: Origin, command: impl Into<Command>) -> Vec<Vec<i128>> {
        let (time, author) = (self.time, AuthorId(0));
        let events = self.apply(&Record { time, origin, author, cause: 0, nonce: 0, command: command.into() });
        let mut reader = Reader::new(&events);
        let mut list = Vec::new();
        while !reader.is_empty() {
            let length = reader.array().expect("an event");
            list.push((0..length).map(|_| scalar(&mut reader)).collect());
        }
        list
    }

    /// The events of a step that a policy takes and that must not be refused.
    pub fn policy(&mut self, command: impl Into<Command>) -> Vec<Vec<i128>> {
        self.accepted(Origin::Policy, command)
    }

    /// The events of what an origin asks and must not be refused.
    pub fn accepted(&mut self, origin: Origin, command: impl Into<Command>) -> Vec<Vec<i128>> {
        let command = command.into();
        let events = self.events(origin, command.clone());
        assert!(events.iter().all(|event| event[0] != 1), "{command:?}: {events:?}");
        events
    }

    /// Code and values of a refusal.
    pub fn refusal(&mut self, origin: Origin, command: impl Into<Command>) -> (i128, i128, i128) {
        let events = self.events(origin, command);
        assert_eq!(events[0][0], 1, "not refused: {events:?}");
        (events[0][4], events[0][5], events[0][6])
    }

    /// A command of the operator's that must not be refused.
    pub fn operator(&mut self, command: impl Into<Command>) {
        let command = command.into();
        assert_eq!(self.code(Origin::Operator, command.clone()), 0, "{command:?}");
    }

    /// A resting or trading limit order; gives the code of its refusal, 0 if there is none.
    pub fn order(&mut self, account: AccountId, market: MarketId, side: Side, lots: i64, price: i64) -> u64 {
        self.code(Origin::Client, limit(account, market, side, lots, price))
    }

    /// `seller` offers and `buyer` takes.
    pub fn trade(&mut self, market: MarketId, buyer: AccountId, seller: AccountId, lots: i64, price: i64) {
        assert_eq!(self.order(seller, market, Side::Sell, lots, price), 0);
        assert_eq!(self.order(buyer, market, Side::Buy, lots, price), 0);
    }

    /// Cash in USD.
    pub fn cash(&self, account: AccountId) -> i64 {
        self.kernel.state().accounts.of(account).holdings.cash(USD).0
    }

    /// Equity of the cross pool in USD.
    pub fn equity(&self, account: AccountId) -> i64 {
        let state = self.kernel.state();
        let equity = Pool::new(&state.accounts.of(account).holdings, state.risk(), PoolId::Cross(USD)).equity();
        equity.narrow().0
    }

    /// Signed lots.
    pub fn lots(&self, account: AccountId, market: MarketId) -> i64 {
        self.kernel.state().accounts.of(account).holdings.position(market).lots.0
    }
}

/// A plain limit order, good till cancelled, that may meet its own master's.
pub fn limit(account: AccountId, market: MarketId, side: Side, lots: i64, price: i64) -> Place {
    Place {
        account,
        market,
        side,
        kind: OrderKind::Limit,
        price: Ticks(price),
        lots: Lots(lots),
        time_in_force: TimeInForce::GoodTillCancel,
        self_trade: SelfTrade::Allow,
        post_only: false,
        reduce_only: false,
        client_order: 0,
        expires_at: 0,
    }
}
