"""The whole demo killed between the steps of its policies: oracle, mark, breakers, funding, ladder, insurance, fees."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from crossbook import Venue
from crossbook.commands import Checkpoint, RegisterAuthor
from crossbook.demo.config import START_NS
from crossbook.demo.policies import policed_config
from crossbook.demo.session import Run
from crossbook.replay import replay
from crossbook.session import Envelope, Session
from tests.flow.test_demo import SMALL
from tests.policies.test_loop import records
from tests.policies.test_recovery import in_a_child, killed_after

KILLS = 20


def outside(path: Path) -> list[Envelope]:
    """What came from outside once the policies were engaged, in order; the last command closed the venue."""
    told = [item for _, item in records(path)]
    inside = {0: [at for at, item in enumerate(told) if isinstance(item.command, RegisterAuthor)]}
    begins = inside[0][-1] + 2  # the last engagement, and its note
    authors = range(1, len(inside[0]) + 1)
    return [item for item in told[begins:] if item.author not in authors and not isinstance(item.command, Checkpoint)]


def drive(path: Path, commands: list[Envelope], stop: Callable[[Session], None] | None = None) -> None:
    """Open or begin the venue, and hand over what of the demo its journal does not have yet."""
    if path.exists():
        venue = Venue.open(path, durability="volatile", clock=lambda: START_NS)
        done = len(outside(path))
    else:
        venue = Venue.create(path, policed_config(), durability="volatile", clock=lambda: START_NS)
        done = 0
    if stop:
        stop(venue.session)
    rest = commands[done:]
    while rest:
        venue.submit(rest[:97])
        rest = rest[97:]
    venue.policies.settle()
    venue.session.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_demo_killed_between_the_steps_of_its_policies_is_the_demo(tmp_path: Path) -> None:
    Run(tmp_path / "whole", SMALL, durability="volatile").play()
    commands = outside(tmp_path / "whole")
    told = records(tmp_path / "whole")
    rng = random.Random(5)
    kills = 0
    path = tmp_path / "killed"
    while kills < KILLS:
        after = rng.randint(1, 30)
        ended = in_a_child(lambda after=after: drive(path, commands, killed_after(after)))
        assert ended in (0, 9)
        if not ended:
            break
        kills += 1
    assert kills == KILLS
    drive(path, commands)
    assert records(path) == told[:-1]  # all but the Checkpoint of a clean close
    assert replay(path).event_digest == replay(tmp_path / "whole", seq=len(told) - 1).event_digest
