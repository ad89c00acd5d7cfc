"""A venue on which a published example is set up in ticks, lots and minor units, through journaled commands."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from crossbook import Venue
from crossbook.commands import (
    RATE_ONE,
    AddMarket,
    Command,
    CreateAccount,
    Deposit,
    Liquidate,
    OrderKind,
    Origin,
    Place,
    SelfTrade,
    SetLiquidation,
    SetMark,
    SetTiers,
    Side,
    Tier,
    TimeInForce,
)
from crossbook.events import LiquidationStarted
from crossbook.receipt import Receipt

if TYPE_CHECKING:
    from typing import Self

ASSET = 1
PERCENT = RATE_ONE // 100
PLENTY = 10**18
E12 = 10**12


class Scene:
    """One asset of `decimals`, an account 1 with plenty that takes the other side, and markets of one's own.

    Whatever is asked of it is asked by the operator and must not be refused; money is checked after every command.
    """

    def __init__(self, path: Path, *, decimals: int = 0) -> None:
        config = {"assets": [{"symbol": "USD", "decimals": decimals}]}
        self.venue = Venue.create(path / "scene", config, durability="volatile", check_invariants=True)
        self.decimals = decimals
        self.house = self.account(PLENTY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.venue.close()

    def do(self, *commands: Command, origin: Origin = Origin.OPERATOR) -> Receipt:
        """Submits commands that must be accepted."""
        receipt = self.venue.submit(commands, origin=origin)
        assert receipt.rejected == (), [refused.explain() for refused in receipt.rejected]
        return receipt

    def account(self, deposit: int) -> int:
        """A new master account with money."""
        account = self.do(CreateAccount()).account
        assert account is not None
        self.do(Deposit(account, ASSET, deposit))
        return account

    def market(
        self, mark: int, *tiers: Tier, tick_e12: int = E12, lot_e12: int = E12, price_max: int = 0, lots_max: int = 0
    ) -> int:
        """A market with these tiers; its lots are bounded by what fits 58 bits unless said otherwise."""
        market = len(self.venue.markets()) + 1
        tick_value = tick_e12 * lot_e12 * 10**self.decimals // E12**2
        price_max = price_max or 4 * mark
        lots_max = lots_max or 2**58 // (price_max * tick_value)
        self.do(
            AddMarket(f"M{market}-PERP", ASSET, tick_e12, lot_e12, price_max, lots_max),
            SetTiers(market, tiers),
            SetMark(market, mark),
        )
        return market

    def trade(self, account: int, lots: int, price: int, *, market: int = 1, partner: int | None = None) -> Receipt:
        """The account buys, or sells if negative, from the partner; the house if none is named."""
        partner = self.house if partner is None else partner
        side, other = (Side.BUY, Side.SELL) if lots > 0 else (Side.SELL, Side.BUY)
        receipt = self.do(
            self.order(partner, market, other, price, abs(lots)), self.order(account, market, side, price, abs(lots))
        )
        assert sum(trade.lots for trade in receipt.trades) == abs(lots)
        return receipt

    def trade_at_mark(self, account: int, lots: int, price: int, *, market: int = 1) -> None:
        """The same, once the mark is there."""
        self.do(SetMark(market, price))
        self.trade(account, lots, price, market=market)

    @staticmethod
    def order(account: int, market: int, side: Side, price: int, lots: int) -> Place:
        """A limit order, good till cancelled."""
        return Place(account, market, side, OrderKind.LIMIT, price, lots, TimeInForce.GTC, SelfTrade.NONE)

    def equity(self, account: int) -> int:
        """Equity of an account's cross pool, minor units."""
        return self._pool_sum(account, "equity")

    def requirement(self, account: int) -> int:
        """Requirement of an account's cross pool, minor units."""
        return self._pool_sum(account, "requirement")

    def maintenance(self, account: int) -> int:
        """Maintenance of an account's cross pool, minor units."""
        return self._pool_sum(account, "maintenance")

    def lots(self, account: int, market: int = 1) -> int:
        """The position of an account, long positive."""
        unit = self.venue.market_unit(market)
        held = (p.size for p in self.venue.positions(account) if p.market == unit.symbol)
        return sum(int(size / unit.lot_size) for size in held)

    def liquidation_root(self, account: int, market: int = 1) -> Fraction | None:
        """The exact price, whole units, at which the cross pool's equity is its maintenance."""
        symbol = self.venue.market_unit(market).symbol
        prices = (price for pool in self.venue.explain(account).pools for price in pool.liquidation_prices)
        return next((price.exact for price in prices if price.market == symbol), None)

    def _pool_sum(self, account: int, name: str) -> int:
        """A sum of the cross pool; an account that has nothing shows no pool."""
        pools = [pool for pool in self.venue.account(account).pools if pool.market is None]
        return sum(int(getattr(pool, name).scaleb(self.decimals)) for pool in pools)


def flat(initial_rate: int, maintenance_rate: int) -> Tier:
    """One tier for every notional; rates in parts per 10^9."""
    return Tier(0, initial_rate, maintenance_rate)


def liquidation(**settings: int) -> SetLiquidation:
    """Settings of the asset's liquidation, as before the first unless given; a pool is failing below maintenance."""
    fields = {
        "first_call_rate": 0,
        "second_call_rate": 0,
        "take_over_rate": RATE_ONE,
        "adjustment_rate": RATE_ONE,
        "spread_rate": RATE_ONE,
        "partial_rate": RATE_ONE,
        "partial_notional": 0,
        "cooldown_ns": 0,
        "fee_rate": 0,
    }
    return SetLiquidation(ASSET, **(fields | settings))


def rate(value: object) -> int:
    """A published rate such as 0.0005, in parts per 10^9, exactly."""
    scaled = round(float(str(value)) * RATE_ONE)
    assert scaled / RATE_ONE == float(str(value)), "no rate of nine decimals"
    return scaled


def reduced(path: Path, shortage: int, *, fee_rate: int) -> int:
    """Lots of 10^-10 that one reduction takes of a long of 100 at 100 that lacks `shortage` of its 10 % maintenance."""
    with Scene(path, decimals=10) as scene:
        scene.market(100, flat(10 * PERCENT, 10 * PERCENT), lot_e12=100)
        loss = 100 * (120 - 100)
        account = scene.account((1_000 - shortage + loss) * 10**10)
        scene.trade_at_mark(account, 100 * 10**10, 120)
        scene.do(liquidation(fee_rate=fee_rate), SetMark(1, 100))
        assert scene.maintenance(account) - scene.equity(account) == shortage * 10**10
        (started,) = scene.do(Liquidate(account, 1, 0, 0)).all(LiquidationStarted)
        return started.lots
