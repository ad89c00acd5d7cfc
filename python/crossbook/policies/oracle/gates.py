"""`Gates`, the default oracle policy: what sources say becomes, through the gates, a price with a grade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from crossbook.commands import Grade, SetCollateralPrice, SetOracle
from crossbook.events import Event, Observed
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.notes import note
from crossbook.policies.oracle import answers, chain, words
from crossbook.policies.oracle.feeds import Feed, Thresholds, check_feeds
from crossbook.policies.oracle.heard import FeedState, Said, Told
from crossbook.policies.oracle.orphans import age_orphans


class GatesState(Struct):
    """What is remembered of each feed, by id."""

    feeds: dict[int, FeedState] = field(default_factory=dict)


class Gates(Struct, frozen=True, forbid_unknown_fields=True):
    """The oracle of the rule book: gates in order, a weighted median, a grade.

    Attributes:
        feeds: the prices it looks after. Without any it only lets the oracles of all markets age.
        refresh_ns: how often a price that does not change is told again, with its new time; ns.
        thresholds: of feeds that have none of their own.
    """

    role: ClassVar[str] = "oracle"
    name: ClassVar[str] = "gates"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Observed})
    State: ClassVar[type[Struct]] = GatesState

    feeds: tuple[Feed, ...] = ()
    refresh_ns: int = 1_000_000_000
    thresholds: Thresholds = Thresholds()

    def __post_init__(self) -> None:
        check_feeds(self.feeds)

    def react(self, state: GatesState, turn: Turn) -> Reaction[GatesState]:
        """Hear what was said, make a price of each feed that heard something, and see to those whose price ages."""
        if not self.feeds:
            proposals, wake_ns = age_orphans(turn.view, turn.time_ns, self.thresholds)
            return Reaction(state, proposals, wake_ns)
        heard: dict[int, list[Observed]] = {}
        for event in turn.events:
            if isinstance(event, Observed):
                heard.setdefault(event.feed, []).append(event)
        listings = answers.Listings(turn.view)
        proposed: list[Proposal] = []
        for feed in self.feeds:
            one = state.feeds.setdefault(feed.feed, FeedState())
            if feed.feed in heard or not one.adopted or 0 < one.wake_ns <= turn.time_ns:
                proposed += self._look_after(feed, one, heard.get(feed.feed, []), listings, turn.time_ns)
        wakes = (one.wake_ns for one in state.feeds.values() if one.wake_ns)
        return Reaction(state, tuple(proposed), min(wakes, default=None))

    def _look_after(
        self, feed: Feed, one: FeedState, heard: list[Observed], listings: answers.Listings, now_ns: int
    ) -> Iterator[Proposal]:
        """One feed in one turn; until there is its market, or its collateral, there is nothing to do."""
        scale = _adopt(feed, one, listings, now_ns)
        if scale is not None:
            desk = _Desk(feed, scale, one, feed.thresholds or self.thresholds, now_ns)
            yield from desk.hear(heard)
            yield from desk.answer(self.refresh_ns)
            one.wake_ns = min(desk.wakes(), default=0)


def _adopt(feed: Feed, one: FeedState, listings: answers.Listings, now_ns: int) -> answers.Scale | None:
    """The scale of a feed; at first it goes on from the price its market has from whoever looked after it before."""
    if one.tick_size_e12:
        return answers.market_scale(feed, one.tick_size_e12, one.price_max)
    scale = listings.scale(feed)
    if scale is None:
        return None
    one.adopted = True
    if feed.market:
        market = listings.markets[feed.market]
        one.tick_size_e12, one.price_max = market.tick_size_e12, market.price_max
        row, accepted = market.oracle, one.accepted
        if row.price and row.grade != Grade.NONE:
            accepted.price, accepted.confidence = scale.units(row.price), scale.units(row.confidence)
            accepted.grade, accepted.observed_at = row.grade, row.observed_at
            accepted.begin_average(now_ns)
            one.told = Told(row.price, row.confidence, row.grade, row.observed_at, row.updated_at)
    return scale


class _Desk:
    """One feed in one turn."""

    def __init__(
        self, feed: Feed, scale: answers.Scale, state: FeedState, thresholds: Thresholds, now_ns: int
    ) -> None:  # fmt: skip
        self.feed, self.scale, self.state, self.limits, self.now_ns = feed, scale, state, thresholds, now_ns
        self.spot = feed.spot()

    # --- what is said -----------------------------------------------------------------------------------------------

    def hear(self, heard: list[Observed]) -> Iterator[Proposal]:
        """Take in observations in order; what is refused is put on record."""
        perpetual = {source.source for source in self.feed.sources} - self.spot.keys()
        for event in heard:
            if event.source in perpetual:
                continue
            said = self.state.said.setdefault(event.source, Said())
            if event.source in self.spot:
                arrival = chain.Arrival(event, self.now_ns, said, self.limits, self.scale.least, self.scale.most)
                said.refused = chain.refusal(arrival)
            else:
                said.refused = "unknown_source"
            if said.refused:
                yield from self._say(event.source, said.refused, event.price, event.observed_at, event.seq)
                continue
            if self._is_flash(said, event):
                yield from self._say(event.source, "flash", said.price, said.observed_at, said.seq)
            self._remember(said, event)

    def _is_flash(self, said: Said, event: Observed) -> bool:
        """Whether a source takes back a jump that it had not stood by."""
        accepted = self.state.accepted
        if not said.far_since or said.observed_at - said.far_since >= self.limits.confirm_ns:
            return False
        was_far, is_far = (
            chain.is_far(price, accepted.price, accepted.twap, self.limits) for price in (said.price, event.price)
        )
        return was_far and not is_far

    def _remember(self, said: Said, event: Observed) -> None:
        accepted, before = self.state.accepted, said.price
        if event.price == before:
            said.repeats += 1
        else:
            said.repeats, said.others = 1, 0
            for other in self.state.said.values():
                if other is not said and before:
                    other.others += 1
        if not chain.is_far(event.price, accepted.price, accepted.twap, self.limits):
            said.far_since = 0
        elif not said.far_since or chain.beyond(abs(event.price - before), self.limits.jump_rate, of=before):
            said.far_since = event.observed_at
        said.price, said.confidence = event.price, event.confidence
        said.observed_at, said.seq = event.observed_at, event.seq

    # --- what comes of it -------------------------------------------------------------------------------------------

    def answer(self, refresh_ns: int) -> Iterator[Proposal]:
        """Make a price of what was said, and propose what has changed."""
        accepted = self.state.accepted
        grade_before = accepted.grade
        if accepted.price:
            accepted.average_to(self.now_ns, self.limits.twap_ns)
            if chain.grade_of_age(self.now_ns - accepted.observed_at, self.limits) == Grade.NONE:
                accepted.lose()
        done = chain.through(self._round())
        self._accept(done)
        reasons = dict(done.set_aside)
        for source in self.spot:
            said = self.state.said.get(source)
            if said is not None:
                reason = said.refused or reasons.get(source, "")
                yield from self._say(source, reason, said.price, said.observed_at, said.seq)
        yield from self._tell(refresh_ns)
        if self.feed.asset and accepted.grade != grade_before:
            body = words.GradedFeed(self.feed.feed, accepted.grade.name.lower(), accepted.price, accepted.observed_at)
            yield Proposal(note(words.GRADED, body), self._cause())

    def _round(self) -> chain.Round:
        accepted, said = self.state.accepted, self.state.said
        candidates = tuple(
            chain.Candidate(source.source, source.weight, said[source.source])
            for source in self.spot.values()
            if source.source in said and said[source.source].price
        )
        return chain.Round(self.now_ns, self.limits, accepted.price, accepted.twap, candidates)

    def _accept(self, done: chain.Round) -> None:
        accepted = self.state.accepted
        if done.price:
            is_first = not accepted.price
            accepted.price, accepted.confidence = done.price, done.confidence
            accepted.grade, accepted.observed_at = done.grade, done.observed_at
            if is_first:
                accepted.begin_average(self.now_ns)
        elif accepted.price:
            age = self.now_ns - accepted.observed_at
            accepted.grade = min(done.grade, chain.grade_of_age(age, self.limits))

    def _tell(self, refresh_ns: int) -> Iterator[Proposal]:
        """The command that sets the price, if it says something new."""
        accepted, told = self.state.accepted, self.state.told
        if not accepted.price:
            if self.feed.market and told.rate != Grade.NONE:
                told.rate = Grade.NONE
                lost = SetOracle(self.feed.market, told.price, told.confidence, Grade.NONE, told.observed_at)
                yield Proposal(lost, self._cause())
            return
        command = answers.command(self.feed, self.scale, accepted, self.limits)
        new = _told(command, accepted.observed_at, self.now_ns)
        is_due = self.now_ns - told.time_ns >= refresh_ns and self.feed.market
        old_news = (new.price, new.rate) == (told.price, told.rate)
        if old_news and not (is_due and (new.confidence, new.observed_at) != (told.confidence, told.observed_at)):
            return
        self.state.told = new
        yield Proposal(command, self._cause())

    def _say(self, source: int, reason: str, price: int, observed_at: int, cause: int) -> Iterator[Proposal]:
        """Put a change of reason on record, once."""
        said = self.state.said[source]
        if reason == said.reason:
            return
        feed, before, said.reason = self.feed.feed, said.reason, reason
        if reason:
            body = words.RejectedObservation(feed, source, reason, price, observed_at)
            yield Proposal(note(words.REJECTED, body), cause)
        else:
            yield Proposal(note(words.RESTORED, words.RestoredSource(feed, source, before)), cause)

    def _cause(self) -> int:
        """The last observation that could be believed."""
        return max((said.seq for said in self.state.said.values()), default=0)

    # --- when to look again -----------------------------------------------------------------------------------------

    def wakes(self) -> list[int]:
        """The times to come at which a source or the price grows too old."""
        accepted, limits = self.state.accepted, self.limits
        times = [said.observed_at + limits.stale_ns for said in self.state.said.values() if said.price]
        if accepted.price:
            times += [accepted.observed_at + age for age in (limits.ageing_ns, limits.stale_ns, limits.lost_ns)]
        return [time + 1 for time in times if time + 1 > self.now_ns]


def _told(command: SetOracle | SetCollateralPrice, observed_at: int, now_ns: int) -> Told:
    if isinstance(command, SetCollateralPrice):
        return Told(command.price, 0, command.depeg_rate, observed_at, now_ns)
    return Told(command.price, command.confidence, command.grade, observed_at, now_ns)
