"""The gates between what sources say and the price that is accepted: small pure functions, and their order as data.

Two of them are asked once, when an observation comes in (`INTAKE`): it is refused, and what the source said before
stands. The others are asked whenever a price is made (`GATES`), about all sources together: each may set sources aside,
and may lower the grade that the price can have. A gate that is not there is a gate that is not in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from crossbook.commands import RATE_ONE, Grade
from crossbook.events import Observed
from crossbook.policies.arithmetic import weighted_median
from crossbook.policies.oracle.feeds import Thresholds
from crossbook.policies.oracle.heard import Said


class Arrival(Struct, frozen=True):
    """An observation at the door: what was said when (stamped time), and what the source said before.

    `least` and `most` are the prices the market can have, in units of the feed.
    """

    observed: Observed
    now_ns: int
    said: Said
    thresholds: Thresholds
    least: int
    most: int


class Candidate(Struct, frozen=True):
    """A source that may take part in the price, with what it last said."""

    source: int
    weight: int
    said: Said


class Round(Struct, frozen=True):
    """One price in the making.

    Attributes:
        now_ns: stamped time.
        thresholds: of the feed.
        last: the price accepted before, 0 for none.
        average: its TWAP.
        candidates: who is still in.
        set_aside: who is out, and why.
        grade: the best that the price can still have.
        price, confidence, observed_at: of the price; 0 until there is one.
    """

    now_ns: int
    thresholds: Thresholds
    last: int
    average: int
    candidates: tuple[Candidate, ...]
    set_aside: tuple[tuple[int, str], ...] = ()
    grade: Grade = Grade.GOOD
    price: int = 0
    confidence: int = 0
    observed_at: int = 0


IntakeGate: TypeAlias = Callable[[Arrival], str]
"""Why an observation is refused; empty if it is not."""
Gate: TypeAlias = Callable[[Round], Round]


# --- intake -----------------------------------------------------------------------------------------------------------


def positive(arrival: Arrival) -> str:
    """A price is above zero."""
    return "" if arrival.observed.price > 0 else "not_positive"


def possible(arrival: Arrival) -> str:
    """A price is one that the market can have."""
    return "" if arrival.least <= arrival.observed.price <= arrival.most else "out_of_range"


def uncrossed(arrival: Arrival) -> str:
    """A confidence is half a spread: below zero, the source's bid is above its ask."""
    return "" if arrival.observed.confidence >= 0 else "crossed"


def monotone(arrival: Arrival) -> str:
    """The clock of a source does not run backwards."""
    return "" if arrival.observed.observed_at >= arrival.said.observed_at else "clock_backwards"


def not_ahead(arrival: Arrival) -> str:
    """Nor is it ahead of the venue's: a time from the future would shut the source out until it comes."""
    ahead = arrival.observed.observed_at - arrival.now_ns
    return "" if ahead <= arrival.thresholds.clock_ahead_ns else "clock_ahead"


INTAKE: Final[Sequence[IntakeGate]] = (positive, possible, uncrossed, monotone, not_ahead)
"""The gates of an observation, in order."""


def refusal(arrival: Arrival) -> str:
    """Why an observation is refused, by the first gate that does; empty if none."""
    return next((reason for gate in INTAKE if (reason := gate(arrival))), "")


# --- rounds -----------------------------------------------------------------------------------------------------------


def staleness(it: Round) -> Round:
    """A source that said nothing for too long no longer counts; with none left the price is stale.

    If one of them fell silent on a jump, the last price is worse than old: it is volatile.
    """
    old = [one for one in it.candidates if it.now_ns - one.said.observed_at > it.thresholds.stale_ns]
    left = _without(it, old, "stale")
    if left.candidates:
        return left
    return _at_most(left, Grade.VOLATILE if any(_leaps(one, it) for one in old) else Grade.STALE)


def stuck(it: Round) -> Round:
    """A source that repeats itself while the others move does not count: its clock is fresh, its price is not."""
    most = it.thresholds.stuck_updates
    frozen = [one for one in it.candidates if one.said.repeats >= most and one.said.others >= most]
    left = _without(it, frozen, "stuck")
    return left if left.candidates else _at_most(left, Grade.STALE)


def confidence(it: Round) -> Round:
    """Sources that are too unsure do not count; if the others are too few, all count and the price is uncertain."""
    rate = it.thresholds.confidence_rate
    wide = [one for one in it.candidates if beyond(one.said.confidence, rate, of=one.said.price)]
    left = _without(it, wide, "wide")
    if not wide or len(left.candidates) >= it.thresholds.minimum_sources:
        return left
    return _at_most(it, Grade.UNCERTAIN)


