"""Seeded sessions of trouble, on model and kernel: both do the same, and what the rulebook promises of steps holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from crossbook._kernel import Kernel
from tests.model import commands as c
from tests.model import events as e
from tests.model.commands import Record
from tests.model.events import Event
from tests.model.refusals import Code
from tests.properties.agreement import Disagreement, compare_block
from tests.properties.block_format import KINDS
from tests.properties.coverage import EVENTS_OF_TROUBLE, REFUSALS_OF_TROUBLE
from tests.properties.promises import Promise
from tests.properties.test_volume import restored
from tests.properties.trouble_sessions import TroubleSession

SESSIONS = 20
COMMANDS_PER_SESSION = 600
PROMISED_SEEDS = range(100, 103)
STOPPED_BY_GRADE = (c.Liquidate, c.Hedge, c.OpenAuction, c.Bid, c.TakeOver, c.Deleverage, c.Socialise)
DETAILS = {
    *(f"moved for reason {reason}" for reason in (1, 2, 3)),
    *(f"auction closed for reason {reason}" for reason in (1, 3)),
    "liquidation of kind 1 filled",
    "order cancelled by the waterfall",
    *(f"grade stops {kind.__name__}" for kind in STOPPED_BY_GRADE),
}


def told_by(event: Event) -> Iterator[str]:
    """The name of an event, and what it tells beyond it."""
    yield e.FIELDS[event[0]][0]
    if event[0] == e.POSITION_MOVED:
        yield f"moved for reason {event[2]}"
    if event[0] == e.AUCTION_CLOSED:
        yield f"auction closed for reason {event[6]}"
    if event[0] == e.LIQUIDATION_ENDED and event[6] > 0:
        yield f"liquidation of kind {event[4]} filled"
    if event[0] == e.ORDER_CANCELLED and event[6] == e.WATERFALL:
        yield "order cancelled by the waterfall"
    if event[0] == e.REJECTED:
        yield Code(event[4]).name
    if event[0] == e.REJECTED and event[4] == Code.OracleGrade:
        yield f"grade stops {KINDS[event[2]].__name__}"


def run_session(seed: int, seen: Counter[str]) -> None:
    """Runs one session in blocks of random sizes; the kernel is now and then replaced by its own snapshot."""
    rng = random.Random(seed)
    session, kernel = TroubleSession(rng), Kernel(check_invariants=True)
    written = 0
    while written < COMMANDS_PER_SESSION:
        records: list[Record] = []
        expected: list[Event] = []
        for _ in range(rng.choice((1, 3, 20, 60))):
            record, events = session.step()
            session.world.check()
            records.append(record)
            expected += events
        written += len(records)
        compare_block(session.world, kernel, records, expected)
        seen.update(told for event in expected for told in told_by(event))
        if rng.random() < 0.1:
            kernel = restored(kernel)


def test_model_and_kernel_agree_in_any_trouble() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SESSIONS):
        try:
            run_session(seed, seen)
        except Disagreement as disagreement:
            pytest.fail(f"seed {seed}: {disagreement}", pytrace=False)
    events = {e.FIELDS[tag][0] for tag in EVENTS_OF_TROUBLE}
    wanted = DETAILS | events | {code.name for code in Code if code in REFUSALS_OF_TROUBLE}
    assert sorted(wanted - set(seen)) == []


@pytest.mark.parametrize("seed", PROMISED_SEEDS)
def test_every_step_keeps_what_the_rulebook_promises(seed: int) -> None:
    session = TroubleSession(random.Random(seed))
    for _ in range(COMMANDS_PER_SESSION):
        record = session.next_record()
        promise = Promise(session.world.state, record.command)
        events = session.world.apply(record)
        promise.check(session.world.state, events)
