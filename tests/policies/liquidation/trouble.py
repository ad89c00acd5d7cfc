"""A venue on which pools come into trouble: helpers around `tests.policies.stage`.

One lot of BTC-PERP is 0.001 BTC, of ETH-PERP 0.01 ETH; one tick of one lot is 500 minor units in both, so that 1,000
lots of BTC at 120,000 ticks are 60,000 USDC. Maintenance is 2.5 %, initial margin 5 %. Amounts are whole USDC unless
named otherwise; marks and prices are whole USDC per unit of the underlying.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.commands import (
    RATE_ONE,
    Command,
    FundInsurance,
    MarginMode,
    OrderKind,
    Origin,
    Place,
    SetGroup,
    SetLevels,
    SetLiquidation,
    SetLiquidator,
    SetMarginMode,
    SetScenarios,
    SetVault,
    Side,
    TimeInForce,
)
from crossbook.events import Event, Noted, Rejected, Standing
from crossbook.policies import notes
from crossbook.policies.liquidation.words import CALL, STEP, WAIT, MarginCall, StepTaken, Waiting
from crossbook.policies.view import PolicyView
from tests.policies.stage import BTC, ETH, USDC, Stage

UNIT = 10**6
PERCENT = RATE_ONE // 100
TICKS = {BTC: 2, ETH: 20}
"""Ticks of one USDC."""

__all__ = ["BTC", "ETH", "PERCENT", "UNIT", "USDC", "Trouble"]


class Trouble(Stage):
    """A stage with a house that takes the other side of every trade, and numbers in whole USDC."""

    def __init__(self, path: Path, liquidation: Any = "ladder", *, calls: tuple[int, int] = (0, 0), **terms: int):
        super().__init__(path / "venue", {"liquidation": liquidation})
        self.clock = 0.0
        self.view = PolicyView(lambda: self.venue._session.kernel)
        settings = {
            "take_over_rate": 666_666_667,
            "adjustment_rate": RATE_ONE,
            "spread_rate": RATE_ONE,
            "partial_rate": RATE_ONE,
            "partial_notional": 0,
            "cooldown_ns": 0,
            "fee_rate": 0,
        } | terms
        self.do(SetLiquidation(USDC, calls[0], calls[1], **settings))
        self.house = self.funded(10**9)

    def do(self, *commands: Command, after: float = 0.001) -> list[Event]:
        """The operator says something, this many seconds later; returns everything that followed."""
        self.clock = round(self.clock + after, 6)
        before = len(self.events)
        self.at(self.clock, *commands, origin=Origin.OPERATOR)
        return self.events[before:]

    def passes(self, seconds: float) -> list[Event]:
        """Time passes; returns what the policy did on its own."""
        self.clock = round(self.clock + seconds, 6)
        before = len(self.events)
        self.advance(self.clock)
        return self.events[before:]

    def funded(self, cash: int) -> int:
        """An account with whole USDC."""
        self.clock = round(self.clock + 0.001, 6)
        return self.account(self.clock, cash)

    def trade(self, account: int, market: int, lots: int, price: int, *, partner: int = 0) -> None:
        """The account buys (sells if negative) at a price from the partner, by default the house."""
        side, other = (Side.BUY, Side.SELL) if lots > 0 else (Side.SELL, Side.BUY)
        self.quote(partner or self.house, market, other, price, abs(lots))
        self.quote(account, market, side, price, abs(lots))
        assert self.said(Rejected) == [], [str(event) for event in self.said(Rejected)]

    def quote(self, account: int, market: int, side: Side, price: float, lots: int) -> None:
        """A limit order that rests."""
        ticks = int(price * TICKS[market])
        self.do(Place(account, market, side, OrderKind.LIMIT, ticks, lots, TimeInForce.GTC))

    def falls(self, market: int, price: float, *, after: float = 1.0) -> list[Event]:
        """The mark goes there, this many seconds later; returns everything that followed."""
        self.clock = round(self.clock + after, 6)
        before = len(self.events)
        self.mark(self.clock, market, int(price * TICKS[market]))
        return self.events[before:]

    def long(self, cash: int, lots: int = 1_000, *, market: int = BTC, price: int = 60_000) -> int:
        """An account with cash that is long from this price."""
        account = self.funded(cash)
        self.trade(account, market, lots, price)
        return account

    def vault(self, cash: int, exposure: int) -> int:
        """A vault with cash that may hold this much notional."""
        account = self.funded(cash)
        self.do(SetVault(account, USDC, exposure * UNIT))
        return account

    def liquidator(self, cash: int) -> int:
        """A registered bidder."""
        account = self.funded(cash)
        self.do(SetLiquidator(account, True))
        return account

    def insured(self, amount: int) -> None:
        """The fund of cross pools gets this much from somebody's cash."""
        self.do(FundInsurance(USDC, 0, self.funded(amount), amount * UNIT))

    def insured_market(self, market: int, amount: int) -> None:
        """The fund of a market's isolated pools gets this much."""
        self.do(FundInsurance(USDC, market, self.funded(amount), amount * UNIT))

    def buffered(self, rate: int) -> None:
        """A locked pool recovers at this much more than its maintenance."""
        self.do(SetLevels(USDC, RATE_ONE, RATE_ONE, rate, 0))

    def portfolios(self, share: int = 10) -> None:
        """Both markets are on one underlying; scenarios of so many percent either way."""
        for market, mark in ((BTC, 60_000), (ETH, 3_000)):
            move = mark * TICKS[market] * share // 100
            self.do(SetGroup(market, 1), SetScenarios(market, (-move, move)))

    def portfolio(self, cash: int) -> int:
        """An account that is margined as a portfolio."""
        account = self.funded(cash)
        self.do(SetMarginMode(account, MarginMode.PORTFOLIO))
        return account

    # --- what came of it ----------------------------------------------------------------------------------------------

    def lots(self, account: int, market: int = BTC) -> int:
        """A position."""
        position = self.view.position(account, market)
        return position.lots if position else 0

    def equity(self, account: int) -> int:
        """Equity of the cross pool, minor units."""
        pool = self.view.pool(account, USDC)
        return pool.equity if pool else 0

    def is_locked(self, account: int) -> bool:
        """Whether the cross pool may only reduce."""
        pool = self.view.pool(account, USDC)
        return pool is not None and pool.locked

    def steps(self) -> list[StepTaken]:
        """Every step that was noted."""
        return self._noted(STEP, StepTaken)

    def calls(self) -> list[MarginCall]:
        """Every margin call."""
        return self._noted(CALL, MarginCall)

    def waits(self) -> list[Waiting]:
        """Every reason to wait that was stated."""
        return self._noted(WAIT, Waiting)

    def _noted(self, topic: str, kind: type[Any]) -> list[Any]:
        return [body for event in self.said(Noted) if (body := notes.read(event, topic, kind)) is not None]

    def troubled(self) -> list[tuple[int, Standing]]:
        """Cross pools that are below their maintenance or in debt, whatever anybody remembers."""
        view = self.view
        found = []
        for account in range(1, view.account_count() + 1):
            row = view.account(account)
            assert row is not None
            found += [(account, pool.standing) for pool in row.pools if pool.equity < max(pool.maintenance, 0)]
        return found
