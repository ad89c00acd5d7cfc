"""What a stress run puts on record; any policy may read it."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossbook.commands import TEXT_BYTES_MAX, Note
from crossbook.policies import notes

REPORT: Final = "stress.report"


class FundLoss(Struct, frozen=True):
    """What pools would lose beyond their equity, by the fund that stands for it (market 0: of the cross pools)."""

    asset: int
    market: int
    loss: int


class ShockResult(Struct, frozen=True):
    """One shock, tried on the state as of `seq`.

    `kind` is `"gap"`, `"funding"` or `"outage"`; `losses` are by fund. `in_danger` pools are below their maintenance,
    and of those `withheld` may not be liquidated, since a market of their positions asks for a better oracle than it
    has. `refused` counts the commands of the shock that the rules do not allow on this state; it should be 0.
    """

    name: str
    kind: str
    seq: int
    losses: tuple[FundLoss, ...]
    in_danger: int
    withheld: int
    refused: int


class FundNeed(Struct, frozen=True):
    """The largest loss of a fund over all shocks, what the fund holds, and the shock (minor units)."""

    asset: int
    market: int
    need: int
    fund: int
    shock: str


class Endangered(Struct, frozen=True):
    """A pool that would be below its maintenance, in the shock that leaves it furthest below (minor units)."""

    account: int
    asset: int
    market: int
    shock: str
    equity: int
    maintenance: int


class Concentration(Struct, frozen=True):
    """The largest position of a market, and its part of the open interest (parts per 10^9)."""

    market: int
    account: int
    lots: int
    share_rate: int


class StressReport(Struct, frozen=True):
    """What shocks would do: the last result of each, and of those tried on the state as of `seq` whom they endanger.

    `in_danger` counts the pools that some shock would leave below their maintenance; `endangered` are the worst of
    them, worst first. Lists are cut to what one note holds.
    """

    seq: int
    shocks: tuple[ShockResult, ...]
    needs: tuple[FundNeed, ...]
    in_danger: int
    endangered: tuple[Endangered, ...]
    concentration: tuple[Concentration, ...]


def note(report: StressReport) -> Note:
    """The note with a report; its lists are halved until it fits."""
    longest = max(len(report.endangered), len(report.concentration), len(report.needs))
    while len(msgspec.json.encode(report)) > TEXT_BYTES_MAX and longest:
        longest //= 2
        report = replace(
            report,
            shocks=tuple(replace(shock, losses=shock.losses[:longest]) for shock in report.shocks),
            needs=report.needs[:longest],
            endangered=report.endangered[:longest],
            concentration=report.concentration[:longest],
        )
    return notes.note(REPORT, report)
