"""What a liquidation policy puts on record besides its steps: calls, reasons, and what it waits for.

| topic | body | when |
|---|---|---|
| `liquidation.call` | `MarginCall` | a pool came below its first or second call level |
| `liquidation.step` | `StepTaken` | a rung is taken whose own event does not say how the pool stood |
| `liquidation.wait` | `Waiting` | no rung can be taken, each for the reason named; once as long as the reasons stay |
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

CALL: Final = "liquidation.call"
STEP: Final = "liquidation.step"
WAIT: Final = "liquidation.wait"


class MarginCall(Struct, frozen=True):
    """A warning to the owner of a pool: `call` 1 or 2, amounts in minor units, and the seq of what moved it there."""

    account: int
    asset: int
    market: int
    call: int
    equity: int
    requirement: int
    maintenance: int
    cause: int


class StepTaken(Struct, frozen=True):
    """Why a rung is taken, and on what: equity and maintenance in minor units when it was decided.

    `since` is the seq that brought the pool into trouble, `cause` that of the latest thing that happened to it.
    """

    account: int
    asset: int
    market: int
    rung: str
    reason: str
    equity: int
    maintenance: int
    since: int
    cause: int


class Waiting(Struct, frozen=True):
    """A pool in trouble for which nothing can be done at present: `reasons` are `rung: reason`, in their order."""

    account: int
    asset: int
    market: int
    reasons: list[str]
    equity: int
    maintenance: int
    cause: int
