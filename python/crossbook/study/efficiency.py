"""How much collateral portfolios need under isolated, cross and portfolio margin, and what that leaves unpaid.

Every portfolio of `crossbook.demo.portfolios` is opened three times on one scratch venue, once per way of margining
it, against a house account, at the marks and without fees. Each copy then holds exactly its requirement. The marks walk
many stressed paths from there, and the kernel says what each pool is worth and when it is below its maintenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from crossbook.commands import (
    RATE_ONE,
    AddAsset,
    Command,
    CreateAccount,
    Deposit,
    MarginMode,
    OrderKind,
    Place,
    SetCollateral,
    SetCollateralPrice,
    SetMarginMode,
    SetPortfolio,
    SetPositionMode,
    Side,
    TimeInForce,
)
from crossbook.demo.market import INSTRUMENTS, venue_config
from crossbook.demo.portfolios import ALL_INSTRUMENTS, PORTFOLIOS, Portfolio
from crossbook.events import Standing
from crossbook.quantities import to_rate
from crossbook.replay import Progress
from crossbook.rows import PoolRow
from crossbook.scenarios import DEFAULT_HORIZON, Offsets, Underlying, portfolio_commands
from crossbook.study.paths import Paths, Source
from crossbook.study.scratch import Scratch

SEED: Final = 7
PATHS: Final = 1_000

_USDC, _CREDIT = 1, 2
_PLENTY: Final = 10**17
_LENT: Final = 10**15

CORRELATION: Final = (("1", "0.85", "0.75"), ("0.85", "1", "0.8"), ("0.75", "0.8", "1"))
VOLATILITIES: Final = ("0.55", "0.75", "0.95")
GAPS: Final = ("1", "1.25", "1.5")
BASIS_RATE: Final = "0.015"
OFFSET_CAP: Final = "0.8"
MAINTENANCE_RATE: Final = "0.8"
_MARKETS_OF: Final = ((1, 4), (2, 5), (3,))
"""The markets of each underlying: its perpetual, then its future."""


class Way(StrEnum):
    """How a copy of a portfolio is margined."""

    ISOLATED = "isolated"
    CROSS = "cross"
    PORTFOLIO = "portfolio"


@dataclass(slots=True)
class Loss:
    """What was left unpaid over the paths, in minor units."""

    paths: int = 0
    total: int = 0
    worst: int = 0

    def add(self, unpaid: int) -> None:
        """Takes one path in."""
        self.paths += unpaid > 0
        self.total += unpaid
        self.worst = max(self.worst, unpaid)


@dataclass(slots=True)
class Copy:
    """One portfolio under one way of margining it, and what came of it.

    Attributes:
        requirement: what it had to have, and had, in minor units.
        called: paths on which some pool fell below its maintenance.
        held: what was left unpaid if everything was held to the end.
        closed: the same if each pool was closed at the marks of the first step that found it below its maintenance.
    """

    account: int
    way: Way
    requirement: int = 0
    called: int = 0
    held: Loss = field(default_factory=Loss)
    closed: Loss = field(default_factory=Loss)
    lost: list[int] = field(default_factory=list)
    """By path, what the positions lost if they were held to the end; negative is a gain."""
    below: dict[int, int] = field(default_factory=dict)
    """Of the present path: what pools were worth when they were first found below maintenance, by market."""


@dataclass(frozen=True, slots=True)
class Line:
    """A portfolio, its gross notional in minor units, and its copies."""

    portfolio: Portfolio
    notional: int
    copies: tuple[Copy, ...]

    def lost_at_most(self, percent: int) -> int:
        """What so many percent of the paths lose at most, held to the end: the same however it is margined."""
        lost = sorted(self.copies[0].lost)
        return lost[-(-len(lost) * percent // 100) - 1]


@dataclass(slots=True)
class Reach:
    """How far the paths took a perpetual.

    Marks in ticks; the range is three calibrated deviations of a day, in parts per 10^9 of the first mark; `beyond` is
    how many paths ended further away than that.
    """

    symbol: str
    start: int
    range_rate: int
    beyond: int = 0
    lowest: int = 0
    highest: int = 0

    def add(self, end: int) -> None:
        """Takes the end of one path in."""
        self.beyond += abs(end - self.start) * RATE_ONE > self.start * self.range_rate
        self.lowest = min(self.lowest or end, end)
        self.highest = max(self.highest, end)


@dataclass(frozen=True, slots=True)
class Study:
    """What was found."""

    seed: int
    paths: int
    lines: tuple[Line, ...]
    reaches: tuple[Reach, ...]


def marks() -> list[int]:
    """The marks at which every path begins."""
    return [instrument.start_ticks for instrument in ALL_INSTRUMENTS]


def efficiency(*, seed: int = SEED, paths: int = PATHS, progress: Progress | None = None) -> Study:
    """Runs the study."""
    scratch = _venue()
    lines = tuple(_line(scratch, portfolio) for portfolio in PORTFOLIOS)
    scratch.do(SetCollateralPrice(_CREDIT, 0, RATE_ONE))
    copies = {copy.account: copy for line in lines for copy in line.copies}
    for copy in copies.values():
        _check_collateral(scratch, copy)
    walks, reaches = _paths(seed), _reaches()
    for number in range(paths):
        if progress is not None:
            progress(number, paths)
        for reach, end in zip(reaches, _walk(scratch, walks.path(number), copies), strict=False):
            reach.add(end)
    return Study(seed, paths, lines, reaches)


def _reaches() -> tuple[Reach, ...]:
    """Of the perpetuals, which are the first of the markets."""
    return tuple(
        Reach(instrument.symbol, instrument.start_ticks, DEFAULT_HORIZON.range_rate(volatility))
        for instrument, volatility in zip(INSTRUMENTS, VOLATILITIES, strict=True)
    )


def _paths(seed: int) -> Paths:
    start = marks()
    sources = [
        Source(to_rate(volatility), to_rate(gap), tuple((market, start[market - 1]) for market in markets))
        for volatility, gap, markets in zip(VOLATILITIES, GAPS, _MARKETS_OF, strict=True)
    ]
    return Paths(sources, [[to_rate(entry) for entry in row] for row in CORRELATION], seed=seed)


# --- the venue ------------------------------------------------------------------------------------------------------


def _venue() -> Scratch:
    """The demo's markets and two futures, without fees; scenario tables; a house that takes the other side."""
    scratch = Scratch()
    config = venue_config(ALL_INSTRUMENTS)
    free = [replace(market, maker_rate=0, taker_rate=0) for market in config.markets]
    scratch.do(*replace(config, markets=free).commands())
    start = marks()
    underlyings = [
        Underlying(group, volatility, {market: start[market - 1] for market in markets}, BASIS_RATE)
        for group, (volatility, markets) in enumerate(zip(VOLATILITIES, _MARKETS_OF, strict=True), start=1)
    ]
    scratch.do(
        *portfolio_commands(underlyings, correlation=CORRELATION, offsets=Offsets(cap=OFFSET_CAP)),
        SetPortfolio(_USDC, to_rate(MAINTENANCE_RATE), 1),
        # What positions are opened with before it is known what they need. It is worth nothing afterwards.
        AddAsset("CREDIT", 6),
        SetCollateral(_CREDIT, _USDC, 0, _LENT, 2**60, 0),
        SetCollateralPrice(_CREDIT, 1, RATE_ONE),
        CreateAccount(),
        Deposit(1, _USDC, _PLENTY),
    )
    return scratch


