//! The kernel: block bytes in, event bytes out, and a state that the journal determines.

use crate::ahead;
use crate::apply;
use crate::command::{Command, Record};
use crate::decode::{self, BlockError};
use crate::digest::{self, Digest, EventDigest, Roots, WINDOW};
use crate::emit::Emitter;
use crate::invariants::{self, Broken};
use crate::matching::book::Book;
use crate::matching::ladder::Ladder;
use crate::state::State;
use crate::validate::constraint::{Constraint, Notes};
use crate::wire::WireError;

/// How much is checked while commands run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// The running totals, once a block.
    #[default]
    Totals,
    /// Everything from scratch, after every command: for tests.
    Everything,
}

/// The state root that exec marks carry: the latest one taken at the journaled interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RootMark {
    /// As of which seq, 0 before the first.
    pub seq: u64,
    /// Stamped time of that seq.
    pub time: u64,
    /// The root.
    pub root: Digest,
}

/// Where a block is to be executed.
#[derive(Clone, Copy, Debug)]
pub struct BlockHead {
    /// Seq of its first record.
    pub first_seq: u64,
    /// Time its records' offsets count from.
    pub base_time: u64,
    /// How many records it has.
    pub count: usize,
}

/// A deterministic venue.
#[derive(Clone)]
pub struct Kernel<B = Ladder> {
    pub(crate) state: State<B>,
    pub(crate) events: EventDigest,
    pub(crate) mark: RootMark,
    roots: Roots,
    records: Vec<Record>,
    out: Emitter,
    checks: Checks,
}

impl<B: Book> Kernel<B> {
    /// Before the first command.
    pub fn genesis(checks: Checks) -> Self {
        Self::resume(State::genesis(), EventDigest::default(), RootMark::default(), checks)
    }

    pub(crate) fn resume(state: State<B>, events: EventDigest, mark: RootMark, checks: Checks) -> Self {
        let (roots, records, out) = (Roots::default(), Vec::new(), Emitter::default());
        Self { state, events, mark, roots, records, out, checks }
    }

    /// Executes a block, or only its first `limit` records, and gives its events, back to back.
    ///
    /// A block that does not decode is refused as a whole and changes nothing.
    ///
    /// # Panics
    /// If an invariant is broken: a bug, after which this kernel must not be used.
    pub fn apply(&mut self, body: &[u8], head: BlockHead, limit: usize) -> Result<&[u8], BlockError> {
        if head.first_seq != self.state.sequence.seq + 1 {
            return Err(BlockError { error: WireError::BadSequence, record: 0 });
        }
        let mut records = std::mem::take(&mut self.records);
        let decoded = decode::block(body, head.base_time, self.state.sequence.time, head.count, &mut records);
        if decoded.is_ok() {
            let executed = records.len().min(limit);
            self.execute(&records[..executed]);
        }
        self.records = records;
        decoded.map(|()| self.out.as_bytes())
    }

    fn execute(&mut self, records: &[Record]) {
        self.out.clear();
        let mut window_start = 0;
        for (index, record) in records.iter().enumerate() {
            ahead::prepare(&self.state, records, index);
            let executed = apply::record(&mut self.state, record, &mut self.out);
            if self.state.sequence.seq.is_multiple_of(WINDOW) {
                self.events.extend(&self.out.as_bytes()[window_start..]);
                self.events.close_window();
                window_start = self.out.as_bytes().len();
            }
            if self.root_is_due(record, executed) {
                self.take_root();
            }
            if self.checks == Checks::Everything {
                assert_sound(invariants::everything(&self.state), self.state.sequence.seq);
            }
        }
        self.events.extend(&self.out.as_bytes()[window_start..]);
        assert_sound(invariants::totals(&self.state), self.state.sequence.seq);
    }

    /// At the journaled interval of commands or of stamped time, and at a checkpoint that was not refused: a root costs
    /// more than a command, so that not everyone may ask for one.
    #[inline]
    fn root_is_due(&self, record: &Record, executed: bool) -> bool {
        let parameters = &self.state.parameters;
        let by_time = parameters.root_interval_ns != 0
            && record.time / parameters.root_interval_ns != self.mark.time / parameters.root_interval_ns;
        by_time
            || self.state.sequence.seq.is_multiple_of(parameters.root_interval_commands)
            || (executed && matches!(record.command, Command::Checkpoint(_)))
    }

    fn take_root(&mut self) {
        let root = self.state_root();
        self.mark = RootMark { seq: self.state.sequence.seq, time: self.state.sequence.time, root };
    }

    /// The digests of the subsystems as of now, in the order of [`digest::SUBSYSTEMS`].
    pub fn subsystem_roots(&mut self) -> [Digest; 8] {
        self.roots.subsystems(&mut self.state)
    }

    /// The state root as of now. Taking it does not move the mark, so that looking never changes a result.
    pub fn state_root(&mut self) -> Digest {
        digest::root(&self.subsystem_roots())
    }

    /// The state root recomputed from every entity.
    pub fn full_state_root(&self) -> Digest {
        digest::root(&Roots::recompute(&self.state))
    }

    /// The event digest as of now.
    pub fn event_digest(&self) -> Digest {
        self.events.digest()
    }

    /// The latest state root taken at the journaled interval.
    pub const fn root_mark(&self) -> &RootMark {
        &self.mark
    }

    /// What an exec mark commits to: `seq u64 ‖ event digest ‖ root seq u64 ‖ state root`, little-endian.
    pub fn exec_mark(&self) -> [u8; 80] {
        let mut mark = [0; 80];
        mark[..8].copy_from_slice(&self.state.sequence.seq.to_le_bytes());
        mark[8..40].copy_from_slice(&self.event_digest());
        mark[40..48].copy_from_slice(&self.mark.seq.to_le_bytes());
        mark[48..].copy_from_slice(&self.mark.root);
        mark
    }

    /// A copy to try things on: what is executed there is executed nowhere else, and it notes what orders are held against.
    #[must_use]
    pub fn scratch(&self) -> Self
    where
        B: Clone,
    {
        let mut scratch = self.clone();
        scratch.out.notes = Notes::written();
        scratch
    }

    /// The constraints that the orders of the last block were held against; none but of a scratch copy.
    pub fn constraints(&self) -> &[Constraint] {
        self.out.notes.constraints()
    }

    /// Checks everything from scratch.
    pub fn check(&self) -> Result<(), Broken> {
        invariants::everything(&self.state)
    }

    /// The state, to look at.
    pub const fn state(&self) -> &State<B> {
        &self.state
    }
}

fn assert_sound(checked: Result<(), Broken>, seq: u64) {
    if let Err(broken) = checked {
        panic!("invariant broken at seq {seq}: {broken}");
    }
}
