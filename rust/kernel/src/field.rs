//! How each type of field stands on the wire: one canonical form to read and to write, and a name for the vocabulary.

use crate::quantities::{
    AccountId, AssetId, AuctionId, AuthorId, GroupId, Lots, MarketId, Money, OrderId, Rate, Ticks, TradeId,
};
use crate::wire::{Reader, Text, WireError, Writer};

/// A type that can be a field of a command or an event.
pub trait Field: Sized {
    /// Its name in the vocabulary.
    const TYPE: &'static str;
    /// Reads it in its canonical form.
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError>;
    /// Writes it in its canonical form.
    fn write(&self, writer: &mut Writer);
}

macro_rules! unsigned_field {
    ($($type:ty => $name:literal),*) => {$(
        impl Field for $type {
            const TYPE: &'static str = $name;
            #[inline(always)]
            fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                Self::try_from(reader.unsigned()?).map_err(|_| WireError::OutOfRange)
            }
            #[inline]
            fn write(&self, writer: &mut Writer) {
                writer.unsigned(u64::from(*self));
            }
        }
    )*};
}

unsigned_field!(u8 => "u8", u16 => "u16", u32 => "u32", u64 => "u64");

impl Field for i64 {
    const TYPE: &'static str = "i64";
    #[inline(always)]
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.signed()
    }
    #[inline]
    fn write(&self, writer: &mut Writer) {
        writer.signed(*self);
    }
}

impl Field for bool {
    const TYPE: &'static str = "bool";
    #[inline(always)]
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.boolean()
    }
    #[inline]
    fn write(&self, writer: &mut Writer) {
        writer.boolean(*self);
    }
}

/// Boxed, because few commands carry text and all commands share one size.
impl Field for Box<str> {
    const TYPE: &'static str = "text";
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.body().map(Self::from)
    }
    fn write(&self, writer: &mut Writer) {
        writer.body(self);
    }
}

/// Boxed for the same reason.
impl Field for Box<Text> {
    const TYPE: &'static str = "str";
    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.text().map(Box::new)
    }
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }
}

macro_rules! newtype_field {
    ($($type:ident($inner:ty)),*) => {$(
        impl Field for $type {
            const TYPE: &'static str = <$inner as Field>::TYPE;
            #[inline(always)]
            fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                <$inner as Field>::read(reader).map(Self)
            }
            #[inline]
            fn write(&self, writer: &mut Writer) {
                self.0.write(writer);
            }
        }
    )*};
}

newtype_field!(
    Ticks(i64),
    Lots(i64),
    Money(i64),
    Rate(i64),
    AssetId(u16),
    MarketId(u16),
    AuthorId(u16),
    GroupId(u16),
    AccountId(u32),
    OrderId(u64),
    TradeId(u64),
    AuctionId(u64)
);

/// Declares an enumeration whose numbers are on the wire.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "a variant is its name; docs/rules.md numbers them")]
        pub enum $name { $($(#[$variant_doc])* $variant = $value),* }

        impl $name {
            /// Every value with its name.
            pub const ALL: &'static [(u8, &'static str)] = &[$(($value, stringify!($variant))),*];

            /// From its number.
            #[inline]
            pub const fn from_number(number: u64) -> Option<Self> {
                match number { $($value => Some(Self::$variant),)* _ => None }
            }
        }

        impl $crate::field::Field for $name {
            const TYPE: &'static str = "u8";
            #[inline(always)]
            fn read(reader: &mut $crate::wire::Reader<'_>) -> Result<Self, $crate::wire::WireError> {
                Self::from_number(reader.unsigned()?).ok_or($crate::wire::WireError::UnknownVariant)
            }
            #[inline]
            fn write(&self, writer: &mut $crate::wire::Writer) {
                writer.unsigned(u64::from(*self as u8));
            }
        }
    };
}
pub(crate) use enumeration;

/// A tag, its name and its fields: one entry of the vocabulary, for checks against the other language's side.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The number on the wire.
    pub tag: u8,
    /// The name, equal in both languages.
    pub name: &'static str,
    /// Field names and types in wire order (events: after seq).
    pub fields: &'static [(&'static str, &'static str)],
}
