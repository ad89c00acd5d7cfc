"""The commands of `docs/rules.md`: assets, markets, accounts, money, orders, and the journal's own."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from crossbook.commands.base import (
    I64,
    U8,
    U16,
    U32,
    U64,
    OrderKind,
    Origin,
    SelfTrade,
    Side,
    TimeInForce,
)


class Tier(Struct, frozen=True, gc=False, array_like=True):
    """One margin tier: from `lower_bound` (notional, minor units) on, these rates (parts per 10^9) hold."""

    lower_bound: I64
    initial_rate: I64
    maintenance_rate: I64


class AddAsset(Struct, frozen=True, gc=False, array_like=True, tag=1):
    """Register an asset whose minor unit is 10^-decimals. Operator only."""

    symbol: str
    decimals: U8


class AddMarket(Struct, frozen=True, gc=False, array_like=True, tag=2):
    """Register a perpetual market settled in `settlement`.

    `tick_size_e12` is the price of one tick in whole units of the settlement asset, times 10^12; `lot_size_e12` the
    size of one lot in whole units of the underlying, times 10^12. `tick_size * lot_size * 10^decimals` must be a whole
    number of minor units. `price_max` is in ticks, `position_max` in lots. Operator only.
    """

    symbol: str
    settlement: U16
    tick_size_e12: U64
    lot_size_e12: U64
    price_max: I64
    position_max: I64


class SetTiers(Struct, frozen=True, gc=False, array_like=True, tag=3):
    """Replace the margin tiers of a market. Operator or policy."""

    market: U16
    tiers: tuple[Tier, ...]


class SetFees(Struct, frozen=True, gc=False, array_like=True, tag=4):
    """Set the fee rates of a market (parts per 10^9; a negative maker rate is a rebate). Operator or policy."""

    market: U16
    maker_rate: I64
    taker_rate: I64


class SetLimits(Struct, frozen=True, gc=False, array_like=True, tag=5):
    """Set the order limits of a market. Operator or policy.

    `order_min_notional` in minor units, `order_max_lots` in lots, `price_band_rate` around the mark (0: off) and
    `market_bound_rate`, how far from the mark an unpriced market order may trade, in parts per 10^9.
    """

    market: U16
    order_min_notional: I64
    order_max_lots: I64
    price_band_rate: I64
    market_bound_rate: I64


class SetParameters(Struct, frozen=True, gc=False, array_like=True, tag=6):
    """Set the venue's parameters: open orders per account, and how often the state root is taken. Operator only."""

    open_orders_max: U32
    root_interval_commands: U64
    root_interval_ns: U64


class CreateAccount(Struct, frozen=True, gc=False, array_like=True, tag=7):
    """Open a master account, or with `parent` a sub-account of that master. Client or operator."""

    parent: U32 = 0


class Deposit(Struct, frozen=True, gc=False, array_like=True, tag=8):
    """Credit `amount` minor units from outside. Operator only."""

    account: U32
    asset: U16
    amount: I64


class Withdraw(Struct, frozen=True, gc=False, array_like=True, tag=9):
    """Pay `amount` minor units out, if the margin left behind allows it. Client or operator.

    `destination` says where the money goes: a number the venue and its client agree on, 0 for nowhere in particular.
    An account may have a list of the destinations it permits (SetPermissions).
    """

    account: U32
    asset: U16
    amount: I64
    destination: U64 = 0


class Transfer(Struct, frozen=True, gc=False, array_like=True, tag=10):
    """Move `amount` minor units between two accounts of one master. Client or operator."""

    source: U32
    destination: U32
    asset: U16
    amount: I64


class SetMark(Struct, frozen=True, gc=False, array_like=True, tag=11):
    """Set the mark price of a market, in ticks. Oracle, policy or operator."""

    market: U16
    price: I64


class Place(Struct, frozen=True, gc=False, array_like=True, tag=12):
    """Place an order. Client, policy or operator.

    `price` in ticks: the limit, or for a market order its protection bound (0: the market's default bound).
    `client_order` 0 means none. `expires_at` (ns since the epoch) belongs to GTD and is 0 otherwise.
    """

    account: U32
    market: U16
    side: Side
    kind: OrderKind
    price: I64
    lots: I64
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    post_only: bool = False
    reduce_only: bool = False
    client_order: U64 = 0
    expires_at: U64 = 0


