"""What is said about entrusted orders: the bodies of their notes."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from crossbook.commands import Side
from crossbook.commands.base import I64, U16, U32

ORDER: Final = "twap.order"
CANCEL: Final = "twap.cancel"
REFUSED: Final = "twap.refused"
DONE: Final = "twap.done"
HEDGER_REFUSED: Final = "hedger.refused"

Number: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""How a client numbers its orders."""


class Order(Struct, frozen=True):
    """The owner of the account, or the operator: buy or sell this, in slices.

    Attributes:
        account: whose order it is.
        order: the owner's number for it, not 0, unique among the account's that are being worked.
        market: where.
        side: 1 buy, 2 sell.
        lots: in all.
        duration_ns: from the note to the end.
        slices: how many children the lots are divided among, at equal distances from the note on.
        price: the worst price of every child in ticks; 0 leaves it to the market's own bound.
        style: `"take"` sends each child as immediate or cancel, `"rest"` lets it rest at the best price of its own
            side until the next one is due.
        reduce_only: whether the children may only reduce the position.
    """

    account: U32
    order: Number
    market: U16
    side: Side
    lots: I64
    duration_ns: I64
    slices: I64
    price: I64 = 0
    style: Literal["take", "rest"] = "take"
    reduce_only: bool = False


class Cancel(Struct, frozen=True):
    """The owner of the account, or the operator: stop working this order."""

    account: U32
    order: Number


class Refused(Struct, frozen=True):
    """The policy: the note with this topic was not taken up.

    `reason` is the field that is not as it must be (`"body"` if it could not be read), `"too_many"` or
    `"not_granted"`: the account has not granted the policy as its agent.
    """

    account: int
    order: int
    topic: str
    reason: str


class Done(Struct, frozen=True):
    """The policy: an order is worked no longer.

    Attributes:
        account: whose order it was.
        order: the owner's number.
        status: `"filled"`, `"ended"` (its time is over), `"cancelled"` or `"not_granted"` (the grant was taken back).
        lots: in all.
        filled: of them.
        value: the sum of price times lots over its fills, in ticks times lots.
        children: how many orders were sent.
        refused: how many of them the venue refused, the last for this `code` (0: none was).
        code: see `crossbook.rejects`.
    """

    account: int
    order: int
    status: str
    lots: int
    filled: int
    value: int
    children: int
    refused: int
    code: int


class HedgerRefused(Struct, frozen=True):
    """The policy: the account stays unhedged. `code` is the refusal of its last order, 0 if the grant is missing."""

    account: int
    market: int
    delta: int
    reason: str
    code: int
