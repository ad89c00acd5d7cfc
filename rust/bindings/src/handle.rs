//! The kernel handle.
#![allow(clippy::redundant_closure_for_method_calls, reason = "a method of a borrowed view is not general enough")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard};

use crossbook_kernel::command::Side;
use crossbook_kernel::decode;
use crossbook_kernel::digest::SUBSYSTEMS;
use crossbook_kernel::event;
use crossbook_kernel::kernel::{BlockHead, Checks, Kernel as Core};
use crossbook_kernel::matching::ladder::Ladder;
use crossbook_kernel::quantities::{AccountId, MarketId, OrderId, Ticks};
use crossbook_kernel::view::{self, View};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;

type Engine = Core<Ladder>;

/// A deterministic venue: commands in as journal block bodies, events out as msgpack bytes.
#[pyclass(frozen, module = "crossbook._kernel")]
pub struct Kernel {
    /// None once a panic poisoned it: the state may be half changed, so nothing may be asked of it again.
    engine: Mutex<Option<Engine>>,
}

impl Kernel {
    fn holding(engine: Engine) -> Self {
        Self { engine: Mutex::new(Some(engine)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Engine>> {
        self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Runs `work` on the engine without the GIL; a panic poisons the handle.
    fn run<T: Send>(&self, python: Python<'_>, work: impl FnOnce(&mut Engine) -> T + Send) -> PyResult<T> {
        python.detach(|| {
            let mut guard = self.lock();
            let Some(engine) = guard.as_mut() else {
                return Err(errors::KernelError::new_err("the kernel is poisoned by an earlier failure"));
            };
            catch_unwind(AssertUnwindSafe(|| work(engine))).map_err(|panic| {
                *guard = None;
                errors::poisoned(panic.as_ref())
            })
        })
    }

    fn bytes<'py>(
        &self,
        python: Python<'py>,
        work: impl FnOnce(&mut Engine) -> Vec<u8> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(python, &self.run(python, work)?))
    }

    fn view<'py>(
        &self,
        python: Python<'py>,
        look: impl FnOnce(View<'_, Ladder>) -> Vec<u8> + Send,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| look(View::of(engine.state())))
    }
}

const fn checks(check_invariants: bool) -> Checks {
    if check_invariants { Checks::Everything } else { Checks::Totals }
}

#[pymethods]
impl Kernel {
    /// A venue before its first command.
    #[new]
    #[pyo3(signature = (*, check_invariants = false))]
    fn new(check_invariants: bool) -> Self {
        Self::holding(Engine::genesis(checks(check_invariants)))
    }

    /// A venue as a snapshot holds it.
    #[staticmethod]
    #[pyo3(signature = (data, *, check_invariants = false))]
    fn from_snapshot(python: Python<'_>, data: &[u8], check_invariants: bool) -> PyResult<Self> {
        let loaded = python.detach(|| catch_unwind(|| Engine::from_snapshot(data, checks(check_invariants))));
        match loaded {
            Ok(Ok(engine)) => Ok(Self::holding(engine)),
            Ok(Err(error)) => Err(errors::SnapshotError::new_err(error.to_string())),
            Err(panic) => Err(errors::poisoned(panic.as_ref())),
        }
    }

    /// A kernel of its own in the same state, to try things on.
    fn scratch(&self, python: Python<'_>) -> PyResult<Self> {
        self.run(python, |engine| engine.scratch()).map(Self::holding)
    }

    /// What the orders of the last block were held against, on a scratch copy.
    fn constraints<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| view::constraints(engine.constraints()))
    }

