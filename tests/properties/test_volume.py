"""A hundred seeded sessions, more than 150,000 commands, on model and kernel; and proof that they leave no rule out."""

from __future__ import annotations

import random

import pytest

from crossbook._kernel import Kernel
from tests.model.commands import Record
from tests.model.events import Event
from tests.properties.agreement import Disagreement, compare_block
from tests.properties.coverage import Coverage, missing
from tests.properties.sessions import Session

PARTS = 4
SESSIONS_PER_PART = 26
COMMANDS_PER_SESSION = 1_500
EXERCISED_AT_LEAST = 5
BLOCK_SIZES = (1, 2, 7, 40, 150, 400)


def run_session(seed: int, coverage: Coverage) -> None:
    """Runs one session in blocks of random sizes; the kernel is now and then replaced by its own snapshot."""
    rng = random.Random(seed)
    session, kernel = Session(rng), Kernel(check_invariants=True)
    coverage.start()
    written = 0
    while written < COMMANDS_PER_SESSION:
        records: list[Record] = []
        expected: list[Event] = []
        for _ in range(min(rng.choice(BLOCK_SIZES), COMMANDS_PER_SESSION - written)):
            record, events = session.step()
            session.world.check()
            coverage.count(record, events)
            records.append(record)
            expected += events
        written += len(records)
        compare_block(session.world, kernel, records, expected)
        if rng.random() < 0.1:
            kernel = restored(kernel)


def restored(kernel: Kernel) -> Kernel:
    """The kernel that its snapshot gives back, which must be the same in every byte."""
    snapshot = kernel.snapshot()
    copy = Kernel.from_snapshot(snapshot, check_invariants=True)
    assert copy.snapshot() == snapshot
    assert copy.state_root() == kernel.state_root() == kernel.full_state_root()
    assert copy.event_digest() == kernel.event_digest()
    return copy


@pytest.mark.parametrize("part", range(PARTS))
def test_model_and_kernel_agree_on_seeded_sessions(part: int) -> None:
    coverage = Coverage()
    for seed in range(part * SESSIONS_PER_PART, (part + 1) * SESSIONS_PER_PART):
        try:
            run_session(seed, coverage)
        except Disagreement as disagreement:
            pytest.fail(f"seed {seed}: {disagreement}", pytrace=False)
    assert coverage.commands == SESSIONS_PER_PART * COMMANDS_PER_SESSION
    assert missing(coverage, EXERCISED_AT_LEAST) == []


def test_the_parts_together_run_more_than_a_hundred_thousand_commands() -> None:
    assert PARTS * SESSIONS_PER_PART * COMMANDS_PER_SESSION >= 100_000
