"""How large the demo is, and when what happens in it happens, in rounds of three seconds of stamped time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crossbook.errors import InputError

START_NS: Final = 1_767_225_600_000_000_000
"""The stamped time at which the demo begins: 2026-01-01T00:00:00Z."""
ROUND_NS: Final = 3_000_000_000
"""The stamped time of a round."""

_CATCHING_UP: Final = 6
"""How many rounds the marks need to follow once the sources are back."""


@dataclass(frozen=True, slots=True)
class Crash:
    """When prices fall: `rounds` rounds from round `start` on, then a quarter as fast back up for as many again."""

    start: int
    rounds: int

    @property
    def last(self) -> int:
        """The last round in which they fall."""
        return self.start + self.rounds - 1

    def falling(self, number: int) -> bool:
        """Whether prices fall in this round."""
        return self.start <= number < self.start + self.rounds

    def recovering(self, number: int) -> bool:
        """Whether prices come back a little in this round."""
        return self.start + self.rounds <= number < self.start + 2 * self.rounds


@dataclass(frozen=True, slots=True)
class Outage:
    """When the sources of outside prices fail: from round `start` on they contradict each other, then say nothing."""

    start: int
    diverging: int
    silent: int

    @property
    def end(self) -> int:
        """The round in which they are back."""
        return self.start + self.diverging + self.silent

    def diverges(self, number: int) -> bool:
        """Whether the sources contradict each other in this round."""
        return self.start <= number < self.start + self.diverging

    def silences(self, number: int) -> bool:
        """Whether the sources say nothing in this round."""
        return self.start + self.diverging <= number < self.end


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How large the demo is. `makers` counts per market; a hedger has two accounts, everybody else one."""

    seed: int = 7
    makers: int = 8
    takers: int = 220
    hedgers: int = 20
    gamblers: int = 16
    liquidators: int = 4
    rounds: int = 600
    crash: Crash = Crash(start=370, rounds=40)
    outage: Outage = Outage(start=386, diverging=4, silent=20)

    @property
    def bottom(self) -> int:
        """The round that ends with marks at about their lowest, where the snapshot is taken.

        Prices have fallen by then, the sources are back, and the marks, which move by steps, have followed.
        """
        return min(max(self.crash.last, self.outage.end + _CATCHING_UP), self.rounds - 1)

    def check(self) -> None:
        """Refuse what cannot be played. Raises InputError `demo_config`."""
        if not 0 <= self.crash.start <= self.crash.last < self.rounds:
            raise InputError(
                "the crash must be over before the session ends",
                code="demo_config",
                values={"crash_start": self.crash.start, "crash_last": self.crash.last, "rounds": self.rounds},
                hint="let it start later than round 0 and take fewer rounds than are left",
            )


def time_of(number: int) -> int:
    """The stamped time of a round, ns since the epoch."""
    return START_NS + (number + 1) * ROUND_NS
