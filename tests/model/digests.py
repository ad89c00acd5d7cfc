"""Event digest, state root and snapshot by docs/digests.md, computed from the model's state and from nothing else.

Everything is hashed anew each time it is asked for: no bucket is remembered, so that none can be forgotten.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from blake3 import blake3

from . import commands as c
from . import events as e
from .caps import ALL_ACCOUNTS
from .events import Event
from .insurance import fund_amount
from .margin import exposure, position_of
from .pools import Pool, cross_pool, is_locked
from .portfolio_state import Concentration, PortfolioRates
from .rules_portfolio import GROUPS_MAX
from .standing import Liquidation
from .state import Account, Asset, Collateral, Market, Order, Position, State
from .waterfall_state import Insurance
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
    counters = (state.orders_accepted, state.trades_made, state.waterfall.auctions_opened)
    return struct.pack("<5Q", state.seq, state.time, *counters)


def parameters_bytes(state: State) -> bytes:
    """Everything that configuration commands set."""
    intervals = (state.root_interval_commands, state.root_interval_ns)
    vaults = sorted((*key, exposure_max) for key, exposure_max in state.waterfall.vaults.items())
    return b"".join(
        (
            struct.pack("<2I2Q", state.ruleset, state.open_orders_max, *intervals),
            listed(struct.pack("<B", origin) + text(name) + text(version) for origin, name, version in state.authors),
            listed(asset_terms(state, asset) for _, asset in sorted(state.assets.items())),
            listed(market_terms(state, market) for _, market in sorted(state.markets.items())),
            group_terms(state),
            caps_of(state, ALL_ACCOUNTS),
            listed(struct.pack("<IHq", *vault) for vault in vaults),
            listed(struct.pack("<I", liquidator) for liquidator in sorted(state.waterfall.liquidators)),
        )
    )


def auctions_bytes(state: State) -> bytes:
    """The open auctions by number."""
    return listed(
        struct.pack(
            "<QIHB3q2Q",
            *(auction.auction, auction.account, auction.market, auction.side, auction.lots),
            *(auction.discount_start_rate, auction.discount_end_rate, auction.opened_at, auction.duration_ns),
        )
        for _, auction in sorted(state.waterfall.auctions.items())
    )


def set_at(state: State, kind: type, entity: Any) -> int:
    """The seq of the command of a kind that last set something of an entity; 0 before the first."""
    return state.set_at.get((kind.__name__, entity), 0)


def asset_terms(state: State, asset: Asset) -> bytes:
    """What an asset is, and how the pools that settle in it are held."""
    *rates, cooldown_ns, fee_rate = state.waterfall.liquidation.get(asset.asset, Liquidation())
    rates_of_portfolio = state.portfolio.rates.get(asset.asset, PortfolioRates())
    return b"".join(
        (
            text(asset.symbol) + struct.pack("<B", asset.decimals),
            struct.pack("<4qQ", *asset.levels, set_at(state, c.SetLevels, asset.asset)),
            struct.pack("<8q2Q", *rates, fee_rate, cooldown_ns, set_at(state, c.SetLiquidation, asset.asset)),
            struct.pack("<qIQ", *rates_of_portfolio, set_at(state, c.SetPortfolio, asset.asset)),
            b"\0" if asset.collateral is None else b"\1" + collateral_terms(state, asset, asset.collateral),
            struct.pack("<BQq", asset.gate.closed, asset.gate.interval_ns, asset.gate.amount_max),
            insurance_terms(state, asset.asset, 0),
        )
    )


def collateral_terms(state: State, asset: Asset, terms: Collateral) -> bytes:
    """How an asset counts; its price is gone when its terms are set again."""
    since, priced = set_at(state, c.SetCollateral, asset.asset), set_at(state, c.SetCollateralPrice, asset.asset)
    caps = (terms.haircut_rate, terms.account_cap, terms.total_cap, terms.price, terms.depeg_rate)
    priced = priced if priced > since else 0
    return struct.pack("<H5qB2Q", terms.settlement, *caps, terms.price_decimals, since, priced)


def insurance_terms(state: State, asset: int, market: int) -> bytes:
    """What a fund may lose."""
    insurance = state.waterfall.insurance.get((asset, market), Insurance())
    return struct.pack("<qQ", insurance.loss_max, insurance.interval_ns)


def insurance_bytes(state: State, asset: int, market: int) -> bytes:
    """What a fund has, and what it paid in its window."""
    insurance = state.waterfall.insurance.get((asset, market), Insurance())
    return struct.pack("<qQq", fund_amount(state, asset, market), insurance.window, insurance.paid)


def caps_of(state: State, account: int) -> bytes:
    """The exposure caps of an account by scope and id, or those for all accounts."""
    caps = sorted((scope, number, cap) for (who, scope, number), cap in state.exposure_caps.items() if who == account)
    return listed(struct.pack("<BHq", *cap) for cap in caps)


def market_terms(state: State, market: Market) -> bytes:
    """What a market is; its tick value follows from it."""
    sizes = (market.tick_size_e12, market.lot_size_e12)
    bounds = (market.price_max, market.position_max)
    rates = (market.maker_rate, market.taker_rate)
    limits = (market.order_min_notional, market.order_max_lots, market.price_band_rate, market.market_bound_rate)
    scaling = (market.size_rate, market.open_interest_lower, market.open_interest_upper)
    caps = (market.open_interest_max, market.concentration_rate, market.concentration_floor)
    since = (set_at(state, c.SetScaling, market.market), set_at(state, c.SetTiers, market.market))
    return b"".join(
        (
            text(market.symbol),
            struct.pack("<H2Q8q", market.settlement, *sizes, *bounds, *rates, *limits),
            struct.pack("<6q2Q2B", *scaling, *caps, *since, market.mode, market.stress),
            struct.pack("<3B", *market.grades),
            scenario_terms(state, market),
            insurance_terms(state, market.settlement, market.market),
            listed(struct.pack("<2q", *tier) for tier in market.fee_tiers),
            listed(struct.pack("<3q", *tier) for tier in market.tiers),
        )
    )


def scenario_terms(state: State, market: Market) -> bytes:
    """A market's group and moves, and what it charges for concentration."""
    number = market.market
    since = max(set_at(state, c.SetGroup, number), set_at(state, c.SetScenarios, number))
    concentration = state.portfolio.concentrations.get(number, Concentration())
    moves = state.portfolio.moves.get(number, ())
    head = struct.pack("<HQ2qQ", market.group, since, *concentration, set_at(state, c.SetConcentration, number))
    return head + listed(struct.pack("<q", move) for move in moves)


