//! The vocabulary of outputs: what happened, field by field in wire order, each event as `[tag, seq, ...fields]`.

use crate::command::{Grade, MarginMode, MarketMode, Origin, Scope, Side};
use crate::field::{Entry, Field, enumeration};
use crate::quantities::{
    AccountId, AssetId, AuctionId, AuthorId, GroupId, Lots, MarketId, Money, OrderId, Rate, TickValue, Ticks, TradeId,
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
        /// The market's open interest is capped.
        OpenInterest = 8,
        /// It would have added to the risk of a pool in need.
        Waterfall = 9,
    }
);

enumeration!(
    /// How a pool stands against its maintenance.
    Standing { Healthy = 0, FirstCall = 1, SecondCall = 2, Liquidatable = 3, TakeOver = 4, Bankrupt = 5 }
);
enumeration!(
    /// What a liquidation order is for.
    LiquidationKind { Reduce = 1, Hedge = 2 }
);
enumeration!(
    /// Why an auction ended.
    AuctionEnd {
        /// Every lot was taken.
        Taken = 1,
        /// The pool recovered.
        Recovered = 2,
        /// Its opener asked.
        Requested = 3,
        /// The position is flat, or has turned.
        Gone = 4,
    }
);
enumeration!(
    /// Why lots moved from one account to another without an order.
    MoveReason { Auction = 1, TakeOver = 2, Deleverage = 3 }
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
            #[allow(missing_docs, reason = "the rules document every field")]
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
    /// Fee tiers hold.
    25 FeeTiersSet { market: MarketId, count: u8 }
    /// An account's fee tier and rebate hold.
    26 AccountFeesSet { account: AccountId, tier: u8, maker_rebate_rate: Rate }
    /// A market takes something else.
    27 MarketModeSet { market: MarketId, mode: MarketMode, previous: MarketMode }
    /// Scaling of the initial rate holds.
    28 ScalingSet { market: MarketId, size_rate: Rate, open_interest_lower: Lots, open_interest_upper: Lots }
    /// A market's caps hold.
    29 CapsSet { market: MarketId, open_interest_max: Lots, concentration_rate: Rate, concentration_floor: Lots }
    /// An exposure cap holds.
    30 ExposureCapSet { account: AccountId, scope: Scope, id: u16, notional_max: Money }
    /// Levels hold.
    31 LevelsSet { asset: AssetId, initial_rate: Rate, transfer_rate: Rate, buffer_rate: Rate, account_floor: Money }
    /// An asset counts as collateral.
    32 CollateralSet {
        asset: AssetId, settlement: AssetId, haircut_rate: Rate, account_cap: Money, total_cap: Money, price_decimals: u8,
    }
    /// Collateral has a price.
    33 CollateralPriceSet { asset: AssetId, price: i64, depeg_rate: Rate, previous: i64 }
    /// An account's permissions hold.
    34 PermissionsSet {
        account: AccountId, reduce_only: bool, no_withdraw: bool, no_transfer: bool, markets: u8, destinations: u8,
    }
    /// A withdrawal gate holds.
    35 WithdrawalGateSet { asset: AssetId, closed: bool, interval_ns: u64, amount_max: Money }
    /// A sibling may draw.
    36 AllowanceSet { source: AccountId, destination: AccountId, asset: AssetId, amount: Money }
    /// A sibling drew.
    37 Drawn {
        source: AccountId, destination: AccountId, asset: AssetId, amount: Money, source_balance: Money,
        destination_balance: Money, allowance: Money,
    }
    /// An account's cross pools are margined another way.
    38 MarginModeSet { account: AccountId, mode: MarginMode }
    /// A position left the cross pool or came back.
    39 PositionModeSet {
        account: AccountId, market: MarketId, isolated: bool, amount: Money, margin: Money, balance: Money,
    }
    /// Money moved between cash and a position's margin.
    40 MarginAdjusted { account: AccountId, market: MarketId, amount: Money, margin: Money, balance: Money }
    /// An account's own initial rate holds.
    41 LeverageSet { account: AccountId, market: MarketId, initial_rate: Rate }
    /// A market is under stress, or no longer.
    42 StressSet { market: MarketId, active: bool, positions: u32 }
    /// A funding epoch closed.
    43 FundingSettled { market: MarketId, price: Ticks, rate: Rate, index_whole: i64, index_fraction: i64 }
    /// A position paid or received what it owed.
    44 FundingPaid { account: AccountId, market: MarketId, funding: Money, loss: Money, balance: Money }
    /// A market is in a group.
    45 GroupSet { market: MarketId, group: GroupId }
    /// A basis charge holds.
    46 BasisSet { group: GroupId, basis_rate: Rate }
    /// A scenario table holds.
    47 ScenariosSet { market: MarketId, count: u8 }
    /// A concentration charge holds.
    48 ConcentrationSet { market: MarketId, threshold: Money, rate: Rate }
    /// Correlations hold.
    49 CorrelationsSet { towards_one_rate: Rate, towards_zero_rate: Rate, count: u16 }
    /// Portfolio terms hold.
    50 PortfolioSet { asset: AssetId, maintenance_rate: Rate, funding_epochs: u32 }
    /// Liquidation terms hold.
    51 LiquidationSet {
        asset: AssetId, first_call_rate: Rate, second_call_rate: Rate, take_over_rate: Rate, adjustment_rate: Rate,
        spread_rate: Rate, partial_rate: Rate, partial_notional: Money, cooldown_ns: u64, fee_rate: Rate,
    }
    /// An account is a vault, or no longer.
    52 VaultSet { account: AccountId, asset: AssetId, exposure_max: Money }
    /// An account may bid, or no longer.
    53 LiquidatorSet { account: AccountId, registered: bool }
    /// An insurance limit holds.
    54 InsuranceSet { asset: AssetId, market: MarketId, loss_max: Money, interval_ns: u64 }
    /// An insurance fund grew.
    55 InsuranceFunded { asset: AssetId, market: MarketId, account: AccountId, amount: Money, fund: Money }
    /// A pool stands otherwise than before.
    56 StandingChanged {
        account: AccountId, asset: AssetId, market: MarketId, standing: Standing, previous: Standing, equity: i64,
        requirement: i64, maintenance: i64,
    }
    /// A pool may only reduce.
    57 PoolLocked { account: AccountId, asset: AssetId, market: MarketId, equity: i64, maintenance: i64 }
    /// A pool may do as before.
    58 PoolReleased { account: AccountId, asset: AssetId, market: MarketId, equity: i64, maintenance: i64 }
    /// A pool's risk-increasing orders are gone.
    59 IncreasingCancelled { account: AccountId, asset: AssetId, market: MarketId, count: u32 }
    /// A liquidation order is about to be sent.
    60 LiquidationStarted {
        account: AccountId, market: MarketId, kind: LiquidationKind, side: Side, lots: Lots, price: Ticks, mark: Ticks,
        equity: i64, maintenance: i64,
    }
    /// What it came to.
    61 LiquidationEnded {
        account: AccountId, market: MarketId, kind: LiquidationKind, order: OrderId, filled: Lots, value: Money, fee: Money,
        equity: i64, maintenance: i64,
    }
    /// A position is on offer.
    62 AuctionOpened {
        auction: AuctionId, account: AccountId, market: MarketId, side: Side, lots: Lots, discount_start_rate: Rate,
        discount_end_rate: Rate, ends_at: u64, equity: i64, maintenance: i64,
    }
    /// It is no longer, with so many lots untaken.
    63 AuctionClosed { auction: AuctionId, account: AccountId, market: MarketId, lots: Lots, reason: AuctionEnd }
    /// Lots moved without an order.
    64 PositionMoved {
        reason: MoveReason, market: MarketId, lots: Lots, value: Money, source: AccountId, destination: AccountId,
        source_realised: Money, destination_realised: Money,
    }
    /// Insurance paid a deficit.
    65 LossCovered { account: AccountId, asset: AssetId, market: MarketId, amount: Money, fund: Money }
    /// Collateral paid a debt.
    66 CollateralConverted { account: AccountId, asset: AssetId, amount: Money, settlement: AssetId, value: Money }
    /// A deficit was spread.
    67 LossSocialised {
        account: AccountId, asset: AssetId, market: MarketId, side: Side, amount: Money, open_interest: i64,
    }
    /// A source said this.
    68 Observed { feed: u16, source: u16, price: i64, confidence: i64, observed_at: u64 }
    /// A price was accepted.
    69 OracleSet {
        market: MarketId, price: Ticks, confidence: Ticks, grade: Grade, observed_at: u64, previous: Ticks, previous_grade: Grade,
    }
    /// Least grades hold.
    70 GradesSet { market: MarketId, margin: Grade, liquidation: Grade, funding: Grade }
    /// An author may act for an account, or no longer.
    71 AgentSet { account: AccountId, author: AuthorId, granted: bool }
    /// Words are on record.
    72 Noted { account: AccountId, origin: Origin, author: AuthorId, topic: Box<Text>, body: Box<str> }
}
