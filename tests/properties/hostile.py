"""Values nobody should send: a good command with one field replaced by an extreme that still decodes."""

from __future__ import annotations

import random
from typing import Any, cast

from tests.model import commands as c

RANGES = {
    "u8": (0, 2**8 - 1),
    "u16": (0, 2**16 - 1),
    "u32": (0, 2**32 - 1),
    "u64": (0, 2**64 - 1),
    "i64": (-(2**63), 2**63 - 1),
}

# The wire type of each field; "-" is an enumeration, a flag or a table, which has no extreme value that decodes.
FIELD_TYPES: dict[type, str] = {
    c.AddAsset: "str u8",
    c.AddMarket: "str u16 u64 u64 i64 i64",
    c.SetTiers: "u16 tiers",
    c.SetFees: "u16 i64 i64",
    c.SetLimits: "u16 i64 i64 i64 i64",
    c.SetParameters: "u32 u64 u64",
    c.CreateAccount: "u32",
    c.Deposit: "u32 u16 i64",
    c.Withdraw: "u32 u16 i64 u64",
    c.Transfer: "u32 u32 u16 i64",
    c.SetMark: "u16 i64",
    c.Place: "u32 u16 - - i64 i64 - - - - u64 u64",
    c.Amend: "u32 u64 u64 i64 i64",
    c.Cancel: "u32 u64 u64",
    c.MassCancel: "u32 u16 -",
    c.Tick: "",
    c.Checkpoint: "",
    c.RegisterAuthor: "- str str",
    c.Repair: "u64 u32 str",
    c.ActivateRuleset: "u32",
    c.SetFeeTiers: "u16 -",
    c.SetAccountFees: "u32 u8 i64",
    c.SetMarketMode: "u16 -",
    c.SetScaling: "u16 i64 i64 i64",
    c.SetCaps: "u16 i64 i64 i64",
    c.SetExposureCap: "u32 - u16 i64",
    c.SetLevels: "u16 i64 i64 i64 i64",
    c.SetCollateral: "u16 u16 i64 i64 i64 u8",
    c.SetCollateralPrice: "u16 i64 i64",
    c.SetPermissions: "u32 - - - - -",
    c.SetWithdrawalGate: "u16 - u64 i64",
    c.SetAllowance: "u32 u32 u16 i64",
    c.Draw: "u32 u32 u16 i64",
    c.SetMarginMode: "u32 -",
    c.SetPositionMode: "u32 u16 - i64",
    c.AdjustMargin: "u32 u16 i64",
    c.SetLeverage: "u32 u16 i64",
    c.SetStress: "u16 -",
    c.SettleFunding: "u16 i64 i64",
    c.SetGroup: "u16 u16",
    c.SetBasis: "u16 i64",
    c.SetScenarios: "u16 -",
    c.SetConcentration: "u16 i64 i64",
    c.SetCorrelations: "i64 i64 -",
    c.SetPortfolio: "u16 i64 u32",
    c.SetLiquidation: "u16 i64 i64 i64 i64 i64 i64 i64 u64 i64",
    c.SetVault: "u32 u16 i64",
    c.SetLiquidator: "u32 -",
    c.SetInsurance: "u16 u16 i64 u64",
    c.FundInsurance: "u16 u16 u32 i64",
    c.Lock: "u32 u16 u16",
    c.Release: "u32 u16 u16",
    c.CancelIncreasing: "u32 u16 u16",
    c.Liquidate: "u32 u16 i64 i64",
    c.Hedge: "u32 u16 - i64 i64",
    c.OpenAuction: "u32 u16 i64 i64 i64 u64",
    c.Bid: "u32 u64 i64 i64",
    c.CloseAuction: "u64",
    c.TakeOver: "u32 u16 i64 u32",
    c.CoverLoss: "u32 u16 u16 i64",
    c.ConvertCollateral: "u32 u16 i64",
    c.Deleverage: "u32 u16 i64 -",
    c.Socialise: "u32 u16 - i64",
    c.Observe: "u16 u16 i64 i64 u64",
    c.SetOracle: "u16 i64 i64 - u64",
    c.SetGrades: "u16 - - -",
    c.SetAgent: "u32 u16 -",
    c.Note: "u32 str text",
}
STRINGS = ("", "a b", "é", "x" * 24, "x" * 25, "x" * 64, "USD", "M1-PERP", "A-z_0.9/:")
TEXTS = ("", "{}", "x" * 31, "x" * 32, "é" * 128, "x" * 16_384)


def extreme(rng: random.Random, wire_type: str) -> int:
    """A value at, near or far beyond an edge of what makes sense."""
    low, high = RANGES[wire_type]
    near = rng.randint(-2, 2)
    candidates = (0, 1, near, low, high, low + 1, high - 1, high // 2, 10**6, 2**31, 2**31 - 1, 2**58, 2**60, -(10**9))
    return max(low, min(high, rng.choice(candidates)))


def extreme_tiers(rng: random.Random) -> tuple[c.Tier, ...]:
    """A tier table that is probably invalid."""
    count = rng.choice((0, 1, 2, 3, 16, 17))
    if rng.random() < 0.5:
        return tuple(c.Tier(index * 100, 10**7 * (index + 1), 10**7 * (index + 1)) for index in range(count))
    bounds, rates = (0, 1, 2, 2**63 - 1), (0, 1, 10**8, 10**9, 10**9 + 1, -1, 2**63 - 1)
    return tuple(c.Tier(rng.choice(bounds), rng.choice(rates), rng.choice(rates)) for _ in range(count))


def spoiled(rng: random.Random, command: c.Command) -> c.Command:
    """The command with one field replaced."""
    types = FIELD_TYPES[type(command)].split()
    spoilable = [index for index, wire_type in enumerate(types) if wire_type != "-"]
    if not spoilable:
        return command
    index = rng.choice(spoilable)
    value: Any
    if types[index] in ("str", "text"):
        value = rng.choice(STRINGS if types[index] == "str" else TEXTS)
    elif types[index] == "tiers":
        value = extreme_tiers(rng)
    else:
        value = extreme(rng, types[index])
    make: Any = type(command)
    return cast("c.Command", make(*command[:index], value, *command[index + 1 :]))
