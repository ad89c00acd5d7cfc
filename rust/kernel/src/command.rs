//! The vocabulary of inputs: what may be asked of the kernel, field by field in wire order.
//!
//! `docs/rules.md` gives each command its meaning, its permitted origins and its refusals. Tags are never reused, new
//! fields go last.

use std::borrow::Borrow;

use crate::field::{Entry, Field, enumeration};
pub use crate::lists::{Allocation, Correlation, FeeTier, Tier};
use crate::quantities::{
    AccountId, AssetId, AuctionId, AuthorId, GroupId, Lots, MarketId, Money, OrderId, Rate, Ticks,
};
use crate::wire::{Reader, Text, WireError, Writer};

enumeration!(
    /// Who spoke (law 6).
    Origin { Client = 0, Oracle = 1, Policy = 2, Operator = 3 }
);
enumeration!(
    /// Buy or sell.
    Side { Buy = 1, Sell = 2 }
);
enumeration!(
    /// One side, or both: what a mass cancel takes.
    Sides { Both = 0, Buy = 1, Sell = 2 }
);
enumeration!(
    /// How an order's price is meant: a limit, or the protection bound of a market order.
    OrderKind { Limit = 1, Market = 2 }
);
enumeration!(
    /// How long an order may work.
    TimeInForce { GoodTillCancel = 1, ImmediateOrCancel = 2, FillOrKill = 3, GoodTillDate = 4 }
);
enumeration!(
    /// What happens when an order would trade with its own master's; the taker's mode wins.
    SelfTrade { Allow = 0, CancelNewest = 1, CancelOldest = 2, CancelBoth = 3, Decrement = 4 }
);

enumeration!(
    /// What a market takes.
    MarketMode { Continuous = 1, ReduceOnly = 2, CancelOnly = 3, Halted = 4 }
);
enumeration!(
    /// Over which markets an exposure cap sums.
    Scope { Market = 1, Group = 2, Asset = 3 }
);
enumeration!(
    /// How an account's cross pools are margined.
    MarginMode { Standard = 1, Portfolio = 2 }
);

enumeration!(
    /// How good an accepted price is; the higher, the better.
    Grade { None = 0, Volatile = 1, Uncertain = 2, Stale = 3, Thin = 4, Ageing = 5, Good = 6 }
);

impl Side {
    /// The other one.
    #[inline]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Lots as a change of position: bought lots add, sold lots subtract.
    #[inline]
    pub const fn signed(self, lots: Lots) -> Lots {
        match self {
            Self::Buy => lots,
            Self::Sell => Lots(-lots.0),
        }
    }
}

macro_rules! held {
    ($name:ident) => { $name };
    ($name:ident $held:ident) => { $held<$name> };
}

macro_rules! commands {
    ($($(#[$doc:meta])* $tag:literal $name:ident $(in $held:ident)? { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            #[allow(missing_docs, reason = "the rules document every field")]
            pub struct $name { $(pub $field: $type),* }

            impl $name {
                /// A function of its own for each command, on a reader of its own: one body for all twenty spills the
                /// reader to memory at every byte.
                #[inline(never)]
                #[allow(unused_mut, unused_variables, reason = "some commands have no fields")]
                fn read_fields(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                    let mut local = *reader;
                    let command = Self { $($field: Field::read(&mut local)?),* };
                    *reader = local;
                    Ok(command)
                }
            }

            impl From<$name> for Command {
                fn from(command: $name) -> Self {
                    Self::$name(command.into())
                }
            }
        )*

        /// Any command. What is rare and large is held in a box, so that all stay as small as an order.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant wraps the command of its name")]
        pub enum Command { $($name(held!($name $($held)?))),* }

        impl Command {
            /// Every command with its tag and fields.
            pub const VOCABULARY: &'static [Entry] = &[
                $(Entry { tag: $tag, name: stringify!($name), fields: &[$((stringify!($field), <$type as Field>::TYPE)),*] }),*
            ];

            /// Its number on the wire.
            #[inline]
            pub const fn tag(&self) -> u8 {
                match self { $(Self::$name(_) => $tag),* }
            }

            /// Reads `[tag, ...fields]`.
            pub fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                let (length, tag) = (reader.array()?, reader.unsigned()?);
                Self::read_fields(length, tag, reader)
            }

            /// Reads what follows the tag in an array of `length`.
            #[inline(always)]
            fn read_fields(length: usize, tag: u64, reader: &mut Reader<'_>) -> Result<Self, WireError> {
                match tag {
                    $($tag => {
                        const FIELDS: usize = <[&str]>::len(&[$(stringify!($field)),*]);
                        if length != FIELDS + 1 {
                            return Err(WireError::WrongLength);
                        }
                        $name::read_fields(reader).map(Self::from)
                    })*
                    _ => Err(WireError::UnknownVariant),
                }
            }

            /// Writes `[tag, ...fields]`: the inverse of [`Command::read`].
            pub fn write(&self, writer: &mut Writer) {
                match self {
                    $(Self::$name(command) => {
                        const FIELDS: usize = <[&str]>::len(&[$(stringify!($field)),*]);
                        let $name { $($field),* } = Borrow::<$name>::borrow(command);
                        writer.array(FIELDS + 1);
                        writer.unsigned($tag);
                        $($field.write(writer);)*
                    })*
                }
            }
        }
    };
}