def group_terms(state: State) -> bytes:
    """What holds within each group and between them."""
    matrices = state.portfolio.matrices
    bases = [
        struct.pack("<qQ", state.portfolio.basis_rates.get(group, 0), set_at(state, c.SetBasis, group))
        for group in range(1, GROUPS_MAX + 1)
    ]
    since = [seq for (kind, _), seq in state.set_at.items() if kind == c.SetCorrelations.__name__]
    head = struct.pack("<2qQ", matrices.towards_one_rate, matrices.towards_zero_rate, max(since, default=0))
    pairs = listed(struct.pack("<2H2q", *groups, *pair) for groups, pair in sorted(matrices.pairs.items()))
    return b"".join(bases) + head + pairs


def market_prices(state: State, market: Market) -> bytes:
    """What a market last was worth and last traded at, 0 before the first; its oracle price, funding and insurance."""
    number = market.market
    indices = (market.index, market.loss_index[c.BUY], market.loss_index[c.SELL], market.clearing, market.fraction)
    lost = [seq for (kind, entity), seq in state.set_at.items() if kind == "Socialise" and entity[1] == number]
    since = (set_at(state, c.SettleFunding, number), max(lost, default=0))
    return b"".join(
        (
            struct.pack("<qQq", market.mark, set_at(state, c.SetMark, number), market.last),
            struct.pack("<2qB3Q", *market.oracle),
            *map(wide, indices),
            struct.pack("<q2Q", market.funding_rate, *since),
            insurance_bytes(state, market.settlement, number),
        )
    )


def wide(value: int) -> bytes:
    """Sixteen bytes, signed."""
    return value.to_bytes(16, "little", signed=True)


def asset_funds(state: State, asset: Asset) -> bytes:
    """The venue's own money in an asset, and what went through its gate."""
    funds = struct.pack("<3q", asset.net_deposits, asset.fees, asset.dust)
    gate = struct.pack("<Q", asset.gate.window) + wide(asset.gate.withdrawn)
    return funds + insurance_bytes(state, asset.asset, 0) + gate


