"""What funding policies put on record: a note for every epoch that ends, and one for every payment that had to wait."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

EPOCH: Final = "funding.epoch"
"""The topic of `EpochClosed`."""

DEFERRED: Final = "funding.deferred"
"""The topic of `DeferredPayment`."""


class EpochClosed(Struct, frozen=True):
    """An epoch of a market ended, and this is what came of it.

    Attributes:
        market: whose funding.
        ended_ns: the stamped time of its end, a multiple of the interval.
        rate: what is paid per unit of notional, in parts per 10^9; 0 if nothing is.
        average_premium: of its samples, in parts per 10^9.
        samples: how many there were (of a time-weighted policy: milliseconds that counted).
        missed: how many there were not.
        clamped: whether the premium was further from the interest than the band, which then bounded the pull.
        capped: whether the cap bounded the rate.
        payment: `"asked"` in the same breath, `"deferred"` until the oracle is good enough, or `"none"`, for too few
            samples.
    """

    market: int
    ended_ns: int
    rate: int
    average_premium: int
    samples: int
    missed: int
    clamped: bool
    capped: bool
    payment: Literal["asked", "deferred", "none"]


class DeferredPayment(Struct, frozen=True):
    """What became of a payment that could not be made when its epoch ended.

    `outcome` is `"late"` if it is asked for now, `"expired"` if it was given up, `"refused"` if the kernel refused it
    for another reason than the oracle's grade; `code` is then that of the refusal, else 0.
    """

    market: int
    ended_ns: int
    rate: int
    outcome: Literal["late", "expired", "refused"]
    code: int = 0
