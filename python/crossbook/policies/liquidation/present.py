"""What a liquidation policy sees in a turn: each row once, and what the turn has already planned to use up."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from crossbook.commands import RATE_ONE, MarginMode, MarketMode, Side
from crossbook.events import Standing
from crossbook.formulas import Target
from crossbook.policies.contract import Turn
from crossbook.rows import AccountRow, AssetRow, AuctionRow, HolderRow, MarketRow, PoolRow, PositionRow

_MATCHES = frozenset((MarketMode.CONTINUOUS, MarketMode.REDUCE_ONLY))


class Plight(Struct, frozen=True):
    """How a pool stands at present.

    `standing` is by its numbers now; `recovered` the equity at which a locked pool may be released; `held` its
    positions with lots, by market.
    """

    row: AccountRow
    pool: PoolRow
    asset: AssetRow
    standing: Standing
    recovered: int
    held: tuple[PositionRow, ...]

    @property
    def needy(self) -> bool:
        """In need: below maintenance, or locked and not recovered."""
        pool = self.pool
        return pool.equity < pool.maintenance or (pool.locked and pool.equity < self.recovered)

    @property
    def owes(self) -> bool:
        """In debt with no position left."""
        return not self.held and self.pool.equity < 0

    @property
    def failing(self) -> bool:
        """Below the take-over level, or in debt."""
        return self.standing >= Standing.TAKE_OVER

    @property
    def is_portfolio(self) -> bool:
        """Whether the pool is margined as one portfolio."""
        return self.row.profile[0] == MarginMode.PORTFOLIO and self.pool.market == 0

    @property
    def standard_sum(self) -> int:
        """The standard maintenance of all its positions."""
        return sum(position.maintenance for position in self.held)

    @property
    def shape(self) -> list[int]:
        """The numbers that tell whether a step has changed it."""
        pool = self.pool
        lots = sum(abs(position.lots) for position in self.held)
        return [pool.equity, pool.maintenance, pool.balance, lots, int(pool.locked), self.row.open_orders]

    def target(self, position: PositionRow, market: MarketRow) -> Target:
        """A position as the kernel's formulas take it."""
        return Target(
            lots=position.lots,
            cost=position.cost,
            mark=market.mark,
            price_max=market.price_max,
            tick_value=market.tick_value,
            standard=position.maintenance,
            standard_sum=self.standard_sum,
            equity=self.pool.equity,
            maintenance=self.pool.maintenance,
        )


