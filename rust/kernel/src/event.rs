//! The vocabulary of outputs: what happened, field by field in wire order, each event as `[tag, seq, ...fields]`.

use crate::command::{Origin, Side};
use crate::field::{Entry, Field, enumeration};
use crate::quantities::{
    AccountId, AssetId, AuthorId, Lots, MarketId, Money, OrderId, Rate, TickValue, Ticks, TradeId,
};
use crate::wire::{Reader, Text, WireError, Writer};

enumeration!(
    /// Why an order, or what was left of it, was cancelled.
    CancelReason {
        /// Its owner asked.
        Requested = 1,
        /// It could not trade at once and may not rest.
        ImmediateOrCancel = 2,
        /// Its owner cancelled many.
        MassCancel = 3,
        /// Its time came.
        Expired = 4,
        /// A fill would have left its account under its requirement.
        Margin = 5,
        /// It met an order of its own master.
        SelfTrade = 6,
        /// It may only reduce, and there is nothing to reduce.
        ReduceOnly = 7,
    }
);

impl Field for TickValue {
    const TYPE: &'static str = "i64";
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.signed().map(Self)
    }
    fn write(&self, writer: &mut Writer) {
        writer.signed(self.0);
    }
}

/// Something that happened at a seq.
pub trait Event {
    /// Writes `[tag, seq, ...fields]`.
    fn write(&self, seq: u64, writer: &mut Writer);
}

/// How many events stand back to back in `stream`: each is one flat array.
pub fn count(stream: &[u8]) -> Result<usize, WireError> {
    let mut reader = Reader::new(stream);
    let mut events = 0;
    while !reader.is_empty() {
        for _ in 0..reader.array()? {
            reader.skip_scalar()?;
        }
        events += 1;
    }
    Ok(events)
}

/// Every event with its tag and fields (after seq).
pub const VOCABULARY: &[Entry] = ALL;

macro_rules! events {
    ($($(#[$doc:meta])* $tag:literal $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            #[allow(missing_docs, reason = "docs/rules.md documents every field")]
            pub struct $name { $(pub $field: $type),* }

            impl Event for $name {
                #[inline]
                fn write(&self, seq: u64, writer: &mut Writer) {
                    const FIELDS: usize = <[&str]>::len(&[$(stringify!($field)),*]);
                    writer.array(FIELDS + 2);
                    writer.unsigned($tag);
                    writer.unsigned(seq);
                    $(self.$field.write(writer);)*
                }
            }
        )*

        const ALL: &[Entry] = &[
            $(Entry { tag: $tag, name: stringify!($name), fields: &[$((stringify!($field), <$type as Field>::TYPE)),*] }),*
        ];
    };
}

events! {
    /// A command was refused, and why.
    1 Rejected { command: u8, account: AccountId, code: u16, a: i64, b: i64 }
    /// An asset is known.
    2 AssetAdded { asset: AssetId, symbol: Box<Text>, decimals: u8 }
    /// A market is open.
    3 MarketAdded { market: MarketId, symbol: Box<Text>, settlement: AssetId, tick_value: TickValue }
    /// A margin schedule holds.
    4 TiersSet { market: MarketId, count: u8 }
    /// Fees hold.
    5 FeesSet { market: MarketId, maker_rate: Rate, taker_rate: Rate }
    /// Order limits hold.
    6 LimitsSet {
        market: MarketId, order_min_notional: Money, order_max_lots: Lots, price_band_rate: Rate, market_bound_rate: Rate,
    }
    /// Venue parameters hold.
    7 ParametersSet { open_orders_max: u32, root_interval_commands: u64, root_interval_ns: u64 }
    /// An account exists.
    8 AccountCreated { account: AccountId, master: AccountId }
    /// Money came in.
    9 Deposited { account: AccountId, asset: AssetId, amount: Money, balance: Money }
    /// Money went out.
    10 Withdrawn { account: AccountId, asset: AssetId, amount: Money, balance: Money }
    /// Money moved between accounts of one master.
    11 Transferred {
        source: AccountId, destination: AccountId, asset: AssetId, amount: Money, source_balance: Money, destination_balance: Money,
    }
    /// A mark was set.
    12 MarkSet { market: MarketId, price: Ticks, previous: Ticks }
    /// An order passed every check.
    13 OrderAccepted {
        order: OrderId, account: AccountId, market: MarketId, side: Side, price: Ticks, lots: Lots, client_order: u64,
    }
    /// Two orders traded.
    14 Traded {
        trade: TradeId, market: MarketId, price: Ticks, lots: Lots, taker_side: Side, maker_order: OrderId, taker_order: OrderId,
        maker: AccountId, taker: AccountId, maker_fee: Money, taker_fee: Money, maker_realised: Money, taker_realised: Money,
    }
    /// What was left of an order rests in the book.
    15 OrderRested { order: OrderId, lots: Lots }
    /// What was left of an order is gone.
    16 OrderCancelled { order: OrderId, account: AccountId, market: MarketId, lots: Lots, reason: CancelReason }
    /// An order has another price or size.
    17 OrderAmended {
        order: OrderId, account: AccountId, market: MarketId, price: Ticks, lots: Lots, remaining: Lots, kept_priority: bool,
    }
    /// Lots taken off two orders of one master instead of trading.
    18 SelfTradePrevented { market: MarketId, maker_order: OrderId, taker_order: OrderId, lots: Lots }
    /// A mass cancel is complete.
    19 MassCancelled { account: AccountId, market: MarketId, count: u32 }
    /// Time passed.
    20 Ticked { time: u64 }
    /// The state root was taken here.
    21 CheckpointTaken {}
    /// An author has a number.
    22 AuthorRegistered { author: AuthorId, origin: Origin, name: Box<Text>, version: Box<Text> }
    /// A torn tail was dropped.
    23 Repaired { first_seq: u64, blocks: u32, evidence: Box<Text> }
    /// A ruleset holds.
    24 RulesetActivated { ruleset: u32 }
}
