"""Every reason a command may be refused: number, name, what its two values mean, and what to do about it.

The order and the exact conditions are in `docs/rules.md`; the numbers never change meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct


class RejectCode(IntEnum):
    """The number of a refusal; hundreds are the stage: 1 common, 2 configuration, 3 money, 4 orders and marks."""

    ORIGIN_NOT_PERMITTED = 101
    UNKNOWN_AUTHOR = 102
    CAUSE_NOT_EARLIER = 103
    UNKNOWN_ACCOUNT = 104
    NONCE_WITHOUT_ACCOUNT = 105
    DUPLICATE_NONCE = 106
    NONCE_TOO_OLD = 107
    UNKNOWN_ASSET = 108
    UNKNOWN_MARKET = 109
    SYMBOL_INVALID = 201
    SYMBOL_TAKEN = 202
    DECIMALS_OUT_OF_RANGE = 203
    SIZE_OUT_OF_RANGE = 204
    TICK_VALUE_NOT_EXACT = 205
    PRICE_MAX_OUT_OF_RANGE = 206
    POSITION_MAX_OUT_OF_RANGE = 207
    NOTIONAL_LIMIT = 208
    TIERS_INVALID = 209
    FEES_OUT_OF_RANGE = 210
    LIMITS_INVALID = 211
    PARAMETERS_INVALID = 212
    PARENT_IS_SUB_ACCOUNT = 213
    AUTHOR_INVALID = 214
    RULESET_NOT_SUPPORTED = 215
    CAPACITY_REACHED = 216
    AMOUNT_NOT_POSITIVE = 301
    SUPPLY_LIMIT = 302
    INSUFFICIENT_BALANCE = 303
    WITHDRAWAL_MARGIN = 304
    SAME_ACCOUNT = 305
    NOT_SAME_MASTER = 306
    PRICE_OUT_OF_RANGE = 401
    LOTS_NOT_POSITIVE = 402
    TIME_IN_FORCE_INVALID = 403
    ALREADY_EXPIRED = 404
    MARKET_NOT_READY = 405
    DUPLICATE_CLIENT_ORDER = 406
    OPEN_ORDERS_LIMIT = 407
    ORDER_TOO_LARGE = 408
    NOTIONAL_TOO_SMALL = 409
    PRICE_OUTSIDE_BAND = 410
    POSITION_LIMIT = 411
    WOULD_NOT_REDUCE = 412
    POST_ONLY_WOULD_CROSS = 413
    MARGIN_INSUFFICIENT = 414
    FILL_OR_KILL_UNFILLED = 415
    ORDER_REFERENCE_INVALID = 416
    UNKNOWN_ORDER = 417
    AMEND_BELOW_FILLED = 418
    AMEND_CHANGES_NOTHING = 419

    @property
    def camel(self) -> str:
        """The name as `docs/rules.md` and the kernel's vocabulary write it, for example `UnknownAccount`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class Reason(Struct, frozen=True):
    """What one reject code means: one sentence, the names of `a` and `b` ("" for unused), and a hint."""

    code: RejectCode
    meaning: str
    a: str
    b: str
    hint: str


