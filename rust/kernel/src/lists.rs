//! Lists that commands carry: rows of a fixed shape, each an array on the wire.

use crate::field::Field;
use crate::quantities::{AccountId, GroupId, Lots, MarketId, Money, Rate, Ticks};
use crate::wire::{Reader, WireError, Writer};

/// An element of a list.
pub trait Element: Sized {
    /// The list's name in the vocabulary.
    const LIST: &'static str;
    /// Reads one.
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError>;
    /// Writes one.
    fn write(&self, writer: &mut Writer);
}

impl<E: Element> Field for Vec<E> {
    const TYPE: &'static str = E::LIST;

    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let length = reader.array()?;
        // A length is a claim until its elements have been read.
        let mut list = Self::with_capacity(length.min(64));
        for _ in 0..length {
            list.push(E::read(reader)?);
        }
        Ok(list)
    }

    fn write(&self, writer: &mut Writer) {
        writer.array(self.len());
        for element in self {
            element.write(writer);
        }
    }
}

macro_rules! rows {
    ($($(#[$doc:meta])* $list:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        impl Element for $name {
            const LIST: &'static str = $list;

            fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                reader.array_of(<[&str]>::len(&[$(stringify!($field)),*]))?;
                Ok(Self { $($field: Field::read(reader)?),* })
            }

            fn write(&self, writer: &mut Writer) {
                writer.array(<[&str]>::len(&[$(stringify!($field)),*]));
                $(self.$field.write(writer);)*
            }
        }
    )*};
}

rows! {
    /// One step of a market's margin schedule; it holds from its lower bound on.
    "tiers" Tier {
        /// Notional from which the rates hold.
        lower_bound: Money,
        /// Marginal initial rate.
        initial_rate: Rate,
        /// Marginal maintenance rate.
        maintenance_rate: Rate,
    }
    /// Fees of one volume tier.
    "fee_tiers" FeeTier {
        /// For the order that rested; negative is a rebate.
        maker_rate: Rate,
        /// For the order that came.
        taker_rate: Rate,
    }
    /// How two groups move together.
    "correlations" Correlation {
        /// The lower group.
        group_a: GroupId,
        /// The higher one.
        group_b: GroupId,
        /// Their correlation.
        correlation_rate: Rate,
        /// How much of it may offset one against the other.
        offset_cap_rate: Rate,
    }
    /// One counterparty's part of a deleveraging.
    "allocations" Allocation {
        /// Whose position is closed.
        account: AccountId,
        /// By how much.
        lots: Lots,
    }
}

macro_rules! plain {
    ($($type:ty => $list:literal),*) => {$(
        impl Element for $type {
            const LIST: &'static str = $list;
            fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                Field::read(reader)
            }
            fn write(&self, writer: &mut Writer) {
                Field::write(self, writer);
            }
        }
    )*};
}

plain!(MarketId => "u16s", u64 => "u64s", Ticks => "i64s");