commands! {
    /// Makes an asset known.
    1 AddAsset { symbol: Box<Text>, decimals: u8 }
    /// Opens a perpetual market; it trades once it has tiers and a mark.
    2 AddMarket {
        symbol: Box<Text>, settlement: AssetId, tick_size_e12: u64, lot_size_e12: u64, price_max: Ticks, position_max: Lots,
    }
    /// Sets a market's margin schedule.
    3 SetTiers { market: MarketId, tiers: Vec<Tier> }
    /// Sets a market's fees; negative is a rebate.
    4 SetFees { market: MarketId, maker_rate: Rate, taker_rate: Rate }
    /// Sets a market's order limits.
    5 SetLimits {
        market: MarketId, order_min_notional: Money, order_max_lots: Lots, price_band_rate: Rate, market_bound_rate: Rate,
    }
    /// Sets what holds for the whole venue.
    6 SetParameters { open_orders_max: u32, root_interval_commands: u64, root_interval_ns: u64 }
    /// Opens a master account, or a sub-account of one.
    7 CreateAccount { parent: AccountId }
    /// Money comes in.
    8 Deposit { account: AccountId, asset: AssetId, amount: Money }
    /// Money goes out.
    9 Withdraw { account: AccountId, asset: AssetId, amount: Money, destination: u64 }
    /// Money moves between accounts of one master.
    10 Transfer { source: AccountId, destination: AccountId, asset: AssetId, amount: Money }
    /// Sets a market's mark price.
    11 SetMark { market: MarketId, price: Ticks }
    /// Places an order.
    12 Place {
        account: AccountId, market: MarketId, side: Side, kind: OrderKind, price: Ticks, lots: Lots,
        time_in_force: TimeInForce, self_trade: SelfTrade, post_only: bool, reduce_only: bool, client_order: u64, expires_at: u64,
    }
    /// Changes an open order's price or total size.
    13 Amend { account: AccountId, order: OrderId, client_order: u64, price: Ticks, lots: Lots }
    /// Cancels an open order.
    14 Cancel { account: AccountId, order: OrderId, client_order: u64 }
    /// Cancels an account's open orders.
    15 MassCancel { account: AccountId, market: MarketId, side: Sides }
    /// Lets stamped time pass.
    16 Tick {}
    /// Takes the state root here.
    17 Checkpoint {}
    /// Gives an author of commands a number.
    18 RegisterAuthor { origin: Origin, name: Box<Text>, version: Box<Text> }
    /// Records that a torn tail was dropped from the journal.
    19 Repair { first_seq: u64, blocks: u32, evidence: Box<Text> }
    /// Switches to a ruleset.
    20 ActivateRuleset { ruleset: u32 }
    /// Sets a market's fees for the tiers above the first.
    21 SetFeeTiers { market: MarketId, tiers: Vec<FeeTier> }
    /// Puts an account into a fee tier and sets its maker rebate.
    22 SetAccountFees { account: AccountId, tier: u8, maker_rebate_rate: Rate }
    /// Sets what a market takes.
    23 SetMarketMode { market: MarketId, mode: MarketMode }
    /// Sets how the initial rate grows with size and open interest.
    24 SetScaling { market: MarketId, size_rate: Rate, open_interest_lower: Lots, open_interest_upper: Lots }
    /// Caps a market's open interest, and one account's share of it.
    25 SetCaps { market: MarketId, open_interest_max: Lots, concentration_rate: Rate, concentration_floor: Lots }
    /// Caps what an account may be exposed to.
    26 SetExposureCap { account: AccountId, scope: Scope, id: u16, notional_max: Money }
    /// Sets the levels of the pools of a settlement asset.
    27 SetLevels { asset: AssetId, initial_rate: Rate, transfer_rate: Rate, buffer_rate: Rate, account_floor: Money }
    /// Makes an asset count towards the pools of another.
    28 SetCollateral {
        asset: AssetId, settlement: AssetId, haircut_rate: Rate, account_cap: Money, total_cap: Money, price_decimals: u8,
    }
    /// Sets what collateral is worth, and how far it is off its peg.
    29 SetCollateralPrice { asset: AssetId, price: i64, depeg_rate: Rate }
    /// Sets what an account may do.
    30 SetPermissions in Box {
        account: AccountId, reduce_only: bool, no_withdraw: bool, no_transfer: bool, markets: Vec<MarketId>, destinations: Vec<u64>,
    }
    /// Opens, closes or narrows the gate that withdrawals of an asset go through.
    31 SetWithdrawalGate { asset: AssetId, closed: bool, interval_ns: u64, amount_max: Money }
    /// Lets a sibling draw on an account.
    32 SetAllowance { source: AccountId, destination: AccountId, asset: AssetId, amount: Money }
    /// Draws on a sibling that allowed it.
    33 Draw { account: AccountId, source: AccountId, asset: AssetId, amount: Money }
    /// Sets how an account's cross pools are margined.
    34 SetMarginMode { account: AccountId, mode: MarginMode }
    /// Isolates a position, or takes it back into the cross pool.
    35 SetPositionMode { account: AccountId, market: MarketId, isolated: bool, amount: Money }
    /// Moves money between cash and an isolated position's margin.
    36 AdjustMargin { account: AccountId, market: MarketId, amount: Money }
    /// Sets the account's own initial rate in a market: one over its leverage.
    37 SetLeverage { account: AccountId, market: MarketId, initial_rate: Rate }
    /// Isolates a market from the cross pools, or says that it need not be any longer.
    38 SetStress { market: MarketId, active: bool }
    /// Closes a funding epoch.
    39 SettleFunding { market: MarketId, price: Ticks, rate: Rate }
    /// Puts a market into a group of markets on one underlying.
    40 SetGroup { market: MarketId, group: GroupId }
    /// Sets what long against short within a group is charged.
    41 SetBasis { group: GroupId, basis_rate: Rate }
    /// Sets how a market's price moves in each scenario.
    42 SetScenarios { market: MarketId, moves: Vec<Ticks> }
    /// Sets what a large position is charged.
    43 SetConcentration { market: MarketId, threshold: Money, rate: Rate }
    /// Sets how groups move together.
    44 SetCorrelations in Box { towards_one_rate: Rate, towards_zero_rate: Rate, pairs: Vec<Correlation> }
    /// Sets how portfolio pools of an asset are margined.
    45 SetPortfolio { asset: AssetId, maintenance_rate: Rate, funding_epochs: u32 }
    /// Sets margin calls and the terms of liquidation for the pools of an asset.
    46 SetLiquidation in Box {
        asset: AssetId, first_call_rate: Rate, second_call_rate: Rate, take_over_rate: Rate, adjustment_rate: Rate,
        spread_rate: Rate, partial_rate: Rate, partial_notional: Money, cooldown_ns: u64, fee_rate: Rate,
    }
    /// Makes an account a backstop vault.
    47 SetVault { account: AccountId, asset: AssetId, exposure_max: Money }
    /// Lets an account bid in auctions.
    48 SetLiquidator { account: AccountId, registered: bool }
    /// Limits what an insurance fund may lose in an interval.
    49 SetInsurance { asset: AssetId, market: MarketId, loss_max: Money, interval_ns: u64 }
    /// Moves fees, or an account's cash, into an insurance fund.
    50 FundInsurance { asset: AssetId, market: MarketId, account: AccountId, amount: Money }
    /// Locks a pool to reducing.
    51 Lock { account: AccountId, asset: AssetId, market: MarketId }
    /// Releases a pool that recovered.
    52 Release { account: AccountId, asset: AssetId, market: MarketId }
    /// Cancels the orders that would add to a pool's risk.
    53 CancelIncreasing { account: AccountId, asset: AssetId, market: MarketId }
    /// Reduces a position on the book, within bounds.
    54 Liquidate { account: AccountId, market: MarketId, lots: Lots, price: Ticks }
    /// Hedges a portfolio pool on the book, within bounds.
    55 Hedge { account: AccountId, market: MarketId, side: Side, lots: Lots, price: Ticks }
    /// Offers a position to liquidators at a growing discount.
    56 OpenAuction {
        account: AccountId, market: MarketId, lots: Lots, discount_start_rate: Rate, discount_end_rate: Rate, duration_ns: u64,
    }
    /// Takes part of an auction at its present price.
    57 Bid { account: AccountId, auction: AuctionId, lots: Lots, price: Ticks }
    /// Ends an auction.
    58 CloseAuction { auction: AuctionId }
    /// Moves a position to a backstop vault.
    59 TakeOver { account: AccountId, market: MarketId, lots: Lots, vault: AccountId }
    /// Pays a deficit from the insurance fund.
    60 CoverLoss { account: AccountId, asset: AssetId, market: MarketId, amount: Money }
    /// Sells collateral to the insurance fund to pay a debt.
    61 ConvertCollateral { account: AccountId, asset: AssetId, amount: Money }
    /// Closes a position against the named counterparties at the bankruptcy value.
    62 Deleverage { account: AccountId, market: MarketId, lots: Lots, counterparties: Vec<Allocation> }
    /// Spreads a deficit over one side of a market.
    63 Socialise { account: AccountId, market: MarketId, side: Side, amount: Money }
    /// Records what a source said.
    64 Observe { feed: u16, source: u16, price: i64, confidence: i64, observed_at: u64 }
    /// Sets the price that was accepted, and how good it is.
    65 SetOracle { market: MarketId, price: Ticks, confidence: Ticks, grade: Grade, observed_at: u64 }
    /// Sets how good a market's price must be for each action.
    66 SetGrades { market: MarketId, margin: Grade, liquidation: Grade, funding: Grade }
    /// Lets an author act for an account as a policy, or ends that.
    67 SetAgent { account: AccountId, author: AuthorId, granted: bool }
    /// Puts words on record.
    68 Note { account: AccountId, topic: Box<Text>, body: Box<str> }
}