def account_bytes(state: State, account: Account) -> bytes:
    """Whose it is, how it is margined, and its balances by asset; a balance there is nothing to is none."""
    profile = (account.margin_mode, account.reduce_only, account.fee_tier, account.maker_rebate_rate)
    balances = [balance_bytes(state, account, asset) for asset in sorted(state.assets)]
    mandate = mandate_bytes(state, account)
    flag = b"\0" if not any(mandate) else b"\1" + mandate
    return struct.pack("<I3Bq", account.master, *profile) + listed(filter(None, balances)) + flag


def balance_bytes(state: State, account: Account, asset: int) -> bytes:
    """One balance, what was traded, and the condition of its cross pool; no bytes if there is nothing to it."""
    money = struct.pack("<qQ", account.cash.get(asset, 0), account.cash_changed.get(asset, 0))
    volumes = b"".join(map(wide, account.volumes.get(asset, (0, 0))))
    body = money + volumes + condition_bytes(state, cross_pool(account, asset))
    return struct.pack("<H", asset) + body if any(body) else b""


def condition_bytes(state: State, pool: Pool) -> bytes:
    """What the waterfall remembers of a pool."""
    standing, until = state.waterfall.standings.get(pool, 0), state.waterfall.cooldowns.get(pool, 0)
    return struct.pack("<2BQ", standing, is_locked(state, pool), until)


def mandate_bytes(state: State, account: Account) -> bytes:
    """What holds an account back, and what it allows others; all zeros if nothing."""
    allowances = sorted((*key, amount) for key, amount in account.allowances.items())
    return b"".join(
        (
            struct.pack("<2B", account.no_withdraw, account.no_transfer),
            listed(struct.pack("<H", market) for market in account.markets),
            listed(struct.pack("<Q", destination) for destination in account.destinations),
            caps_of(state, account.account),
            listed(struct.pack("<IHq", *allowance) for allowance in allowances),
            listed(struct.pack("<H", agent) for agent in sorted(account.agents)),
        )
    )


def positions_bytes(state: State, account: Account) -> bytes:
    """Positions and open lots by market, of those that have any or a rider; then the riders."""
    touched = set(account.positions) | {order.market for order in account.orders.values()}
    rows, riders = [], []
    for market in sorted(touched):
        held, shown = account.positions.get(market, Position()), exposure(account, market)
        rider = rider_bytes(state, account, market)
        if rider or (held.lots, held.cost, shown.buys, shown.sells) != (0, 0, 0, 0):
            head = struct.pack("<H4qQ", market, held.lots, held.cost, shown.buys, shown.sells, held.changed)
            rows.append(head + wide(held.index))
        if rider:
            riders.append(rider)
    return listed(rows) + listed(riders)


def rider_bytes(state: State, account: Account, market: int) -> bytes:
    """Isolation, leverage and the loss index of a position; no bytes if it has none."""
    held, since = position_of(account, market), set_at(state, c.SetLeverage, (account.account, market))
    condition = condition_bytes(state, Pool(account.account, state.markets[market].settlement, market))
    margin = struct.pack("<Bq", held.isolated, held.margin) + struct.pack("<Q", held.margin_changed) + condition
    body = margin + struct.pack("<qQ", held.initial_rate, since if held.initial_rate else 0) + wide(held.loss_index)
    return struct.pack("<H", market) + body if any(body) else b""


def nonces_bytes(_state: State, account: Account) -> bytes:
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


def account_buckets(state: State, write: Callable[[State, Account], bytes]) -> bytes:
    """The digests of each 16 accounts, back to back: 1 to 16, 17 to 32, ..."""
    written = [write(state, account) for _, account in sorted(state.accounts.items())]
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
        ("markets", digest(b"".join(market_prices(state, market) for market in markets) + auctions_bytes(state))),
        ("funds", digest(b"".join(asset_funds(state, asset) for asset in assets))),
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
                *(asset_funds(state, asset) for asset in assets),
                *(market_prices(state, market) for market in markets),
                auctions_bytes(state),
                listed(account_bytes(state, a) + positions_bytes(state, a) + nonces_bytes(state, a) for a in accounts),
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
