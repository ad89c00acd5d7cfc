//! Where events go: the bytes of the present call, each event under the seq that is being executed.

use crate::event::Event;
use crate::validate::constraint::Notes;
use crate::wire::Writer;

/// Collects the events of a call.
#[derive(Clone, Default)]
pub struct Emitter {
    writer: Writer,
    seq: u64,
    /// What the checks of orders looked at.
    pub notes: Notes,
}

impl Emitter {
    /// Forgets the events of the last call.
    pub fn clear(&mut self) {
        self.writer.clear();
        self.notes.clear();
    }

    /// Events from now on belong to `seq`.
    pub fn begin(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// Adds an event.
    #[inline]
    pub fn emit<E: Event>(&mut self, event: &E) {
        event.write(self.seq, &mut self.writer);
    }

    /// All events since the last clear.
    pub fn as_bytes(&self) -> &[u8] {
        self.writer.as_bytes()
    }
}
