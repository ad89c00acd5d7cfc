"""The market of the cascade study: who is in it, how they came in, where the price goes. All of it from a seed.

| who | of 100 | what they hold |
|---|---:|---|
| longs | 52 | one perpetual, 5 to 45 times what they have, most since shortly before |
| shorts | 18 | one perpetual, sold 12 or 30 % higher, and in profit |
| basis traders | 14 | BTC-PERP against BTC-FUT, half either way, cross margin |
| basis portfolios | 6 | the same as portfolios |
| portfolios | 6 | BTC against ETH |
| makers | 2 | what the others do not take among themselves, and the book |
| liquidators | 2 | nothing yet |

Beyond these there are two vaults and the insurance. Every position is opened by a trade at a mark that once was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Final

from crossbook.commands import (
    RATE_ONE,
    Command,
    MassCancel,
    OrderKind,
    Place,
    SelfTrade,
    SetMark,
    Side,
    TimeInForce,
)
from crossbook.demo.market import INSTRUMENTS, Instrument

MARKETS: Final = (
    INSTRUMENTS[0],
    Instrument("BTC-FUT", "0.5", "0.001", "64640", "1000000", "500", step_ppm=0, crash_ppm=0, clip=0),
    INSTRUMENTS[1],
)
"""BTC-PERP, BTC-FUT and ETH-PERP; the future is 1 % above the perpetual."""
PERPETUAL, FUTURE, ETH = 1, 2, 3
TICK_VALUE: Final = 500
"""Minor units of one tick of one lot, in each of the three."""
USDC: Final = 10**6
VINTAGES: Final = (130, 112, 100)
"""Percent of the first mark at which positions were opened, one after the other."""
STEP_NS: Final = 3 * 10**9

_WAYPOINTS: Final = (
    (0, 1_000, 0, 0),
    (20, 985, 0, 0),
    (50, 900, -10, -4),
    (51, 862, -15, -5),
    (80, 830, -12, -4),
    (81, 762, -28, -8),
    (110, 700, -22, -6),
    (140, 765, -8, -2),
    (200, 850, 0, 0),
)
"""Step, spot, and the premium of perpetual and future over it, in thousandths: two gaps and a rebound."""
STEPS: Final = _WAYPOINTS[-1][0]
_FALLING: Final = (20, 110)
"""The steps between which makers stand back."""
_ETH_TIMES: Final = 125
"""ETH moves by so many percent of what BTC moves."""


class Kind(StrEnum):
    """What an account is in the market for."""

    LONG = "long"
    SHORT = "short"
    BASIS = "basis"
    BASIS_PORTFOLIO = "basis portfolio"
    PORTFOLIO = "portfolio"
    MAKER = "maker"
    LIQUIDATOR = "liquidator"


SHARES: Final = {
    Kind.LONG: 52,
    Kind.SHORT: 18,
    Kind.BASIS: 14,
    Kind.BASIS_PORTFOLIO: 6,
    Kind.PORTFOLIO: 6,
    Kind.MAKER: 2,
    Kind.LIQUIDATOR: 2,
}
"""Accounts of each kind, of 100."""


@dataclass(slots=True)
class Holder:
    """An account to be: what it pays in (minor units), and the lots it wants, by vintage and market."""

    account: int
    kind: Kind
    deposit: int = 0
    wants: dict[tuple[int, int], int] = field(default_factory=dict)


def start_marks() -> list[int]:
    """The marks of the last vintage, ticks, by market."""
    return [instrument.start_ticks for instrument in MARKETS]


def vintage_marks(percent: int) -> list[int]:
    """The marks of a vintage."""
    return [mark * percent // 100 for mark in start_marks()]


class Population:
    """Everybody, drawn from a seed; accounts are numbered from 1."""

    def __init__(self, accounts: int, seed: int) -> None:
        self._rng: Final = Random(seed)  # noqa: S311 - a seeded simulation, nothing secret
        kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, accounts * share // 100))]
        self.holders: Final = [self._holder(number, kind) for number, kind in enumerate(kinds, start=1)]

    def of(self, *kinds: Kind) -> list[Holder]:
        """The holders of some kinds, by account."""
        return [holder for holder in self.holders if holder.kind in kinds]

    def _holder(self, account: int, kind: Kind) -> Holder:
        holder = Holder(account, kind)
        match kind:
            case Kind.LONG:
                self._directional(holder, 1, vintages=(1, 2, 2, 2), most=45)
            case Kind.SHORT:
                self._directional(holder, -1, vintages=(0, 0, 1), most=20)
            case Kind.BASIS | Kind.BASIS_PORTFOLIO:
                self._basis(holder)
            case Kind.PORTFOLIO:
                self._pair(holder)
            case Kind.MAKER:
                holder.deposit = 1_500_000 * USDC
            case _:
                holder.deposit = 300_000 * USDC
        return holder

    def _directional(self, holder: Holder, sign: int, *, vintages: Sequence[int], most: int) -> None:
        """One perpetual; what is paid in makes the leverage at the present marks, as far as the vintage allowed it."""
        rng = self._rng
        vintage, market = rng.choice(vintages), rng.choice((PERPETUAL, PERPETUAL, ETH))
        notional = rng.choice((5_000, 10_000, 20_000, 40_000, 80_000, 200_000)) * rng.randint(60, 140) // 100 * USDC
        lots = self._want(holder, vintage, market, sign, notional)
        now, then = (marks[market - 1] for marks in (start_marks(), vintage_marks(VINTAGES[vintage])))
        profit = sign * lots * (now - then) * TICK_VALUE
        owned = lots * now * TICK_VALUE // rng.randint(5, most)
        holder.deposit = max(owned - profit, lots * then * TICK_VALUE * 5 // 100) + USDC

    def _basis(self, holder: Holder) -> None:
        """A perpetual against the future, the same lots: half of them long the perpetual."""
        rng = self._rng
        sign = 1 if holder.account % 2 else -1
        notional = rng.choice((20_000, 50_000, 100_000, 200_000)) * USDC
        lots = self._want(holder, 2, PERPETUAL, sign, notional)
        self._want(holder, 2, FUTURE, -sign, notional, lots=lots)
        gross = 2 * lots * start_marks()[PERPETUAL - 1] * TICK_VALUE
        least = 13 if holder.kind is Kind.BASIS_PORTFOLIO else 4
        holder.deposit = gross * rng.randint(least, least + 8) // 100

    def _pair(self, holder: Holder) -> None:
        """BTC one way and as much ETH the other, or a part of it."""
        rng = self._rng
        sign = rng.choice((1, -1))
        notional = rng.choice((20_000, 60_000, 150_000)) * USDC
        self._want(holder, 2, PERPETUAL, sign, notional)
        self._want(holder, 2, ETH, -sign, notional * rng.randint(30, 100) // 100)
        holder.deposit = notional * rng.randint(28, 45) // 100

    def _want(self, holder: Holder, vintage: int, market: int, sign: int, notional: int, *, lots: int = 0) -> int:
        mark = vintage_marks(VINTAGES[vintage])[market - 1]
        lots = lots or max(1, notional // (mark * TICK_VALUE))
        holder.wants[vintage, market] = sign * lots
        return lots

    def trades(self, vintage: int, market: int) -> Iterator[tuple[int, int, int]]:
        """Buyer, seller and lots of the vintage's trades: longs against shorts, what is left against the makers."""
        wants = [(holder.account, holder.wants.get((vintage, market), 0)) for holder in self.holders]
        buyers = [[account, lots] for account, lots in wants if lots > 0]
        sellers = [[account, -lots] for account, lots in wants if lots < 0]
        while buyers and sellers:
            buyer, seller = buyers[-1], sellers[-1]
            lots = min(buyer[1], seller[1])
            yield buyer[0], seller[0], lots
            for side, one in ((buyers, buyer), (sellers, seller)):
                one[1] -= lots
                if one[1] == 0:
                    side.pop()
        makers = self.of(Kind.MAKER)
        for number, (account, lots) in enumerate(buyers or sellers):
            maker = makers[number % len(makers)].account
            yield (account, maker, lots) if buyers else (maker, account, lots)


