"""The tables of a configuration that set how accounts are margined and liquidated.

Each is named like the command it becomes, and its fields are the arguments of that command's builder: amounts in whole
units, rates as fractions. What a table leaves out is as before the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Struct

from crossbook import commands
from crossbook.builders import Drafts
from crossbook.commands import Command
from crossbook.errors import ConfigError, InputError, NotFound


class LevelsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_levels`."""

    initial_rate: Decimal = Decimal(1)
    transfer_rate: Decimal = Decimal(1)
    buffer_rate: Decimal = Decimal(0)
    account_floor: Decimal = Decimal(0)


class LiquidationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_liquidation`."""

    first_call_rate: Decimal = Decimal(0)
    second_call_rate: Decimal = Decimal(0)
    take_over_rate: Decimal = Decimal("0.666666667")
    adjustment_rate: Decimal = Decimal(1)
    spread_rate: Decimal = Decimal(1)
    partial_rate: Decimal = Decimal(1)
    partial_notional: Decimal = Decimal(0)
    cooldown_ns: Annotated[int, Meta(ge=0)] = 0
    fee_rate: Decimal = Decimal(0)


class CollateralConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_collateral`; with a `price`, `Venue.set_collateral_price` too."""

    settlement: str
    haircut_rate: Decimal
    account_cap: Decimal
    total_cap: Decimal
    price_decimals: Annotated[int, Meta(ge=0, le=18)] = 9
    price: Decimal | None = None


class InsuranceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_insurance`."""

    loss_max: Decimal
    interval_ns: Annotated[int, Meta(ge=0)]


class GateConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_withdrawal_gate`."""

    closed: bool = False
    interval_ns: Annotated[int, Meta(ge=0)] = 0
    amount_max: Decimal = Decimal(0)


class PortfolioConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_portfolio`."""

    maintenance_rate: Decimal = Decimal(1)
    funding_epochs: Annotated[int, Meta(ge=0)] = 1


class FeeTierConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One fee tier above the first; see `Venue.set_fee_tiers`."""

    maker_rate: Decimal
    taker_rate: Decimal


class ScalingConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_scaling`."""

    size_rate: Decimal = Decimal(0)
    open_interest_lower: Decimal = Decimal(0)
    open_interest_upper: Decimal = Decimal(0)


class CapsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_caps`."""

    open_interest_max: Decimal = Decimal(0)
    concentration_rate: Decimal = Decimal(0)
    concentration_floor: Decimal = Decimal(0)


class ConcentrationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_concentration`."""

    threshold: Decimal
    rate: Decimal


class GradesConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_grades`: grades by name, for example "ageing"."""

    margin: str = "none"
    liquidation: str = "none"
    funding: str = "none"


class GroupConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A group of markets on one underlying; see `Venue.set_basis`."""

    group: int
    basis_rate: Decimal


class CorrelationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How two groups move together, the lower first."""

    group_a: int
    group_b: int
    correlation_rate: Decimal
    offset_cap_rate: Decimal


class CorrelationsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """See `Venue.set_correlations`."""

    pairs: list[CorrelationConfig]
    towards_one_rate: Decimal = Decimal(0)
    towards_zero_rate: Decimal = Decimal(0)


class AssetRisk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an asset's table says about its pools.

    `exposure_max` is the worst-side notional an account may have over all markets that settle in it; 0: any.
    """

    levels: LevelsConfig | None = None
    liquidation: LiquidationConfig | None = None
    collateral: CollateralConfig | None = None
    insurance: InsuranceConfig | None = None
    gate: GateConfig | None = None
    portfolio: PortfolioConfig | None = None
    exposure_max: Decimal = Decimal(0)


class MarketRisk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a market's table says about risk in it.

    `scenarios` are the moves of its price, with a sign, for a market in a `group`; `exposure_max` is the worst-side
    notional an account may have in it; 0: any.
    """

    fee_tiers: list[FeeTierConfig] = []
    mode: str | None = None
    scaling: ScalingConfig | None = None
    caps: CapsConfig | None = None
    insurance: InsuranceConfig | None = None
    exposure_max: Decimal = Decimal(0)
    group: int = 0
    scenarios: list[Decimal] = []
    grades: GradesConfig | None = None
    concentration: ConcentrationConfig | None = None


class naming:  # noqa: N801 - a context that reads as a word
    """Turns an error about `field` into a ConfigError about `prefix.field`."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError | NotFound):
            field = f"{self.prefix}.{error.values.get('field', '')}".rstrip(".")
            raise ConfigError(
                f"{field}: {error.message}", code=error.code, values=error.values | {"field": field}, hint=error.hint
            ) from None


def fields(section: Struct) -> dict[str, Any]:
    """A table as keywords."""
    return {name: getattr(section, name) for name in section.__struct_fields__}


def asset_rules(index: int, symbol: str, config: AssetRisk, drafts: Drafts) -> Iterator[Command]:
    """The commands of an asset's tables."""
    where = f"assets[{index}]"
    builders: Mapping[str, Any] = {
        "levels": drafts.set_levels,
        "liquidation": drafts.set_liquidation,
        "insurance": drafts.set_insurance,
        "gate": drafts.set_withdrawal_gate,
        "portfolio": drafts.set_portfolio,
    }
    for name, build in builders.items():
        section = getattr(config, name)
        if section is not None:
            with naming(f"{where}.{name}"):
                yield build(asset=symbol, **fields(section)).command
    if config.exposure_max:
        with naming(where):
            most = drafts.asset_unit(symbol).to_minor(config.exposure_max, field="exposure_max")
            yield commands.SetExposureCap(0, commands.Scope.ASSET, drafts.asset_unit(symbol).asset, most)
    if config.collateral is not None:
        with naming(f"{where}.collateral"):
            yield from _collateral(symbol, config.collateral, drafts)


def _collateral(symbol: str, config: CollateralConfig, drafts: Drafts) -> Iterator[Command]:
    terms = fields(config)
    price = terms.pop("price")
    yield drafts.set_collateral(asset=symbol, **terms).command
    if price is not None:
        minor = drafts.collateral_price(
            drafts.asset_unit(symbol), drafts.asset_unit(config.settlement), price, config.price_decimals
        )
        yield commands.SetCollateralPrice(drafts.asset_unit(symbol).asset, minor, commands.RATE_ONE)


def market_rules(index: int, symbol: str, config: MarketRisk, drafts: Drafts) -> Iterator[Command]:
    """The commands of a market's tables, its scenarios apart."""
    where = f"markets[{index}]"
    builders: Mapping[str, Any] = {
        "scaling": drafts.set_scaling,
        "caps": drafts.set_caps,
        "insurance": drafts.set_insurance,
        "grades": drafts.set_grades,
    }
    for name, build in builders.items():
        section = getattr(config, name)
        if section is not None:
            with naming(f"{where}.{name}"):
                yield build(market=symbol, **fields(section)).command
    with naming(where):
        if config.fee_tiers:
            tiers = [(tier.maker_rate, tier.taker_rate) for tier in config.fee_tiers]
            yield drafts.set_fee_tiers(market=symbol, tiers=tiers).command
        if config.exposure_max:
            yield drafts.set_exposure_cap(market=symbol, notional_max=config.exposure_max).command
        if config.mode is not None:
            yield drafts.set_market_mode(market=symbol, mode=config.mode).command


def scenario_rules(index: int, symbol: str, config: MarketRisk, drafts: Drafts) -> Iterator[Command]:
    """A market's group, its scenarios and its concentration charge."""
    with naming(f"markets[{index}]"):
        if config.group:
            yield drafts.set_group(market=symbol, group=config.group).command
        if config.scenarios:
            yield drafts.set_scenarios(market=symbol, moves=config.scenarios).command
    if config.concentration is not None:
        with naming(f"markets[{index}].concentration"):
            yield drafts.set_concentration(market=symbol, **fields(config.concentration)).command


def group_rules(
    groups: list[GroupConfig], correlations: CorrelationsConfig | None, drafts: Drafts
) -> Iterator[Command]:
    """What holds within groups, and between them."""
    for index, group in enumerate(groups):
        with naming(f"groups[{index}]"):
            yield drafts.set_basis(**fields(group)).command
    if correlations is not None:
        with naming("correlations"):
            pairs = [
                (pair.group_a, pair.group_b, pair.correlation_rate, pair.offset_cap_rate) for pair in correlations.pairs
            ]
            yield drafts.set_correlations(
                pairs=pairs,
                towards_one_rate=correlations.towards_one_rate,
                towards_zero_rate=correlations.towards_zero_rate,
            ).command