class Present:
    """The venue at a turn, decoded as it is asked for; what this turn plans to use is taken off.

    `spent` is by insurance fund (asset, market), `taken` by vault. `busy` are the accounts that this turn does
    something with: nobody knows yet what they will hold. `claims` are the positions to be deleveraged.
    """

    def __init__(self, turn: Turn) -> None:
        self.view = turn.view
        self.time_ns = turn.time_ns
        self.spent: dict[tuple[int, int], int] = {}
        self.taken: dict[int, int] = {}
        self.busy: set[int] = set()
        self.claims: dict[tuple[int, int], tuple[Plight, PositionRow]] = {}
        self._holders: dict[int, list[HolderRow]] = {}
        self._best: dict[tuple[int, Side], int | None] = {}

    @cached_property
    def assets(self) -> list[AssetRow]:
        """Every asset, by id."""
        return self.view.assets()

    @cached_property
    def markets(self) -> list[MarketRow]:
        """Every market, by id."""
        return self.view.markets()

    @cached_property
    def auctions(self) -> dict[tuple[int, int], AuctionRow]:
        """The open auctions by account and market."""
        return {(one.account, one.market): one for one in self.view.auctions()}

    @cached_property
    def vaults(self) -> list[tuple[int, int, int]]:
        """The backstop vaults by account: account, asset, exposure_max."""
        return sorted(self.view.vaults())

    @cached_property
    def has_liquidators(self) -> bool:
        """Whether anybody may bid in auctions."""
        return bool(self.view.liquidators())

    def market(self, market: int) -> MarketRow:
        """A market that is known to exist."""
        return self.markets[market - 1]

    def holders(self, market: int) -> list[HolderRow]:
        """Who has lots in a market, by account."""
        if market not in self._holders:
            self._holders[market] = self.view.holders(market)
        return self._holders[market]

    def notional(self, position: PositionRow) -> int:
        """Lots at the mark, minor units, without a sign."""
        market = self.market(position.market)
        return abs(position.lots) * market.mark * market.tick_value

    def obstacle(self, market: int) -> str:
        """What keeps every step off a market: `""` if nothing does."""
        row = self.market(market)
        if row.mark == 0:
            return "market_not_ready"
        if row.oracle.grade < row.grades.liquidation:
            return "oracle_grade"
        return "market_halted" if row.mode == MarketMode.HALTED else ""

    def claim(self, plight: Plight, position: PositionRow) -> bool:
        """Note that a position is to be deleveraged; whether anybody holds the other side."""
        if not any(one.lots * position.lots < 0 for one in self.holders(position.market)):
            return False
        self.claims[plight.row.account, position.market] = plight, position
        return True

    def matches(self, market: int) -> str:
        """What keeps orders off a market: `""` if nothing does."""
        return self.obstacle(market) or ("" if self.market(market).mode in _MATCHES else "market_mode")

    def best(self, market: int, side: Side) -> int | None:
        """The best price in ticks that an order of this side meets in the book."""
        if (market, side) not in self._best:
            bids, asks = self.view.book(market, 1)
            levels = asks if side == Side.BUY else bids
            self._best[market, side] = levels[0][0] if levels else None
        return self._best[market, side]

    def usable(self, asset: int, market: int) -> int:
        """What the insurance fund of a pool may pay, less what this turn already asks of it."""
        limits = self.market(market).insurance if market else self.assets[asset - 1].limits
        return limits.usable - self.spent.get((asset, market), 0)

    def plight(self, pool: tuple[int, int, int]) -> Plight | None:
        """How a pool stands; None if there is no such pool."""
        account, asset, market = pool
        row = self.view.account(account)
        found = [one for one in row.pools if (one.asset, one.market) == (asset, market)] if row else []
        if row is None or not found:
            return None
        held = tuple(one for one in row.positions if one.lots and self._belongs(one, asset, market))
        terms = self.assets[asset - 1]
        return Plight(row, found[0], terms, standing_of(found[0], terms), recovered_level(found[0], terms), held)

    def _belongs(self, position: PositionRow, asset: int, market: int) -> bool:
        if market:
            return position.market == market
        return not position.isolated and self.market(position.market).settlement == asset


def standing_of(pool: PoolRow, asset: AssetRow) -> Standing:
    """The standing by the numbers (`docs/rules_waterfall.md`, *Standing*); the row has the one that was announced."""
    terms, equity, maintenance = asset.liquidation, pool.equity, pool.maintenance
    levels = (
        (Standing.BANKRUPT, 0),
        (Standing.TAKE_OVER, share_up(maintenance, terms.take_over_rate)),
        (Standing.LIQUIDATABLE, maintenance),
        (Standing.SECOND_CALL, share_up(maintenance, terms.second_call_rate)),
        (Standing.FIRST_CALL, share_up(maintenance, terms.first_call_rate)),
    )
    return next((standing for standing, level in levels if equity < level), Standing.HEALTHY)


def recovered_level(pool: PoolRow, asset: AssetRow) -> int:
    """The equity at which a locked pool may be released."""
    return share_up(pool.maintenance, RATE_ONE + asset.levels.buffer_rate)


def share_up(amount: int, rate: int) -> int:
    """`ceil(amount * rate / RATE_ONE)`."""
    return -(-amount * rate // RATE_ONE)
