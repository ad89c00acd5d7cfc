"""The first seq at which two executions part, found by halving: a probe is a re-execution to a seq.

A trail commits to where the kernel stood after every block before it. So once two executions part their trails stay
apart, and halving finds the first block after which they stand apart; the commands in it are gone through one by one.
"""

from __future__ import annotations

from typing import NamedTuple

from journal_tools.differences.executions import Execution, Step
from journal_tools.journal import Block, Journal


class Parting(NamedTuple):
    """The first seq at which two executions part, the step of each, and how many probes it took."""

    seq: int
    a: Step
    b: Step
    probes: int


class Halving:
    """Two executions of the same blocks. `probes` counts the seqs at which both were looked at."""

    def __init__(self, a: Execution, b: Execution) -> None:
        self.a = a
        self.b = b
        self.probes = 0

    def first_parting(self, low: int, high: int) -> Parting | None:
        """The first seq after `low` at which they part; None if they do not up to `high`. Both are the last of a block.

        Both executions stand at `low`. Afterwards both stand at the seq found.
        """
        if high <= low or self._same(high):
            return None
        while True:
            middle = middle_of(self.a.journal, low, high)
            if middle is None:
                return self._within(high)
            if self._same(middle):
                low = middle
                self.a.keep()
                self.b.keep()
            else:
                high = middle

    def _same(self, seq: int) -> bool:
        self.probes += 1
        return self.a.probe(seq) == self.b.probe(seq)

    def _within(self, high: int) -> Parting:
        """Go through the commands of a block whose end both do not share."""
        self.a.back()
        self.b.back()
        for a, b in zip(self.a.steps(high), self.b.steps(high), strict=True):
            if a != b:
                return Parting(a.seq, a, b, self.probes)
        raise AssertionError("a block that ends otherwise has a command that does")


def middle_of(journal: Journal, low: int, high: int) -> int | None:
    """The end of a block about halfway between two ends of blocks; None if one block lies between them."""
    block = block_at(journal, (low + high + 1) // 2)
    if block.last_seq < high:
        return block.last_seq
    return block.first_seq - 1 if block.first_seq - 1 > low else None


def block_at(journal: Journal, seq: int) -> Block:
    """The block that holds a seq."""
    return next(journal.blocks(seq, seq))