// An order and its tag: a block is decoded into a list of these.
const _: () = assert!(size_of::<Command>() <= size_of::<Place>() + 8);

/// A command as the journal holds it: stamped, and naming who asked and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Stamped time, nanoseconds.
    pub time: u64,
    /// Who spoke.
    pub origin: Origin,
    /// Which registered author, if any.
    pub author: AuthorId,
    /// The seq of the command that caused this one, 0 if none.
    pub cause: u64,
    /// Client nonce, 0 if none.
    pub nonce: u64,
    /// What was asked.
    pub command: Command,
}

impl Record {
    /// Reads `[dt, origin, author, cause, nonce, command]`.
    #[inline(always)]
    pub fn read(reader: &mut Reader<'_>, base_time: u64) -> Result<Self, WireError> {
        // A copy that never leaves this function, so that it stays in registers.
        let mut head = *reader;
        head.array_of(6)?;
        let time = base_time.checked_add(head.unsigned()?).ok_or(WireError::OutOfRange)?;
        let (origin, author) = (Field::read(&mut head)?, Field::read(&mut head)?);
        let (cause, nonce) = (head.unsigned()?, head.unsigned()?);
        let (length, tag) = (head.array()?, head.unsigned()?);
        *reader = head;
        Ok(Self { time, origin, author, cause, nonce, command: Command::read_fields(length, tag, reader)? })
    }

    /// Writes it: the inverse of [`Record::read`].
    pub fn write(&self, writer: &mut Writer, base_time: u64) {
        writer.array(6);
        writer.unsigned(self.time - base_time);
        self.origin.write(writer);
        self.author.write(writer);
        self.cause.write(writer);
        self.nonce.write(writer);
        self.command.write(writer);
    }
}
