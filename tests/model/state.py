"""Everything the venue remembers, as plain records. No behaviour beyond construction lives here."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, cast

from .commands import Tier
from .events import Event

RATE_ONE = 10**9
BALANCE_MAX = 2**62


def ceil_div(numerator: int, denominator: int) -> int:
    """Division rounded towards plus infinity: whoever pays the quotient pays the dust."""
    return -(-numerator // denominator)


@dataclass(slots=True)
class Asset:
    """A settlement asset and the venue's own money in it; everything in minor units."""

    asset: int
    symbol: str
    decimals: int
    net_deposits: int = 0
    fees: int = 0
    insurance: int = 0
    dust: int = 0


@dataclass(slots=True)
class Order:
    """An order that is resting, or that is just being matched as the taker. `lots` is what is still open."""

    order: int
    account: int
    market: int
    side: int
    price: int
    lots: int
    filled: int
    time_in_force: int
    self_trade: int
    post_only: bool
    reduce_only: bool
    client_order: int
    expires_at: int


@dataclass(slots=True)
class Market:
    """A perpetual market; `queues` holds, per side and price, the resting orders in priority."""

    market: int
    symbol: str
    settlement: int
    tick_size_e12: int
    lot_size_e12: int
    tick_value: int
    price_max: int
    position_max: int
    order_max_lots: int
    maker_rate: int = 0
    taker_rate: int = 0
    order_min_notional: int = 0
    price_band_rate: int = 0
    market_bound_rate: int = 50_000_000
    tiers: tuple[Tier, ...] = ()
    mark: int = 0
    last: int = 0
    queues: dict[tuple[int, int], list[Order]] = field(default_factory=dict)


@dataclass(slots=True)
class Position:
    """Signed lots, long positive, and what they cost (signed money); absent when flat."""

    lots: int = 0
    cost: int = 0


@dataclass(slots=True)
class Account:
    """A master or sub-account; `orders` are the open ones by id, `nonces` maps a used nonce to the seq that used it."""

    account: int
    master: int
    cash: dict[int, int] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    nonces: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The whole venue. `events` collects what the present command has said so far."""

    seq: int = 0
    time: int = 0
    authors: list[tuple[int, str, str]] = field(default_factory=list)
    assets: dict[int, Asset] = field(default_factory=dict)
    markets: dict[int, Market] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    orders_accepted: int = 0
    trades_made: int = 0
    open_orders_max: int = 1_000
    root_interval_commands: int = 262_144
    root_interval_ns: int = 60_000_000_000
    ruleset: int = 1
    events: list[Event] = field(default_factory=list)

    def emit(self, tag: int, *fields: Any) -> None:
        """Says that something happened, at the present seq."""
        self.events.append((tag, self.seq, *fields))

    def scratch_copy(self) -> State:
        """A deep copy that shares nothing with this one (by pickle: several times faster than `deepcopy`)."""
        return cast("State", pickle.loads(pickle.dumps(self)))
