"""The vocabulary coming out: an event is the tuple `(tag, seq, *fields)`, fields in the order of docs/rules.md."""

from __future__ import annotations

from typing import Any

Event = tuple[Any, ...]

REJECTED = 1
ASSET_ADDED = 2
MARKET_ADDED = 3
TIERS_SET = 4
FEES_SET = 5
LIMITS_SET = 6
PARAMETERS_SET = 7
ACCOUNT_CREATED = 8
DEPOSITED = 9
WITHDRAWN = 10
TRANSFERRED = 11
MARK_SET = 12
ORDER_ACCEPTED = 13
TRADED = 14
ORDER_RESTED = 15
ORDER_CANCELLED = 16
ORDER_AMENDED = 17
SELF_TRADE_PREVENTED = 18
MASS_CANCELLED = 19
TICKED = 20
CHECKPOINT_TAKEN = 21
AUTHOR_REGISTERED = 22
REPAIRED = 23
RULESET_ACTIVATED = 24

REQUESTED = 1
IMMEDIATE_OR_CANCEL = 2
MASS_CANCEL = 3
EXPIRED = 4
MARGIN = 5
SELF_TRADE = 6
REDUCE_ONLY = 7

CANCEL_REASONS = {
    REQUESTED: "requested",
    IMMEDIATE_OR_CANCEL: "immediate_or_cancel",
    MASS_CANCEL: "mass_cancel",
    EXPIRED: "expired",
    MARGIN: "margin",
    SELF_TRADE: "self_trade",
    REDUCE_ONLY: "reduce_only",
}

TRADED_MONEY = "maker_fee taker_fee maker_realised taker_realised"

FIELDS: dict[int, tuple[str, str]] = {
    REJECTED: ("Rejected", "command account code a b"),
    ASSET_ADDED: ("AssetAdded", "asset symbol decimals"),
    MARKET_ADDED: ("MarketAdded", "market symbol settlement tick_value"),
    TIERS_SET: ("TiersSet", "market count"),
    FEES_SET: ("FeesSet", "market maker_rate taker_rate"),
    LIMITS_SET: ("LimitsSet", "market order_min_notional order_max_lots price_band_rate market_bound_rate"),
    PARAMETERS_SET: ("ParametersSet", "open_orders_max root_interval_commands root_interval_ns"),
    ACCOUNT_CREATED: ("AccountCreated", "account master"),
    DEPOSITED: ("Deposited", "account asset amount balance"),
    WITHDRAWN: ("Withdrawn", "account asset amount balance"),
    TRANSFERRED: ("Transferred", "source destination asset amount source_balance destination_balance"),
    MARK_SET: ("MarkSet", "market price previous"),
    ORDER_ACCEPTED: ("OrderAccepted", "order account market side price lots client_order"),
    TRADED: ("Traded", "trade market price lots taker_side maker_order taker_order maker taker " + TRADED_MONEY),
    ORDER_RESTED: ("OrderRested", "order lots"),
    ORDER_CANCELLED: ("OrderCancelled", "order account market lots reason"),
    ORDER_AMENDED: ("OrderAmended", "order account market price lots remaining kept_priority"),
    SELF_TRADE_PREVENTED: ("SelfTradePrevented", "market maker_order taker_order lots"),
    MASS_CANCELLED: ("MassCancelled", "account market count"),
    TICKED: ("Ticked", "time"),
    CHECKPOINT_TAKEN: ("CheckpointTaken", ""),
    AUTHOR_REGISTERED: ("AuthorRegistered", "author origin name version"),
    REPAIRED: ("Repaired", "first_seq blocks evidence"),
    RULESET_ACTIVATED: ("RulesetActivated", "ruleset"),
}


def describe(event: Event) -> str:
    """An event as one readable line: `Traded seq=7 trade=1 market=1 ...`."""
    name, fields = FIELDS[event[0]]
    pairs = zip(["seq", *fields.split()], event[1:], strict=True)
    return name + "".join(f" {field}={value!r}" for field, value in pairs)