def trade(market: int, price: int, buyer: int, seller: int, lots: int) -> list[Command]:
    """Two orders that meet at a price."""
    return [
        Place(seller, market, Side.SELL, OrderKind.LIMIT, price, lots, TimeInForce.GTC, SelfTrade.NONE),
        Place(buyer, market, Side.BUY, OrderKind.LIMIT, price, lots, TimeInForce.FOK, SelfTrade.NONE),
    ]


# --- the path ---------------------------------------------------------------------------------------------------------


def path(seed: int) -> list[list[int]]:
    """The marks of every step, ticks, by market: the waypoints with a little noise."""
    rng = Random(seed + 1)  # noqa: S311 - a seeded simulation, nothing secret
    return [_marks(step, rng.randint(-1_500_000, 1_500_000)) for step in range(STEPS + 1)]


def _marks(step: int, noise: int) -> list[int]:
    spot, perpetual, future = (rate + (noise if not index else 0) for index, rate in enumerate(_between(step)))
    eth = RATE_ONE + (spot - RATE_ONE) * _ETH_TIMES // 100
    rates = (spot + spot * perpetual // RATE_ONE, spot + spot * future // RATE_ONE, eth + eth * perpetual // RATE_ONE)
    return [mark * rate // RATE_ONE for mark, rate in zip(start_marks(), rates, strict=True)]


def _between(step: int) -> tuple[int, int, int]:
    """Spot and premiums at a step, in parts per 10^9, on the line between two waypoints."""
    for (begin, *before), (end, *after) in pairwise(_WAYPOINTS):
        if step <= end:
            spot, perpetual, future = (
                (a * (end - step) + b * (step - begin)) * (RATE_ONE // 1_000) // (end - begin)
                for a, b in zip(before, after, strict=True)
            )
            return spot, perpetual, future
    raise ValueError(step)


def quotes(step: int, marks: Sequence[int], makers: Sequence[Holder], depth: int) -> list[Command]:
    """The marks of a step and the makers' quotes around them: every maker in one market, three levels a side.

    `depth` is the notional of one side of one market in calm, minor units; in the fall it is an eighth, further out.
    """
    is_falling = _FALLING[0] < step <= _FALLING[1]
    commands: list[Command] = [SetMark(market, mark) for market, mark in enumerate(marks, start=1)]
    steps_away, share = ((10, 40, 90), 8) if is_falling else ((2, 5, 10), 1)
    for number, maker in enumerate(makers):
        market = number % len(marks) + 1
        in_market = len(range(market - 1, len(makers), len(marks)))
        mark = marks[market - 1]
        lots = depth // share // in_market // len(steps_away) // (mark * TICK_VALUE)
        commands.append(MassCancel(maker.account, market))
        for away in steps_away:
            distance = max(1, mark * away // 10_000)
            for side, price in ((Side.BUY, mark - distance), (Side.SELL, mark + distance)):
                commands.append(Place(maker.account, market, side, OrderKind.LIMIT, price, max(1, lots)))
    return commands
