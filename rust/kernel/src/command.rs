//! The vocabulary of inputs: what may be asked of the kernel, field by field in wire order.
//!
//! `docs/rules.md` gives each command its meaning, its permitted origins and its refusals. Tags are never reused, new
//! fields go last.

use crate::field::{Entry, Field, enumeration};
use crate::quantities::{AccountId, AssetId, AuthorId, Lots, MarketId, Money, OrderId, Rate, Ticks};
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

/// One step of a market's margin schedule; it holds from its lower bound on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Notional from which the rates hold.
    pub lower_bound: Money,
    /// Marginal initial rate.
    pub initial_rate: Rate,
    /// Marginal maintenance rate.
    pub maintenance_rate: Rate,
}

impl Field for Vec<Tier> {
    const TYPE: &'static str = "tiers";

    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let length = reader.array()?;
        let mut tiers = Self::with_capacity(length.min(64));
        for _ in 0..length {
            reader.array_of(3)?;
            tiers.push(Tier {
                lower_bound: Field::read(reader)?,
                initial_rate: Field::read(reader)?,
                maintenance_rate: Field::read(reader)?,
            });
        }
        Ok(tiers)
    }

    fn write(&self, writer: &mut Writer) {
        writer.array(self.len());
        for tier in self {
            writer.array(3);
            tier.lower_bound.write(writer);
            tier.initial_rate.write(writer);
            tier.maintenance_rate.write(writer);
        }
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $tag:literal $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            #[allow(missing_docs, reason = "docs/rules.md documents every field")]
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
                    Self::$name(command)
                }
            }
        )*

        /// Any command.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant wraps the command of its name")]
        pub enum Command { $($name($name)),* }

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
                        $name::read_fields(reader).map(Self::$name)
                    })*
                    _ => Err(WireError::UnknownVariant),
                }
            }

            /// Writes `[tag, ...fields]`: the inverse of [`Command::read`].
            pub fn write(&self, writer: &mut Writer) {
                match self {
                    $(Self::$name(command) => {
                        const FIELDS: usize = <[&str]>::len(&[$(stringify!($field)),*]);
                        let $name { $($field),* } = command;
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
    9 Withdraw { account: AccountId, asset: AssetId, amount: Money }
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
}

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