def _line(scratch: Scratch, portfolio: Portfolio) -> Line:
    sizes = [(scratch.market_unit(symbol).market, size) for symbol, size in portfolio.positions]
    units = {market: scratch.market_unit(market) for market, _ in sizes}
    lots = {m: units[m].to_lots(size.lstrip("-")) * (-1 if size.startswith("-") else 1) for m, size in sizes}
    start = marks()
    notional = sum(abs(count) * start[market - 1] * units[market].tick_value for market, count in lots.items())
    return Line(portfolio, notional, tuple(_copy(scratch, lots, way) for way in Way))


def _copy(scratch: Scratch, lots: dict[int, int], way: Way) -> Copy:
    """Opens a portfolio on credit, finds out what it needs, and pays that in."""
    account = scratch.account_count() + 1
    scratch.do(CreateAccount(), Deposit(account, _CREDIT, _LENT))
    if way is Way.PORTFOLIO:
        scratch.do(SetMarginMode(account, MarginMode.PORTFOLIO))
    for market, count in lots.items():
        scratch.do(*_trade(account, market, count, marks()[market - 1]))
    (pool,) = scratch.row(account).pools
    scratch.do(Deposit(account, _USDC, pool.requirement))
    if way is Way.ISOLATED:
        needs = {position.market: position.requirement for position in scratch.row(account).positions}
        scratch.do(*(SetPositionMode(account, market, True, need) for market, need in needs.items()))
    return Copy(account, way, pool.requirement)


def _trade(account: int, market: int, lots: int, price: int) -> list[Command]:
    side, other = (Side.BUY, Side.SELL) if lots > 0 else (Side.SELL, Side.BUY)
    return [
        Place(1, market, other, OrderKind.LIMIT, price, abs(lots)),
        Place(account, market, side, OrderKind.LIMIT, price, abs(lots), TimeInForce.FOK),
    ]


def _check_collateral(scratch: Scratch, copy: Copy) -> None:
    """Every pool has what it needs, to the unit, and nothing else."""
    pools = [pool for pool in scratch.row(copy.account).pools if pool.asset == _USDC]
    assert all(pool.equity == pool.requirement for pool in pools)
    assert sum(pool.equity for pool in pools) == copy.requirement


# --- a path ---------------------------------------------------------------------------------------------------------


def _walk(scratch: Scratch, path: Iterable[list[int]], copies: dict[int, Copy]) -> list[int]:
    """One path: after each step, look at the pools that stand below their maintenance; at the end, at all.

    Returns the marks at which it ended.
    """
    standings: dict[tuple[int, int], Standing] = {}
    step = marks()
    for step in path:
        # Marks come one after another, so that a hedge looks broken in between: only the end of a step counts.
        for change in scratch.mark(step):
            standings[change.account, change.market] = change.standing
        failing = {account for (account, _), standing in standings.items() if standing >= Standing.LIQUIDATABLE}
        for account in sorted(failing & copies.keys()):
            _note_failing(scratch, copies[account])
    for copy in copies.values():
        _settle_path(copy, scratch.row(copy.account).pools)
    scratch.mark(marks())
    return step


def _note_failing(scratch: Scratch, copy: Copy) -> None:
    for pool in scratch.row(copy.account).pools:
        if pool.asset == _USDC and pool.equity < pool.maintenance:
            copy.below.setdefault(pool.market, pool.equity)


def _settle_path(copy: Copy, pools: Sequence[PoolRow]) -> None:
    copy.lost.append(copy.requirement - sum(pool.equity for pool in pools if pool.asset == _USDC))
    copy.held.add(sum(max(0, -pool.equity) for pool in pools))
    copy.closed.add(sum(max(0, -equity) for equity in copy.below.values()))
    copy.called += bool(copy.below)
    copy.below.clear()
