"""The events of `docs/rules.md`: assets, markets, accounts, money, orders, trades, and the journal's own."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import Origin, Side


class CancelReason(IntEnum):
    """Why an order, or what was left of it, was cancelled."""

    REQUESTED = 1
    IMMEDIATE_OR_CANCEL = 2
    MASS_CANCEL = 3
    EXPIRED = 4
    MARGIN = 5
    SELF_TRADE = 6
    REDUCE_ONLY = 7
    OPEN_INTEREST = 8
    WATERFALL = 9


class Rejected(Struct, frozen=True, gc=False, array_like=True, tag=1):
    """A command was refused and changed nothing.

    `command` is its tag, `account` its account (0: none), `code` the number of the reason and `a`, `b` the two values
    the reason is about; `crossbook.rejects` names them. `str()` says it in words.
    """

    seq: int
    command: int
    account: int
    code: int
    a: int
    b: int

    def explain(self) -> str:
        """The refusal in words: name, the two values by name, and a hint."""
        from crossbook.rejects import explain

        return explain(self.code, self.a, self.b)

    def __str__(self) -> str:
        from crossbook.commands import command_name

        where = f" of account {self.account}" if self.account else ""
        return f"seq {self.seq}: {command_name(self.command)}{where} refused: {self.explain()}"


class AssetAdded(Struct, frozen=True, gc=False, array_like=True, tag=2):
    """An asset got its id; its minor unit is 10^-decimals."""

    seq: int
    asset: int
    symbol: str
    decimals: int


class MarketAdded(Struct, frozen=True, gc=False, array_like=True, tag=3):
    """A market got its id; `tick_value` is the money (minor units) of one tick of one lot."""

    seq: int
    market: int
    symbol: str
    settlement: int
    tick_value: int


class TiersSet(Struct, frozen=True, gc=False, array_like=True, tag=4):
    """A market's margin tiers were replaced by `count` new ones."""

    seq: int
    market: int
    count: int


class FeesSet(Struct, frozen=True, gc=False, array_like=True, tag=5):
    """A market's fee rates are now these (parts per 10^9)."""

    seq: int
    market: int
    maker_rate: int
    taker_rate: int


class LimitsSet(Struct, frozen=True, gc=False, array_like=True, tag=6):
    """A market's order limits are now these (minor units, lots, parts per 10^9)."""

    seq: int
    market: int
    order_min_notional: int
    order_max_lots: int
    price_band_rate: int
    market_bound_rate: int


class ParametersSet(Struct, frozen=True, gc=False, array_like=True, tag=7):
    """The venue's parameters are now these."""

    seq: int
    open_orders_max: int
    root_interval_commands: int
    root_interval_ns: int


class AccountCreated(Struct, frozen=True, gc=False, array_like=True, tag=8):
    """An account got its id; a master account is its own `master`."""

    seq: int
    account: int
    master: int


class Deposited(Struct, frozen=True, gc=False, array_like=True, tag=9):
    """Money came in; `balance` is the cash after (minor units)."""

    seq: int
    account: int
    asset: int
    amount: int
    balance: int


class Withdrawn(Struct, frozen=True, gc=False, array_like=True, tag=10):
    """Money went out; `balance` is the cash after (minor units)."""

    seq: int
    account: int
    asset: int
    amount: int
    balance: int


class Transferred(Struct, frozen=True, gc=False, array_like=True, tag=11):
    """Money moved between two accounts of one master; both balances are after (minor units)."""

    seq: int
    source: int
    destination: int
    asset: int
    amount: int
    source_balance: int
    destination_balance: int


class MarkSet(Struct, frozen=True, gc=False, array_like=True, tag=12):
    """A market's mark moved from `previous` (0: had none) to `price`, in ticks."""

    seq: int
    market: int
    price: int
    previous: int


class OrderAccepted(Struct, frozen=True, gc=False, array_like=True, tag=13):
    """An order passed every check and got its id; a market order carries its bound as `price` (ticks)."""

    seq: int
    order: int
    account: int
    market: int
    side: Side
    price: int
    lots: int
    client_order: int


