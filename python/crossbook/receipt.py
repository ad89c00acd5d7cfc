"""The receipt of a submission: where it went in the journal, and what came of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from crossbook.commands import command_name
from crossbook.errors import NotFound, Refused
from crossbook.events import AccountCreated, Event, OrderAccepted, Rejected, Traded
from crossbook.rejects import REASONS, named_values
from crossbook.wire import decode_events

if TYPE_CHECKING:
    from crossbook.journal.blocks import BlockReceipt

E = TypeVar("E", bound=Struct)


class Receipt:
    """What `submit` returns, once its blocks are committed at the venue's durability and executed.

    `receipt[i]` are the events of the i-th command; iterating gives all events in order. Events are decoded when they
    are first looked at, so a bulk caller who does not look does not pay. Where policies acted between two commands of
    one submission, their seqs are not in a row: `seqs` has them.

    Attributes:
        seq: the seq of the first command.
        last_seq: the seq of the last one.
        time_ns: the stamped time of the last command.
        blocks: where the commands went, one entry per block.
        durability: the durability the blocks were committed at before this receipt existed.
        seqs: the seq of each command.
    """

    __slots__ = ("_events", "_raw", "blocks", "durability", "last_seq", "seq", "seqs", "time_ns")

    def __init__(
        self,
        *,
        seq: int,
        last_seq: int,
        time_ns: int,
        blocks: Sequence[BlockReceipt],
        durability: str,
        raw_events: Sequence[bytes],
        seqs: Sequence[int] | None = None,
    ) -> None:
        self.seq: Final = seq
        self.seqs: Final[Sequence[int]] = range(seq, last_seq + 1) if seqs is None else seqs
        self.last_seq: Final = last_seq
        self.time_ns: Final = time_ns
        self.blocks: Final = tuple(blocks)
        self.durability: Final = durability
        self._raw = tuple(raw_events)
        self._events: tuple[Event, ...] | None = None

    @property
    def durable(self) -> bool:
        """Whether the blocks were on stable storage before this receipt existed."""
        return self.durability == "durable"

    @property
    def block_hash(self) -> bytes:
        """The hash of the last block; it commits to that block and to everything before it."""
        return self.blocks[-1].block_hash

    @property
    def raw_events(self) -> tuple[bytes, ...]:
        """The kernel's answer as it came, one msgpack stream per block."""
        return self._raw

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in order."""
        if self._events is None:
            self._events = tuple(event for raw in self._raw for event in decode_events(raw))
        return self._events

    def __len__(self) -> int:
        return len(self.seqs)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __getitem__(self, index: int) -> tuple[Event, ...]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"this receipt is about {len(self)} commands, there is none at {index}")
        seq = self.seqs[index]
        start = bisect_left(self.events, seq, key=_seq)
        stop = bisect_left(self.events, seq + 1, lo=start, key=_seq)
        return self.events[start:stop]

    def by_seq(self) -> dict[int, tuple[Event, ...]]:
        """The events of each command, by its seq."""
        return {seq: self[index] for index, seq in enumerate(self.seqs)}

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """The refusals among the events."""
        return self.all(Rejected)

    @property
    def ok(self) -> bool:
        """Whether no command was refused."""
        return not self.rejected

    @property
    def trades(self) -> tuple[Traded, ...]:
        """The trades among the events."""
        return self.all(Traded)

    @property
    def order(self) -> int | None:
        """The id of the first order that was accepted, None if there is none."""
        return next((event.order for event in self.events if isinstance(event, OrderAccepted)), None)

    @property
    def account(self) -> int | None:
        """The id of the first account that was created, None if there is none."""
        return next((event.account for event in self.events if isinstance(event, AccountCreated)), None)

    def all(self, kind: type[E]) -> tuple[E, ...]:
        """The events of one type, in order."""
        return tuple(event for event in self.events if isinstance(event, kind))

    def one(self, kind: type[E]) -> E:
        """The first event of one type.

        Raises:
            Refused: there is none, and a command was refused.
            NotFound: there is none.
        """
        for event in self.events:
            if isinstance(event, kind):
                return event
        self.raise_if_rejected()
        raise NotFound(
            f"seq {self.seq} emitted no {kind.__name__}",
            code="no_such_event",
            values={"seq": self.seq, "event": kind.__name__},
        )

    def raise_if_rejected(self) -> Receipt:
        """This receipt, if no command was refused. Raises Refused for the first that was."""
        for reject in self.rejected:
            raise refusal(reject)
        return self

    def __repr__(self) -> str:
        seqs = f"seq {self.seq}" if len(self) == 1 else f"seqs {self.seq}..{self.last_seq}"
        lines = [f"<Receipt {seqs}, {self.durability}, block {self.block_hash.hex()[:12]}>"]
        shown = self.events[:8]
        lines += [f"  {event!r}" for event in shown]
        if len(self.events) > len(shown):
            lines.append(f"  … {len(self.events) - len(shown)} more events")
        return "\n".join(lines)


def joined(receipts: Sequence[Receipt]) -> Receipt:
    """One receipt for the commands of several, at least one, in order."""
    if len(receipts) == 1:
        return receipts[0]
    return Receipt(
        seq=receipts[0].seq,
        last_seq=receipts[-1].last_seq,
        time_ns=receipts[-1].time_ns,
        blocks=[block for receipt in receipts for block in receipt.blocks],
        durability=receipts[0].durability,
        raw_events=[raw for receipt in receipts for raw in receipt.raw_events],
        seqs=[seq for receipt in receipts for seq in receipt.seqs],
    )


def _seq(event: Event) -> int:
    return event.seq


def refusal(reject: Rejected) -> Refused:
    """The exception that says what a Rejected event says; its code is the reject's name in snake case."""
    reason = REASONS.get(reject.code)
    named = named_values(reject.code, reject.a, reject.b)
    meaning = reason.meaning if reason else f"reject {reject.code}"
    return Refused(
        f"{command_name(reject.command)} (seq {reject.seq}) refused: {meaning}",
        code=reason.code.name.lower() if reason else f"reject_{reject.code}",
        values={"seq": reject.seq, "command": command_name(reject.command), "account": reject.account}
        | {"reject": reject.code}
        | named,
        hint=reason.hint if reason else "a newer crossbook knows this code",
    )
