"""The parent of a branch: one reading of its journal, which tells outside from inside and remembers who made what.

*Inside* is what the venue loop and the policies it engaged did: commands under their author ids, and the registration
of those ids. *Outside* is everything else. A branch keeps the outside and makes its own inside, so ids that inside
commands took move; this reading says by whom each id was made, and the branch translates (`translate.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol, Self

from msgspec import Struct, field

from crossbook import events as e
from crossbook._kernel import BlockError, Kernel
from crossbook.commands import (
    AddAsset,
    AddMarket,
    Command,
    Origin,
    RegisterAuthor,
    SetCollateralPrice,
    SetMark,
    SetOracle,
)
from crossbook.events import Event
from crossbook.journal import Block, Head, JournalReader, SessionManifest
from crossbook.policies import notes
from crossbook.policies.recovery import body_of
from crossbook.replay import Progress, check_mark, not_executable
from crossbook.session import Envelope
from crossbook.wire import decode_body, decode_events

INSIDE: Final = 1
REFUSED: Final = 2
_ONCE: Final = (SetMark, SetOracle, SetCollateralPrice)
"""Prices: only the first of each is configuration."""
_ID_FIELDS: Final = ("asset", "market", "account", "scope", "id", "symbol")
OVERRUNS: Final = ("time", "flood")
"""Faults that depend on what the parent's machine and limits allowed; nothing of their turn was done."""
CREATED: Final = {e.AccountCreated: "account", e.AssetAdded: "asset", e.MarketAdded: "market"}
"""The events that give an id which commands name, and the field that holds it."""


def key_of(command: Command) -> tuple[object, ...]:
    """What a configuration command is about: its type and the ids in it."""
    ids = (getattr(command, name) for name in _ID_FIELDS if name in command.__struct_fields__)
    return (type(command), *ids)


def is_configuration(item: Envelope) -> bool:
    """Whether a command is of the kind that a venue's configuration becomes."""
    name = type(item.command).__name__
    return item.origin == Origin.OPERATOR and (name.startswith(("Add", "Set")) or name == RegisterAuthor.__name__)


class Reads(Protocol):
    """What reads a journal: a `JournalReader`, or something that finds the same blocks in another way."""

    manifest: SessionManifest

    def __enter__(self) -> Self:
        """The reader, to be closed at the end of the block."""
        ...

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        ...

    def head(self) -> Head:
        """The end of the journal as it is now."""
        ...

    def blocks(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Block]:
        """The blocks that hold these seqs, in order and verified."""
        ...


class Settled(Struct, frozen=True):
    """A configuration command of the parent that came from outside."""

    seq: int
    command: Command


class Parent(Struct):
    """What is known of a parent after one reading.

    `flags` has a byte and `times` the stamped time for each seq. By order id, `orders` are the outside command that
    made it and which of its orders it was (`seq * 256 + n`), `inside_orders` seq, account, market and the n-th of
    these. `auctions` have account, market, and the seqs at which they opened and closed (0: still open). `authors` are
    the outside commands that registered an outside author, `playing` the slots and n-th engagements of inside ones.
    `created` is by seq the kind of id and the id it gave, `creation_ends` by kind and id the last seq of the
    configuration it is part of: the operator's settings of one stamped time, without anything between.
    `configured_seq` is the end of the configuration that the session begins with, 0 if it begins otherwise.
    `settings` are the configuration commands from outside by what they are about. `reader` opens its journal.
    """

    path: Path
    session: str
    seq: int = 0
    head_hash: bytes = b""
    segment_bytes: int = 0
    time_ns: int = 0
    configured_seq: int = 0
    loop_author: int = 0
    event_digest: bytes = b""
    state_root: bytes = b""
    flags: bytearray = field(default_factory=bytearray)
    times: array[int] = field(default_factory=lambda: array("Q"))
    engaged: dict[int, notes.Engaged] = {}
    disengaged: dict[int, str] = {}
    overruns: dict[int, notes.Fault] = {}
    orders: dict[int, int] = {}
    inside_orders: dict[int, tuple[int, int, int, int]] = {}
    auctions: dict[int, tuple[int, int, int, int]] = {}
    authors: dict[int, int] = {}
    playing: dict[int, tuple[str, int]] = {}
    created: dict[int, tuple[str, int]] = {}
    creation_ends: dict[tuple[str, int], int] = {}
    settings: dict[tuple[object, ...], list[Settled]] = {}
    assets: list[AddAsset] = []
    markets: list[AddMarket] = []
    inside_count: int = 0
    reader: Callable[[Path], Reads] = JournalReader

    def inside(self, seq: int) -> bool:
        """Whether a command was the loop's or a policy's."""
        return bool(self.flags[seq] & INSIDE)

    def refused(self, seq: int) -> bool:
        """Whether a command was refused."""
        return bool(self.flags[seq] & REFUSED)

    def slots(self) -> list[str]:
        """The slots in which the parent engaged a policy because somebody asked for it."""
        return list(dict.fromkeys(engaged.slot for engaged in self.engaged.values()))


