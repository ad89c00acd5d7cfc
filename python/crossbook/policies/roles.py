"""The roles of a venue's policies: the order of their turns, what each may propose, what happens when one fails.

The table is the licence: a proposal outside it is a fault, and the policy is taken off before the kernel is asked. The
kernel checks what is inside it like any other command.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from crossbook import commands as c
from crossbook.commands import Command


class OnFault(Enum):
    """What the loop does when the default policy of a role fails, and there is nothing left to fall back to."""

    HALT = "halt"
    """Every market is halted: without this role nobody looks after prices or pools in need."""
    VACATE = "vacate"
    """The role stays empty: what it did is not done, and nothing else depends on it."""


class Role(Struct, frozen=True):
    """One role: what it is for, the commands it may propose, its default policy, what follows when that one fails.

    `default` names the policy of the rule book in the catalogue, None if there is nothing to fall back to.
    """

    name: str
    purpose: str
    licence: frozenset[type[Command]]
    default: str | None
    on_fault: OnFault


def _role(name: str, purpose: str, *licence: type[Command], default: str | None, on_fault: OnFault) -> Role:
    return Role(name, purpose, frozenset((c.Note, *licence)), default, on_fault)


_ORDERS: Final = (c.Place, c.Amend, c.Cancel, c.MassCancel)
_HALT, _VACATE = OnFault.HALT, OnFault.VACATE

_TABLE: Final = (
    _role(
        "oracle",
        "accepts a price out of raw observations, with a grade",
        c.SetOracle,
        c.SetCollateralPrice,
        default="gates",
        on_fault=_HALT,
    ),
    _role("mark", "sets the mark", c.SetMark, default="median", on_fault=_HALT),
    _role(
        "breakers",
        "stops a market, or withdrawals, when something is wrong",
        c.SetMarketMode,
        c.SetWithdrawalGate,
        c.SetStress,
        c.SetCaps,
        default="guards",
        on_fault=_HALT,
    ),
    _role(
        "funding", "samples the premium and closes funding epochs", c.SettleFunding, default="epochs", on_fault=_VACATE
    ),
    _role(
        "margin",
        "moves margin parameters with volatility and correlation",
        c.SetTiers,
        c.SetScaling,
        c.SetScenarios,
        c.SetCorrelations,
        c.SetConcentration,
        c.SetBasis,
        c.SetPortfolio,
        c.SetLevels,
        c.SetGrades,
        default="static",
        on_fault=_VACATE,
    ),
    _role(
        "liquidation",
        "walks pools in need down the waterfall",
        c.Lock,
        c.Release,
        c.CancelIncreasing,
        c.Liquidate,
        c.Hedge,
        c.OpenAuction,
        c.CloseAuction,
        c.TakeOver,
        c.CoverLoss,
        c.ConvertCollateral,
        c.Deleverage,
        c.Socialise,
        default="ladder",
        on_fault=_HALT,
    ),
    _role(
        "insurance",
        "feeds the insurance funds and limits what they pay",
        c.FundInsurance,
        c.SetInsurance,
        default="target",
        on_fault=_VACATE,
    ),
    _role(
        "fees",
        "puts accounts into fee tiers by their volume",
        c.SetAccountFees,
        c.SetFeeTiers,
        c.SetFees,
        default="volume_tiers",
        on_fault=_VACATE,
    ),
    _role("liquidity", "quotes for a provider vault", *_ORDERS, c.Bid, default=None, on_fault=_VACATE),
    _role("execution", "works orders for accounts that entrusted them", *_ORDERS, default=None, on_fault=_VACATE),
    _role("stress", "tries shocks on a copy and reports", default=None, on_fault=_VACATE),
    _role("surveillance", "observes and reports", default=None, on_fault=_VACATE),
)

ROLES: Final[Mapping[str, Role]] = MappingProxyType({role.name: role for role in _TABLE})
"""Every role by name, in the order in which policies take their turns."""


def role_of(slot: str) -> Role:
    """The role of a slot: a slot is named after its role, or `role.label` where several play it. Raises KeyError."""
    return ROLES[slot.partition(".")[0]]


def in_order(slots: Mapping[str, object]) -> list[str]:
    """Slots in the order of their turns: by role, then by name."""
    order = list(ROLES)
    return sorted(slots, key=lambda slot: (order.index(role_of(slot).name), slot))
