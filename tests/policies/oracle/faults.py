"""The faults an oracle meets, as data: what is said after ten calm seconds at 60,000, and what must come of it.

The table in `docs/policies_oracle.md` is this one; a test compares them.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from crossbook.commands import Grade
from crossbook.session import Envelope
from tests.policies.oracle.quotes import A, B, C, said

ACTIONS: Final = ("Place", "Withdraw", "Liquidate", "SettleFunding")
LEAST: Final = {"margin": Grade.THIN, "liquidation": Grade.UNCERTAIN, "funding": Grade.AGEING}
"""The minimum grades that the market of the table asks for."""
CALM_SECONDS: Final = 10
CALM: Final = 60_000


class Fault(Struct, frozen=True):
    """One row: what happens, said in words and in observations, and what must come of it.

    Attributes:
        name: of the fault.
        story: what the sources do from second 10 on.
        said: the observations.
        until: the second at which the actions are tried.
        grade: the grade at that time.
        price: the price then, whole dollars.
        allowed: the actions the kernel still permits.
        reasons: what is on record about sources at that time, by source; empty for those that count.
    """

    name: str
    story: str
    said: tuple[Envelope, ...]
    until: float
    grade: Grade
    allowed: tuple[str, ...]
    price: float = CALM
    reasons: dict[int, str] = {}


def calm(begin: int, end: int, *sources: int, price: float = CALM) -> tuple[Envelope, ...]:
    """The sources say the price every second."""
    return tuple(said(second, source, price) for second in range(begin, end) for source in sources)


def climbing(begin: int, end: int, *sources: int) -> tuple[Envelope, ...]:
    """The sources go up a dollar every second, one cent apart."""
    return tuple(
        said(second, source, CALM + second + source / 100) for second in range(begin, end) for source in sources
    )


def by_time(*groups: tuple[Envelope, ...]) -> tuple[Envelope, ...]:
    """Observations in the order in which they come in."""
    return tuple(sorted((one for group in groups for one in group), key=lambda one: one.time_ns or 0))


_ALL, _NONE, _LIQUIDATE = ACTIONS, (), ("Liquidate",)
_BUT_FUNDING = ("Place", "Withdraw", "Liquidate")

FAULTS: Final = (
    Fault("none", "all three go on", calm(10, 20, A, B, C), 20, Grade.GOOD, _ALL),
    Fault("late", "all three pause for 15 s", (), 24, Grade.AGEING, _ALL),
    Fault("stale", "all three are silent for a minute", (), 69, Grade.STALE, _LIQUIDATE,
          reasons={A: "stale", B: "stale", C: "stale"}),
    Fault("lost", "all three are silent for ten minutes", (), 609, Grade.NONE, _NONE,
          reasons={A: "stale", B: "stale", C: "stale"}),
    Fault("late clock", "all three stamp a minute late",
          tuple(said(s, x, CALM, late=60) for s in range(70, 90) for x in (A, B, C)), 90, Grade.STALE, _LIQUIDATE,
          reasons={A: "stale", B: "stale", C: "stale"}),
    Fault("single source", "only alpha goes on", calm(10, 50, A), 50, Grade.THIN, _BUT_FUNDING,
          reasons={B: "stale", C: "stale"}),
    Fault("unsure", "the spreads of all three grow to 4 %",
          tuple(said(s, x, CALM, confidence=1_200) for s in range(10, 20) for x in (A, B, C)),
          20, Grade.UNCERTAIN, _LIQUIDATE),
    Fault("crossed quote", "alpha's bid is above its ask",
          by_time(calm(10, 20, B, C), tuple(said(s, A, CALM, confidence=-5) for s in range(10, 20))),
          20, Grade.GOOD, _ALL, reasons={A: "crossed"}),
    Fault("crossed sources", "alpha says 61,200, beta 58,800, gamma is gone",
          by_time(calm(10, 41, A, B), calm(41, 50, A, price=61_200), calm(41, 50, B, price=58_800)),
          50, Grade.UNCERTAIN, _LIQUIDATE, reasons={A: "split", B: "split", C: "stale"}),
    Fault("outlier", "alpha is 3 % off", by_time(calm(10, 20, A, price=61_800), calm(10, 20, B, C)),
          20, Grade.GOOD, _ALL, reasons={A: "outlier"}),
    Fault("wild outlier", "alpha is 50 % off and stands by it",
          by_time(calm(10, 20, A, price=90_000), calm(10, 20, B, C)), 20, Grade.GOOD, _ALL, reasons={A: "outlier"}),
    Fault("stuck", "alpha repeats itself while the others climb", by_time(calm(10, 60, A), climbing(10, 60, B, C)),
          60, Grade.GOOD, _ALL, price=60_059, reasons={A: "stuck"}),
    Fault("all but one stuck", "alpha and beta repeat themselves while gamma climbs",
          by_time(calm(10, 60, A, B), climbing(10, 60, C)), 60, Grade.THIN, _BUT_FUNDING, price=60_059,
          reasons={A: "stuck", B: "stuck"}),
    Fault("flash of one", "alpha says 40,000 once",
          by_time((said(10, A, 40_000),), calm(11, 20, A), calm(10, 20, B, C)), 20, Grade.GOOD, _ALL),
    Fault("flash of all", "all three say 40,000, a second ago", calm(10, 11, A, B, C, price=40_000), 11,
          Grade.VOLATILE, _NONE, reasons={A: "jump", B: "jump", C: "jump"}),
    Fault("flash of all, over", "all three say 40,000 once, and 60,000 again",
          by_time(calm(10, 11, A, B, C, price=40_000), calm(11, 13, A, B, C)), 13, Grade.GOOD, _ALL),
    Fault("crash", "all three fall 20 % and stay there, for 10 s", calm(10, 20, A, B, C, price=48_000), 20,
          Grade.VOLATILE, _NONE, price=52_087.5),
    Fault("crash, over", "all three fall 20 % and stay there, for 20 s", calm(10, 30, A, B, C, price=48_000), 30,
          Grade.GOOD, _ALL, price=48_000),
    Fault("collapse", "all three fall 60 % and stay there, for 100 s", calm(10, 110, A, B, C, price=24_000), 110,
          Grade.VOLATILE, _NONE, price=24_000),
    Fault("collapse, over", "all three fall 60 % and stay there, for 200 s", calm(10, 210, A, B, C, price=24_000), 210,
          Grade.GOOD, _ALL, price=24_000),
    Fault("clock backwards", "alpha's clock falls back an hour",
          by_time(calm(10, 20, B, C), tuple(said(s, A, 70_000, late=3_600) for s in range(10, 20))),
          20, Grade.GOOD, _ALL, reasons={A: "clock_backwards"}),
    Fault("all clocks backwards", "the clocks of all three fall back an hour",
          tuple(said(s, x, 70_000, late=3_600) for s in range(10, 60) for x in (A, B, C)),
          60, Grade.STALE, _LIQUIDATE, reasons={A: "clock_backwards", B: "clock_backwards", C: "clock_backwards"}),
    Fault("clock ahead", "alpha's clock is an hour ahead",
          by_time(calm(10, 20, B, C), tuple(said(s, A, 70_000, late=-3_600) for s in range(10, 20))),
          20, Grade.GOOD, _ALL, reasons={A: "clock_ahead"}),
    Fault("not positive", "alpha says -37.63",
          by_time(calm(10, 20, B, C), calm(10, 20, A, price=-37.63)), 20, Grade.GOOD, _ALL,
          reasons={A: "not_positive"}),
)  # fmt: skip