_R = RejectCode
_REASONS: Final[tuple[tuple[RejectCode, str, str, str, str], ...]] = (
    (_R.ORIGIN_NOT_PERMITTED, "this origin may not issue the command", "origin", "",
     "docs/rules.md lists the origins of each command; pass origin= to submit"),
    (_R.UNKNOWN_AUTHOR, "no author has this id", "author", "", "register it with RegisterAuthor, or use author 0"),
    (_R.CAUSE_NOT_EARLIER, "a command can only be caused by an earlier seq", "cause", "",
     "pass the seq of the command that caused this one, or 0"),
    (_R.UNKNOWN_ACCOUNT, "no account has this id", "account", "", "accounts are created by CreateAccount, from 1 up"),
    (_R.NONCE_WITHOUT_ACCOUNT, "a nonce belongs to an account, and the command has none", "nonce", "",
     "leave the nonce 0 for this command"),
    (_R.DUPLICATE_NONCE, "the account used this nonce before: the command already ran", "nonce", "original_seq",
     "find the original answer with venue.receipt(original_seq); use a higher nonce for a new command"),
    (_R.NONCE_TOO_OLD, "the nonce is below all the account's remembered ones", "nonce", "lowest_remembered",
     "use nonces that rise; the highest 128 are remembered"),
    (_R.UNKNOWN_ASSET, "no asset has this id", "asset", "", "assets are added by AddAsset, from 1 up"),
    (_R.UNKNOWN_MARKET, "no market has this id", "market", "", "markets are added by AddMarket, from 1 up"),
    (_R.SYMBOL_INVALID, "a symbol is 1 to 24 of the characters A-Z a-z 0-9 - _ . / :", "", "", "choose another symbol"),
    (_R.SYMBOL_TAKEN, "the symbol is in use", "holder", "", "symbols are unique among assets, and among markets"),
    (_R.DECIMALS_OUT_OF_RANGE, "an asset has at most 18 decimals", "decimals", "", "use fewer decimals"),
    (_R.SIZE_OUT_OF_RANGE, "tick and lot size must be in 10^-12 .. 10^6", "tick_size_e12", "lot_size_e12",
     "sizes are given times 10^12"),
    (_R.TICK_VALUE_NOT_EXACT, "one tick of one lot must be a whole number of minor units, at most 2^40", "", "",
     "choose tick and lot so that tick_size * lot_size * 10^decimals is a whole number"),
    (_R.PRICE_MAX_OUT_OF_RANGE, "price_max must be in 1 .. 2^31-1 ticks", "price_max", "", "use a coarser tick"),
    (_R.POSITION_MAX_OUT_OF_RANGE, "position_max must be at least one lot", "position_max", "", "raise it"),
    (_R.NOTIONAL_LIMIT, "price_max * position_max * tick_value must not exceed 2^58", "", "",
     "lower price_max or position_max, or use an asset of fewer decimals"),
    (_R.TIERS_INVALID, "tiers start at 0, bounds rise, rates never fall, maintenance <= initial <= 1, 1 to 16 of them",
     "tier", "", "look at the tier with this number, counted from 1; 0 speaks of how many there are"),
    (_R.FEES_OUT_OF_RANGE, "a fee rate is within 10 % either way, and maker + taker is not negative", "maker_rate",
     "taker_rate", "a rebate must be covered by the taker's fee"),
    (_R.LIMITS_INVALID, "a limit is out of range", "field_position", "",
     "the field by position: order_min_notional, order_max_lots, price_band_rate, market_bound_rate"),
    (_R.PARAMETERS_INVALID, "a parameter is out of range", "field_position", "",
     "the field by position: open_orders_max, root_interval_commands"),
    (_R.PARENT_IS_SUB_ACCOUNT, "a sub-account cannot have sub-accounts", "parent", "", "use its master as the parent"),
    (_R.AUTHOR_INVALID, "an author has a name and a version", "", "", "give both"),
    (_R.RULESET_NOT_SUPPORTED, "this build does not have the ruleset", "ruleset", "", "upgrade crossbook first"),
    (_R.CAPACITY_REACHED, "the venue has as many of them as it may", "capacity", "",
     "docs/rules.md lists the capacities; open another venue"),
    (_R.AMOUNT_NOT_POSITIVE, "an amount must be positive", "amount", "", "the direction is in the command's name"),
    (_R.SUPPLY_LIMIT, "net deposits of an asset stay in 0 .. 2^60 minor units, a balance and the fees within 2^62",
     "amount", "present", "use an asset of fewer decimals; what debts left unpaid cannot be withdrawn"),
    (_R.INSUFFICIENT_BALANCE, "the amount exceeds the account's cash; unrealised profit is not paid out", "amount",
     "cash", "ask for at most `cash` minor units"),
    (_R.WITHDRAWAL_MARGIN, "the margin left behind would not carry the account's positions and orders",
     "equity_after", "required", "close positions, cancel orders or ask for less"),
    (_R.SAME_ACCOUNT, "source and destination are the same account", "", "", "name two accounts"),
    (_R.NOT_SAME_MASTER, "a transfer stays within one master account", "", "", "use withdraw and deposit"),
    (_R.PRICE_OUT_OF_RANGE, "the price must be in 1 .. price_max ticks", "price", "price_max", "check the units"),
    (_R.LOTS_NOT_POSITIVE, "the size must be positive", "lots", "", "the direction of an order is its side"),
    (_R.TIME_IN_FORCE_INVALID, "kind, time in force, post-only and expiry do not go together", "", "",
     "market orders and post-only exclude each other, market is IOC or FOK, expires_at belongs to GTD"),
    (_R.ALREADY_EXPIRED, "the order would expire before it rests", "expires_at", "time", "choose a later expires_at"),
    (_R.MARKET_NOT_READY, "the market has no margin tiers (1) or no mark (2) yet", "missing", "",
     "send SetTiers or SetMark first"),
    (_R.DUPLICATE_CLIENT_ORDER, "an open order of the account holds this client order id", "order", "",
     "use another client order id, or amend the open order"),
    (_R.OPEN_ORDERS_LIMIT, "the account has as many open orders as it may", "open_orders", "open_orders_max",
     "cancel one first"),
    (_R.ORDER_TOO_LARGE, "the order exceeds the market's largest size", "lots", "order_max_lots", "split it"),
    (_R.NOTIONAL_TOO_SMALL, "the order is below the market's smallest notional", "notional", "order_min_notional",
     "raise the size"),
    (_R.PRICE_OUTSIDE_BAND, "the price is outside the band around the mark", "price", "mark", "move it to the mark"),
    (_R.POSITION_LIMIT, "the worst side with this order would exceed the market's position limit", "worst_lots",
     "position_max", "reduce the size, or cancel other orders of this side"),
    (_R.WOULD_NOT_REDUCE, "a reduce-only order must be against the position", "position", "",
     "check the side; a flat account has nothing to reduce"),
    (_R.POST_ONLY_WOULD_CROSS, "the post-only order would trade at once", "best_opposite", "",
     "use a price behind the best opposite price"),
    (_R.MARGIN_INSUFFICIENT, "the margin required with this order exceeds the equity", "required", "equity",
     "reduce the size, deposit, or cancel other orders; venue.account(id) shows every term"),
    (_R.FILL_OR_KILL_UNFILLED, "less than the whole order would trade now", "fillable_lots", "lots",
     "use IOC to take what is there"),
    (_R.ORDER_REFERENCE_INVALID, "an order is named by exactly one of order and client_order", "", "", "give one"),
    (_R.UNKNOWN_ORDER, "the account has no such open order", "order", "client_order",
     "it may have been filled, cancelled or expired; venue.orders(account) lists the open ones"),
    (_R.AMEND_BELOW_FILLED, "the new size is not above what is already filled", "lots", "filled",
     "size is the total, filled lots included; cancel the order instead"),
    (_R.AMEND_CHANGES_NOTHING, "the order already has this price and size", "", "", "0 keeps the present value"),
)  # fmt: skip

REASONS: Final[Mapping[int, Reason]] = MappingProxyType({row[0].value: Reason(*row) for row in _REASONS})
"""The catalogue: one `Reason` per `RejectCode`."""


def explain(code: int, a: int = 0, b: int = 0) -> str:
    """A refusal in words, for example `MarginInsufficient (414): ... (required 120, equity 100); hint: ...`."""
    reason = REASONS.get(code)
    if reason is None:
        return f"reject {code} (a {a}, b {b}); hint: a newer crossbook knows this code"
    named = ", ".join(f"{name} {value}" for name, value in named_values(code, a, b).items())
    values = f" ({named})" if named else ""
    return f"{reason.code.camel} ({code}): {reason.meaning}{values}; hint: {reason.hint}"


def named_values(code: int, a: int, b: int) -> dict[str, int]:
    """The two values of a refusal under the names the catalogue gives them; unused ones are left out."""
    reason = REASONS.get(code)
    if reason is None:
        return {"a": a, "b": b}
    return {name: value for name, value in ((reason.a, a), (reason.b, b)) if name}
