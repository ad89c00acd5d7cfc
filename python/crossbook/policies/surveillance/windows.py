"""Tallies over a sliding window of stamped time, in bounded memory.

A window is two halves: the one that runs and the one before it. What is summed is both, so it spans between one half
and a whole window, and whatever happens within half a window is found whole in some sum.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

EVIDENCE_MAX: Final = 16
"""How many seqs a tally remembers, the first ones."""

VALUE_MAX: Final = (1 << 63) - 1
"""A value beyond it counts as this: more has been traded than all the money there may be."""


class Tally(Struct):
    """What was counted under one key; `value` is in ticks times lots."""

    lots: int = 0
    value: int = 0
    trades: int = 0
    messages: int = 0
    first_seq: int = 0
    last_seq: int = 0
    seqs: list[int] = field(default_factory=list)

    def add(self, seq: int, *, lots: int = 0, value: int = 0, trades: int = 0, messages: int = 0) -> None:
        """Count what one command did."""
        self.lots += lots
        self.value = min(self.value + value, VALUE_MAX)
        self.trades += trades
        self.messages += messages
        self.first_seq = self.first_seq or seq
        self.last_seq = seq
        if len(self.seqs) < EVIDENCE_MAX and (not self.seqs or self.seqs[-1] != seq):
            self.seqs.append(seq)


class Window(Struct):
    """Tallies by key, of at most `keys_max` keys in a half; `missed` counts what had no room."""

    keys_max: int = 4_096
    now: dict[str, Tally] = field(default_factory=dict)
    before: dict[str, Tally] = field(default_factory=dict)
    missed: int = 0

    def at(self, key: str) -> Tally:
        """The tally of the running half to add to; one that is forgotten at once if there is no room."""
        found = self.now.get(key)
        if found is None:
            found = Tally()
            if len(self.now) < self.keys_max:
                self.now[key] = found
            else:
                self.missed += 1
        return found

    def sum(self, key: str) -> Tally:
        """Both halves of a key."""
        earlier, later = self.before.get(key), self.now.get(key)
        if earlier is None or later is None:
            return earlier or later or Tally()
        return Tally(
            earlier.lots + later.lots,
            min(earlier.value + later.value, VALUE_MAX),
            earlier.trades + later.trades,
            earlier.messages + later.messages,
            earlier.first_seq,
            later.last_seq,
            [*earlier.seqs, *later.seqs][:EVIDENCE_MAX],
        )

    def keys(self) -> list[str]:
        """Every key of both halves, those of the earlier one first."""
        return list(dict.fromkeys([*self.before, *self.now]))

    def roll(self, halves: int) -> None:
        """Let this many halves pass."""
        self.before = self.now if halves == 1 else {}
        self.now = {}
        self.missed = 0


def evidence(tallies: list[Tally]) -> tuple[int, ...]:
    """The first seqs of several tallies, in order."""
    return tuple(sorted({seq for tally in tallies for seq in tally.seqs})[:EVIDENCE_MAX])
