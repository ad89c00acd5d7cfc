//! What the state looks like from outside: msgpack rows, in the order that the Python side declares.
//!
//! Nothing here computes a number of its own: margin rows are the very terms the checks sum.

mod accounts;
mod book;
mod explain;
mod venue;

use crate::field::Field;
use crate::matching::book::Book;
use crate::quantities::Wide;
use crate::state::State;
use crate::validate::constraint::Constraint;
use crate::wire::{Text, Writer};

/// `[code, value, limit]` rows.
pub fn constraints(constraints: &[Constraint]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(constraints.len());
    for constraint in constraints {
        writer.array(3);
        writer.unsigned(constraint.code as u64);
        writer.signed(Wide(constraint.value).clamp_i64());
        writer.signed(Wide(constraint.limit).clamp_i64());
    }
    writer.as_bytes().to_vec()
}

/// Writes rows about a state.
pub struct View<'a, B> {
    state: &'a State<B>,
    writer: Writer,
}

impl<'a, B: Book> View<'a, B> {
    /// A view of a state.
    pub fn of(state: &'a State<B>) -> Self {
        Self { state, writer: Writer::default() }
    }

    fn finish(self) -> Vec<u8> {
        self.writer.as_bytes().to_vec()
    }

    fn rows<T>(mut self, items: impl ExactSizeIterator<Item = T>, mut row: impl FnMut(&mut Self, T)) -> Vec<u8> {
        self.writer.array(items.len());
        for item in items {
            row(&mut self, item);
        }
        self.finish()
    }

    fn field(&mut self, field: &impl Field) {
        self.writer.reserve();
        field.write(&mut self.writer);
    }

    /// Sums over many markets can leave 64 bits; a view then shows the nearest bound.
    fn wide(&mut self, money: Wide) {
        self.writer.signed(money.clamp_i64());
    }

    /// 128 bits in digits: rows hold 64.
    fn digits(&mut self, number: impl std::fmt::Display) {
        self.writer.reserve();
        self.writer.text(&Text::new(&number.to_string()).expect("128 bits are 39 digits, and a fraction two such"));
    }

    fn list<T>(&mut self, items: &[T], mut row: impl FnMut(&mut Self, &T)) {
        self.writer.array(items.len());
        for item in items {
            row(self, item);
        }
    }

    fn number(&mut self, number: usize) {
        self.writer.unsigned(number as u64);
    }
}
