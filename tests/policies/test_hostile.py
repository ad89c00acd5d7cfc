"""Attempts to break the loop from both sides: a venue is contained, or halts, and always opens again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from crossbook import Venue
from crossbook.commands import Note, Observe, Origin, RegisterAuthor
from crossbook.errors import InputError, VenueHalted
from crossbook.events import Event, MarkSet, Noted
from crossbook.journal import repair
from crossbook.policies import catalogue, notes
from crossbook.policies.contract import Reaction, Turn, propose
from crossbook.policies.guard import Limits
from crossbook.policies.rerun import rerun
from crossbook.session import Envelope, Session
from tests.policies import zoo
from tests.policies.simple import Follower, Metronome
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage, config
from tests.policies.test_containment import faults
from tests.policies.test_recovery import POLICIES, drive, outcome


class Mute(Exception):
    """An exception that raises when it is asked what it says."""

    def __str__(self) -> str:
        raise ValueError


class Shy:
    """A thing that raises when it is looked at."""

    def __repr__(self) -> str:
        raise ValueError


def throw(error: BaseException) -> Any:
    raise error


def nested() -> list[Any]:
    around: list[Any] = []
    around.append(around)
    return around


TRICKS: dict[str, tuple[str, Callable[[Any, Turn], Any]]] = {
    "exits": ("raised", lambda _state, _turn: sys.exit(3)),
    "closes": ("raised", lambda _state, _turn: throw(GeneratorExit())),
    "mute": ("raised", lambda _state, _turn: throw(Mute())),
    "half a letter": ("raised", lambda _state, _turn: throw(ValueError("\ud800"))),
    "no memory": ("raised", lambda _state, _turn: throw(MemoryError())),
    "shy": ("garbage", lambda state, _turn: Reaction(state, (Shy(),))),  # type: ignore[arg-type]
    "holds itself": ("garbage", lambda state, _turn: Reaction(state, propose(Note(0, "a", nested())))),  # type: ignore[arg-type]
}


class Tricks(zoo.Animal, frozen=True):
    """Plays one trick whenever a mark is set."""

    name: ClassVar[str] = "tricks"
    trick: str = "exits"

    def react(self, state: zoo.Nothing, turn: Turn) -> Any:
        return TRICKS[self.trick][1](state, turn) if turn.events else Reaction(state)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_a_fault_and_the_venue_opens_again(tmp_path: Path, trick: str) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": Tricks(trick)})
    stage.mark(1, BTC, 121_000)
    stage.mark(2, BTC, 122_000)
    assert [(one.fault, one.action) for one in faults(stage)] == [(TRICKS[trick][0], "fallback")]
    stage.venue.close()
    with Venue.open(stage.venue.path, policies={"breakers": Tricks(trick)}, clock=lambda: BEGIN_NS) as venue:
        assert venue.policies["breakers"] == Tricks(trick), "it is engaged anew where the default had taken over"


class Interrupted(zoo.Animal, frozen=True):
    """At the first mark somebody presses the keys that interrupt."""

    name: ClassVar[str] = "interrupted"
    pressed: ClassVar[list[bool]] = [True]

    def react(self, state: zoo.Nothing, turn: Turn) -> Reaction[zoo.Nothing]:
        if turn.events and self.pressed:
            self.pressed.clear()
            raise KeyboardInterrupt
        return Reaction(state, propose(notes.note("seen", zoo.Counted(len(turn.events)))))


def test_an_interrupt_in_a_turn_halts_the_venue_and_the_turn_is_taken_when_it_opens_again(tmp_path: Path) -> None:
    def play(path: Path) -> Path:
        stage = Stage(path, {"breakers": Interrupted(), "surveillance": "watch"})
        with closing(stage.venue.session):
            stage.mark(1, BTC, 121_000)
            stage.advance(9)
        return path

    Interrupted.pressed[:] = [True]
    with pytest.raises(KeyboardInterrupt):
        play(tmp_path / "interrupted")
    with Venue.open(tmp_path / "interrupted", policies={"breakers": Interrupted()}, clock=lambda: BEGIN_NS) as venue:
        venue.policies.advance(BEGIN_NS + 9 * SECOND)
        venue.session.close()
    assert outcome(tmp_path / "interrupted") == outcome(play(tmp_path / "whole"))


def test_after_an_interrupt_nothing_is_served(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": Interrupted()})
    Interrupted.pressed[:] = [True]
    with pytest.raises(KeyboardInterrupt):
        stage.mark(1, BTC, 121_000)
    with pytest.raises(VenueHalted, match="KeyboardInterrupt"):
        stage.mark(2, BTC, 121_000)


class Restless(zoo.Animal, frozen=True):
    """Wants to be woken again after a nanosecond, for ever."""

    name: ClassVar[str] = "restless"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()

    def react(self, state: zoo.Nothing, turn: Turn) -> Reaction[zoo.Nothing]:
        return Reaction(state, (), turn.time_ns + 1)


def test_wakings_without_end_are_a_flood(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": Restless()}, limits=Limits(wakings_max=50))
    stage.advance(3_600)
    (fault,) = faults(stage)
    assert (fault.fault, fault.turn, fault.action) == ("flood", 51, "fallback")
    stage.venue.close()
    with Venue.open(stage.venue.path, policies={"breakers": Restless()}, clock=lambda: BEGIN_NS):
        pass


def test_refusals_under_other_limits_are_the_same_fault_when_it_opens_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": zoo.Echoes()}, limits=Limits(refusals_max=5))
    stage.mark(1, BTC, 121_000)
    stage.venue.close()
    with Venue.open(stage.venue.path, policies={"breakers": None}, clock=lambda: BEGIN_NS):
        pass
    with Venue.open(stage.venue.path, policies={"breakers": zoo.Echoes()}, clock=lambda: BEGIN_NS) as venue:
        assert venue.policies["breakers"] == zoo.Echoes()


class Named(zoo.Animal, frozen=True):
    """Has much to say about itself."""

    name: ClassVar[str] = "named"
    words: str = ""

    def react(self, state: zoo.Nothing, _turn: Turn) -> Reaction[zoo.Nothing]:
        return Reaction(state)


def test_whoever_plays_goes_on_if_nobody_can_take_the_place(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": "guards"})
    with pytest.raises(InputError, match="16384 bytes"):
        stage.venue.policies.engage("breakers", Named("x" * 17_000), time_ns=BEGIN_NS + SECOND)
    assert stage.venue.policies["breakers"].name == "guards"
    stage.mark(2, BTC, 121_000)
    stage.venue.close()
    with Venue.open(stage.venue.path, clock=lambda: BEGIN_NS) as venue:
        assert venue.policies["breakers"].name == "guards"


@pytest.mark.parametrize(("name", "version"), [("n" * 60, "1"), ("", "1"), ("name", ""), ("name", 5)])
def test_a_policy_that_cannot_be_an_author_is_none(tmp_path: Path, name: str, version: Any) -> None:
    kind = type("Misnamed", (Named,), {"name": name, "version": version}, frozen=True)
    stage = Stage(tmp_path / "venue")
    with pytest.raises(InputError) as refused:
        stage.venue.policies.engage("breakers", kind())
    assert refused.value.code == "not_a_policy"


@pytest.mark.parametrize("origin", Origin)
def test_nobody_outside_speaks_under_the_name_of_a_policy(tmp_path: Path, origin: Origin) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": "guards"})
    account = stage.account(1, 10)
    for author in (1, 2):
        with pytest.raises(InputError) as refused:
            stage.at(3, Envelope(Note(account, "a.b", "hello"), origin, author))
        assert refused.value.code == "inside_author"


@pytest.mark.parametrize("policies", [None, {"breakers": "guards"}])
def test_another_author_of_the_name_of_the_loop_is_not_the_loop(tmp_path: Path, policies: Any) -> None:
    stage = Stage(tmp_path / "venue", policies)
    name = RegisterAuthor(Origin.POLICY, notes.LOOP_NAME, "1")
    with pytest.raises(InputError, match="the loop or one of its policies"):
        stage.at(1, name, origin=Origin.OPERATOR)
    stage.venue.session.submit([Envelope(name, Origin.OPERATOR, time_ns=BEGIN_NS + SECOND)])
    stage.mark(2, BTC, 121_000)
    stage.venue.close()
    with Venue.open(stage.venue.path, clock=lambda: BEGIN_NS) as venue:
        assert [one.slot for one in venue.policies.engaged()] == list(policies or {})


def test_a_client_cannot_make_a_fault_of_a_policy(tmp_path: Path) -> None:
    """A note that looks like the fault of the turn before it stands where a recovery would look for one."""
    stage = Stage(tmp_path / "venue", {"breakers": Named()})
    account = stage.account(1, 10)
    for second in range(2, 12):
        stage.mark(second, BTC, 121_000)
        forged = notes.Fault("breakers", 2, stage.venue.policies.engaged()[0].turns, "raised", "", "vacate")
        stage.at(second + 0.5, notes.note(notes.FAULT, forged, account=account))
    stage.venue.close()
    with Venue.open(stage.venue.path, policies={"breakers": Named()}, clock=lambda: BEGIN_NS) as venue:
        assert venue.policies["breakers"] == Named()


class Odd(Struct):
    """Remembers under keys that a msgpack map gives back as they were, and values that it does not."""

    seen: dict[str, Any] = {}


class Forgetful(Named, frozen=True):
    """What it remembers cannot be written down, or not so that it comes back."""

    name: ClassVar[str] = "forgetful"
    State: ClassVar[type[Struct]] = Odd

    def react(self, state: Any, turn: Turn) -> Reaction[Any]:
        if turn.events:
            state.seen["a"] = object() if self.words == "object" else (1, 2)
        return Reaction(state)


@pytest.mark.parametrize("words", ["object", "pair"])
def test_a_state_that_cannot_be_kept_is_rebuilt_from_further_back(tmp_path: Path, words: str) -> None:
    stage = Stage(tmp_path / "venue", {"breakers": Forgetful(words)})
    stage.mark(1, BTC, 121_000)
    stage.venue.snapshot()
    stage.mark(2, BTC, 122_000)
    turns = stage.venue.policies.engaged()[0].turns
    stage.venue.close()
    with Venue.open(stage.venue.path, policies={"breakers": Forgetful(words)}, clock=lambda: BEGIN_NS) as venue:
        assert venue.policies.engaged()[0].turns == turns


def test_a_package_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("breakers.broken", "no.such.package:Thing", catalogue.GROUP)
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [broken])
    with pytest.raises(InputError, match="ModuleNotFoundError") as refused:
        catalogue.find("breakers", "broken")
    assert refused.value.code == "policy_import"


class Lost(Exception):
    """The power went."""


def lost_after(count: int) -> Callable[[Session], None]:
    """Makes a session lose power after so many blocks more: the last one did not reach the disk whole."""

    def arm(session: Session) -> None:
        submit, left = session.submit, count

        def counted(*items: Any) -> Any:
            nonlocal left
            receipt, left = submit(*items), left - 1
            if left:
                return receipt
            session._writer.abandon()
            data = session.path / "segments/000001/data.mdb"
            content = bytearray(data.read_bytes())
            first = receipt.blocks[-1].first_seq
            head = content.rindex(first.to_bytes(8, "little") + receipt.time_ns.to_bytes(8, "little")) - 16
            content[head + 201] ^= 0xFF
            data.write_bytes(content)
            raise Lost

        session.submit = counted  # type: ignore[method-assign]

    return arm


@pytest.mark.parametrize("count", range(1, 13))
def test_a_repair_between_the_steps_of_an_instant_lets_it_go_on_there(tmp_path: Path, count: int) -> None:
    """The clock is ahead when the repair is recorded, and nothing that policies wanted to do before comes late."""
    path = tmp_path / "venue"
    with pytest.raises(Lost):
        drive(path, 4, lost_after(count))
    repair(path)
    later = {"policies": POLICIES, "clock": lambda: BEGIN_NS + 100 * SECOND}
    with Venue.open(path, **later) as venue:
        venue.policies.advance(BEGIN_NS + 30 * SECOND)
        assert venue.session.kernel.time_ns == BEGIN_NS + 30 * SECOND, "the metronome beats every five seconds"
    with Venue.open(path, **later) as venue:
        assert venue.policies.state("funding").beats == 7
    checked = rerun(path, POLICIES)
    assert (checked.faults, checked.turns["funding"]) == ((), 7)


class Talks(zoo.Animal, frozen=True):
    """Answers a mark, and then itself, turn after turn of one instant, with what it sees at each."""

    name: ClassVar[str] = "talks"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({MarkSet, Noted})
    most: int = 6

    def react(self, state: zoo.Nothing, turn: Turn) -> Reaction[zoo.Nothing]:
        said = [event for event in turn.events if isinstance(event, Noted) and event.topic == "said"]
        if not turn.events or any(event.body.endswith(str(self.most)) for event in said):
            return Reaction(state)
        seen = notes.note("seen", zoo.Counted(turn.view.seq))
        after = int(said[-1].body) + 1 if said else 1
        return Reaction(state, propose(seen, Note(0, "said", str(after)), cause=turn.events[-1].seq))


@pytest.mark.parametrize("count", range(1, 7))
def test_an_instant_of_many_turns_is_finished_wherever_it_was_cut(tmp_path: Path, count: int) -> None:
    """The turns that are missing see the venue as it is after those that were taken before, one by one."""

    def play(path: Path) -> Stage:
        stage = Stage(path)
        stage.venue.policies.engage_all({"breakers": Talks(), "surveillance": "watch"}, time_ns=BEGIN_NS + 1)
        stage.venue.policies.settle()
        return stage

    whole = play(tmp_path / "whole")
    whole.mark(1, BTC, 121_000)
    whole.venue.session.close()
    cut = play(tmp_path / "cut")
    submit, left = cut.venue.session.submit, count

    def counted(*items: Any) -> Any:
        nonlocal left
        if not left:
            raise Lost
        left -= 1
        return submit(*items)

    cut.venue.session.submit = counted  # type: ignore[method-assign]
    with pytest.raises(Lost):
        cut.mark(1, BTC, 121_000)
    cut.venue.session.close()
    with Venue.open(cut.venue.path, policies={"breakers": Talks()}, clock=lambda: BEGIN_NS) as venue:
        venue.policies.settle()
        assert venue.policies._loop.faults == []
        venue.session.close()
    assert outcome(cut.venue.path) == outcome(whole.venue.path)


def test_what_kept_to_its_limits_keeps_to_them_when_it_opens_under_tighter_ones(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"mark": Follower()})
    for second in range(1, 6):
        stage.at(second, Envelope(Observe(BTC, 1, 120_000 + second, 0, 0), Origin.ORACLE))
    stage.venue.close()
    with Venue.open(tmp_path / "venue", policies={"mark": Follower()}, limits=Limits(proposals_max=0)) as venue:
        assert "mark" in venue.policies
        venue.submit(Observe(BTC, 1, 130_000, 0, 0), origin=Origin.ORACLE)
        assert venue.policies["mark"].name == "median"  # the limits hold for what is new


def test_words_without_end_are_a_flood(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"surveillance": Talker()}, limits=Limits(text_bytes_max=100_000))
    stage.mark(1, BTC, 121_000)
    assert "surveillance" not in stage.venue.policies
    assert [event for event in stage.said(Noted) if event.topic == "talk"] == []


def test_closing_lets_no_time_pass(tmp_path: Path) -> None:
    now = [BEGIN_NS]
    with Venue.create(tmp_path / "venue", config(), clock=lambda: now[0], policies={"funding": Metronome()}) as venue:
        now[0] += 3_600 * SECOND
        beats = venue.policies.state("funding").beats
    with Venue.open(tmp_path / "venue", clock=lambda: now[0], policies={"funding": Metronome()}) as venue:
        assert venue.policies.state("funding").beats == beats
        venue.policies.advance()
        assert venue.policies.state("funding").beats == beats + 720


class Talker(zoo.Animal, frozen=True):
    """Says far more than anybody reads."""

    role: ClassVar[str] = "surveillance"
    name: ClassVar[str] = "talker"

    def react(self, state: zoo.Nothing, turn: Turn) -> Reaction[zoo.Nothing]:
        return Reaction(state, propose(Note(0, "talk", "x" * 16_000)) * 9_000 if turn.events else ())