class Traded(Struct, frozen=True, gc=False, array_like=True, tag=14):
    """Two orders traded `lots` at the maker's `price` (ticks).

    `maker` and `taker` are accounts. Fees in minor units, a negative one is a rebate. `*_realised` is the change of
    cash from the trade before its fee.
    """

    seq: int
    trade: int
    market: int
    price: int
    lots: int
    taker_side: Side
    maker_order: int
    taker_order: int
    maker: int
    taker: int
    maker_fee: int
    taker_fee: int
    maker_realised: int
    taker_realised: int


class OrderRested(Struct, frozen=True, gc=False, array_like=True, tag=15):
    """What was left of an order (`lots`) joined the tail of its price level."""

    seq: int
    order: int
    lots: int


class OrderCancelled(Struct, frozen=True, gc=False, array_like=True, tag=16):
    """An order left the venue with `lots` unfilled."""

    seq: int
    order: int
    account: int
    market: int
    lots: int
    reason: CancelReason


class OrderAmended(Struct, frozen=True, gc=False, array_like=True, tag=17):
    """An order has a new price (ticks) and total size (`lots`), `remaining` of it open."""

    seq: int
    order: int
    account: int
    market: int
    price: int
    lots: int
    remaining: int
    kept_priority: bool


class SelfTradePrevented(Struct, frozen=True, gc=False, array_like=True, tag=18):
    """`lots` were taken off both orders of one master instead of trading (mode decrement)."""

    seq: int
    market: int
    maker_order: int
    taker_order: int
    lots: int


class MassCancelled(Struct, frozen=True, gc=False, array_like=True, tag=19):
    """A mass cancel ended after `count` orders."""

    seq: int
    account: int
    market: int
    count: int


class Ticked(Struct, frozen=True, gc=False, array_like=True, tag=20):
    """Time was let pass to `time` (ns since the epoch)."""

    seq: int
    time: int


class CheckpointTaken(Struct, frozen=True, gc=False, array_like=True, tag=21):
    """A checkpoint was taken."""

    seq: int


class AuthorRegistered(Struct, frozen=True, gc=False, array_like=True, tag=22):
    """An author got its id."""

    seq: int
    author: int
    origin: Origin
    name: str
    version: str


class Repaired(Struct, frozen=True, gc=False, array_like=True, tag=23):
    """A repair of the journal was put on record."""

    seq: int
    first_seq: int
    blocks: int
    evidence: str


class RulesetActivated(Struct, frozen=True, gc=False, array_like=True, tag=24):
    """A ruleset holds from the next command on."""

    seq: int
    ruleset: int


CoreEvent: TypeAlias = (
    Rejected
    | AssetAdded
    | MarketAdded
    | TiersSet
    | FeesSet
    | LimitsSet
    | ParametersSet
    | AccountCreated
    | Deposited
    | Withdrawn
    | Transferred
    | MarkSet
    | OrderAccepted
    | Traded
    | OrderRested
    | OrderCancelled
    | OrderAmended
    | SelfTradePrevented
    | MassCancelled
    | Ticked
    | CheckpointTaken
    | AuthorRegistered
    | Repaired
    | RulesetActivated
)
"""Any event of `docs/rules.md`."""

TYPES: Final[tuple[type[CoreEvent], ...]] = (
    Rejected,
    AssetAdded,
    MarketAdded,
    TiersSet,
    FeesSet,
    LimitsSet,
    ParametersSet,
    AccountCreated,
    Deposited,
    Withdrawn,
    Transferred,
    MarkSet,
    OrderAccepted,
    Traded,
    OrderRested,
    OrderCancelled,
    OrderAmended,
    SelfTradePrevented,
    MassCancelled,
    Ticked,
    CheckpointTaken,
    AuthorRegistered,
    Repaired,
    RulesetActivated,
)
"""These event types in the order of their tags."""
