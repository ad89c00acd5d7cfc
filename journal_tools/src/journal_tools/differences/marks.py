"""The first block at which two journals part by what they recorded, found by halving; nothing is executed.

Replicas of one session carry the same chain until they part, and a block's link to the block before commits to all of
it. Journals of different sessions are compared by their exec marks, whose event digest commits to all events before.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from journal_tools.differences.search import block_at
from journal_tools.errors import Skipped
from journal_tools.journal import Block, Journal
from journal_tools.journal.blocks import Mark

What = Literal["commands", "mark", "header", "length"]


class RecordedParting(NamedTuple):
    """Where two journals part: `after` is the last seq of the last block both share, `what` what differs first.

    `mark` names the fields of the exec mark that differ. If `what` is "mark", the commands up to `after` were executed
    otherwise; `agreed_seq` is as of when both recorded the same state root.
    """

    after: int
    what: What
    mark: list[str]
    agreed_seq: int
    a: Block | None
    b: Block | None
    probes: int


class _Recorded:
    """Two journals, looked at block by block. `probes` counts the blocks."""

    def __init__(self, a: Journal, b: Journal) -> None:
        self.a = a
        self.b = b
        self.same_session = a.genesis().head == b.genesis().head
        self.probes = 0

    def same_before(self, seq: int) -> bool:
        """Whether they agree on everything before the block that holds a seq, as far as it was recorded."""
        self.probes += 1
        one, other = block_at(self.a, seq), block_at(self.b, seq)
        if one.first_seq != other.first_seq:
            raise cuts_differ(seq)
        return one.exec_mark == other.exec_mark and (not self.same_session or one.previous == other.previous)


def cuts_differ(seq: int) -> Skipped:
    """The error for journals whose blocks begin at other seqs."""
    return Skipped(
        f"the journals are cut into other blocks at seq {seq}, so their marks are of other seqs",
        code="cuts_differ",
        hint="`journal diff` compares them record by record",
        seq=seq,
    )


def first_recorded_parting(a: Journal, b: Journal) -> RecordedParting | None:
    """Where two journals part by their chains and marks; None if nowhere.

    Raises:
        Skipped: `cuts_differ` their blocks do not begin at the same seqs.
    """
    recorded = _Recorded(a, b)
    last = min(a.last_seq, b.last_seq)
    if last == 0:
        return None if a.last_seq == b.last_seq else _parting(recorded, 0, None)
    low, high = block_at(a, 1).first_seq, block_at(a, last).first_seq
    # Everything before `low` is shared; halving finds the last block before which everything is.
    if recorded.same_before(high):
        low = high
    while low < high:
        middle = block_at(a, (low + high) // 2)
        begins = middle.first_seq if middle.first_seq > low else middle.last_seq + 1
        if begins >= high:
            break
        if recorded.same_before(begins):
            low = begins
        else:
            high = begins
    return _parting(recorded, low, high)


def _parting(recorded: _Recorded, low: int, high: int | None) -> RecordedParting | None:
    """Look at the last block before which everything is shared, and at the one after it."""
    if not low:
        return RecordedParting(0, "length", [], 0, None, None, recorded.probes)
    agreed = block_at(recorded.a, low).mark.root_seq
    blocks = list(zip(recorded.a.blocks(low, high), recorded.b.blocks(low, high), strict=False))
    for one, other in blocks:
        if (one.first_seq, one.count) != (other.first_seq, other.count):
            raise cuts_differ(max(one.first_seq, other.first_seq))
        what = _what(one, other)
        if what is not None:
            names = [name for name in Mark._fields if getattr(one.mark, name) != getattr(other.mark, name)]
            return RecordedParting(one.first_seq - 1, what, names, agreed, one, other, recorded.probes)
    last = blocks[-1][0].last_seq
    if recorded.a.last_seq != recorded.b.last_seq:
        return RecordedParting(last, "length", [], agreed, None, None, recorded.probes)
    return _ends(recorded, last, agreed)


def _what(one: Block, other: Block) -> What | None:
    if one.exec_mark != other.exec_mark:
        return "mark"
    if one.body != other.body or one.first_time_ns != other.first_time_ns:
        return "commands"
    return "header" if (one.epoch, one.last_time_ns) != (other.epoch, other.last_time_ns) else None


def _ends(recorded: _Recorded, last: int, agreed: int) -> RecordedParting | None:
    """What both said of the state after the last command, if both were closed."""
    marks = [journal.closing["exec_mark"] if journal.closing else "" for journal in (recorded.a, recorded.b)]
    if marks[0] == marks[1] or not all(marks):
        return None
    one, other = (Mark.parse(bytes.fromhex(mark)) for mark in marks)
    names = [name for name in Mark._fields if getattr(one, name) != getattr(other, name)]
    return RecordedParting(last, "mark", names, agreed, None, None, recorded.probes)
