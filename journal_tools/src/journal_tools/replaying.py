"""Re-execution, and the only door to `crossbook`: the extra `[replay]`.

Blocks come from `journal_tools.journal`, which checked them; the kernel executes them again. Every exec mark on the way
is compared with the journal's, so what is said of the past is what the journal committed to, or a finding
`replay_divergence`. Snapshots that lie beside the journal shorten the way; one that does not fit is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_type_hints

import click
import msgspec

from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import Moment
from journal_tools.journal import Block, Journal, Record
from journal_tools.journal.blocks import Mark

if TYPE_CHECKING:
    from crossbook import rows

    # The names that are imported as themselves are for annotations of modules that do not import the venue.
    from crossbook._kernel import Kernel as Kernel  # noqa: PLC0414
    from crossbook.events import Event
    from crossbook.state import StateView as StateView  # noqa: PLC0414
    from crossbook.views import PoolTerms as PoolTerms  # noqa: PLC0414

Step = Callable[[int], object]
"""Called with the seq just executed, after each block."""


class Answered(NamedTuple):
    """A command of the past: its record, its block and the events it had."""

    record: Record
    block: Block
    events: list[Event]


class Reproduced(NamedTuple):
    """What a whole re-execution came to: exec marks reproduced, and the kernel at the end."""

    marks: int
    kernel: Kernel


def need() -> None:
    """Raises ToolError `extra_missing` if crossbook is not installed."""
    try:
        import crossbook._kernel  # noqa: F401
    except ImportError:
        raise ToolError(
            "this needs re-execution, and crossbook is not installed",
            code="extra_missing",
            hint="pip install 'crossbook-journal-tools[replay]'; verify, stat, log and show do without it",
        ) from None


def kernel_at(path: Path | Journal, seq: int | None = None) -> Kernel:
    """The kernel after a seq, or at the end of the journal. Raises ToolError `unknown_seq`, Finding."""
    run = _run_to(_journal(path), seq)
    return run.kernel


def state_at(path: Path | Journal, moment: Moment) -> StateView:
    """The state as it was after a seq, or after the last command stamped at or before a time."""
    journal = _journal(path)
    return view_of(kernel_at(journal, seq_of(journal, moment)))


def view_of(kernel: Kernel) -> StateView:
    """The state of a kernel, to read; it moves on with the kernel."""
    from crossbook.state import StateView

    return StateView(kernel)


def seq_of(journal: Journal, moment: Moment) -> int | None:
    """The seq a moment means: that of the last command at or before a time; None if the moment is the end."""
    return moment.seq if moment.time_ns is None else journal.seq_at(moment.time_ns)


def events(path: Path | Journal, from_seq: int = 1, to_seq: int | None = None) -> Iterator[tuple[int, list[Event]]]:
    """Every seq from one to another with its events, by re-execution from the nearest snapshot before."""
    need()
    from crossbook.wire import decode_events

    journal = _journal(path)
    run = _run_to(journal, _block_before(journal, from_seq))
    for answer in run.answers(to_seq):
        for seq, found in groupby(decode_events(answer), key=lambda event: event.seq):
            if seq >= from_seq:
                yield seq, list(found)


def answered(path: Path | Journal, seq: int) -> Answered:
    """One command and its events. Raises ToolError `unknown_seq`."""
    journal = _journal(path)
    record, block = journal.record(seq)
    found = next((found for _, found in events(journal, seq, seq)), [])
    return Answered(record, block, found)


def reproduce(path: Path | Journal, *, step: Step | None = None) -> Reproduced:
    """Execute everything again from genesis, and compare every exec mark: of blocks, of footers and of closing.json.

    Raises:
        Finding: `replay_divergence` names the first mark that is not reproduced.
    """
    need()
    from crossbook._kernel import Kernel

    journal = _journal(path)
    run = Run(journal, Kernel(), step=step)
    run.finish(None)
    run.compare_stated_marks()
    return Reproduced(run.marks, run.kernel)


class Playback:
    """A kernel that moves along a journal as far as it is asked to, and says what happened on the way.

    Attributes:
        journal: what it moves along.
        kernel: where it stands; it moves on.
    """

    def __init__(self, path: Path | Journal, *, after: int = 0) -> None:
        """Stand after a seq; 0 is genesis. Raises ToolError `unknown_seq`, `extra_missing`."""
        self.journal = _journal(path)
        self._run = _run_to(self.journal, after)
        self.kernel = self._run.kernel

    def blocks(self, to_seq: int) -> Iterator[tuple[int, list[Event]]]:
        """Every seq up to one with its events; the kernel moves on block by block, and so is ahead of what is said."""
        return self._moved(to_seq, singly=False)

    def commands(self, to_seq: int) -> Iterator[tuple[int, list[Event]]]:
        """The same, one command at a time: the kernel stands right after the seq that is given."""
        return self._moved(to_seq, singly=True)

    def move(self, to_seq: int) -> Kernel:
        """Move on to a seq, whatever happens on the way."""
        for _ in self._answers(to_seq, singly=False):
            pass
        return self.kernel

    def _moved(self, to_seq: int, *, singly: bool) -> Iterator[tuple[int, list[Event]]]:
        from crossbook.wire import decode_events

        for answer in self._answers(to_seq, singly=singly):
            for seq, found in groupby(decode_events(answer), key=lambda event: event.seq):
                yield seq, list(found)

    def _answers(self, to_seq: int, *, singly: bool) -> Iterator[bytes]:
        if to_seq <= self.kernel.seq:
            return
        for block in self.journal.blocks(max(self.kernel.seq, 1), to_seq):
            if block.last_seq <= self.kernel.seq:
                continue
            if singly or self.kernel.seq >= block.first_seq:
                yield from self._run.answers_singly(block, to_seq)
            else:
                yield self._run.execute(block, to_seq)


def genesis() -> Kernel:
    """A kernel at genesis. Raises ToolError `extra_missing`."""
    need()
    from crossbook._kernel import Kernel

    return Kernel()


def happened(answer: bytes) -> list[Event]:
    """What a kernel answered, as events."""
    from crossbook.wire import decode_events

    return decode_events(answer)


def asset_rows(kernel: Kernel) -> list[rows.AssetRow]:
    """Every asset, in minor units."""
    from crossbook import rows

    return rows.ASSETS.decode(kernel.assets())


def market_rows(kernel: Kernel) -> list[rows.MarketRow]:
    """Every market, in ticks, lots and minor units."""
    from crossbook import rows

    return rows.MARKETS.decode(kernel.markets())


def decoded(what: str, data: bytes) -> Any:
    """The rows that a kernel gave as bytes: of `account`, `assets`, `markets` or `book`."""
    from crossbook import rows

    decoders: dict[str, Any] = {
        "account": rows.ACCOUNT,
        "assets": rows.ASSETS,
        "markets": rows.MARKETS,
        "book": rows.BOOK,
    }
    return decoders[what].decode(data)


def account_row(kernel: Kernel, account: int) -> rows.AccountRow | None:
    """One account, in lots and minor units; None if there is none."""
    from crossbook import rows

    return rows.ACCOUNT.decode(kernel.account(account)) if 0 < account < 2**32 else None


def owed_to(kernel: Kernel, account: int) -> dict[int, tuple[int, int]]:
    """What is owed to an account, and what it owes, by asset id, in minor units.

    Each margin pool counts by itself: its balance with the unrealised of its positions and without the funding they
    owe. A pool below zero is owed by the account, and takes nothing from what its other pools are owed.
    """
    row = account_row(kernel, account)
    found: dict[int, list[int]] = {}
    if row is not None:
        cross = {pool.asset for pool in row.pools if not pool.market}
        amounts = [(pool.asset, pool.balance + pool.unrealised - pool.owed) for pool in row.pools]
        amounts += [(asset, cash) for asset, cash, *_ in row.balances if asset not in cross]
        for asset, amount in amounts:
            sums = found.setdefault(asset, [0, 0])
            sums[amount < 0] += abs(amount)
    return {asset: (owed, owes) for asset, (owed, owes) in found.items()}


def enumerations(name: str, *, of: Literal["commands", "events"]) -> dict[str, dict[int, str]]:
    """The fields of a type of command or event that hold a word of a few: those words by number, by field."""
    need()
    from crossbook import commands, events

    module = commands if of == "commands" else events
    hints = get_type_hints(getattr(module, name))
    kinds = {field: kind for field, kind in hints.items() if isinstance(kind, type) and issubclass(kind, IntEnum)}
    return {field: {member.value: member.name.lower() for member in kind} for field, kind in kinds.items()}


def named(event: Event) -> dict[str, Any]:
    """An event as a row: its name and its fields, seq apart."""
    fields = {field: getattr(event, field) for field in event.__struct_fields__ if field != "seq"}
    return {"event": type(event).__name__, **fields}


# --- how ------------------------------------------------------------------------------------------------------------


def _journal(path: Path | Journal) -> Journal:
    return path if isinstance(path, Journal) else Journal.open(path)


def _block_before(journal: Journal, seq: int) -> int:
    """The last seq of the block before the one that holds a seq: where a kernel stands that executes that block."""
    return journal.record(seq)[1].first_seq - 1 if seq > 1 else 0


class Run:
    """A kernel that moves along a journal, block by block, and compares every exec mark it passes."""

    def __init__(self, journal: Journal, kernel: Kernel, *, step: Step | None = None) -> None:
        self.journal = journal
        self.kernel = kernel
        self.marks = 0
        self._step = step

    def finish(self, to_seq: int | None) -> None:
        """Execute up to a seq, or to the end."""
        for _ in self.answers(to_seq):
            pass

    def answers(self, to_seq: int | None) -> Iterator[bytes]:
        """Execute up to a seq, or to the end, and give the events of each block as bytes."""
        if to_seq is not None and to_seq <= self.kernel.seq:
            return
        # Reading begins at the block before, so that the link between the two is checked as well.
        for block in self.journal.blocks(max(self.kernel.seq, 1), to_seq):
            if block.first_seq > self.kernel.seq:
                yield self.execute(block, to_seq)
                if self._step is not None:
                    self._step(self.kernel.seq)

    def execute(self, block: Block, to_seq: int | None) -> bytes:
        """Execute a block, or its records up to a seq; what it did, as bytes."""
        self._compare(block.exec_mark, block.first_seq, block.segment)
        limit = None if to_seq is None or to_seq >= block.last_seq else to_seq - block.first_seq + 1
        return self._apply(block, block.body, block.first_seq, block.count, limit)

    def answers_singly(self, block: Block, to_seq: int) -> Iterator[bytes]:
        """Execute what is left of a block one record at a time, up to a seq."""
        if self.kernel.seq < block.first_seq:
            self._compare(block.exec_mark, block.first_seq, block.segment)
        done = self.kernel.seq + 1 - block.first_seq
        for offset, body in enumerate(block.record_bytes()[done:], self.kernel.seq + 1):
            if offset > to_seq:
                return
            yield self._apply(block, body, offset, 1, None)

    def _apply(self, block: Block, body: bytes, first_seq: int, count: int, limit: int | None) -> bytes:
        from crossbook._kernel import BlockError, KernelError

        base = block.first_time_ns
        try:
            return self.kernel.apply(body, first_seq=first_seq, base_time_ns=base, count=count, limit=limit)
        except (BlockError, KernelError) as error:
            raise Finding(
                f"the block at seq {block.first_seq} cannot be executed: {error}",
                code="block_not_executable",
                hint="it was written by a build with another vocabulary; use that build",
                seq=block.first_seq,
                segment=block.segment,
            ) from error

    def _compare(self, recorded: bytes, before_seq: int, segment: int) -> None:
        found = self.kernel.exec_mark()
        if found != recorded:
            raise divergence(recorded, found, before_seq=before_seq, segment=segment)
        self.marks += 1

    def compare_stated_marks(self) -> None:
        """Compare the marks in footers and closing.json, as far as they are about where the kernel is or was.

        A footer's mark is that of the next segment's first block, which was compared with the kernel when it was there.
        """
        opened = {segment.first_seq: segment for segment in self.journal.segments}
        for segment in self.journal.segments:
            mark = bytes.fromhex(segment.footer["exec_mark"]) if segment.footer else b""
            begins = segment.footer["last_seq"] + 1 if segment.footer else 0
            first = next(self.journal.blocks(begins, begins), None) if mark and begins in opened else None
            if first is not None:
                if mark != first.exec_mark:
                    raise divergence(mark, first.exec_mark, before_seq=begins, segment=segment.number)
                self.marks += 1
        closing = self.journal.closing
        if closing and closing["exec_mark"] and closing["next_seq"] == self.kernel.seq + 1:
            self._compare(bytes.fromhex(closing["exec_mark"]), closing["next_seq"], closing["segment"])


class Watching:
    """The watch of the venue with its default settings, looking at a session in which it had no slot."""

    def __init__(self, kernel: Kernel) -> None:
        from crossbook.policies.surveillance.watch import Watch
        from crossbook.policies.view import PolicyView

        self._watch = Watch()
        self._state: Any = self._watch.State()
        self._view = PolicyView(lambda: kernel)

    def look(self, record: Record, happened: list[Event]) -> list[dict[str, Any]]:
        """What it would have put on record after an instant that ended with a record: the bodies of its notes."""
        from crossbook.policies.contract import Turn

        events = tuple(event for event in happened if type(event) in self._watch.listens)
        if not events:
            return []
        reaction = self._watch.react(self._state, Turn(record.time_ns, record.seq, events, self._view, False, 0))
        self._state = reaction.state
        return [msgspec.json.decode(msgspec.to_builtins(proposal.command)[-1]) for proposal in reaction.proposals]


def divergence(recorded: bytes, found: bytes, *, before_seq: int, segment: int) -> Finding:
    """The finding that names the first field of an exec mark that re-execution did not reproduce."""
    theirs, ours = Mark.parse(recorded), Mark.parse(found)
    name = next(name for name in Mark._fields if getattr(theirs, name) != getattr(ours, name))
    seq = theirs.root_seq if name in ("root_seq", "state_root") else theirs.event_seq
    return Finding(
        f"re-execution differs from the journal before seq {before_seq}: the {name.replace('_', ' ')} at seq {seq} is "
        f"{_shown(getattr(ours, name))}, recorded was {_shown(getattr(theirs, name))}",
        code="replay_divergence",
        hint="`journal bisect` finds the command it begins with; another build may have written this journal",
        seq=seq,
        block=before_seq,
        segment=segment,
        mark=name,
        recorded=_shown(getattr(theirs, name)),
        found=_shown(getattr(ours, name)),
    )


def _shown(value: bytes | int) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _run_to(journal: Journal, seq: int | None) -> Run:
    """A run that stands after a seq, or at the end: from the newest snapshot that fits, else from genesis."""
    need()
    last_seq = journal.last_seq
    if seq is not None and not 0 <= seq <= last_seq:
        raise ToolError(
            f"there is no seq {seq}",
            code="unknown_seq",
            hint=f"the journal has seqs 1 to {last_seq}; 0 is genesis",
            seq=seq,
            last_seq=last_seq,
        )
    run = Run(journal, nearest(journal, last_seq if seq is None else seq))
    run.finish(seq)
    return run


def nearest(journal: Journal, seq_max: int) -> Kernel:
    """The kernel of the newest usable snapshot that is not after a seq, or one at genesis."""
    from crossbook import snapshots
    from crossbook._kernel import Kernel
    from crossbook.errors import SnapshotDamaged

    for path in snapshots.paths(journal.path, seq_max=seq_max):
        try:
            snapshot = snapshots.load(path)
        except SnapshotDamaged as error:
            click.echo(f"note: {error}", err=True)
            continue
        block = next(journal.blocks(snapshot.header.seq, snapshot.header.seq), None) if snapshot.header.seq else None
        if block is not None and block.last_seq == snapshot.header.seq and block.hash == snapshot.header.block_hash:
            return snapshot.kernel
        click.echo(f"note: the snapshot {path.name} is of another journal and was passed over", err=True)
    return Kernel()
