"""What the default breakers are told, guard by guard, and what they remember."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from crossbook.commands import Grade
from crossbook.policies.bounds import AMOUNT, COUNT, FACTOR, PART, TIME, check
from crossbook.policies.breakers.hold import Action, Hold
from crossbook.policies.breakers.readings import Window

SECOND_NS: Final = 1_000_000_000


class VelocityGuard(Struct, frozen=True):
    """Trips when the mark has moved by more than `move_rate` (parts per 10^9) within `window_ns`."""

    move_rate: int = 100_000_000
    window_ns: int = 60 * SECOND_NS
    action: Action = Action.REDUCE_ONLY

    def __post_init__(self) -> None:
        check(self, move_rate=FACTOR, window_ns=TIME)


class BandGuard(Struct, frozen=True):
    """Trips while the mark is further than `band_rate` (parts per 10^9) from the accepted oracle price."""

    band_rate: int = 50_000_000
    action: Action = Action.REDUCE_ONLY

    def __post_init__(self) -> None:
        check(self, band_rate=FACTOR)


class OracleGuard(Struct, frozen=True):
    """Trips while the grade of the oracle is below `grade_min`, in a market that has had an oracle price."""

    grade_min: Grade = Grade.UNCERTAIN
    action: Action = Action.CANCEL_ONLY


class SilenceGuard(Struct, frozen=True):
    """Trips while no oracle price was accepted for more than `silence_ns`, in a market that has had one."""

    silence_ns: int = 60 * SECOND_NS
    action: Action = Action.CANCEL_ONLY

    def __post_init__(self) -> None:
        check(self, silence_ns=TIME)


class DepthGuard(Struct, frozen=True):
    """Trips when less than `notional_min` rests on one side within `within_rate` of the mark.

    `notional_min` in minor units, `within_rate` in parts per 10^9. It looks every `sample_ns` at up to `levels` prices
    a side, and not before a market has been open for `grace_ns`: while it is held, nobody can fill the book.
    """

    notional_min: int
    within_rate: int = 20_000_000
    levels: int = 50
    sample_ns: int = 5 * SECOND_NS
    grace_ns: int = 60 * SECOND_NS
    action: Action = Action.REDUCE_ONLY

    def __post_init__(self) -> None:
        check(self, notional_min=AMOUNT, within_rate=PART, levels=COUNT, sample_ns=TIME, grace_ns=(0, TIME[1]))


class InsuranceGuard(Struct, frozen=True):
    """Trips when an insurance fund pays more than `loss_max` minor units in one interval (`time / interval_ns`).

    The fund of an asset's cross pools stops every market that settles in the asset, that of a market its market.
    """

    loss_max: int
    interval_ns: int = 3_600 * SECOND_NS
    action: Action = Action.REDUCE_ONLY

    def __post_init__(self) -> None:
        check(self, loss_max=AMOUNT, interval_ns=TIME)


class ShortfallGuard(Struct, frozen=True):
    """Closes the withdrawals of an asset when a loss of at least `amount_min` minor units is covered or socialised."""

    amount_min: int = 1

    def __post_init__(self) -> None:
        check(self, amount_min=AMOUNT)


class Tripped(Struct):
    """A trip that holds: the action it asks for, whether its limit is still broken, and when it last was."""

    action: Action
    broken: bool
    broken_ns: int


class Watched(Struct):
    """What is remembered of a market; `open_ns` is when it was last let go (or first seen)."""

    open_ns: int
    window: Window = field(default_factory=Window)
    hold: Hold = field(default_factory=Hold)
    trips: dict[str, Tripped] = field(default_factory=dict)


class GuardsState(Struct):
    """What the guards remember.

    Attributes:
        markets: by id.
        paid: what a fund paid as (interval, minor units), by `"asset:market"`.
        gates: those that are closed because of a shortfall, by asset.
        foreign: the assets whose gate somebody else closed.
        asked: the assets whose gate was asked for, and is not announced yet.
        sample_ns: when depth is looked at next.
    """

    begun: bool = False
    markets: dict[int, Watched] = field(default_factory=dict)
    paid: dict[str, tuple[int, int]] = field(default_factory=dict)
    gates: dict[int, Tripped] = field(default_factory=dict)
    foreign: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    sample_ns: int = 0
