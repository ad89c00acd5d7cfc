//! Canonical msgpack, strictly: the shortest form of every value, and no other.
//!
//! Two byte strings that mean the same command would hash differently and still replay alike; refusing all but the
//! shortest encoding makes bytes and meaning one thing.

/// Why bytes are not a canonical value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The input ends inside a value.
    Truncated,
    /// A value of another type stands here.
    WrongType,
    /// An encoding longer than the shortest, or a non-negative number in a signed form.
    NotCanonical,
    /// The number does not fit the field.
    OutOfRange,
    /// An array of another length than declared.
    WrongLength,
    /// A string that is not UTF-8, or longer than its field takes.
    BadString,
    /// An enumeration or tag value without a meaning.
    UnknownVariant,
    /// Bytes remain after the last record.
    TrailingBytes,
    /// Fewer or more records than announced, or times that decrease.
    BadSequence,
}

impl WireError {
    /// A stable machine code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::WrongType => "wrong_type",
            Self::NotCanonical => "not_canonical",
            Self::OutOfRange => "out_of_range",
            Self::WrongLength => "wrong_length",
            Self::BadString => "bad_string",
            Self::UnknownVariant => "unknown_variant",
            Self::TrailingBytes => "trailing_bytes",
            Self::BadSequence => "bad_sequence",
        }
    }
}

/// Names and other short strings on the wire are at most this long.
pub const TEXT_MAX: usize = 64;
/// Texts that somebody wrote are at most this long.
pub const BODY_MAX: usize = 16_384;

/// Reads canonical values off a byte slice.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// From the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8, WireError> {
        let (&first, rest) = self.rest.split_first().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(first)
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// An unsigned integer.
    #[inline(always)]
    pub fn unsigned(&mut self) -> Result<u64, WireError> {
        let marker = self.byte()?;
        if marker < 0x80 {
            return Ok(u64::from(marker));
        }
        self.unsigned_after(marker)
    }

    #[inline(always)]
    fn unsigned_after(&mut self, marker: u8) -> Result<u64, WireError> {
        let (value, shortest_from) = match marker {
            0xcc => (u64::from(self.byte()?), 0x80),
            0xcd => (u64::from(u16::from_be_bytes(self.take()?)), 0x100),
            0xce => (u64::from(u32::from_be_bytes(self.take()?)), 0x1_0000),
            0xcf => (u64::from_be_bytes(self.take()?), 0x1_0000_0000),
            0xd0..=0xd3 | 0xe0..=0xff => return Err(WireError::OutOfRange),
            _ => return Err(WireError::WrongType),
        };
        if value < shortest_from { Err(WireError::NotCanonical) } else { Ok(value) }
    }

    /// A signed integer; non-negative ones stand in the unsigned form.
    #[inline(always)]
    pub fn signed(&mut self) -> Result<i64, WireError> {
        let marker = self.byte()?;
        if marker < 0x80 {
            return Ok(i64::from(marker));
        }
        self.signed_after(marker)
    }

    #[inline(always)]
    fn signed_after(&mut self, marker: u8) -> Result<i64, WireError> {
        if marker >= 0xe0 {
            return Ok(i64::from(marker.cast_signed()));
        }
        let (value, shortest_below) = match marker {
            0xd0 => (i64::from(self.byte()?.cast_signed()), -0x20),
            0xd1 => (i64::from(i16::from_be_bytes(self.take()?)), -0x80),
            0xd2 => (i64::from(i32::from_be_bytes(self.take()?)), -0x8000),
            0xd3 => (i64::from_be_bytes(self.take()?), -0x8000_0000),
            _ => {
                let value = self.unsigned_after(marker)?;
                return i64::try_from(value).map_err(|_| WireError::OutOfRange);
            }
        };
        if value >= shortest_below { Err(WireError::NotCanonical) } else { Ok(value) }
    }

    /// A boolean.
    #[inline(always)]
    pub fn boolean(&mut self) -> Result<bool, WireError> {
        match self.byte()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(WireError::WrongType),
        }
    }

    /// The length of an array.
    #[inline(always)]
    pub fn array(&mut self) -> Result<usize, WireError> {
        let marker = self.byte()?;
        match marker {
            0x90..=0x9f => Ok(usize::from(marker & 0x0f)),
            0xdc => {
                let length = usize::from(u16::from_be_bytes(self.take()?));
                if length < 16 { Err(WireError::NotCanonical) } else { Ok(length) }
            }
            0xdd => Err(WireError::WrongLength),
            _ => Err(WireError::WrongType),
        }
    }

    /// An array of exactly `length` values.
    #[inline(always)]
    pub fn array_of(&mut self, length: usize) -> Result<(), WireError> {
        if self.array()? == length { Ok(()) } else { Err(WireError::WrongLength) }
    }

    /// Steps over one scalar: an integer, a boolean, nil or a string.
    pub fn skip_scalar(&mut self) -> Result<(), WireError> {
        let width = match self.byte()? {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 0,
            marker @ 0xa0..=0xbf => usize::from(marker & 0x1f),
            0xd9 => usize::from(self.byte()?),
            0xda => usize::from(u16::from_be_bytes(self.take()?)),
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 => 2,
            0xce | 0xd2 => 4,
            0xcf | 0xd3 => 8,
            _ => return Err(WireError::WrongType),
        };
        self.rest = self.rest.get(width..).ok_or(WireError::Truncated)?;
        Ok(())
    }

    /// A string of at most [`TEXT_MAX`] bytes.
    pub fn text(&mut self) -> Result<Text, WireError> {
        self.string(TEXT_MAX).and_then(Text::new)
    }

    /// A string of at most [`BODY_MAX`] bytes.
    pub fn body(&mut self) -> Result<&'a str, WireError> {
        self.string(BODY_MAX)
    }

    fn string(&mut self, most: usize) -> Result<&'a str, WireError> {
        let (length, shortest_from) = match self.byte()? {
            marker @ 0xa0..=0xbf => (usize::from(marker & 0x1f), 0),
            0xd9 => (usize::from(self.byte()?), 0x20),
            0xda => (usize::from(u16::from_be_bytes(self.take()?)), 0x100),
            0xdb => return Err(WireError::BadString),
            _ => return Err(WireError::WrongType),
        };
        if length < shortest_from {
            return Err(WireError::NotCanonical);
        }
        if length > most {
            return Err(WireError::BadString);
        }
        let (head, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        std::str::from_utf8(head).map_err(|_| WireError::BadString)
    }
}

