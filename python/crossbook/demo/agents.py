"""Who trades in the demo. An agent sees prices, marks and its own positions, and answers with commands.

| agent | what it does | what it shows |
|---|---|---|
| maker | quotes both sides of one market, leaning against its position | post-only, mass cancel, rebates |
| taker | trades at market and follows a fall; now and then rests an order | IOC, FOK, GTD, reduce-only, withdrawal |
| hedger | a sub-account buys, its master sells as much in another market | sub-accounts, transfers, cross margin |
| gambler | asks for far more than it can carry | refusals for margin |

Liquidators are in `liquidators.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from crossbook.commands import Command, MassCancel, OrderKind, Place, SelfTrade, Side, TimeInForce, Transfer, Withdraw
from crossbook.demo.market import INSTRUMENTS
from crossbook.rows import AuctionRow

QUOTE_LEVELS: Final = 3
USDC: Final = 10**6
"""Minor units of one unit of the settlement asset."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What an agent sees in a round.

    Attributes:
        number: of the round.
        time_ns: its stamped time.
        prices: what the underlyings trade at elsewhere, in ticks.
        marks: the venue's marks after the round before, in ticks.
        falling: whether prices fall.
        auctions: the open auctions.
    """

    number: int
    time_ns: int
    prices: Sequence[int]
    marks: Sequence[int]
    falling: bool
    auctions: Sequence[AuctionRow]


class Agent(Protocol):
    """One participant and its accounts."""

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """What it does this round."""
        ...


def market_order(account: int, market: int, side: Side, lots: int, *, reduce_only: bool = False) -> Place:
    """An order at market with the venue's own protection bound."""
    return Place(account, market, side, OrderKind.MARKET, 0, lots, TimeInForce.IOC, reduce_only=reduce_only)


@dataclass(slots=True)
class Holdings:
    """Net positions in lots by (account, market), followed from trades and moves."""

    lots: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, account: int, market: int, lots: int) -> None:
        """Add signed lots."""
        key = account, market
        self.lots[key] = self.lots.get(key, 0) + lots

    def of(self, account: int, market: int) -> int:
        """The position of an account in a market."""
        return self.lots.get((account, market), 0)


@dataclass(slots=True)
class Maker:
    """Quotes one market; `patience` is how many rounds a quote stays, `clip` the lots of a level."""

    account: int
    market: int
    holdings: Holdings
    clip: int
    patience: int

    def renews(self, sight: Sight) -> bool:
        """Whether it quotes anew in this round: when its patience ends, and always while prices fall."""
        return sight.falling or not (sight.number + self.account) % self.patience

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """Quote anew around the price, further out while it falls."""
        if not self.renews(sight):
            return
        price = sight.prices[self.market - 1]
        lean = self.holdings.of(self.account, self.market) * price // (self.clip * 40_000)
        half = max(1, price * (9 if sight.falling else 2) // 10_000)
        for level in range(1, QUOTE_LEVELS + 1):
            away = half * level + rng.randint(0, half)
            yield self._quote(Side.BUY, price - away - lean, self.clip * level)
            yield self._quote(Side.SELL, price + away - lean, self.clip * level)

    def _quote(self, side: Side, price: int, lots: int) -> Place:
        return Place(
            self.account, self.market, side, OrderKind.LIMIT, max(1, price), lots, TimeInForce.GTC, post_only=True
        )


@dataclass(slots=True)
class Withdrawal:
    """Takes the quotes of a maker out before any maker quotes anew, so that no quote meets an old one."""

    maker: Maker

    def act(self, sight: Sight, _rng: Random) -> Iterator[Command]:
        """Cancel everything, if the maker quotes anew."""
        if self.maker.renews(sight):
            yield MassCancel(self.maker.account, self.maker.market)


@dataclass(slots=True)
class Taker:
    """Trades at market once in `rest` rounds; sells more than it buys while prices fall."""

    account: int
    holdings: Holdings
    rest: int
    deposit: int

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """Usually a market order; sometimes a limit order that waits, fills whole or not at all, or only reduces."""
        if rng.randrange(self.rest):
            return
        market = 1 + rng.randrange(len(INSTRUMENTS))
        sells = rng.randrange(100) < (70 if sight.falling else 50)
        side = Side.SELL if sells else Side.BUY
        lots = 1 + rng.randrange(INSTRUMENTS[market - 1].clip)
        mark = sight.marks[market - 1]
        choice = rng.randrange(20)
        if choice < 12:
            yield market_order(self.account, market, side, lots)
        elif choice < 15:
            yield self._limit(market, side, mark, lots, TimeInForce.FOK)
        elif choice < 18:
            away = mark * rng.randint(1, 30) // 10_000
            price = max(1, mark + away if sells else mark - away)
            yield self._limit(market, side, price, lots, TimeInForce.GTD, expires_at=sight.time_ns + 30_000_000_000)
        elif choice < 19:
            held = self.holdings.of(self.account, market)
            closing = Side.SELL if held > 0 else Side.BUY
            yield market_order(self.account, market, closing, max(1, abs(held)), reduce_only=True)
        else:
            yield Withdraw(self.account, 1, max(1, self.deposit * rng.randint(1, 30) // 100))

    def _limit(
        self, market: int, side: Side, price: int, lots: int, time_in_force: TimeInForce, *, expires_at: int = 0
    ) -> Place:
        return Place(self.account, market, side, OrderKind.LIMIT, price, lots, time_in_force, expires_at=expires_at)


@dataclass(slots=True)
class Hedger:
    """Long one market on a sub-account, short another on its master; moves money to where it is needed."""

    master: int
    sub: int
    long_market: int
    short_market: int
    holdings: Holdings

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """Buy a little, sell the same value in the other market, and level the cash between the two now and then."""
        if rng.randrange(4):
            return
        long_index, short_index = self.long_market - 1, self.short_market - 1
        bought = self.holdings.of(self.sub, self.long_market)
        value = max(0, bought) * sight.marks[long_index] * _TICK_VALUES[long_index]
        target = -(value // (sight.marks[short_index] * _TICK_VALUES[short_index]))
        gap = self.holdings.of(self.master, self.short_market) - target
        lots_max = INSTRUMENTS[short_index].clip
        if gap:
            side = Side.SELL if gap > 0 else Side.BUY
            yield market_order(self.master, self.short_market, side, min(abs(gap), lots_max))
        if not sight.falling:
            yield market_order(self.sub, self.long_market, Side.BUY, 1 + rng.randrange(lots_max // 4))
        if not rng.randrange(10):
            yield Transfer(self.master, self.sub, 1, rng.randint(1, 200) * USDC)


@dataclass(slots=True)
class Gambler:
    """Has little and asks for much: most of what it sends is refused for margin."""

    account: int

    def act(self, sight: Sight, rng: Random) -> Iterator[Command]:
        """Buy the dip, all of it, on credit."""
        if rng.randrange(2 if sight.falling else 14):
            return
        market = 1 + rng.randrange(len(INSTRUMENTS))
        lots = INSTRUMENTS[market - 1].clip * rng.randint(1, 60)
        price = sight.marks[market - 1]
        yield Place(
            self.account,
            market,
            Side.BUY,
            OrderKind.LIMIT,
            price,
            lots,
            TimeInForce.GTC,
            SelfTrade.CANCEL_OLDEST,
        )


_TICK_VALUES: Final = (500, 500, 1_000)
"""Minor units of one tick of one lot, per market, as the venue computes them: tick size times lot size times 10^6."""
