"""Seeded sessions of trouble: money is conserved after every command, and what the rulebook promises of steps holds."""

from __future__ import annotations

import random

import pytest

from tests.properties.promises import Promise
from tests.properties.trouble_sessions import TroubleSession

PARTS = 4
SESSIONS_PER_PART = 5
COMMANDS_PER_SESSION = 700


@pytest.mark.parametrize("part", range(PARTS))
def test_every_step_keeps_what_the_rulebook_promises(part: int) -> None:
    for seed in range(part * SESSIONS_PER_PART, (part + 1) * SESSIONS_PER_PART):
        session = TroubleSession(random.Random(seed))
        for _ in range(COMMANDS_PER_SESSION):
            record = session.next_record()
            promise = Promise(session.world.state, record.command)
            events = session.world.apply(record)
            session.world.check()
            promise.check(session.world.state, events)
