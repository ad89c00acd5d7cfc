"""What the commands are made of: integers of the wire, enumerations, rates."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

U8: TypeAlias = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U16: TypeAlias = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]
# msgspec compares Meta bounds in 64 signed bits; the encoder itself refuses what is over 2^64 - 1.
U64: TypeAlias = Annotated[int, Meta(ge=0)]
I64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

RATE_ONE: Final = 1_000_000_000
"""One, as a rate: rates are integers in parts per 1,000,000,000."""
STRING_BYTES_MAX: Final = 64
"""The longest name on the wire, in bytes of UTF-8."""
TEXT_BYTES_MAX: Final = 16_384
"""The longest text on the wire, in bytes of UTF-8."""

Text: TypeAlias = Annotated[str, Meta(title="text")]
"""A string that may be long: what somebody wrote."""


class Origin(IntEnum):
    """Who issued a command; what each command permits is in `PERMITTED_ORIGINS`."""

    CLIENT = 0
    ORACLE = 1
    POLICY = 2
    OPERATOR = 3


class Side(IntEnum):
    """The side of an order."""

    BUY = 1
    SELL = 2


class OrderKind(IntEnum):
    """A limit order rests at its price; a market order takes up to its protection bound and never rests."""

    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    """How long an order lives: until cancelled, immediate or cancel, fill or kill, until a stamped time."""

    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4


class SelfTrade(IntEnum):
    """What happens when an order would trade with its own master account; the taker's mode decides."""

    NONE = 0
    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


class MarketMode(IntEnum):
    """What a market takes: everything, reducing orders only, cancels only, nothing."""

    CONTINUOUS = 1
    REDUCE_ONLY = 2
    CANCEL_ONLY = 3
    HALTED = 4


class Scope(IntEnum):
    """What an exposure cap sums over: one market, a group of markets, or all that settle in an asset."""

    MARKET = 1
    GROUP = 2
    ASSET = 3


class MarginMode(IntEnum):
    """How the cross pools of an account are margined: market by market, or by scenarios."""

    STANDARD = 1
    PORTFOLIO = 2


class Grade(IntEnum):
    """How good an accepted price is; the higher, the better."""

    NONE = 0
    VOLATILE = 1
    UNCERTAIN = 2
    STALE = 3
    THIN = 4
    AGEING = 5
    GOOD = 6
