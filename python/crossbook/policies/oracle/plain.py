"""Oracle policies to compare the default with: a median without gates, and one source with others in reserve."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook.commands import Grade
from crossbook.events import Event, Observed
from crossbook.policies.arithmetic import median
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.oracle import answers
from crossbook.policies.oracle.chain import grade_of_age
from crossbook.policies.oracle.feeds import Feed, Thresholds, check_feeds
from crossbook.policies.oracle.heard import Accepted, Said


class PlainState(Struct):
    """What each source last said, by feed and source, and the grade the venue was told, by feed."""

    said: dict[int, dict[int, Said]] = field(default_factory=dict)
    grades: dict[int, int] = field(default_factory=dict)


class PlainMedian(Struct, frozen=True, forbid_unknown_fields=True):
    """The median of what the spot sources last said above zero, each counted once, always graded good.

    No gate but this one, and no weights: a source that is long silent counts as much as any other. Of its feeds it
    ignores weights and thresholds, except `depeg_rate`.
    """

    role: ClassVar[str] = "oracle"
    name: ClassVar[str] = "median"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Observed})
    State: ClassVar[type[Struct]] = PlainState

    feeds: tuple[Feed, ...] = ()
    thresholds: Thresholds = Thresholds()

    def __post_init__(self) -> None:
        check_feeds(self.feeds)

    def react(self, state: PlainState, turn: Turn) -> Reaction[PlainState]:
        """Set the median of each feed that heard something."""
        listings = answers.Listings(turn.view)
        proposed = []
        for feed, scale, said, is_new in _heard(self.feeds, listings, state, turn):
            if is_new:
                accepted = Accepted(
                    price=median(one.price for one in said.values()),
                    confidence=median(one.confidence for one in said.values()),
                    grade=Grade.GOOD,
                    observed_at=max(one.observed_at for one in said.values()),
                )
                command = answers.command(feed, scale, accepted, feed.thresholds or self.thresholds)
                proposed.append(Proposal(command, max(one.seq for one in said.values())))
        return Reaction(state, tuple(proposed))


class Primary(Struct, frozen=True, forbid_unknown_fields=True):
    """The first source of each feed; while it is stale the next that is not, and then the price is thin.

    With none left the last price stands, graded by its age. Of its feeds it uses the order of their spot sources and
    the ages and `depeg_rate` of their thresholds.
    """

    role: ClassVar[str] = "oracle"
    name: ClassVar[str] = "primary"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Observed})
    State: ClassVar[type[Struct]] = PlainState

    feeds: tuple[Feed, ...] = ()
    thresholds: Thresholds = Thresholds()

    def __post_init__(self) -> None:
        check_feeds(self.feeds)

    def react(self, state: PlainState, turn: Turn) -> Reaction[PlainState]:
        """Set the price of the source that leads each feed, when it spoke or the lead has changed."""
        listings = answers.Listings(turn.view)
        proposed: list[Proposal] = []
        wakes: list[int] = []
        for feed, scale, said, is_new in _heard(self.feeds, listings, state, turn):
            limits = feed.thresholds or self.thresholds
            order = [said[source] for source in feed.spot() if source in said]
            fresh = [one for one in order if turn.time_ns - one.observed_at <= limits.stale_ns]
            leader = fresh[0] if fresh else max(order, key=lambda one: one.observed_at)
            grade = grade_of_age(turn.time_ns - leader.observed_at, limits)
            if leader is not said.get(next(iter(feed.spot()))):
                grade = min(grade, Grade.THIN)
            if is_new or grade != state.grades.get(feed.feed):
                state.grades[feed.feed] = grade
                accepted = Accepted(leader.price, leader.confidence, grade, leader.observed_at)
                command = answers.command(feed, scale, accepted, limits)
                proposed.append(Proposal(command, leader.seq))
            ages = (limits.ageing_ns, limits.stale_ns, limits.lost_ns)
            wakes += [one.observed_at + age + 1 for one in order for age in ages]
        return Reaction(state, tuple(proposed), min((wake for wake in wakes if wake > turn.time_ns), default=None))


_HeardFeed = tuple[Feed, answers.Scale, dict[int, Said], bool]


def _heard(feeds: tuple[Feed, ...], listings: answers.Listings, state: PlainState, turn: Turn) -> list[_HeardFeed]:
    """Feeds that have heard something at all: scale, what was last said by source, and whether any of it is new."""
    found: list[_HeardFeed] = []
    for feed in feeds:
        scale = listings.scale(feed)
        if scale is None:
            continue
        said, spot = state.said.setdefault(feed.feed, {}), feed.spot()
        is_new = False
        for event in turn.events:
            if not isinstance(event, Observed) or event.feed != feed.feed or event.source not in spot:
                continue
            if scale.least <= event.price <= scale.most:
                said[event.source] = Said(event.price, max(event.confidence, 0), event.observed_at, event.seq)
                is_new = True
        if said:
            found.append((feed, scale, said, is_new))
    return found