/// A short string, inline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    length: u8,
    bytes: [u8; TEXT_MAX],
}

impl Text {
    /// From a string of at most [`TEXT_MAX`] bytes.
    pub fn new(text: &str) -> Result<Self, WireError> {
        let mut bytes = [0; TEXT_MAX];
        let slot = bytes.get_mut(..text.len()).ok_or(WireError::BadString)?;
        slot.copy_from_slice(text.as_bytes());
        Ok(Self { length: u8::try_from(text.len()).map_err(|_| WireError::BadString)?, bytes })
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// As a string.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("built from a str")
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.as_str(), formatter)
    }
}

/// Room that one event never exceeds, its body apart: 16 integers of 9 bytes, or two strings and some.
const EVENT_BYTES_MAX: usize = 256;

/// Writes canonical values into one growing buffer.
///
/// The buffer is kept longer than its content so that a value is written by plain slice stores.
#[derive(Clone, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    used: usize,
}

impl Writer {
    /// Forgets the content, keeps the room.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// What has been written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.used]
    }

    /// How much has been written.
    pub const fn len(&self) -> usize {
        self.used
    }

    /// Whether nothing has been written.
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Makes room for one event or one row.
    #[inline]
    pub fn reserve(&mut self) {
        if self.buffer.len() - self.used < EVENT_BYTES_MAX {
            self.grow(0);
        }
    }

    /// Makes room for `bytes` and an event.
    #[cold]
    fn grow(&mut self, bytes: usize) {
        let needed = self.used + bytes + EVENT_BYTES_MAX;
        let length = (self.buffer.len() * 2).max(4 * EVENT_BYTES_MAX).max(needed);
        self.buffer.resize(length, 0);
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.buffer[self.used..self.used + N].copy_from_slice(&bytes);
        self.used += N;
    }

    /// An unsigned integer.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    pub fn unsigned(&mut self, value: u64) {
        // One bounds check a value: nine bytes are written where one to nine are meant, and the next value overwrites.
        let room = self.buffer[self.used..].first_chunk_mut::<9>().expect("reserve() keeps room");
        if value < 0x80 {
            room[0] = value as u8;
            self.used += 1;
            return;
        }
        let (marker, bytes) = match value {
            0..0x100 => (0xcc, 1),
            0x100..0x1_0000 => (0xcd, 2),
            0x1_0000..0x1_0000_0000 => (0xce, 4),
            _ => (0xcf, 8),
        };
        room[0] = marker;
        room[1..].copy_from_slice(&(value << (64 - 8 * bytes)).to_be_bytes());
        self.used += 1 + bytes;
    }

    /// A signed integer.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    pub fn signed(&mut self, value: i64) {
        if value >= 0 {
            self.unsigned(value.cast_unsigned());
        } else if value >= -0x20 {
            self.put([(value as i8).cast_unsigned()]);
        } else if value >= -0x80 {
            self.put([0xd0, (value as i8).cast_unsigned()]);
        } else if value >= -0x8000 {
            let b = (value as i16).to_be_bytes();
            self.put([0xd1, b[0], b[1]]);
        } else if value >= -0x8000_0000 {
            let b = (value as i32).to_be_bytes();
            self.put([0xd2, b[0], b[1], b[2], b[3]]);
        } else {
            let b = value.to_be_bytes();
            self.put([0xd3, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
        }
    }

    /// A boolean.
    #[inline]
    pub fn boolean(&mut self, value: bool) {
        self.put([if value { 0xc3 } else { 0xc2 }]);
    }

    /// Nil.
    pub fn nil(&mut self) {
        self.reserve();
        self.put([0xc0]);
    }

    /// The header of an array.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub fn array(&mut self, length: usize) {
        self.reserve();
        if length < 16 {
            self.put([0x90 | length as u8]);
        } else if length < 0x1_0000 {
            let b = (length as u16).to_be_bytes();
            self.put([0xdc, b[0], b[1]]);
        } else {
            let b = u32::try_from(length).expect("an array of rows").to_be_bytes();
            self.put([0xdd, b[0], b[1], b[2], b[3]]);
        }
    }

    /// A short string.
    pub fn text(&mut self, text: &Text) {
        self.string(text.as_bytes());
    }

    /// A string of any length up to [`BODY_MAX`]; there is room for an event after it again.
    pub fn body(&mut self, text: &str) {
        self.grow_for(text.len());
        self.string(text.as_bytes());
    }

    fn grow_for(&mut self, bytes: usize) {
        if self.buffer.len() - self.used < bytes + EVENT_BYTES_MAX {
            self.grow(bytes);
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn string(&mut self, bytes: &[u8]) {
        match bytes.len() {
            length @ 0..0x20 => self.put([0xa0 | length as u8]),
            length @ 0x20..0x100 => self.put([0xd9, length as u8]),
            length => {
                let b = u16::try_from(length).expect("a text is at most 16,384 bytes").to_be_bytes();
                self.put([0xda, b[0], b[1]]);
            }
        }
        self.buffer[self.used..self.used + bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn longer_forms_are_refused() {
        for bytes in
            [&[0xcc, 0x7f][..], &[0xcd, 0, 0xff], &[0xce, 0, 0, 0xff, 0xff], &[0xd0, 0xff], &[0xd1, 0xff, 0x80]]
        {
            assert_eq!(Reader::new(bytes).signed(), Err(WireError::NotCanonical), "{bytes:x?}");
        }
        assert_eq!(Reader::new(&[0xd0, 0x05]).signed(), Err(WireError::NotCanonical));
        assert_eq!(Reader::new(&[0xdc, 0, 3]).array(), Err(WireError::NotCanonical));
        assert_eq!(Reader::new(&[0xd9, 1, b'x']).text(), Err(WireError::NotCanonical));
    }

    proptest! {
        #[test]
        fn integers_come_back(value in any::<i64>(), shift in 0_u32..63, magnitude in any::<u64>()) {
            for value in [value, value >> shift] {
                let mut writer = Writer::default();
                writer.reserve();
                writer.signed(value);
                prop_assert_eq!(Reader::new(writer.as_bytes()).signed(), Ok(value));
            }
            let mut writer = Writer::default();
            writer.reserve();
            writer.unsigned(magnitude >> shift);
            prop_assert_eq!(Reader::new(writer.as_bytes()).unsigned(), Ok(magnitude >> shift));
        }

        #[test]
        fn what_is_read_is_what_would_be_written(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.signed() {
                let mut writer = Writer::default();
                writer.reserve();
                writer.signed(value);
                prop_assert_eq!(writer.as_bytes(), &bytes[..bytes.len() - reader.remaining()]);
            }
        }
    }
}
