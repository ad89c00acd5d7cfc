"""Event digest, state root and snapshot by docs/digests.md, computed from the model's state and from nothing else.

Everything is hashed anew each time it is asked for: no bucket is remembered, so that none can be forgotten.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from blake3 import blake3

from . import commands as c
from . import events as e
from .events import Event
from .margin import exposure
from .state import Account, Asset, Market, Order, Position, State
from .wire import encode

WINDOW = 512
ACCOUNTS_PER_BUCKET = 16
TICKS_PER_BUCKET = 64
NO_DIGEST = bytes(32)
MAGIC = b"XBSNAPS1"


def digest(data: bytes) -> bytes:
    """BLAKE3, 32 bytes."""
    return blake3(data).digest()


def text(value: str) -> bytes:
    """Its length in bytes as u8, then UTF-8."""
    data = value.encode()
    return struct.pack("<B", len(data)) + data


def listed(parts: Iterable[bytes]) -> bytes:
    """How many as u32, then each."""
    parts = list(parts)
    return struct.pack("<I", len(parts)) + b"".join(parts)


def sequence_bytes(state: State) -> bytes:
    """Where the session stands, and the counters."""
    return struct.pack("<4Q", state.seq, state.time, state.orders_accepted, state.trades_made)


def parameters_bytes(state: State) -> bytes:
    """Everything that configuration commands set."""
    intervals = (state.root_interval_commands, state.root_interval_ns)
    return b"".join(
        (
            struct.pack("<2I2Q", state.ruleset, state.open_orders_max, *intervals),
            listed(struct.pack("<B", origin) + text(name) + text(version) for origin, name, version in state.authors),
            listed(text(asset.symbol) + struct.pack("<B", asset.decimals) for _, asset in sorted(state.assets.items())),
            listed(market_terms(market) for _, market in sorted(state.markets.items())),
        )
    )


def market_terms(market: Market) -> bytes:
    """What a market is; its tick value follows from it."""
    sizes = (market.tick_size_e12, market.lot_size_e12)
    bounds = (market.price_max, market.position_max)
    rates = (market.maker_rate, market.taker_rate)
    limits = (market.order_min_notional, market.order_max_lots, market.price_band_rate, market.market_bound_rate)
    head = struct.pack("<H2Q8q", market.settlement, *sizes, *bounds, *rates, *limits)
    return text(market.symbol) + head + listed(struct.pack("<3q", *tier) for tier in market.tiers)


def market_prices(market: Market) -> bytes:
    """What a market last was worth and last traded at, 0 before the first."""
    return struct.pack("<2q", market.mark, market.last)


def asset_funds(asset: Asset) -> bytes:
    """The venue's own money in an asset."""
    return struct.pack("<4q", asset.net_deposits, asset.fees, asset.insurance, asset.dust)


def account_bytes(account: Account) -> bytes:
    """Whose it is, and its cash by asset; a balance of nothing is none."""
    cash = sorted((asset, amount) for asset, amount in account.cash.items() if amount != 0)
    return struct.pack("<I", account.master) + listed(struct.pack("<Hq", *balance) for balance in cash)


def positions_bytes(account: Account) -> bytes:
    """Positions and open lots by market; a market with neither, or with reduce-only orders alone, is none."""
    touched = set(account.positions) | {order.market for order in account.orders.values()}
    rows = []
    for market in sorted(touched):
        held, shown = account.positions.get(market, Position()), exposure(account, market)
        if (held.lots, held.cost, shown.buys, shown.sells) != (0, 0, 0, 0):
            rows.append(struct.pack("<H4q", market, held.lots, held.cost, shown.buys, shown.sells))
    return listed(rows)


def nonces_bytes(account: Account) -> bytes:
    """The nonces an account has used and the seqs that used them, by nonce."""
    return listed(struct.pack("<2Q", nonce, seq) for nonce, seq in sorted(account.nonces.items()))


def order_bytes(order: Order) -> bytes:
    """An open order; its market is known from where it stands."""
    flags = 1 * order.post_only + 2 * order.reduce_only
    modes = (order.side, order.time_in_force, order.self_trade, flags)
    sizes = (order.price, order.lots, order.filled)
    return struct.pack("<QI4B3q2Q", order.order, order.account, *modes, *sizes, order.client_order, order.expires_at)