class Amend(Struct, frozen=True, gc=False, array_like=True, tag=13):
    """Change an open order named by exactly one of `order` and `client_order`. Client, policy or operator.

    `price` in ticks and `lots` (the new total, filled lots included); 0 keeps the present value. Only a smaller size
    at the same price keeps priority.
    """

    account: U32
    order: U64
    client_order: U64
    price: I64
    lots: I64


class Cancel(Struct, frozen=True, gc=False, array_like=True, tag=14):
    """Cancel an open order named by exactly one of `order` and `client_order`. Client, policy or operator."""

    account: U32
    order: U64
    client_order: U64 = 0


class MassCancel(Struct, frozen=True, gc=False, array_like=True, tag=15):
    """Cancel an account's orders, in one market (0: all) and on one side (0: both). Client, policy or operator."""

    account: U32
    market: U16 = 0
    side: Annotated[int, Meta(ge=0, le=2)] = 0


class Tick(Struct, frozen=True, gc=False, array_like=True, tag=16):
    """Let time pass: expires orders that are due, changes nothing else. Any origin."""


class Checkpoint(Struct, frozen=True, gc=False, array_like=True, tag=17):
    """A point the next block's exec mark commits to; a clean close ends with one. Policy or operator."""


class RegisterAuthor(Struct, frozen=True, gc=False, array_like=True, tag=18):
    """Name an author of commands and its version; the next author id is its name from then on. Operator only."""

    origin: Origin
    name: str
    version: str


class Repair(Struct, frozen=True, gc=False, array_like=True, tag=19):
    """Record that `blocks` torn blocks from `first_seq` on were removed from the journal. Operator only."""

    first_seq: U64
    blocks: U32
    evidence: str


class ActivateRuleset(Struct, frozen=True, gc=False, array_like=True, tag=20):
    """Switch the kernel to a ruleset from the next command on. Operator only."""

    ruleset: U32


CoreCommand: TypeAlias = (
    AddAsset
    | AddMarket
    | SetTiers
    | SetFees
    | SetLimits
    | SetParameters
    | CreateAccount
    | Deposit
    | Withdraw
    | Transfer
    | SetMark
    | Place
    | Amend
    | Cancel
    | MassCancel
    | Tick
    | Checkpoint
    | RegisterAuthor
    | Repair
    | ActivateRuleset
)
"""Any command of `docs/rules.md`."""

_CLIENT, _ORACLE, _POLICY, _OPERATOR = Origin

ORIGINS: Final[tuple[tuple[type[CoreCommand], tuple[Origin, ...]], ...]] = (
    (AddAsset, (_OPERATOR,)),
    (AddMarket, (_OPERATOR,)),
    (SetTiers, (_POLICY, _OPERATOR)),
    (SetFees, (_POLICY, _OPERATOR)),
    (SetLimits, (_POLICY, _OPERATOR)),
    (SetParameters, (_OPERATOR,)),
    (CreateAccount, (_CLIENT, _OPERATOR)),
    (Deposit, (_OPERATOR,)),
    (Withdraw, (_CLIENT, _OPERATOR)),
    (Transfer, (_CLIENT, _OPERATOR)),
    (SetMark, (_ORACLE, _POLICY, _OPERATOR)),
    (Place, (_CLIENT, _POLICY, _OPERATOR)),
    (Amend, (_CLIENT, _POLICY, _OPERATOR)),
    (Cancel, (_CLIENT, _POLICY, _OPERATOR)),
    (MassCancel, (_CLIENT, _POLICY, _OPERATOR)),
    (Tick, (_CLIENT, _ORACLE, _POLICY, _OPERATOR)),
    (Checkpoint, (_POLICY, _OPERATOR)),
    (RegisterAuthor, (_OPERATOR,)),
    (Repair, (_OPERATOR,)),
    (ActivateRuleset, (_OPERATOR,)),
)
"""The origins that may issue each of these commands, least privileged first, in the order of their tags."""
