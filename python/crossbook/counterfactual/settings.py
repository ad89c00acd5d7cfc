"""Values of the configuration by path, as commands: `market.BTC-PERP.tiers` is what SetTiers of that market says.

The conversion is that of a venue's configuration: a configuration with the parent's assets and markets and this one
value is turned into commands, and the command that carries the value is taken from among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from crossbook import commands as c
from crossbook import config
from crossbook.commands import Command
from crossbook.counterfactual.parent import Parent, key_of
from crossbook.errors import ConfigError, InputError, NotFound

ASSET_SECTIONS: Final[Mapping[str, type[Command]]] = MappingProxyType(
    {
        "levels": c.SetLevels,
        "liquidation": c.SetLiquidation,
        "collateral": c.SetCollateral,
        "insurance": c.SetInsurance,
        "gate": c.SetWithdrawalGate,
        "portfolio": c.SetPortfolio,
    }
)
MARKET_SECTIONS: Final[Mapping[str, type[Command]]] = MappingProxyType(
    {
        "scaling": c.SetScaling,
        "caps": c.SetCaps,
        "insurance": c.SetInsurance,
        "concentration": c.SetConcentration,
        "grades": c.SetGrades,
    }
)
ASSET_VALUES: Final[Mapping[str, tuple[type[Command], str]]] = MappingProxyType(
    {"exposure_max": (c.SetExposureCap, "notional_max")}
)
MARKET_VALUES: Final[Mapping[str, tuple[type[Command], str]]] = MappingProxyType(
    {
        "position_max": (c.AddMarket, "position_max"),
        "price_max": (c.AddMarket, "price_max"),
        "tiers": (c.SetTiers, "tiers"),
        "maker_rate": (c.SetFees, "maker_rate"),
        "taker_rate": (c.SetFees, "taker_rate"),
        "order_min_notional": (c.SetLimits, "order_min_notional"),
        "order_max": (c.SetLimits, "order_max_lots"),
        "price_band_rate": (c.SetLimits, "price_band_rate"),
        "market_bound_rate": (c.SetLimits, "market_bound_rate"),
        "mark": (c.SetMark, "price"),
        "fee_tiers": (c.SetFeeTiers, "tiers"),
        "mode": (c.SetMarketMode, "mode"),
        "exposure_max": (c.SetExposureCap, "notional_max"),
        "group": (c.SetGroup, "group"),
        "scenarios": (c.SetScenarios, "moves"),
    }
)
_REQUIRED: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "insurance": {"loss_max": 0, "interval_ns": 0},
        "concentration": {"threshold": 0, "rate": 0},
        "collateral": {"haircut_rate": 0, "account_cap": 0, "total_cap": 0},
    }
)
"""What a section needs besides the one field that is set; only that field is taken from the result."""
_E12: Final = 10**12


class Setting:
    """One value of the configuration: the command that says it, and which of its fields do."""

    def __init__(self, command: Command, fields: tuple[str, ...], created: tuple[str, int] | None) -> None:
        self.command: Final = command
        self.fields: Final = fields
        self.created: Final = created

    @property
    def key(self) -> tuple[object, ...]:
        """Which commands of the parent it replaces."""
        return key_of(self.command)


def setting(path: str, value: Any, parent: Parent) -> Setting:
    """The setting of a path.

    Raises:
        InputError: `unknown_setting`, and those of the configuration.
        NotFound: `unknown_asset`, `unknown_market`.
    """
    kind, *names = _split(path, parent)
    if kind == "parameters" and len(names) == 1:
        return _parameters(path, names[0], value)
    if kind not in ("asset", "market") or len(names) not in (2, 3):
        raise unknown_setting(path)
    symbol, name, *rest = names
    sections, values = (ASSET_SECTIONS, ASSET_VALUES) if kind == "asset" else (MARKET_SECTIONS, MARKET_VALUES)
    if name in sections:
        wanted, written = sections[name], _section(name, value, rest, symbol, parent)
        fields = (rest[0],) if rest else ()
    elif name in values and not rest:
        (wanted, field), written = values[name], value
        fields = (field,)
    else:
        raise unknown_setting(path)
    made = _commands(path, kind, symbol, {name: written}, parent)
    number = _symbols(kind, parent).index(symbol) + 1
    command = next((one for one in made if type(one) is wanted and _is_about(one, kind, number, symbol)), None)
    if command is None or not all(field in command.__struct_fields__ for field in fields):
        raise unknown_setting(path)
    ids = ("asset", "market", "account", "scope", "id", "symbol")
    whole = tuple(field for field in command.__struct_fields__ if field not in ids)
    return Setting(command, fields or whole, (kind, number))


def _is_about(command: Command, kind: str, number: int, symbol: str) -> bool:
    if isinstance(command, c.AddMarket):
        return command.symbol == symbol
    if isinstance(command, c.SetInsurance):
        return (command.market or command.asset) == number and bool(command.market) == (kind == "market")
    if isinstance(command, c.SetExposureCap):
        scope = c.Scope.MARKET if kind == "market" else c.Scope.ASSET
        return (command.account, command.scope, command.id) == (0, scope, number)
    return bool(getattr(command, kind) == number)


def _split(path: str, parent: Parent) -> list[str]:
    """A path in parts; a symbol may have dots in it."""
    kind, _, rest = path.partition(".")
    for symbol in sorted(_symbols(kind, parent), key=len, reverse=True):
        if rest.startswith(f"{symbol}."):
            return [kind, symbol, *rest.removeprefix(f"{symbol}.").split(".")]
    if kind in ("asset", "market") and rest.count("."):
        symbol = rest.partition(".")[0]
        raise NotFound(
            f"the parent has no {kind} {symbol!r}",
            code=f"unknown_{kind}",
            values={"path": path, kind: symbol},
            hint=f"it has: {', '.join(_symbols(kind, parent)) or 'none'}",
        )
    return path.split(".")


def _symbols(kind: str, parent: Parent) -> list[str]:
    if kind == "asset":
        return [asset.symbol for asset in parent.assets]
    return [market.symbol for market in parent.markets] if kind == "market" else []


def _section(name: str, value: Any, rest: list[str], symbol: str, parent: Parent) -> Any:
    if not rest:
        return value
    section: dict[str, Any] = dict(_REQUIRED.get(name, {}))
    if name == "collateral":
        section["settlement"] = _settlement(symbol, parent)
    return section | {rest[0]: value}


def _settlement(symbol: str, parent: Parent) -> str:
    """The asset in whose pools this one counts in the parent, or the first other one."""
    symbols = _symbols("asset", parent)
    for same in parent.settings.get((c.SetCollateral, symbols.index(symbol) + 1), []):
        if isinstance(same.command, c.SetCollateral):
            return symbols[same.command.settlement - 1]
    return next((other for other in symbols if other != symbol), symbol)


def _parameters(path: str, name: str, value: Any) -> Setting:
    (command,) = _load(path, {"assets": [], "parameters": {name: value}})
    return Setting(command, (name,), None)


def _commands(path: str, kind: str, symbol: str, members: dict[str, Any], parent: Parent) -> list[Command]:
    """The commands of a configuration with the parent's assets and markets in which one has these members as well."""
    assets: list[dict[str, Any]] = [{"symbol": asset.symbol, "decimals": asset.decimals} for asset in parent.assets]
    markets: list[dict[str, Any]] = []
    for market in parent.markets:
        tick, lot = Decimal(market.tick_size_e12) / _E12, Decimal(market.lot_size_e12) / _E12
        markets.append(
            {
                "symbol": market.symbol,
                "settlement": parent.assets[market.settlement - 1].symbol,
                "tick_size": tick,
                "lot_size": lot,
                "price_max": market.price_max * tick,
                "position_max": market.position_max * lot,
                "tiers": [{"lower_bound": 0, "initial_rate": 1, "maintenance_rate": 1}],
            }
        )
    for table in assets if kind == "asset" else markets:
        if table["symbol"] == symbol:
            table.update(members)
    return _load(path, {"assets": assets, "markets": markets})


def _load(path: str, document: dict[str, Any]) -> list[Command]:
    try:
        return config.load(document).commands()
    except ConfigError as error:
        raise InputError(
            f"{path} cannot be set so: {error.message}",
            code="setting_invalid",
            values={"path": path} | error.values,
            hint=error.hint,
        ) from None


def unknown_setting(path: str) -> InputError:
    """The error for a path that nothing is set by."""
    markets = sorted([*MARKET_VALUES, *MARKET_SECTIONS])
    assets = sorted([*ASSET_VALUES, *ASSET_SECTIONS])
    return InputError(
        f"there is nothing called {path!r} to set",
        code="unknown_setting",
        values={"path": path},
        hint=f"market.SYMBOL.X with X of {', '.join(markets)}; asset.SYMBOL.X with X of {', '.join(assets)}; "
        "parameters.X; policy.SLOT.FIELD; a table's field as in asset.USDC.liquidation.cooldown_ns",
    )
