"""A venue that was killed goes on with its policies as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossbook import Venue
from crossbook.errors import InputError
from crossbook.policies.recovery import Tape
from crossbook.policies.rerun import rerun
from crossbook.receipt import Receipt
from crossbook.replay import replay
from crossbook.session import Envelope, Session
from tests.policies.simple import Follower, Metronome, Scribe, band
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, Stage, config
from tests.policies.test_loop import observe, records

KILLS = 50
POLICIES = band()
KEPT = {"mark": POLICIES["mark"], "surveillance": POLICIES["surveillance"]}


def commands(seed: int) -> list[Envelope]:
    rng = random.Random(seed)
    times = sorted(rng.randint(1, 40) for _ in range(60))
    return [observe(rng.choice((BTC, ETH)), rng.randint(50_000, 150_000), time) for time in times]


def drive(path: Path, seed: int, stop: Callable[[Session], None] | None = None) -> None:
    """Open or begin the venue, hand over what of the session its journal does not have yet, and let time pass."""
    if path.exists():
        venue = Venue.open(path, durability="volatile", clock=lambda: BEGIN_NS, policies=POLICIES)
    else:
        venue = Venue.create(path, config(), durability="volatile", clock=lambda: BEGIN_NS)
        venue.policies.engage_all(POLICIES, time_ns=BEGIN_NS + 1)
    done = sum(type(item.command).__name__ == "Observe" for _, item in records(path))
    if stop:
        stop(venue.session)
    rng = random.Random(seed)
    rest = commands(seed)[done:]
    while rest:
        count = rng.randint(1, 5)
        venue.submit(rest[:count])
        rest = rest[count:]
    venue.policies.advance(BEGIN_NS + 60 * SECOND)
    venue.session.close()


def outcome(path: Path) -> Any:
    replayed = replay(path)
    return replayed.state_root, replayed.event_digest, records(path)


def killed_after(count: int) -> Callable[[Session], None]:
    """Makes a session kill its process (-9) right after so many blocks more were committed and executed."""

    def arm(session: Session) -> None:
        left, submit = count, session.submit

        def counted(*items: Any) -> Receipt:
            nonlocal left
            receipt = submit(*items)
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return receipt

        session.submit = counted  # type: ignore[method-assign]

    return arm


def in_a_child(work: Callable[[], None]) -> int:
    """Run work in a child process; returns the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_between_any_two_steps_it_continues_to_the_same_journal(tmp_path: Path) -> None:
    """50 kills at random points of ten sessions, several in one session, against the session nobody interrupted."""
    rng = random.Random(4)
    kills = 0
    for seed in range(10):
        drive(tmp_path / f"whole{seed}", seed)
        path = tmp_path / f"killed{seed}"
        for _ in range(KILLS // 10):
            after = rng.randint(1, 25)
            kills += in_a_child(lambda path=path, seed=seed, after=after: drive(path, seed, killed_after(after))) == 9
        drive(path, seed)
        assert outcome(path) == outcome(tmp_path / f"whole{seed}")
    assert kills == KILLS


def states(venue: Venue) -> dict[str, bytes]:
    engaged = venue.policies.engaged()
    return {
        one.slot: msgspec.msgpack.encode((venue.policies.state(one.slot), one.turns, one.wake_ns)) for one in engaged
    }


@pytest.mark.parametrize("kind", ["killed", "closed", "snapshot"])
def test_what_policies_remember_is_the_same_after_opening(tmp_path: Path, kind: str) -> None:
    stage = Stage(tmp_path / "venue", POLICIES)
    for one in commands(1):
        stage.venue.submit([one])
    stage.venue.policies.settle()
    before = states(stage.venue)
    if kind == "snapshot":
        stage.venue.snapshot()
    if kind == "killed":
        stage.venue.session.close()
    else:
        stage.venue.close()
    with Venue.open(tmp_path / "venue", clock=lambda: BEGIN_NS, policies=POLICIES) as venue:
        assert states(venue) == before
    assert rerun(tmp_path / "venue", POLICIES).unchecked == ()


def test_a_recovery_begins_at_a_snapshot_if_the_policies_are_still_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path / "venue", POLICIES)
    whole = commands(1)
    for one in whole[:40]:
        stage.venue.submit([one])
    stage.venue.snapshot()  # in the middle of an instant, with events that nobody has looked at yet
    at = stage.venue.seq
    for one in whole[40:]:
        stage.venue.submit([one])
    before = states(stage.venue)
    stage.venue.session.close()
    began: list[int] = []
    tape = Tape.of

    def noted(reader: Any, *, after: int = 0) -> Tape:
        began.append(after)
        return tape(reader, after=after)

    monkeypatch.setattr(Tape, "of", noted)
    for slower, expected in ((Metronome(), at), (Metronome(interval_ns=SECOND), 0)):
        with Venue.open(tmp_path / "venue", clock=lambda: BEGIN_NS, policies=POLICIES | {"funding": slower}) as venue:
            assert slower != Metronome() or states(venue) == before
        assert began.pop() == expected
    (path,) = (tmp_path / "venue" / "snapshots").glob("*.policies")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with Venue.open(
        tmp_path / "venue", clock=lambda: BEGIN_NS, policies={"funding": Metronome(interval_ns=SECOND)} | KEPT
    ):
        assert began.pop() == 0


WITHOUT_POLICIES = """
import sys
from crossbook.replay import replay

found = replay(sys.argv[1], check_invariants=True)
assert not any(name.startswith(("tests", "crossbook.policies.")) for name in sys.modules), sorted(sys.modules)
print(found.state_root.hex(), found.event_digest.hex())
"""


def test_the_journal_of_policies_replays_with_none_installed(tmp_path: Path) -> None:
    drive(tmp_path / "venue", 3)
    root, digest, _ = outcome(tmp_path / "venue")
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_POLICIES, str(tmp_path / "venue")], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [root.hex(), digest.hex()]


def test_opening_may_change_who_plays(tmp_path: Path) -> None:
    drive(tmp_path / "venue", 3)
    slower = Metronome(interval_ns=20 * SECOND)
    changes = {"funding": slower, "surveillance": None, "mark": Follower()}
    with Venue.open(tmp_path / "venue", clock=lambda: BEGIN_NS + 61 * SECOND, policies=changes) as venue:
        assert [(one.slot, one.policy) for one in venue.policies.engaged()] == [
            ("mark", Follower()),
            ("funding", slower),
        ]
        venue.policies.advance(BEGIN_NS + 100 * SECOND)
        assert venue.policies.state("funding").beats == 1 + 2
    with Venue.open(
        tmp_path / "venue", clock=lambda: BEGIN_NS, policies={"funding": slower, "mark": Follower()}
    ) as venue:
        assert venue.policies.state("funding").beats == 1 + 2


def test_a_policy_nobody_has_must_be_given_or_taken_off(tmp_path: Path) -> None:
    drive(tmp_path / "venue", 3)
    with pytest.raises(InputError, match="follower") as caught:
        Venue.open(tmp_path / "venue", policies={"funding": Metronome(), "surveillance": Scribe()})
    assert caught.value.code == "unknown_policy"
    nobody = dict.fromkeys(POLICIES)
    with Venue.open(tmp_path / "venue", policies=nobody) as venue:
        assert len(venue.policies) == 0