    /// Executes a block body, or only its first `limit` records, and returns the events, back to back.
    #[pyo3(signature = (body, *, first_seq, base_time_ns, count, limit = None))]
    fn apply<'py>(
        &self,
        python: Python<'py>,
        body: &[u8],
        first_seq: u64,
        base_time_ns: u64,
        count: usize,
        limit: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let head = BlockHead { first_seq, base_time: base_time_ns, count };
        let events =
            self.run(python, |engine| engine.apply(body, head, limit.unwrap_or(usize::MAX)).map(<[u8]>::to_vec))?;
        events.map(|events| PyBytes::new(python, &events)).map_err(errors::block)
    }

    /// Seq of the last executed command, 0 before the first.
    #[getter]
    fn seq(&self, python: Python<'_>) -> PyResult<u64> {
        self.run(python, |engine| engine.state().sequence.seq)
    }

    /// Stamped time of the last executed command, nanoseconds.
    #[getter]
    fn time_ns(&self, python: Python<'_>) -> PyResult<u64> {
        self.run(python, |engine| engine.state().sequence.time)
    }

    /// The 80 bytes that a block commits to.
    fn exec_mark<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| engine.exec_mark().to_vec())
    }

    /// Digest of all events so far.
    fn event_digest<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| engine.event_digest().to_vec())
    }

    /// State root of now.
    fn state_root<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| engine.state_root().to_vec())
    }

    /// State root recomputed from every entity.
    fn full_state_root<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| engine.full_state_root().to_vec())
    }

    /// Digest of each subsystem, of now.
    fn subsystem_roots<'py>(&self, python: Python<'py>) -> PyResult<Vec<(&'static str, Bound<'py, PyBytes>)>> {
        let roots = self.run(python, |engine| engine.subsystem_roots())?;
        Ok(SUBSYSTEMS.iter().zip(roots).map(|(name, root)| (*name, PyBytes::new(python, &root))).collect())
    }

    /// The whole state as canonical bytes.
    fn snapshot<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(python, |engine| engine.snapshot())
    }

    /// Recomputes every invariant; raises `KernelError` if one is broken.
    fn check_invariants(&self, python: Python<'_>) -> PyResult<()> {
        self.run(python, |engine| engine.check())?.map_err(errors::KernelError::new_err)
    }

    /// Author rows.
    fn authors<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.authors())
    }

    /// Asset rows.
    fn assets<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.assets())
    }

    /// Market rows.
    fn markets<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.markets())
    }

    /// Rows of the open auctions.
    fn auctions<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.auctions())
    }

    /// Groups: basis charges and correlations.
    fn groups<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.groups())
    }

    /// Vaults and liquidators.
    fn backstop<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.backstop())
    }

    /// The parameter row.
    fn parameters<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.parameters())
    }

    /// How many accounts there are; their ids are 1 to this.
    fn account_count(&self, python: Python<'_>) -> PyResult<usize> {
        self.run(python, |engine| engine.state().accounts.len())
    }

    /// An account row, or nil.
    fn account<'py>(&self, python: Python<'py>, account: u32) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.account(AccountId(account)))
    }

    /// Rows of the accounts that have lots in a market, by account, or nil.
    fn holders<'py>(&self, python: Python<'py>, market: u16) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.holders(MarketId(market)))
    }

    /// The terms of an account's pools, or nil.
    fn explain<'py>(&self, python: Python<'py>, account: u32) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.explain(AccountId(account)))
    }

    /// The prices at which an account's positions are liquidated, or nil.
    fn liquidation_prices<'py>(&self, python: Python<'py>, account: u32) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.liquidation_prices(AccountId(account)))
    }

    /// An order row, or nil.
    fn order<'py>(&self, python: Python<'py>, order: u64) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.order(OrderId(order)))
    }

    /// Rows of an account's open orders, by id.
    #[pyo3(signature = (account, market = 0))]
    fn orders<'py>(&self, python: Python<'py>, account: u32, market: u16) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.orders(AccountId(account), MarketId(market)))
    }

    /// Depth of a market, or nil.
    fn book<'py>(&self, python: Python<'py>, market: u16, levels: usize) -> PyResult<Bound<'py, PyBytes>> {
        self.view(python, |view| view.book(MarketId(market), levels))
    }

    /// Rows of the orders at a price, in priority, or nil.
    fn queue<'py>(&self, python: Python<'py>, market: u16, side: u8, price: i64) -> PyResult<Bound<'py, PyBytes>> {
        let side =
            Side::from_number(u64::from(side)).ok_or_else(|| PyValueError::new_err("side is 1 (buy) or 2 (sell)"))?;
        self.view(python, |view| view.queue(MarketId(market), side, Ticks(price)))
    }
}

/// Refuses a block body that `Kernel.apply` would refuse, before it is journaled: the same decoder, and no state.
#[pyfunction]
#[pyo3(signature = (body, *, base_time_ns, not_before_ns, count))]
pub fn check_block(
    python: Python<'_>,
    body: &[u8],
    base_time_ns: u64,
    not_before_ns: u64,
    count: usize,
) -> PyResult<()> {
    python.detach(|| decode::block(body, base_time_ns, not_before_ns, count, &mut Vec::new())).map_err(errors::block)
}

/// How many events stand back to back in what `Kernel.apply` returned.
#[pyfunction]
pub fn count_events(stream: &[u8]) -> PyResult<usize> {
    event::count(stream).map_err(|error| PyValueError::new_err(format!("not a stream of events: {}", error.code())))
}

/// The vocabulary of commands, events, refusals and enumerations, as JSON.
#[pyfunction]
pub fn vocabulary() -> String {
    crossbook_kernel::vocabulary()
}
