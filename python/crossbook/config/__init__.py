"""The configuration of a new venue: assets, markets, parameters. It becomes commands, and those are journaled.

After creation the file plays no part: whoever replays the journal executes the configuration again as commands 1 to n.
How the venue is run (durability, snapshots, segment size) is not configuration but an argument of `Venue.create` and
`Venue.open`; it cannot change a result.

```toml
[[assets]]
symbol = "USDC"
decimals = 6

[[markets]]
symbol = "BTC-PERP"
settlement = "USDC"
tick_size = "0.5"
lot_size = "0.001"
price_max = "1000000"
position_max = "10"
maker_rate = "-0.0001"
taker_rate = "0.0005"
tiers = [
    { lower_bound = "0", initial_rate = "0.02", maintenance_rate = "0.01" },
    { lower_bound = "1000000", initial_rate = "0.05", maintenance_rate = "0.025" },
]

[policies]
mark = "median"

[policies.liquidation]
policy = "ladder"
```

An asset and a market may have tables for their risk (`crossbook.config.risk`): `levels`, `liquidation`, `collateral`,
`insurance`, `gate` and `portfolio` of an asset; `fee_tiers`, `scaling`, `caps`, `insurance`, `group`, `scenarios`,
`concentration` and `grades` of a market; `groups` and `correlations` of the venue. Policies
(`crossbook.policies`) stand in a table by slot.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from crossbook import commands
from crossbook.builders import Drafts
from crossbook.commands import Command
from crossbook.config.risk import (
    AssetRisk,
    CorrelationsConfig,
    GroupConfig,
    MarketRisk,
    asset_rules,
    group_rules,
    market_rules,
    naming,
    scenario_rules,
)
from crossbook.errors import ConfigError, InputError
from crossbook.quantities import AssetUnit, MarketUnit, exact, to_e12, to_rate

SCALE: Final = 10**24
"""Tick and lot sizes are both times 10^12, so their product is times 10^24."""


class AssetConfig(AssetRisk, frozen=True, forbid_unknown_fields=True):
    """An asset: its minor unit is 10^-decimals. Its tables are those of `crossbook.config.risk.AssetRisk`."""

    symbol: str
    decimals: Annotated[int, Meta(ge=0, le=18)]


class TierConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A margin tier: from this notional (whole units of the settlement asset) on, these rates."""

    lower_bound: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal


class MarketConfig(MarketRisk, frozen=True, forbid_unknown_fields=True):
    """A perpetual market. Prices, sizes and money are in whole units, rates are fractions (`"0.0005"` is 5 bp).

    `order_max` defaults to `position_max`. A `price_band_rate` of 0 switches the band off. `mark` is optional.
    Its tables are those of `crossbook.config.risk.MarketRisk`.
    """

    symbol: str
    settlement: str
    tick_size: Decimal
    lot_size: Decimal
    price_max: Decimal
    position_max: Decimal
    tiers: list[TierConfig]
    maker_rate: Decimal = Decimal(0)
    taker_rate: Decimal = Decimal(0)
    order_min_notional: Decimal = Decimal(0)
    order_max: Decimal | None = None
    price_band_rate: Decimal = Decimal(0)
    market_bound_rate: Decimal = Decimal("0.05")
    mark: Decimal | None = None


class ParametersConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The venue's parameters: how many open orders an account may have, how often the state root is taken.

    The defaults are those of genesis (`docs/rules.md`).
    """

    open_orders_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000
    root_interval_commands: Annotated[int, Meta(ge=1)] = 262_144
    root_interval_ns: Annotated[int, Meta(ge=0)] = 60_000_000_000


class AuthorConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A registered author of commands; ids count from 1 in the order given. `origin` by name, for example "policy"."""

    origin: str
    name: str
    version: str


class VenueConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a new venue starts with.

    `policies` by slot: a name of the catalogue, or a table with `policy` (the name, by default that of the rule book)
    and its configuration. They are engaged after the commands, and are no part of them.
    """

    assets: list[AssetConfig]
    markets: list[MarketConfig] = []
    parameters: ParametersConfig = ParametersConfig()
    authors: list[AuthorConfig] = []
    groups: list[GroupConfig] = []
    correlations: CorrelationsConfig | None = None
    policies: dict[str, str | dict[str, Any]] = {}

    def commands(self) -> list[Command]:
        """The configuration as commands, in the order they are journaled.

        Raises:
            ConfigError: a value cannot be converted exactly, or a market settles in an asset that is not configured.
        """
        parameters = self.parameters
        journaled: list[Command] = [
            commands.SetParameters(
                parameters.open_orders_max, parameters.root_interval_commands, parameters.root_interval_ns
            )
        ]
        for index, author in enumerate(self.authors):
            journaled.append(_author_command(author, f"authors[{index}]"))
        units: dict[str, AssetUnit] = {}
        for index, asset in enumerate(self.assets, start=1):
            units[asset.symbol] = AssetUnit(index, asset.symbol, asset.decimals)
            journaled.append(commands.AddAsset(asset.symbol, asset.decimals))
        drafts = Drafts.of(units.values())
        for index, asset in enumerate(self.assets):
            journaled += asset_rules(index, asset.symbol, asset, drafts)
        markets = []
        for index, market in enumerate(self.markets):
            with naming(f"markets[{index}]"):
                unit = _settled_unit(index + 1, market, units)
                journaled += _market_commands(unit, market)
            markets.append(unit)
        drafts = Drafts.of(units.values(), markets)
        for index, market in enumerate(self.markets):
            journaled += market_rules(index, market.symbol, market, drafts)
        for index, market in enumerate(self.markets):
            journaled += scenario_rules(index, market.symbol, market, drafts)
        journaled += group_rules(self.groups, self.correlations, drafts)
        return journaled


def load(source: VenueConfig | Mapping[str, Any] | str | os.PathLike[str]) -> VenueConfig:
    """A configuration from itself, a mapping, or the path of a TOML file.

    In a mapping numbers are `Decimal`, `int` or `str`, in TOML also decimal fractions, which are read exactly.

    Raises:
        ConfigError: `config_unreadable`, `config_syntax` or `config_invalid` with the path of the field in `values`.
    """
    if isinstance(source, VenueConfig):
        return source
    if isinstance(source, Mapping):
        _refuse_floats(source, "")
        return _convert(source)
    path = Path(source)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}",
            code="config_syntax",
            values={"path": str(path)},
            hint="fix the syntax",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}",
            code="config_unreadable",
            values={"path": str(path)},
            hint="give the path of a TOML file; the docstring of crossbook.config shows one",
        ) from None
    return _convert(data)


def _convert(data: Any) -> VenueConfig:
    try:
        return msgspec.convert(data, VenueConfig)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        field = where.rstrip("`").lstrip(".") or "the top level"
        raise ConfigError(
            f"{field}: {what}",
            code="config_invalid",
            values={"field": field},
            hint="the docstring of crossbook.config shows a whole configuration; numbers may be strings",
        ) from None


def _refuse_floats(value: Any, path: str) -> None:
    if isinstance(value, float):
        raise ConfigError(
            f"{path} is the float {value!r}",
            code="float_refused",
            values={"field": path, "value": value},
            hint=f'a float is not exact; write "{value!r}" or Decimal("{value!r}")',
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_floats(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for index, item in enumerate(value):
            _refuse_floats(item, f"{path}[{index}]")


def _author_command(author: AuthorConfig, where: str) -> Command:
    members = commands.Origin.__members__
    if author.origin.upper() not in members:
        raise ConfigError(
            f"{where}.origin is {author.origin!r}",
            code="config_invalid",
            values={"field": f"{where}.origin", "value": author.origin},
            hint=f"one of: {', '.join(name.lower() for name in members)}",
        )
    return commands.RegisterAuthor(members[author.origin.upper()], author.name, author.version)


def _settled_unit(market: int, config: MarketConfig, assets: Mapping[str, AssetUnit]) -> MarketUnit:
    if config.settlement not in assets:
        raise InputError(
            f"there is no asset {config.settlement!r}",
            code="unknown_asset",
            values={"field": "settlement", "value": config.settlement},
            hint=f"settle in one of: {', '.join(assets)}",
        )
    return market_unit(market, config, assets[config.settlement])


def _market_commands(unit: MarketUnit, config: MarketConfig) -> list[Command]:
    market = unit.market
    money, lots_max = unit.settlement, unit.position_max
    minimum = money.to_minor(config.order_min_notional, field="order_min_notional") if config.order_min_notional else 0
    result: list[Command] = [
        commands.AddMarket(
            config.symbol, money.asset, unit.tick_size_e12, unit.lot_size_e12, unit.price_max, unit.position_max
        ),
        commands.SetTiers(market, tuple(_tier(tier, index, money) for index, tier in enumerate(config.tiers))),
        commands.SetFees(
            market, to_rate(config.maker_rate, field="maker_rate"), to_rate(config.taker_rate, field="taker_rate")
        ),
        commands.SetLimits(
            market,
            minimum,
            lots_max if config.order_max is None else unit.to_lots(config.order_max, field="order_max"),
            to_rate(config.price_band_rate, field="price_band_rate"),
            to_rate(config.market_bound_rate, field="market_bound_rate"),
        ),
    ]
    if config.mark is not None:
        result.append(commands.SetMark(market, unit.to_ticks(config.mark, field="mark")))
    return result


def _tier(config: TierConfig, index: int, money: AssetUnit) -> commands.Tier:
    field = f"tiers[{index}]"
    bound = exact(config.lower_bound, field=f"{field}.lower_bound")
    return commands.Tier(
        money.to_minor(bound, field=f"{field}.lower_bound") if bound else 0,
        to_rate(config.initial_rate, field=f"{field}.initial_rate"),
        to_rate(config.maintenance_rate, field=f"{field}.maintenance_rate"),
    )


def market_unit(market: int, config: MarketConfig, settlement: AssetUnit) -> MarketUnit:
    """The units of a configured market. Raises InputError `tick_value_not_exact`, and those of the conversions."""
    tick, lot = to_e12(config.tick_size, field="tick_size"), to_e12(config.lot_size, field="lot_size")
    tick_value, rest = divmod(tick * lot * 10**settlement.decimals, SCALE)
    if rest or not tick_value:
        raise InputError(
            f"one tick of one lot is not a whole number of minor units of {settlement.symbol}",
            code="tick_value_not_exact",
            values={"field": "lot_size", "tick_size": str(config.tick_size), "lot_size": str(config.lot_size)},
            hint=f"tick_size * lot_size must be a multiple of 10^-{settlement.decimals}",
        )
    unit = MarketUnit(market, config.symbol, settlement, tick, lot, tick_value, 0, 0)
    price_max = unit.to_ticks(config.price_max, field="price_max")
    position_max = unit.to_lots(config.position_max, field="position_max")
    return msgspec.structs.replace(unit, price_max=price_max, position_max=position_max)