class Entry(Struct, frozen=True):
    """One record of the parent with its seq, as an envelope that brings its time."""

    seq: int
    item: Envelope


def entries(block: Block) -> list[Entry]:
    """The records of a block."""
    return [
        Entry(
            block.first_seq + offset,
            Envelope(
                record.command,
                record.origin,
                record.author,
                record.cause,
                record.nonce,
                block.base_time_ns + record.dt,
            ),
        )
        for offset, record in enumerate(decode_body(block.body, block.count))
    ]


def read_parent(
    path: Path,
    progress: Progress | None = None,
    *,
    recorded: bool = False,
    reader: Callable[[Path], Reads] = JournalReader,
) -> Parent:
    """Read a journal to its present end, executing it.

    With `recorded` everything counts as outside: a branch then executes what the policies did as it is on record,
    and runs none of them. `reader` opens the journal, now and whenever a branch of this parent is made.

    Raises JournalError for a journal that does not verify, ReplayDivergence if an exec mark is not reproduced.
    """
    with reader(path) as opened:
        head, manifest = opened.head(), opened.manifest
        parent = Parent(path, manifest.id, head.next_seq - 1, head.head_hash, manifest.segment_bytes, reader=reader)
        parent.flags, parent.times = bytearray(parent.seq + 1), array("Q", bytes(8 * (parent.seq + 1)))
        reading = _Recorded(parent) if recorded else _Reading(parent)
        for block in _up_to(opened, parent.seq):
            reading.take(block)
            if progress is not None:
                progress(block.last_seq, parent.seq)
        reading.finish()
    return parent


def _up_to(reader: Reads, seq: int) -> Iterator[Block]:
    return reader.blocks(to_seq=seq) if seq else iter(())


