"""The events of `docs/rules_waterfall.md`: settings, standing, and what the steps of the waterfall did."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

from msgspec import Struct

from crossbook.commands.base import Side


class Standing(IntEnum):
    """How a pool stands, from healthy to bankrupt; the higher, the worse."""

    HEALTHY = 0
    FIRST_CALL = 1
    SECOND_CALL = 2
    LIQUIDATABLE = 3
    TAKE_OVER = 4
    BANKRUPT = 5


class LiquidationKind(IntEnum):
    """Whether a liquidation closes a position or hedges a portfolio."""

    REDUCE = 1
    HEDGE = 2


class AuctionEnd(IntEnum):
    """Why an auction closed."""

    TAKEN = 1
    RECOVERED = 2
    REQUESTED = 3
    GONE = 4


class MoveReason(IntEnum):
    """Which step moved lots from one account to another outside the book."""

    AUCTION = 1
    TAKE_OVER = 2
    DELEVERAGE = 3


class LiquidationSet(Struct, frozen=True, gc=False, array_like=True, tag=51):
    """How pools of a settlement asset are called and liquidated; see `SetLiquidation`."""

    seq: int
    asset: int
    first_call_rate: int
    second_call_rate: int
    take_over_rate: int
    adjustment_rate: int
    spread_rate: int
    partial_rate: int
    partial_notional: int
    cooldown_ns: int
    fee_rate: int


class VaultSet(Struct, frozen=True, gc=False, array_like=True, tag=52):
    """An account may take positions over up to `exposure_max` minor units, or is no vault (0)."""

    seq: int
    account: int
    asset: int
    exposure_max: int


class LiquidatorSet(Struct, frozen=True, gc=False, array_like=True, tag=53):
    """An account may bid in auctions, or no longer."""

    seq: int
    account: int
    registered: bool


class InsuranceSet(Struct, frozen=True, gc=False, array_like=True, tag=54):
    """An insurance fund pays at most `loss_max` minor units per interval (0: no limit)."""

    seq: int
    asset: int
    market: int
    loss_max: int
    interval_ns: int


class InsuranceFunded(Struct, frozen=True, gc=False, array_like=True, tag=55):
    """An insurance fund was paid into, by an account or (0) from fees; `fund` is what it holds now."""

    seq: int
    asset: int
    market: int
    account: int
    amount: int
    fund: int


class StandingChanged(Struct, frozen=True, gc=False, array_like=True, tag=56):
    """A pool stands better or worse than the kernel remembered; market 0 is the cross pool of the asset."""

    seq: int
    account: int
    asset: int
    market: int
    standing: Standing
    previous: Standing
    equity: int
    requirement: int
    maintenance: int


class PoolLocked(Struct, frozen=True, gc=False, array_like=True, tag=57):
    """A pool may only reduce."""

    seq: int
    account: int
    asset: int
    market: int
    equity: int
    maintenance: int


class PoolReleased(Struct, frozen=True, gc=False, array_like=True, tag=58):
    """A pool recovered and may take risk again."""

    seq: int
    account: int
    asset: int
    market: int
    equity: int
    maintenance: int


class IncreasingCancelled(Struct, frozen=True, gc=False, array_like=True, tag=59):
    """`count` orders that could increase a pool's risk were cancelled."""

    seq: int
    account: int
    asset: int
    market: int
    count: int


class LiquidationStarted(Struct, frozen=True, gc=False, array_like=True, tag=60):
    """The venue sends an order for an account in need, on this side, at no worse than `price` ticks."""

    seq: int
    account: int
    market: int
    kind: LiquidationKind
    side: Side
    lots: int
    price: int
    mark: int
    equity: int
    maintenance: int


class LiquidationEnded(Struct, frozen=True, gc=False, array_like=True, tag=61):
    """What that order filled, for how much, the liquidation fee, and how the pool stands after it (minor units)."""

    seq: int
    account: int
    market: int
    kind: LiquidationKind
    order: int
    filled: int
    value: int
    fee: int
    equity: int
    maintenance: int


class AuctionOpened(Struct, frozen=True, gc=False, array_like=True, tag=62):
    """Lots of a position in need are offered; `side` is that of the position (buy: long)."""

    seq: int
    auction: int
    account: int
    market: int
    side: Side
    lots: int
    discount_start_rate: int
    discount_end_rate: int
    ends_at: int
    equity: int
    maintenance: int


class AuctionClosed(Struct, frozen=True, gc=False, array_like=True, tag=63):
    """An auction ended with `lots` untaken."""

    seq: int
    auction: int
    account: int
    market: int
    lots: int
    reason: AuctionEnd


class PositionMoved(Struct, frozen=True, gc=False, array_like=True, tag=64):
    """Lots went from one account to another for `value` minor units; `lots` is signed as received."""

    seq: int
    reason: MoveReason
    market: int
    lots: int
    value: int
    source: int
    destination: int
    source_realised: int
    destination_realised: int


class LossCovered(Struct, frozen=True, gc=False, array_like=True, tag=65):
    """An insurance fund paid into a pool in deficit; `fund` is what it holds now."""

    seq: int
    account: int
    asset: int
    market: int
    amount: int
    fund: int


class CollateralConverted(Struct, frozen=True, gc=False, array_like=True, tag=66):
    """An account's collateral went to the insurance fund for its value in the settlement asset."""

    seq: int
    account: int
    asset: int
    amount: int
    settlement: int
    value: int


class LossSocialised(Struct, frozen=True, gc=False, array_like=True, tag=67):
    """A deficit was shared among the positions on one side of a market, by `open_interest` lots."""

    seq: int
    account: int
    asset: int
    market: int
    side: Side
    amount: int
    open_interest: int


WaterfallEvent: TypeAlias = (
    LiquidationSet
    | VaultSet
    | LiquidatorSet
    | InsuranceSet
    | InsuranceFunded
    | StandingChanged
    | PoolLocked
    | PoolReleased
    | IncreasingCancelled
    | LiquidationStarted
    | LiquidationEnded
    | AuctionOpened
    | AuctionClosed
    | PositionMoved
    | LossCovered
    | CollateralConverted
    | LossSocialised
)
"""Any event of `docs/rules_waterfall.md`."""

TYPES: Final[tuple[type[WaterfallEvent], ...]] = (
    LiquidationSet,
    VaultSet,
    LiquidatorSet,
    InsuranceSet,
    InsuranceFunded,
    StandingChanged,
    PoolLocked,
    PoolReleased,
    IncreasingCancelled,
    LiquidationStarted,
    LiquidationEnded,
    AuctionOpened,
    AuctionClosed,
    PositionMoved,
    LossCovered,
    CollateralConverted,
    LossSocialised,
)
"""These event types in the order of their tags."""
