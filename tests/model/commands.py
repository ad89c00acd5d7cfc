"""The vocabulary going in: one NamedTuple per command, fields in the order of docs/rules.md.

The commands of the pages that continue it stand in files of their own, and are named from here like all others.

A record is what the sequencer stamped: its time in nanoseconds since the epoch, who sent it, what caused it, and the
command. On the wire a command is the array `[TAGS[type(command)], *command]`.
"""

from __future__ import annotations

from typing import NamedTuple

from .margin_commands import *  # noqa: F403
from .margin_commands import MARGIN_TAGS, MarginCommand
from .oracle_commands import *  # noqa: F403
from .oracle_commands import ORACLE_TAGS, OracleCommand
from .waterfall_commands import *  # noqa: F403
from .waterfall_commands import WATERFALL_TAGS, WaterfallCommand

CLIENT, ORACLE, POLICY, OPERATOR = 0, 1, 2, 3
BUY, SELL = 1, 2
LIMIT, MARKET = 1, 2
GTC, IOC, FOK, GTD = 1, 2, 3, 4
NONE, CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT = 0, 1, 2, 3, 4


class Tier(NamedTuple):
    """One margin tier: from `lower_bound` of notional (money) on, the two rates (parts per 10^9) apply."""

    lower_bound: int
    initial_rate: int
    maintenance_rate: int


class AddAsset(NamedTuple):
    """Registers an asset; `decimals` says how many of its minor units make one."""

    symbol: str
    decimals: int


class AddMarket(NamedTuple):
    """Opens a perpetual market; sizes are in 10^-12, `price_max` in ticks, `position_max` in lots."""

    symbol: str
    settlement: int
    tick_size_e12: int
    lot_size_e12: int
    price_max: int
    position_max: int


class SetTiers(NamedTuple):
    """Replaces the margin tiers of a market."""

    market: int
    tiers: tuple[Tier, ...]


class SetFees(NamedTuple):
    """Replaces the fee rates of a market; a negative rate is a rebate."""

    market: int
    maker_rate: int
    taker_rate: int


class SetLimits(NamedTuple):
    """Replaces the order limits of a market."""

    market: int
    order_min_notional: int
    order_max_lots: int
    price_band_rate: int
    market_bound_rate: int


class SetParameters(NamedTuple):
    """Replaces the parameters of the venue."""

    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int


class CreateAccount(NamedTuple):
    """Opens a master account (parent 0) or a sub-account."""

    parent: int


class Deposit(NamedTuple):
    """Brings money in from outside."""

    account: int
    asset: int
    amount: int


class Withdraw(NamedTuple):
    """Takes money out, to a destination (0: nowhere in particular)."""

    account: int
    asset: int
    amount: int
    destination: int = 0


class Transfer(NamedTuple):
    """Moves money between accounts of one master."""

    source: int
    destination: int
    asset: int
    amount: int


class SetMark(NamedTuple):
    """Sets the mark price of a market."""

    market: int
    price: int


class Place(NamedTuple):
    """Enters an order."""

    account: int
    market: int
    side: int
    kind: int
    price: int
    lots: int
    time_in_force: int
    self_trade: int
    post_only: bool
    reduce_only: bool
    client_order: int
    expires_at: int


class Amend(NamedTuple):
    """Changes price or total size of an open order; 0 keeps the present one."""

    account: int
    order: int
    client_order: int
    price: int
    lots: int


class Cancel(NamedTuple):
    """Cancels one open order, named by its id or by its client order id."""

    account: int
    order: int
    client_order: int


class MassCancel(NamedTuple):
    """Cancels every open order of an account, of one market (0: all) and of one side (0: both)."""

    account: int
    market: int
    side: int


class Tick(NamedTuple):
    """Lets time pass."""


class Checkpoint(NamedTuple):
    """Marks a point of the session."""


class RegisterAuthor(NamedTuple):
    """Names an author of commands."""

    origin: int
    name: str
    version: str


class Repair(NamedTuple):
    """Records that a torn tail of the journal was cut off."""

    first_seq: int
    blocks: int
    evidence: str


class ActivateRuleset(NamedTuple):
    """Switches to another numbered set of rules."""

    ruleset: int


Command = (
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
    | MarginCommand
    | WaterfallCommand
    | OracleCommand
)

TAGS: dict[type, int] = {
    AddAsset: 1,
    AddMarket: 2,
    SetTiers: 3,
    SetFees: 4,
    SetLimits: 5,
    SetParameters: 6,
    CreateAccount: 7,
    Deposit: 8,
    Withdraw: 9,
    Transfer: 10,
    SetMark: 11,
    Place: 12,
    Amend: 13,
    Cancel: 14,
    MassCancel: 15,
    Tick: 16,
    Checkpoint: 17,
    RegisterAuthor: 18,
    Repair: 19,
    ActivateRuleset: 20,
    **MARGIN_TAGS,
    **WATERFALL_TAGS,
    **ORACLE_TAGS,
}


class Record(NamedTuple):
    """One stamped command."""

    time: int
    origin: int
    author: int
    cause: int
    nonce: int
    command: Command
