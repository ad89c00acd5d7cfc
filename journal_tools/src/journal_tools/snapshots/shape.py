"""What a snapshot holds, part by part: a copy of the tables of docs/digests.md, which a test compares.

A field is `name kind`; a dot leads into a member. Kinds are the numbers of that page, `text`, `digest`, `list of PART`,
`flag PART` (a u8, and the part if it is 1), and `bytes` (a u32 count, then so many).
"""

from __future__ import annotations

from typing import Final

CONDITION: Final = "condition.standing u8, condition.locked u8, condition.cooldown_until u64"

PARTS: Final = {
    "sequence": "seq u64, time u64, orders_accepted u64, trades_made u64, auctions_opened u64",
    "parameters": "ruleset u32, open_orders_max u32, root_interval_commands u64, root_interval_ns u64",
    "author": "origin u8, name text, version text",
    "asset": (
        "symbol text, decimals u8, levels.initial_rate i64, levels.transfer_rate i64, levels.buffer_rate i64, "
        "levels.account_floor i64, levels.changed u64, liquidation.first_call_rate i64, "
        "liquidation.second_call_rate i64, liquidation.take_over_rate i64, liquidation.adjustment_rate i64, "
        "liquidation.spread_rate i64, liquidation.partial_rate i64, liquidation.partial_notional i64, "
        "liquidation.fee_rate i64, liquidation.cooldown_ns u64, liquidation.changed u64, "
        "portfolio.maintenance_rate i64, portfolio.funding_epochs u32, portfolio.changed u64, "
        "collateral flag collateral, gate.closed u8, gate.interval_ns u64, gate.amount_max i64, "
        "insurance.loss_max i64, insurance.interval_ns u64"
    ),
    "collateral": (
        "settlement u16, haircut_rate i64, account_cap i64, total_cap i64, price i64, depeg_rate i64, "
        "price_decimals u8, changed u64, price_changed u64"
    ),
    "market": (
        "symbol text, settlement u16, tick_size_e12 u64, lot_size_e12 u64, price_max i64, position_max i64, "
        "maker_rate i64, taker_rate i64, order_min_notional i64, order_max_lots i64, price_band_rate i64, "
        "market_bound_rate i64, size_rate i64, open_interest_lower i64, open_interest_upper i64, "
        "open_interest_max i64, concentration_rate i64, concentration_floor i64, scaling.changed u64, "
        "tiers.changed u64, mode u8, stress u8, least_grades.margin u8, least_grades.liquidation u8, "
        "least_grades.funding u8, scenarios.group u16, scenarios.changed u64, scenarios.concentration.threshold i64, "
        "scenarios.concentration.rate i64, scenarios.concentration.changed u64, scenarios.moves list of move, "
        "insurance.loss_max i64, insurance.interval_ns u64, fee_tiers list of fee_tier, tiers list of tier"
    ),
    "move": "move i64",
    "fee_tier": "maker_rate i64, taker_rate i64",
    "tier": "lower_bound i64, initial_rate i64, maintenance_rate i64",
    "group": "basis_rate i64, changed u64",
    "correlations": "towards_one_rate i64, towards_zero_rate i64, changed u64",
    "pair": "group_a u16, group_b u16, correlation_rate i64, offset_cap_rate i64",
    "cap": "scope u8, id u16, notional_max i64",
    "vault": "account u32, asset u16, exposure_max i64",
    "liquidator": "account u32",
    "funds": (
        "net_deposits i64, fees i64, dust i64, insurance.fund i64, insurance.window u64, insurance.paid i64, "
        "gate.window u64, gate.withdrawn i128"
    ),
    "prices": (
        "mark i64, mark.changed u64, last_traded_price i64, oracle.price i64, oracle.confidence i64, oracle.grade u8, "
        "oracle.observed_at u64, oracle.stamped_time u64, oracle.changed u64, funding.index i128, "
        "funding.loss_index_of_longs i128, funding.loss_index_of_shorts i128, funding.clearing i128, "
        "funding.fraction i128, funding.last_rate i64, funding.changed u64, funding.loss_changed u64, "
        "insurance.fund i64, insurance.window u64, insurance.paid i64"
    ),
    "auction": (
        "auction u64, account u32, market u16, side u8, lots i64, discount_start_rate i64, discount_end_rate i64, "
        "opened_at u64, duration_ns u64"
    ),
    "account": (
        "master u32, margin_mode u8, reduce_only u8, fee_tier u8, maker_rebate_rate i64, balances list of balance, "
        "mandate flag mandate"
    ),
    "balance": f"asset u16, cash i64, changed u64, maker_volume u128, taker_volume u128, {CONDITION}",
    "mandate": (
        "no_withdraw u8, no_transfer u8, markets list of permitted_market, destinations list of permitted_destination, "
        "caps list of cap, allowances list of allowance, agents list of agent"
    ),
    "permitted_market": "market u16",
    "permitted_destination": "destination u64",
    "allowance": "destination u32, asset u16, amount i64",
    "agent": "author u16",
    "position": (
        "market u16, lots i64, cost i64, open_buy_lots i64, open_sell_lots i64, changed u64, "
        "remembered_funding_index i128"
    ),
    "rider": (
        f"market u16, isolated u8, margin i64, margin.changed u64, {CONDITION}, own_initial_rate i64, "
        "rate.changed u64, remembered_loss_index i128"
    ),
    "nonce": "nonce u64, seq u64",
    "order": (
        "order u64, account u32, side u8, time_in_force u8, self_trade u8, flags u8, price i64, open_lots i64, "
        "filled_lots i64, client_order u64, expires_at u64"
    ),
    "events": "digest_of_full_windows digest, events_since bytes",
    "root_mark": "root_seq u64, root_time u64, state_root digest",
}
"""The fields of each part in order."""

KEYS: Final = {
    "pair": ("group_a", "group_b"),
    "cap": ("scope", "id"),
    "vault": ("account", "asset"),
    "liquidator": ("account",),
    "auction": ("auction",),
    "balance": ("asset",),
    "permitted_market": ("market",),
    "permitted_destination": ("destination",),
    "allowance": ("destination", "asset"),
    "agent": ("author",),
    "position": ("market",),
    "rider": ("market",),
    "nonce": ("nonce",),
    "order": ("order",),
}
"""Which fields name a member of a list; members of other lists are named by their places, from 1."""

GROUPS: Final = 64
"""There is always a group of each number up to this."""