def jump(it: Round) -> Round:
    """A source that jumped does not count until it has stood by it; if the others are too few, it is volatile."""
    leaping = [one for one in it.candidates if _leaps(one, it)]
    left = _without(it, leaping, "jump")
    few = leaping and len(left.candidates) < it.thresholds.minimum_sources
    return _at_most(left, Grade.VOLATILE) if few else left


def divergence(it: Round) -> Round:
    """Outliers do not count; if no more than half of the weight agrees, nobody knows and the price is uncertain."""
    if not it.candidates:
        return it
    middle = _middle(it)
    apart = [
        one for one in it.candidates if beyond(abs(one.said.price - middle), it.thresholds.divergence_rate, of=middle)
    ]
    left = _without(it, apart, "outlier")
    if apart and 2 * _weight(left) <= _weight(it):
        return _at_most(_without(it, it.candidates, "split"), Grade.UNCERTAIN)
    return left


def minimum(it: Round) -> Round:
    """Too few sources make a price thin, and cannot begin one; the time of a price is when enough had spoken."""
    count, least = len(it.candidates), it.thresholds.minimum_sources
    if count < least and not it.last:
        return _at_most(_without(it, it.candidates, "too_few"), Grade.NONE)
    if not count:
        return it
    newest_first = sorted((one.said.observed_at for one in it.candidates), reverse=True)
    observed_at = newest_first[min(least, count) - 1]
    grade = min(grade_of_age(it.now_ns - observed_at, it.thresholds), Grade.GOOD if count >= least else Grade.THIN)
    return _at_most(replace(it, observed_at=observed_at), grade)


def middle(it: Round) -> Round:
    """The price is the weighted median; it is as sure as its sources are of themselves and of each other."""
    if not it.candidates:
        return it
    price = _middle(it)
    own = weighted_median((one.said.confidence, one.weight) for one in it.candidates)
    mutual = weighted_median((abs(one.said.price - price), one.weight) for one in it.candidates)
    return replace(it, price=price, confidence=max(own, mutual))


def clamp(it: Round) -> Round:
    """One update moves the price no farther than its bound; short of where the sources are, it is volatile."""
    if not it.last or not it.price:
        return it
    most = it.last * it.thresholds.clamp_rate // RATE_ONE
    price = min(max(it.price, it.last - most), it.last + most)
    return it if price == it.price else _at_most(replace(it, price=price), Grade.VOLATILE)


def volatility(it: Round) -> Round:
    """Too far from its average, a price is volatile."""
    if not it.price or not it.average:
        return it
    wild = beyond(abs(it.price - it.average), it.thresholds.volatile_rate, of=it.average)
    return _at_most(it, Grade.VOLATILE) if wild else it


GATES: Final[Sequence[Gate]] = (
    staleness,
    stuck,
    confidence,
    jump,
    divergence,
    minimum,
    middle,
    clamp,
    volatility,
)
"""The gates of a price, in order."""


def through(it: Round) -> Round:
    """A round, passed through every gate."""
    for gate in GATES:
        it = gate(it)
    return it


# --- what the gates ask -----------------------------------------------------------------------------------------------


def beyond(distance: int, rate: int, *, of: int) -> bool:
    """Whether a distance is more than a rate of something."""
    return distance * RATE_ONE > rate * of


def is_far(price: int, last: int, average: int, thresholds: Thresholds) -> bool:
    """Whether a price is a jump: far from the last accepted one, and from its TWAP."""
    rate = thresholds.jump_rate
    return bool(last) and beyond(abs(price - last), rate, of=last) and beyond(abs(price - average), rate, of=average)


def grade_of_age(age_ns: int, thresholds: Thresholds) -> Grade:
    """The best grade a price of this age can have."""
    if age_ns <= thresholds.ageing_ns:
        return Grade.GOOD
    if age_ns <= thresholds.stale_ns:
        return Grade.AGEING
    return Grade.STALE if age_ns <= thresholds.lost_ns else Grade.NONE


def _leaps(one: Candidate, it: Round) -> bool:
    """Whether a source jumped and has not stood by it for long enough."""
    said, limits = one.said, it.thresholds
    is_sudden = said.far_since and said.observed_at - said.far_since < limits.confirm_ns
    return bool(is_sudden) and is_far(said.price, it.last, it.average, limits)


def _without(it: Round, who: Sequence[Candidate], reason: str) -> Round:
    if not who:
        return it
    out = {one.source for one in who}
    left = tuple(one for one in it.candidates if one.source not in out)
    return replace(it, candidates=left, set_aside=it.set_aside + tuple((one.source, reason) for one in who))


def _at_most(it: Round, grade: Grade) -> Round:
    return replace(it, grade=min(it.grade, grade))


def _middle(it: Round) -> int:
    return weighted_median((one.said.price, one.weight) for one in it.candidates)


def _weight(it: Round) -> int:
    return sum(one.weight for one in it.candidates)
