"""Commands: the vocabulary of what may be asked of a venue, exactly as the rules number it.

A command is a frozen struct that encodes as the msgpack array `[tag, ...fields]`. All amounts are integers: prices in
ticks, sizes in lots, money in minor units of the settlement asset, rates in parts per 1,000,000,000, times in
nanoseconds since the Unix epoch. `crossbook.quantities` and the builders of `crossbook.Venue` convert to them exactly.

| module | page |
|---|---|
| `core` | `docs/rules.md`: assets, markets, accounts, money, orders |
| `margin` | `docs/rules_margin.md`: fees, caps, collateral, permissions, margin modes, funding, scenarios |
| `waterfall` | `docs/rules_waterfall.md`: liquidation settings, vaults, insurance, the steps of the waterfall |
| `oracle` | `docs/rules_oracle.md`: observations, accepted prices, agents, notes |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from crossbook.commands import core, margin, oracle, waterfall
from crossbook.commands.base import (
    I64,
    RATE_ONE,
    STRING_BYTES_MAX,
    TEXT_BYTES_MAX,
    U8,
    U16,
    U32,
    U64,
    Grade,
    MarginMode,
    MarketMode,
    OrderKind,
    Origin,
    Scope,
    SelfTrade,
    Side,
    Text,
    TimeInForce,
)
from crossbook.commands.core import (
    ActivateRuleset,
    AddAsset,
    AddMarket,
    Amend,
    Cancel,
    Checkpoint,
    CoreCommand,
    CreateAccount,
    Deposit,
    MassCancel,
    Place,
    RegisterAuthor,
    Repair,
    SetFees,
    SetLimits,
    SetMark,
    SetParameters,
    SetTiers,
    Tick,
    Tier,
    Transfer,
    Withdraw,
)
from crossbook.commands.margin import (
    AdjustMargin,
    Correlation,
    Draw,
    FeeTier,
    MarginCommand,
    SetAccountFees,
    SetAllowance,
    SetBasis,
    SetCaps,
    SetCollateral,
    SetCollateralPrice,
    SetConcentration,
    SetCorrelations,
    SetExposureCap,
    SetFeeTiers,
    SetGroup,
    SetLevels,
    SetLeverage,
    SetMarginMode,
    SetMarketMode,
    SetPermissions,
    SetPortfolio,
    SetPositionMode,
    SetScaling,
    SetScenarios,
    SetStress,
    SettleFunding,
    SetWithdrawalGate,
)
from crossbook.commands.oracle import (
    Note,
    Observe,
    OracleCommand,
    SetAgent,
    SetGrades,
    SetOracle,
)
from crossbook.commands.waterfall import (
    Allocation,
    Bid,
    CancelIncreasing,
    CloseAuction,
    ConvertCollateral,
    CoverLoss,
    Deleverage,
    FundInsurance,
    Hedge,
    Liquidate,
    Lock,
    OpenAuction,
    Release,
    SetInsurance,
    SetLiquidation,
    SetLiquidator,
    SetVault,
    Socialise,
    TakeOver,
    WaterfallCommand,
)

__all__ = [
    "COMMAND_TYPES",
    "DEFAULT_ORIGIN",
    "I64",
    "PERMITTED_ORIGINS",
    "RATE_ONE",
    "STRING_BYTES_MAX",
    "TEXT_BYTES_MAX",
    "U8",
    "U16",
    "U32",
    "U64",
    "ActivateRuleset",
    "AddAsset",
    "AddMarket",
    "AdjustMargin",
    "Allocation",
    "Amend",
    "Bid",
    "Cancel",
    "CancelIncreasing",
    "Checkpoint",
    "CloseAuction",
    "Command",
    "ConvertCollateral",
    "CoreCommand",
    "Correlation",
    "CoverLoss",
    "CreateAccount",
    "Deleverage",
    "Deposit",
    "Draw",
    "FeeTier",
    "FundInsurance",
    "Grade",
    "Hedge",
    "Liquidate",
    "Lock",
    "MarginCommand",
    "MarginMode",
    "MarketMode",
    "MassCancel",
    "Note",
    "Observe",
    "OpenAuction",
    "OracleCommand",
    "OrderKind",
    "Origin",
    "Place",
    "RegisterAuthor",
    "Release",
    "Repair",
    "Scope",
    "SelfTrade",
    "SetAccountFees",
    "SetAgent",
    "SetAllowance",
    "SetBasis",
    "SetCaps",
    "SetCollateral",
    "SetCollateralPrice",
    "SetConcentration",
    "SetCorrelations",
    "SetExposureCap",
    "SetFeeTiers",
    "SetFees",
    "SetGrades",
    "SetGroup",
    "SetInsurance",
    "SetLevels",
    "SetLeverage",
    "SetLimits",
    "SetLiquidation",
    "SetLiquidator",
    "SetMarginMode",
    "SetMark",
    "SetMarketMode",
    "SetOracle",
    "SetParameters",
    "SetPermissions",
    "SetPortfolio",
    "SetPositionMode",
    "SetScaling",
    "SetScenarios",
    "SetStress",
    "SetTiers",
    "SetVault",
    "SetWithdrawalGate",
    "SettleFunding",
    "Side",
    "Socialise",
    "TakeOver",
    "Text",
    "Tick",
    "Tier",
    "TimeInForce",
    "Transfer",
    "WaterfallCommand",
    "Withdraw",
    "command_name",
    "command_tag",
]

Command: TypeAlias = CoreCommand | MarginCommand | WaterfallCommand | OracleCommand
"""Any command, told apart by its tag."""

PERMITTED_ORIGINS: Final[Mapping[type[Command], tuple[Origin, ...]]] = MappingProxyType(
    dict((*core.ORIGINS, *margin.ORIGINS, *waterfall.ORIGINS, *oracle.ORIGINS))
)
"""The origins that may issue each command, least privileged first: the first is the default of `Venue.submit`."""

COMMAND_TYPES: Final[tuple[type[Command], ...]] = tuple(PERMITTED_ORIGINS)
"""The command types in the order of their tags: the tag of a type is its index plus one."""

DEFAULT_ORIGIN: Final[Mapping[type[Command], Origin]] = MappingProxyType(
    {kind: origins[0] for kind, origins in PERMITTED_ORIGINS.items()}
)


def command_tag(command: type[Command]) -> int:
    """The tag a command type carries on the wire."""
    return COMMAND_TYPES.index(command) + 1


def command_name(tag: int) -> str:
    """The name of the command with this tag, for example `"Place"` for 12; `"command 99"` for a tag nobody knows."""
    return COMMAND_TYPES[tag - 1].__name__ if 1 <= tag <= len(COMMAND_TYPES) else f"command {tag}"
