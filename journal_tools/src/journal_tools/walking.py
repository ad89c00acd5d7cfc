"""A way through a journal from genesis, handed out in stretches: what happened, and the state right after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from journal_tools.journal import Block, Journal, Record
from journal_tools.journal.blocks import Mark
from journal_tools.replaying import Run, genesis, happened, view_of


class Executed(NamedTuple):
    """A stretch of the journal that was just executed: the block it is in, its records, and their events in order.

    `then_ns` is when the next command is stamped, None where nothing follows; `ends_segment` says that what follows, if
    anything, is in another segment.
    """

    block: Block
    records: list[Record]
    events: list[Any]
    then_ns: int | None
    ends_segment: bool


class Walk(Run):
    """A re-execution from genesis, handed out stretch by stretch. The kernel stands after the one handed out last."""

    def __init__(self, journal: Journal) -> None:
        """Raises ToolError `extra_missing`."""
        super().__init__(journal, genesis())
        self.view = view_of(self.kernel)

    def stretches(self, from_seq: int, to_seq: int, *, every_ns: int = 0) -> Iterator[Executed]:
        """Execute to a seq; what comes before another is executed as well, and not handed out.

        A stretch is a block, or with `every_ns` what of a block is stamped between two of its multiples: a time that
        is one of them belongs to the stretch that it ends. The last mark is that of `last_mark`.
        """
        for block, following in _with_next(self.journal.blocks(1, to_seq)):
            self._compare(block.exec_mark, block.first_seq, block.segment)
            if block.last_seq < from_seq and not every_ns:
                self._apply(block, block.body, block.first_seq, block.count, None)
                continue
            records = list(block.records())[: to_seq - block.first_seq + 1]
            parts = block.record_bytes()
            for first, end in _cuts(records, every_ns):
                body = b"".join(parts[first:end])
                answer = self._apply(block, body, block.first_seq + first, end - first, None)
                then_ns = records[end].time_ns if end < len(records) else following and following.first_time_ns
                is_last = end == len(records) and (following is None or following.segment != block.segment)
                yield Executed(block, records[first:end], happened(answer), then_ns, is_last)
        mark, before_seq, segment = _mark_after(self.journal, to_seq)
        if before_seq == to_seq + 1:
            self._compare(mark, before_seq, segment)


def last_mark(journal: Journal, seq: int) -> Mark:
    """The last exec mark that commits to nothing after a seq: what the journal has said by then of its own effects."""
    return Mark.parse(_mark_after(journal, seq)[0])


def _mark_after(journal: Journal, seq: int) -> tuple[bytes, int, int]:
    """That mark, the seq it stands before and its segment: the next block's, closing.json's, or the block's own."""
    block = journal.record(seq)[1]
    if seq == block.last_seq:
        following = next(journal.blocks(seq + 1, seq + 1), None)
        if following is not None:
            return following.exec_mark, following.first_seq, following.segment
        closing = journal.closing
        if closing and closing["exec_mark"] and closing["next_seq"] == seq + 1:
            return bytes.fromhex(closing["exec_mark"]), seq + 1, closing["segment"]
    return block.exec_mark, block.first_seq, block.segment


def _with_next(blocks: Iterator[Block]) -> Iterator[tuple[Block, Block | None]]:
    """Each block with the one after it."""
    previous: Block | None = None
    for block in blocks:
        if previous is not None:
            yield previous, block
        previous = block
    if previous is not None:
        yield previous, None


def _cuts(records: list[Record], every_ns: int) -> Iterator[tuple[int, int]]:
    """Where records are cut: before each whose time is beyond a multiple that the one before it has not passed."""
    first = 0
    for at in range(1, len(records)):
        if every_ns and (records[at].time_ns - 1) // every_ns > (records[at - 1].time_ns - 1) // every_ns:
            yield first, at
            first = at
    if records:
        yield first, len(records)
