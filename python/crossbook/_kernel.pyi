"""The Rust kernel: a pure function from (state, block body) to (state, events), bytes in and bytes out."""

from collections.abc import Sequence
from typing import Final, final

from crossbook.formulas import Target

__all__: Final = [
    "BlockError",
    "Kernel",
    "KernelError",
    "SnapshotError",
    "bankruptcy_value",
    "check_block",
    "count_events",
    "fillable_price",
    "funding_rate",
    "interest_rate",
    "most_lots",
    "premium",
    "shares",
    "size_rate",
    "vocabulary",
]

class BlockError(ValueError):
    """A block body that does not decode as a whole; nothing changed. `args` is (code, record index, message)."""

class SnapshotError(ValueError):
    """Bytes that are not a canonical snapshot."""

class KernelError(RuntimeError):
    """The kernel met a bug and is poisoned: every further call raises this. Stop serving."""

@final
class Kernel:
    """One kernel state. Safe to share between threads; `apply` releases the interpreter lock."""

    def __new__(cls, *, check_invariants: bool = False) -> Kernel:
        """A kernel at genesis: seq 0, nothing in it. `check_invariants` recomputes conservation after each command."""

    @staticmethod
    def from_snapshot(data: bytes, *, check_invariants: bool = False) -> Kernel:
        """The kernel a canonical snapshot describes. Raises SnapshotError."""

    def scratch(self) -> Kernel:
        """A kernel of its own in the same state, to try things on: nothing that is done there is done here.

        It notes what orders are held against, see `constraints`.
        """

    def constraints(self) -> bytes:
        """msgpack: `[[code, value, limit], ...]`, what the orders of the last block were held against, in that order.

        A constraint holds while its value is not above its limit. Nothing is noted but on a scratch copy.
        """

    def apply(self, body: bytes, *, first_seq: int, base_time_ns: int, count: int, limit: int | None = None) -> bytes:
        """Execute a block body, or only its first `limit` records.

        Returns the events: msgpack arrays `[tag, seq, ...]` back to back. Raises BlockError (nothing changed) or
        KernelError (poisoned).
        """

    @property
    def seq(self) -> int:
        """The last executed seq; 0 at genesis."""

    @property
    def time_ns(self) -> int:
        """The stamped time of the last executed command, nanoseconds since the Unix epoch."""

    def exec_mark(self) -> bytes:
        """80 bytes: event_seq u64 LE, event digest, root_seq u64 LE, state root (the latest at the interval)."""

    def event_digest(self) -> bytes:
        """The 32-byte digest of every event so far, in order."""

    def state_root(self) -> bytes:
        """The 32-byte root of the present state."""

    def full_state_root(self) -> bytes:
        """The state root computed from scratch; equals `state_root()`."""

    def subsystem_roots(self) -> list[tuple[str, bytes]]:
        """The root of each subsystem, by name, in canonical order."""

    def snapshot(self) -> bytes:
        """The canonical bytes of the state."""

    def check_invariants(self) -> None:
        """Recompute conservation in full. Raises KernelError."""

    def authors(self) -> bytes:
        """msgpack: `[[author, origin, name, version], ...]`."""

    def assets(self) -> bytes:
        """msgpack: one row per asset, see `crossbook.rows`."""

    def markets(self) -> bytes:
        """msgpack: one row per market, see `crossbook.rows`."""

    def auctions(self) -> bytes:
        """msgpack: one row per open auction, see `crossbook.rows`."""

    def groups(self) -> bytes:
        """msgpack: `[[[group, basis_rate], ...], towards_one_rate, towards_zero_rate, correlations]`."""

    def backstop(self) -> bytes:
        """msgpack: `[[[account, asset, exposure_max], ...] vaults, [account, ...] liquidators]`."""

    def parameters(self) -> bytes:
        """msgpack: `[open_orders_max, root_interval_commands, root_interval_ns, ruleset]`."""

    def account_count(self) -> int:
        """How many accounts there are; their ids are 1 up to this."""

    def account(self, account: int) -> bytes:
        """msgpack: one account row, see `crossbook.rows`; nil when unknown."""

    def holders(self, market: int) -> bytes:
        """msgpack: one row per account that has lots in a market, see `crossbook.rows`; nil when unknown."""

    def explain(self, account: int) -> bytes:
        """msgpack: the terms of an account's pools, see `crossbook.rows`; nil when unknown."""

    def liquidation_prices(self, account: int) -> bytes:
        """msgpack: `[[asset, pool, market, tick, root or nil], ...]`, the root as digits `"a/b"`; nil when unknown."""

    def order(self, order: int) -> bytes:
        """msgpack: one order row, nil when it is not open."""

    def orders(self, account: int, market: int = 0) -> bytes:
        """msgpack: the open orders of an account by order id, in one market or in all (0)."""

    def book(self, market: int, levels: int) -> bytes:
        """msgpack: `[[[price, lots, orders], ...] bids, the same for asks]`, best first; nil when unknown."""

    def queue(self, market: int, side: int, price: int) -> bytes:
        """msgpack: the orders of one price level in priority."""

def check_block(body: bytes, *, base_time_ns: int, not_before_ns: int, count: int) -> None:
    """Raise BlockError for a body `Kernel.apply` would refuse: the same decoder, and no state."""

def count_events(stream: bytes) -> int:
    """How many events stand back to back in what `Kernel.apply` returned. Raises ValueError if they are not events."""

def vocabulary() -> str:
    """JSON: the commands, events, rejects and cancel reasons this kernel speaks."""

def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """See `crossbook.formulas`, as for all that follow."""

def premium(*, impact_bid: int, impact_ask: int, oracle: int) -> int: ...
def funding_rate(
    premium: int,
    *,
    scaling_rate: int,
    interest_rate: int,
    band_rate: int,
    lower_rate: int,
    upper_rate: int,
    epochs: int,
) -> int: ...
def size_rate(*, base_rate: int, size_rate: int, lots: int) -> int: ...
def interest_rate(*, base_rate: int, open_interest: int, lower: int, upper: int) -> int: ...
def fillable_price(target: Target, *, adjustment_rate: int, spread_rate: int) -> int: ...
def bankruptcy_value(target: Target, *, closing: int, freed: int) -> int: ...
def most_lots(
    target: Target,
    *,
    recovered: int,
    buffer_rate: int,
    fee_rate: int,
    partial_rate: int,
    partial_notional: int,
) -> int: ...
