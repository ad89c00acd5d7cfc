//! Block bytes to records: all of them, or none.

use crate::command::Record;
use crate::wire::{Reader, WireError};

/// A block body that is not what the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockError {
    /// What is wrong.
    pub error: WireError,
    /// Which record, counted from 0.
    pub record: usize,
}

/// A record takes at least this many bytes, so a short body cannot announce a long block.
const RECORD_BYTES_MIN: usize = 7;

/// Decodes `count` records into `records`, whose room is reused. Times start at `not_before` and never decrease.
pub fn block(
    body: &[u8],
    base_time: u64,
    not_before: u64,
    count: usize,
    records: &mut Vec<Record>,
) -> Result<(), BlockError> {
    records.clear();
    if count > body.len() / RECORD_BYTES_MIN {
        return Err(BlockError { error: WireError::BadSequence, record: 0 });
    }
    records.reserve(count);
    let mut reader = Reader::new(body);
    let mut time = not_before;
    for index in 0..count {
        let at = |error| BlockError { error, record: index };
        let record = Record::read(&mut reader, base_time).map_err(at)?;
        if record.time < time {
            return Err(at(WireError::BadSequence));
        }
        time = record.time;
        records.push(record);
    }
    if reader.is_empty() { Ok(()) } else { Err(BlockError { error: WireError::TrailingBytes, record: count }) }
}
