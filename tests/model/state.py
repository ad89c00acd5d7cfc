"""Everything the venue remembers, as plain records. No behaviour beyond construction lives here."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from .arithmetic import RATE_ONE, ceil_div  # noqa: F401 (most who look at the state divide by rates)
from .commands import BUY, CONTINUOUS, SELL, STANDARD, FeeTier, Tier
from .events import Event
from .oracle_state import NO_GRADES, NO_ORACLE, Grades, Oracle
from .portfolio_state import PortfolioTerms
from .waterfall_state import Waterfall

BALANCE_MAX = 2**62


class Levels(NamedTuple):
    """Between the requirement of a pool and what is asked of it at each occasion."""

    initial_rate: int = RATE_ONE
    transfer_rate: int = RATE_ONE
    buffer_rate: int = 0
    account_floor: int = 0


@dataclass(slots=True)
class Collateral:
    """How an asset counts towards the pools of another."""

    settlement: int
    haircut_rate: int
    account_cap: int
    total_cap: int
    price_decimals: int
    price: int = 0
    depeg_rate: int = RATE_ONE


@dataclass(slots=True)
class Gate:
    """What holds withdrawals of an asset back; `withdrawn` is what left in the window of stamped time `window`."""

    closed: bool = False
    interval_ns: int = 0
    amount_max: int = 0
    window: int = 0
    withdrawn: int = 0


@dataclass(slots=True)
class Asset:
    """An asset, its rules, and the venue's own money in it; everything in minor units."""

    asset: int
    symbol: str
    decimals: int
    net_deposits: int = 0
    fees: int = 0
    insurance: int = 0
    dust: int = 0
    levels: Levels = field(default_factory=Levels)
    collateral: Collateral | None = None
    gate: Gate = field(default_factory=Gate)


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
    hedge: bool = False  # sent by a step of the waterfall that may have to open a position


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
    fee_tiers: tuple[FeeTier, ...] = ()
    mode: int = CONTINUOUS
    stress: bool = False
    group: int = 0
    size_rate: int = 0
    open_interest_lower: int = 0
    open_interest_upper: int = 0
    open_interest_max: int = 0
    concentration_rate: int = 0
    concentration_floor: int = 0
    # Funding, in parts of 1 / RATE_ONE: per lot, per lot of a side, what was settled, and what rounding has collected.
    index: int = 0
    loss_index: dict[int, int] = field(default_factory=lambda: {BUY: 0, SELL: 0})
    funding_rate: int = 0
    clearing: int = 0
    fraction: int = 0
    oracle: Oracle = NO_ORACLE
    grades: Grades = NO_GRADES


@dataclass(slots=True)
class Position:
    """Signed lots, long positive, what they cost (signed money), and the indices as of their last settlement.

    `margin` backs the position while it is isolated. A position of which nothing is set is absent.
    """

    lots: int = 0
    cost: int = 0
    index: int = 0
    loss_index: int = 0
    isolated: bool = False
    margin: int = 0
    initial_rate: int = 0
    changed: int = 0  # the seq as of which lots, cost and index are; 0 without lots
    margin_changed: int = 0


@dataclass(slots=True)
class Account:
    """A master or sub-account; `orders` are the open ones by id, `nonces` maps a used nonce to the seq that used it."""

    account: int
    master: int
    cash: dict[int, int] = field(default_factory=dict)
    cash_changed: dict[int, int] = field(default_factory=dict)  # the seq, by asset
    positions: dict[int, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    nonces: dict[int, int] = field(default_factory=dict)
    margin_mode: int = STANDARD
    fee_tier: int = 0
    maker_rebate_rate: int = 0
    reduce_only: bool = False
    no_withdraw: bool = False
    no_transfer: bool = False
    markets: tuple[int, ...] = ()
    destinations: tuple[int, ...] = ()
    locked: set[tuple[int, int]] = field(default_factory=set)  # pools, by asset and market
    allowances: dict[tuple[int, int], int] = field(default_factory=dict)  # by destination and asset
    volumes: dict[int, tuple[int, int]] = field(default_factory=dict)  # as maker and as taker, by asset
    agents: set[int] = field(default_factory=set)  # authors that may act for it as policies


@dataclass(slots=True)
class State:
    """The whole venue. `events` collects what the present command, sent by `origin` and `author`, has said so far."""

    seq: int = 0
    time: int = 0
    origin: int = 0
    author: int = 0
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
    portfolio: PortfolioTerms = field(default_factory=PortfolioTerms)
    waterfall: Waterfall = field(default_factory=Waterfall)
    exposure_caps: dict[tuple[int, int, int], int] = field(default_factory=dict)  # by account, scope and id
    # The seq of the last command of a kind that was executed on an entity: market, asset, group, or account and market.
    set_at: dict[tuple[str, Any], int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def emit(self, tag: int, *fields: Any) -> None:
        """Says that something happened, at the present seq."""
        self.events.append((tag, self.seq, *fields))

    def scratch_copy(self) -> State:
        """A deep copy that shares nothing with this one (by pickle: several times faster than `deepcopy`)."""
        return cast("State", pickle.loads(pickle.dumps(self)))
