"""The venue: open or create one, send commands, read its books and accounts.

```python
from crossbook import Venue

with Venue.create("session", "venue.toml") as venue:
    alice = venue.create_account().account
    venue.deposit(account=alice, asset="USDC", amount=10_000)
    venue.set_mark(market="BTC-PERP", price=64_000)
    receipt = venue.place(account=alice, market="BTC-PERP", side="buy", price="64000.5", size="0.01")
    print(receipt.order, venue.account(alice))
```
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from crossbook import lifecycle
from crossbook.builders import Builders, Drafts, ProvenanceKeywords
from crossbook.commands import Checkpoint, Command, Origin
from crossbook.config import VenueConfig, load
from crossbook.errors import InputError
from crossbook.policies.guard import Limits
from crossbook.policies.installed import Sources, VenuePolicies
from crossbook.policies.opening import Changes, recovered
from crossbook.preview import preview
from crossbook.receipt import Receipt
from crossbook.session import Clock, Envelope, Provenance, Session, not_a_command
from crossbook.views import Preview

if TYPE_CHECKING:
    from typing import Self

SNAPSHOTS_OFF: Final = 0


class Venue(Builders[Receipt]):
    """An exchange in this process: a journal on disk and the kernel that executed it.

    Commands go in through `submit`, or through the builders (`place`, `deposit`, ...), which convert whole units
    exactly; events come back in a `Receipt`. Reading methods return frozen structs with Decimals. A venue starts no
    threads, holds no global state, and is not for use from several threads at once; several venues may be open side
    by side. After a failed commit it refuses everything with `VenueHalted`.
    """

    def __init__(self, session: Session, *, snapshot_interval: int = SNAPSHOTS_OFF) -> None:
        """Use `Venue.create` or `Venue.open`."""
        super().__init__(session.kernel)
        self._session = session
        self._policies = VenuePolicies.none(session)
        self._snapshot_interval = snapshot_interval
        self._snapshot_seq = session.kernel.seq

    # --- life -------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        config: VenueConfig | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        durability: str = "durable",
        snapshot_interval: int = SNAPSHOTS_OFF,
        clock: Clock = time.time_ns,
        check_invariants: bool = False,
        segment_bytes: int | None = None,
        policies: Sources | None = None,
        limits: Limits | None = None,
        **keywords: Any,
    ) -> Self:
        """Create a venue in a new directory and journal its configuration as its first commands.

        Args:
            path: a directory that is empty or does not exist.
            config: a TOML file, a mapping or a `VenueConfig`; or give its tables as keywords (`assets=`, `markets=`,
                `parameters=`, `authors=`).
            durability: `"durable"` (on stable storage before each answer), `"pipelined"` or `"volatile"`.
            snapshot_interval: write a snapshot on close, and whenever this many commands ran since the last; 0: none.
            clock: returns ns since the epoch; a stamp that would go backwards is raised to the last one.
            check_invariants: recompute the conservation of money after every command (slow; for tests).
            segment_bytes: the size of a journal segment.
            policies: the policies to engage, by slot, over those of the configuration; see `crossbook.policies`.
            limits: what a policy may use.
            keywords: the tables of the configuration.

        Raises:
            ConfigError: the configuration cannot be used; nothing was written.
            Refused: the kernel refused a configuration command; the directory holds the journal up to it.
            JournalExists: there is something at `path` already.
        """
        source = keywords if config is None else config
        if config is not None and keywords:
            raise InputError(
                "give the configuration either as one argument or as keywords",
                code="config_twice",
                values={"keywords": sorted(keywords)},
                hint="put everything into one of them",
            )
        loaded = load(source)
        session = lifecycle.create(
            Path(path),
            loaded,
            durability=durability,
            clock=clock,
            check_invariants=check_invariants,
            segment_bytes=segment_bytes,
        )
        venue = cls(session, snapshot_interval=snapshot_interval)
        venue._policies = VenuePolicies.none(session, limits)
        try:
            venue.policies.engage_all({**loaded.policies, **(policies or {})})
        except BaseException:
            session.close()
            raise
        return venue

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        durability: str = "durable",
        snapshot_interval: int = SNAPSHOTS_OFF,
        clock: Clock = time.time_ns,
        check_invariants: bool = False,
        policies: Changes | None = None,
        limits: Limits | None = None,
    ) -> Self:
        """Open a venue: verify its journal and re-execute it from the newest valid snapshot, or from genesis.

        Policies that were engaged go on where they were: they are run again beside the whole journal, and finish the
        instant that was cut short.

        Args:
            path: the directory of a venue.
            durability: as for `create`, like those that are not named here.
            snapshot_interval: as for `create`.
            clock: as for `create`.
            check_invariants: as for `create`.
            policies: what shall be otherwise, by slot: another policy, or None for nobody. A policy that is no part of
                an installed package is given here as the object it was.
            limits: what a policy may use.

        Raises:
            JournalNotFound, NotAJournal, NewerFormat, JournalLocked, JournalDamaged, TornTail: see
                `crossbook.journal.errors`.
            ReplayDivergence: re-execution did not reproduce what the journal recorded.
            PolicyDivergence: a policy did not propose again what the journal has of it.
            InputError: `unknown_policy`, for a policy of the journal that is not installed and was not given.
        """
        session = lifecycle.open_session(
            Path(path), durability=durability, clock=clock, check_invariants=check_invariants
        )
        venue = cls(session, snapshot_interval=snapshot_interval)
        try:
            venue._policies = recovered(session, policies or {}, limits)
        except BaseException:
            session.close()
            raise
        return venue

    def close(self) -> None:
        """Append a Checkpoint if anything ran since the last one, snapshot if configured, and give the journal back.

        Closing lets no time pass: policies are not woken for what is due since the last command, but when the venue is
        open again. Closing twice, or after a halt, is harmless.
        """
        session = self._session
        if session.closed or session.halted:
            session.close()
            return
        try:
            self._policies.settle()
            if session.needs_checkpoint:
                self._checkpoint(self._policies.earliest_ns())
            if self._snapshot_interval and session.kernel.seq > self._snapshot_seq:
                self.snapshot()
        finally:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The directory of the venue."""
        return self._session.path

    @property
    def durability(self) -> str:
        """The durability each block is committed at before its events leave."""
        return self._session.durability

    @property
    def head_hash(self) -> bytes:
        """The hash of the journal's last block; it commits to every command so far."""
        return self._session.head_hash

    @property
    def halted(self) -> bool:
        """Whether a failed commit or a kernel fault stopped the venue."""
        return self._session.halted

    @property
    def draft(self) -> Drafts:
        """The builders once more, for commands that are not submitted yet: each returns an `Envelope`."""
        return Drafts(self._session.kernel)

    @property
    def policies(self) -> VenuePolicies:
        """The policies of the venue: who plays, and letting their time pass."""
        return self._policies

    @property
    def session(self) -> Session:
        """The session underneath, for callers that bring their own envelopes."""
        return self._session

    # --- commands ---------------------------------------------------------------------------------------------------

    def submit(
        self,
        command: Command | Envelope | Iterable[Command | Envelope],
        *,
        origin: Origin | None = None,
        author: int = 0,
        cause: int = 0,
        nonce: int = 0,
        time_ns: int | None = None,
    ) -> Receipt:
        """Journal and execute one command or many, in order, and return what came of them.

        The keywords apply to bare commands; an `Envelope` brings its own.

        Args:
            command: a command, an envelope, or any iterable of them.
            origin: who issues it; by default the least privileged origin that may.
            author: id of a registered author, 0 unnamed.
            cause: seq of the command that caused this one, 0 none.
            nonce: client nonce of the command's account, for one command only, 0 none. A second use is refused by
                `Rejected` with the seq of the first; `receipt(seq)` finds its answer.
            time_ns: the stamped time of a recorded or simulated command; by default the clock's.

        Raises:
            InputError, VenueHalted, VenueClosed, JournalHalted: see `Session.submit`.
        """
        receipt = self._policies.submit(_items(command, nonce), Provenance(origin, author, cause, nonce, time_ns))
        if self._snapshot_interval and receipt.last_seq - self._snapshot_seq >= self._snapshot_interval:
            self.snapshot()
        return receipt

    def preview(
        self,
        command: Command | Envelope | Iterable[Command | Envelope],
        *,
        account: int = 0,
        origin: Origin | None = None,
        author: int = 0,
        cause: int = 0,
        nonce: int = 0,
        time_ns: int | None = None,
    ) -> Preview:
        """What `submit` would answer if it were called now, and what the account would look like; nothing is done.

        The commands run through the very code of the kernel, on a scratch copy of its state (which takes memory and
        time in proportion to it). `draft` builds commands from whole units.

        Args:
            command: what to try, as for `submit`; several commands are tried one after the other.
            account: whose margin to show before and after; by default that of the first command that has an account.
            origin: as for `submit`, like the others.
            author: as for `submit`.
            cause: as for `submit`.
            nonce: as for `submit`.
            time_ns: as for `submit`; by default the clock's.

        Raises:
            InputError: a value that cannot be journaled.
            NotFound: `unknown_account`, if `account` is nobody.
        """
        self._session.check_serving()
        return preview(
            self._session.kernel,
            _items(command, nonce),
            now_ns=self._session.now(),
            default=Provenance(origin, author, cause, nonce, time_ns),
            account=account,
        )

    def receipt(self, seq: int) -> Receipt:
        """The original answer to the command with this seq, found again by re-executing the journal up to it.

        Raises:
            NotFound: `unknown_seq`, nothing was executed under it.
        """
        self._session.check_serving()
        return lifecycle.receipt_of(self._session, seq)

    def checkpoint(self) -> Receipt:
        """Journal a Checkpoint: its block's exec mark commits to everything executed before."""
        return self._checkpoint(None)

    def _checkpoint(self, time_ns: int | None) -> Receipt:
        receipt = self.submit(Checkpoint(), origin=Origin.OPERATOR, time_ns=time_ns)
        self._policies.settle()
        self._session.mark_checkpointed()
        return receipt

    def snapshot(self) -> Path:
        """Write a snapshot of the present state beside the journal and return its path."""
        self._session.check_serving()
        path = lifecycle.write_snapshot(self._session)
        self._policies.remember()
        self._snapshot_seq = self._session.kernel.seq
        return path

    def sync(self) -> None:
        """Put everything on stable storage: what a `"pipelined"` venue answered but did not yet write."""
        self._session.sync()

    def _submit_one(self, command: Command, provenance: ProvenanceKeywords) -> Receipt:
        return self.submit(command, **provenance)

    def __repr__(self) -> str:
        state = "halted" if self.halted else "closed" if self._session.closed else "serving"
        return f"<Venue {self.path} {state}, seq {self._session.kernel_seq()}, {self.durability}>"


def _items(command: Command | Envelope | Iterable[Command | Envelope], nonce: int) -> Iterable[Command | Envelope]:
    """One command or many, as many. Raises InputError `nonce_for_many` or `not_a_command`."""
    if isinstance(command, msgspec.Struct):
        return (command,)
    if nonce:
        raise InputError(
            "one nonce cannot name several commands",
            code="nonce_for_many",
            values={"nonce": nonce},
            hint="submit Envelope(command, nonce=...) for each",
        )
    if isinstance(command, Iterable):
        return command
    raise not_a_command(command)