def parent_entries(parent: Parent, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
    """The records of a parent up to where it was read, once more; or those from one seq to another."""
    last = parent.seq if to_seq is None else to_seq
    if from_seq > last:
        return
    with parent.reader(parent.path) as reader:
        for block in reader.blocks(from_seq=from_seq, to_seq=last):
            yield from (entry for entry in entries(block) if from_seq <= entry.seq <= last)


class _Reading:
    """One pass over the parent: the kernel that executes it, and what is counted on the way."""

    def __init__(self, parent: Parent) -> None:
        self.parent = parent
        self.kernel = Kernel()
        self._inside_authors: set[int] = set()
        self._inside_placed: dict[tuple[int, int], int] = {}
        self._engagements: dict[str, int] = {}
        self._open: list[tuple[str, int]] = []
        self._configured_ns = 0
        self._configured_seq = 0
        self._begins = True

    def take(self, block: Block) -> None:
        """Execute a block and note what its records did."""
        check_mark(self.kernel, block)
        try:
            answer = self.kernel.apply(
                block.body, first_seq=block.first_seq, base_time_ns=block.base_time_ns, count=block.count
            )
        except BlockError as error:
            raise not_executable(block.first_seq, error) from error
        happened: dict[int, list[Event]] = {}
        for event in decode_events(answer):
            happened.setdefault(event.seq, []).append(event)
        for entry in entries(block):
            self._note(entry, happened.get(entry.seq, []))

    def finish(self) -> None:
        """Note how it ends."""
        self._end_configuration(self.parent.seq + 1)
        self.parent.time_ns = self.kernel.time_ns
        self.parent.event_digest = self.kernel.event_digest()
        self.parent.state_root = self.kernel.state_root()

    def _note(self, entry: Entry, happened: list[Event]) -> None:
        parent, item, seq = self.parent, entry.item, entry.seq
        time_ns = item.time_ns or 0
        parent.times[seq] = time_ns
        if any(type(event) is e.Rejected for event in happened):
            parent.flags[seq] |= REFUSED
        for event in happened:
            if type(event) is e.AuctionOpened:
                parent.auctions[event.auction] = (event.account, event.market, seq, 0)
            elif type(event) is e.AuctionClosed:
                account, market, opened, _ = parent.auctions[event.auction]
                parent.auctions[event.auction] = (account, market, opened, seq)
        if self._is_inside(item, happened):
            self._end_configuration(seq)
            parent.flags[seq] |= INSIDE
            parent.inside_count += 1
            self._note_inside(seq, item, happened)
            return
        configures = is_configuration(item)
        if not configures or time_ns != self._configured_ns:
            self._end_configuration(seq)
        if configures:
            self._configured_ns, self._configured_seq = time_ns, seq
        self._note_outside(seq, item.command, happened)

    def _is_inside(self, item: Envelope, happened: list[Event]) -> bool:
        if item.author in self._inside_authors:
            for event in happened:
                if type(event) is e.AuthorRegistered:
                    self._inside_authors.add(event.author)
            return True
        named = isinstance(item.command, RegisterAuthor) and item.command.name == notes.LOOP_NAME
        if named and not item.author and not self.parent.loop_author:
            for event in happened:
                if type(event) is e.AuthorRegistered:
                    self.parent.loop_author = event.author
                    self._inside_authors.add(event.author)
            return True
        return False

    def _note_inside(self, seq: int, item: Envelope, happened: list[Event]) -> None:
        parent = self.parent
        for event in happened:
            if type(event) is e.OrderAccepted:
                place = (event.account, event.market)
                self._inside_placed[place] = self._inside_placed.get(place, 0) + 1
                parent.inside_orders[event.order] = (seq, *place, self._inside_placed[place])
        engaged = body_of(item.command, notes.ENGAGED, notes.Engaged)
        if engaged is not None:
            nth = self._engagements[engaged.slot] = self._engagements.get(engaged.slot, 0) + 1
            parent.playing[engaged.author] = (engaged.slot, nth)
            if engaged.reason == "asked":
                parent.engaged[seq] = engaged
        gone = body_of(item.command, notes.DISENGAGED, notes.Disengaged)
        if gone is not None and gone.reason == "asked":
            parent.disengaged[seq] = gone.slot
        fault = body_of(item.command, notes.FAULT, notes.Fault)
        if fault is not None and fault.fault in OVERRUNS:
            parent.overruns[fault.author] = fault

    def _note_outside(self, seq: int, command: Command, happened: list[Event]) -> None:
        parent = self.parent
        orders = 0
        for event in happened:
            kind = type(event)
            if kind is e.OrderAccepted:
                parent.orders[event.order] = seq * 256 + orders  # type: ignore[union-attr]
                orders += 1
            elif isinstance(event, e.AuthorRegistered):
                parent.authors[event.author] = seq
            elif kind in CREATED:
                name = CREATED[kind]
                parent.created[seq] = (name, getattr(event, name))
                self._open.append(parent.created[seq])
        if isinstance(command, AddAsset) and seq in parent.created:
            parent.assets.append(command)
        elif isinstance(command, AddMarket) and seq in parent.created:
            parent.markets.append(command)
        if type(command).__name__.startswith(("Set", "Add")) and not parent.refused(seq):
            same = parent.settings.setdefault(key_of(command), [])
            if not same or not isinstance(command, _ONCE):
                same.append(Settled(seq, command))

    def _end_configuration(self, seq: int) -> None:
        """The command at this seq is no part of the configuration before it, if there is one."""
        for created in self._open:
            self.parent.creation_ends[created] = self._configured_seq
        self._open.clear()
        if self._begins and seq > 1:
            self.parent.configured_seq, self._begins = self._configured_seq, False


class _Recorded(_Reading):
    """A reading to which nothing is inside."""

    def _is_inside(self, _item: Envelope, _happened: list[Event]) -> bool:
        return False