def orders_of(market: Market) -> Iterator[Order]:
    """The resting orders of a market by ascending price, at one price in priority."""
    for _, queue in sorted(market.queues.items(), key=lambda level: level[0][1]):
        yield from queue


def account_buckets(state: State, write: Callable[[Account], bytes]) -> bytes:
    """The digests of each 16 accounts, back to back: 1 to 16, 17 to 32, ..."""
    written = [write(account) for _, account in sorted(state.accounts.items())]
    starts = range(0, len(written), ACCOUNTS_PER_BUCKET)
    return b"".join(digest(b"".join(written[start : start + ACCOUNTS_PER_BUCKET])) for start in starts)


def order_buckets(market: Market) -> bytes:
    """The digests of each 64 ticks of a book that hold an order, each behind its number: 0 is the ticks below 64."""
    buckets: dict[int, bytes] = {}
    for order in orders_of(market):
        bucket = order.price // TICKS_PER_BUCKET
        buckets[bucket] = buckets.get(bucket, b"") + order_bytes(order)
    return listed(struct.pack("<I", bucket) + digest(data) for bucket, data in sorted(buckets.items()))


def subsystem_roots(state: State) -> list[tuple[str, bytes]]:
    """The eight subsystems in their order, each with its digest."""
    markets = [market for _, market in sorted(state.markets.items())]
    assets = [asset for _, asset in sorted(state.assets.items())]
    return [
        ("parameters", digest(parameters_bytes(state))),
        ("sequence", digest(sequence_bytes(state))),
        ("markets", digest(b"".join(map(market_prices, markets)))),
        ("funds", digest(b"".join(map(asset_funds, assets)))),
        ("accounts", digest(account_buckets(state, account_bytes))),
        ("positions", digest(account_buckets(state, positions_bytes))),
        ("idempotency", digest(account_buckets(state, nonces_bytes))),
        ("orders", digest(b"".join(map(order_buckets, markets)))),
    ]


def state_root(state: State) -> bytes:
    """One digest over the whole state."""
    return digest(b"".join(name.encode() + root for name, root in subsystem_roots(state)))


class Witness:
    """What a session commits to: it is shown each command after the model ran it, and keeps digest and root mark."""

    def __init__(self) -> None:
        self.seq = 0
        self.chain = NO_DIGEST
        self.window = b""
        self.root_seq = 0
        self.root_time = 0
        self.root = NO_DIGEST

    def see(self, state: State, command: c.Command, events: list[Event]) -> None:
        """Takes in one command, whether it was executed or refused, with the state it led to and its events."""
        self.seq += 1
        assert state.seq == self.seq
        self.window += b"".join(encode(event) for event in events)
        if self.seq % WINDOW == 0:
            self.chain, self.window = digest(self.window + self.chain), b""
        if root_is_due(state, command, events, self.root_time):
            self.root_seq, self.root_time, self.root = state.seq, state.time, state_root(state)

    def event_digest(self) -> bytes:
        """The digest of all events so far."""
        return digest(self.window + self.chain) if self.window else self.chain

    def exec_mark(self) -> bytes:
        """What the next block would commit to."""
        return struct.pack("<Q32sQ32s", self.seq, self.event_digest(), self.root_seq, self.root)

    def snapshot(self, state: State) -> bytes:
        """The kernel's snapshot of this state."""
        markets = [market for _, market in sorted(state.markets.items())]
        accounts = [account for _, account in sorted(state.accounts.items())]
        assets = [asset for _, asset in sorted(state.assets.items())]
        return b"".join(
            (
                MAGIC,
                sequence_bytes(state),
                parameters_bytes(state),
                *map(asset_funds, assets),
                *map(market_prices, markets),
                listed(account_bytes(a) + positions_bytes(a) + nonces_bytes(a) for a in accounts),
                *(listed(map(order_bytes, orders_of(market))) for market in markets),
                self.chain,
                struct.pack("<I", len(self.window)) + self.window,
                struct.pack("<2Q32s", self.root_seq, self.root_time, self.root),
            )
        )


def root_is_due(state: State, command: c.Command, events: list[Event], last_time: int) -> bool:
    """Whether a root is taken after this command, the last one having been taken at `last_time` (0: none yet)."""
    if state.seq % state.root_interval_commands == 0:
        return True
    length = state.root_interval_ns
    if length != 0 and state.time // length != last_time // length:
        return True
    return isinstance(command, c.Checkpoint) and events[-1][0] != e.REJECTED
