"""Names and units of assets and markets as of a moment: found by what people call them, shown in whole units."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from journal_tools import replaying
from journal_tools.errors import ToolError

if TYPE_CHECKING:
    from journal_tools.replaying import Kernel

E12 = 12


def whole(units: int, decimals: int) -> Decimal:
    """`units * 10^-decimals`, exactly, with all its decimals."""
    return Decimal(f"{units}E-{decimals}")


def trimmed(units: int, decimals: int) -> Decimal:
    """`units * 10^-decimals`, exactly, without zeros at the end."""
    while decimals > 0 and units % 10 == 0:
        units, decimals = units // 10, decimals - 1
    return whole(units, decimals)


class Asset(NamedTuple):
    """An asset: its minor unit is 10^-decimals."""

    asset: int
    symbol: str
    decimals: int

    def money(self, minor: int) -> Decimal:
        """Minor units in whole units, with all decimals of the asset."""
        return whole(minor, self.decimals)


class Market(NamedTuple):
    """A market: a tick and a lot are so many 10^-12 of a whole unit."""

    market: int
    symbol: str
    settlement: Asset
    tick_size_e12: int
    lot_size_e12: int

    def price(self, ticks: int) -> Decimal:
        """Ticks as a price."""
        return trimmed(ticks * self.tick_size_e12, E12)

    def size(self, lots: int) -> Decimal:
        """Lots as a size, with the sign they have."""
        return trimmed(lots * self.lot_size_e12, E12)


Unit = TypeVar("Unit", Asset, Market)


class Units:
    """The assets, the markets and the number of accounts of a venue as of a moment."""

    def __init__(self, kernel: Kernel) -> None:
        self.seq = kernel.seq
        self.accounts = kernel.account_count()
        self.assets = {row.asset: Asset(row.asset, row.symbol, row.decimals) for row in replaying.asset_rows(kernel)}
        self.markets = {
            row.market: Market(row.market, row.symbol, self.assets[row.settlement], row.tick_size_e12, row.lot_size_e12)
            for row in replaying.market_rows(kernel)
        }

    def asset(self, name: str) -> Asset:
        """An asset by symbol or id. Raises ToolError `unknown_asset`."""
        return self._found(self.assets, "asset", name)

    def market(self, name: str) -> Market:
        """A market by symbol or id. Raises ToolError `unknown_market`."""
        return self._found(self.markets, "market", name)

    def account(self, account: int) -> int:
        """An account that there is. Raises ToolError `unknown_account`."""
        if not 1 <= account <= self.accounts:
            hint = f"its accounts are 1 to {self.accounts}" if self.accounts else "it has no account yet"
            raise self._unknown("account", str(account), hint)
        return account

    def _found(self, units: dict[int, Unit], what: str, name: str) -> Unit:
        for number, unit in units.items():
            if name == unit.symbol or (name.isdecimal() and int(name) == number):
                return unit
        symbols = ", ".join(unit.symbol for unit in units.values())
        raise self._unknown(what, name, f"it has {symbols}" if symbols else f"it has no {what} yet")

    def _unknown(self, what: str, name: str, hint: str) -> ToolError:
        return ToolError(
            f"the venue has no {what} {name} at seq {self.seq}",
            code=f"unknown_{what}",
            hint=hint,
            seq=self.seq,
            **{what: name},
        )
