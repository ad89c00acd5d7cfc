"""Commands: the vocabulary of what may be asked of a venue, exactly as `docs/rules.md` numbers it.

A command is a frozen struct that encodes as the msgpack array `[tag, ...fields]`. All amounts are integers: prices in
ticks, sizes in lots, money in minor units of the settlement asset, rates in parts per 1,000,000,000, times in
nanoseconds since the Unix epoch. `crossbook.quantities` and the builders of `crossbook.Venue` convert to them exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

U8: TypeAlias = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U16: TypeAlias = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]
# msgspec compares Meta bounds in 64 signed bits; the encoder itself refuses what is over 2^64 - 1.
U64: TypeAlias = Annotated[int, Meta(ge=0)]
I64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

RATE_ONE: Final = 1_000_000_000
"""One, as a rate: rates are integers in parts per 1,000,000,000."""
STRING_BYTES_MAX: Final = 64
"""The longest string of the wire, in bytes of UTF-8."""


class Origin(IntEnum):
    """Who issued a command; what each command permits is in `PERMITTED_ORIGINS`."""

    CLIENT = 0
    ORACLE = 1
    POLICY = 2
    OPERATOR = 3


class Side(IntEnum):
    """The side of an order."""

    BUY = 1
    SELL = 2


class OrderKind(IntEnum):
    """A limit order rests at its price; a market order takes up to its protection bound and never rests."""

    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    """How long an order lives: until cancelled, immediate or cancel, fill or kill, until a stamped time."""

    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4


class SelfTrade(IntEnum):
    """What happens when an order would trade with its own master account; the taker's mode decides."""

    NONE = 0
    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


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
    """Pay `amount` minor units out, if the margin left behind allows it. Client or operator."""

    account: U32
    asset: U16
    amount: I64


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


Command: TypeAlias = (
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
"""Any command, told apart by its tag."""

COMMAND_TYPES: Final[tuple[type[Command], ...]] = (
    AddAsset,
    AddMarket,
    SetTiers,
    SetFees,
    SetLimits,
    SetParameters,
    CreateAccount,
    Deposit,
    Withdraw,
    Transfer,
    SetMark,
    Place,
    Amend,
    Cancel,
    MassCancel,
    Tick,
    Checkpoint,
    RegisterAuthor,
    Repair,
    ActivateRuleset,
)
"""The command types in the order of their tags: the tag of a type is its index plus one."""

_CLIENT, _ORACLE, _POLICY, _OPERATOR = Origin

PERMITTED_ORIGINS: Final[Mapping[type[Command], tuple[Origin, ...]]] = MappingProxyType(
    {
        AddAsset: (_OPERATOR,),
        AddMarket: (_OPERATOR,),
        SetTiers: (_POLICY, _OPERATOR),
        SetFees: (_POLICY, _OPERATOR),
        SetLimits: (_POLICY, _OPERATOR),
        SetParameters: (_OPERATOR,),
        CreateAccount: (_CLIENT, _OPERATOR),
        Deposit: (_OPERATOR,),
        Withdraw: (_CLIENT, _OPERATOR),
        Transfer: (_CLIENT, _OPERATOR),
        SetMark: (_ORACLE, _POLICY, _OPERATOR),
        Place: (_CLIENT, _POLICY, _OPERATOR),
        Amend: (_CLIENT, _POLICY, _OPERATOR),
        Cancel: (_CLIENT, _POLICY, _OPERATOR),
        MassCancel: (_CLIENT, _POLICY, _OPERATOR),
        Tick: (_CLIENT, _ORACLE, _POLICY, _OPERATOR),
        Checkpoint: (_POLICY, _OPERATOR),
        RegisterAuthor: (_OPERATOR,),
        Repair: (_OPERATOR,),
        ActivateRuleset: (_OPERATOR,),
    }
)
"""The origins that may issue each command, least privileged first: the first is the default of `Venue.submit`."""

DEFAULT_ORIGIN: Final[Mapping[type[Command], Origin]] = MappingProxyType(
    {kind: origins[0] for kind, origins in PERMITTED_ORIGINS.items()}
)


def command_tag(command: type[Command]) -> int:
    """The tag a command type carries on the wire."""
    return COMMAND_TYPES.index(command) + 1


def command_name(tag: int) -> str:
    """The name of the command with this tag, for example `"Place"` for 12; `"command 99"` for a tag nobody knows."""
    return COMMAND_TYPES[tag - 1].__name__ if 1 <= tag <= len(COMMAND_TYPES) else f"command {tag}"
