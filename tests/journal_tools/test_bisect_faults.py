"""`journal bisect` names what went wrong: every field of the state, by a build that computes it wrongly from a seq on.

A fault that no kernel could go on with, because its invariants forbid it, is one of reporting: see `faulty`.
"""

from __future__ import annotations

import random
import re
from math import ceil, log2
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from crossbook._kernel import Kernel
from journal_tools import replaying
from journal_tools.differences.bisection import between_builds, between_journals
from journal_tools.differences.builds import Build
from journal_tools.differences.executions import Execution
from journal_tools.differences.search import Halving
from journal_tools.journal import Journal
from journal_tools.snapshots import Entity, entities
from journal_tools.snapshots.shape import PARTS
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import GOLDEN
from tests.journal_tools.faulty import Fault, Faulty, FaultyBuild, FaultyMaker, Written, fault_at
from tests.journal_tools.replicas import changed_values, edited

SEED = 5
STATES = 6
"""States of each journal in which fields are looked for."""
TRIES = 12
FAULTS = 196
COMMANDS_MIN = 30
LOOKS = 25

PAGE = (ROOT / "docs" / "journal_differences.md").read_text()

Kind = tuple[str, str, str]

UNSEEN: Final[set[Kind]] = {
    # Where an order stands follows from its price and from those ahead of it.
    ("orders", "order", "market"),
    ("orders", "order", "priority"),
    # In no digest: it says when the next root is due, and shows in the mark that has it.
    ("root_mark", "venue", "root_time"),
}
"""What is named like a field and cannot be wrong by itself."""


class Place(NamedTuple):
    """A field of an entity in the state of a journal after a seq; `lasts` says that it is there when the block ends."""

    journal: str
    seq: int
    snapshot: bytes
    entity: Entity
    field: str
    lasts: bool


class Seeded(NamedTuple):
    journal: str
    fault: Fault
    goes_on: bool


@pytest.fixture(scope="module")
def journals() -> dict[str, Journal]:
    return {name: Journal.open(GOLDEN / name / "session") for name in ("ruleset_1", "ruleset_1_trouble")}


def kind_of(entity: Entity, field: str) -> Kind:
    """What field it is, whoever it is of: `("positions", "account", "positions[].lots")`."""
    return entity.subsystem, entity.name.split()[0], re.sub(r"\[.*?\]", "[]", field)


@pytest.fixture(scope="module")
def places(journals: dict[str, Journal]) -> dict[Kind, list[Place]]:
    """Where every kind of field is to be found."""
    rng = random.Random(SEED)
    found: dict[Kind, list[Place]] = {}
    for name, journal in journals.items():
        for seq in rng.sample(range(600, journal.last_seq), STATES):
            snapshot = replaying.kernel_at(journal, seq).snapshot()
            later = entities(replaying.kernel_at(journal, journal.record(seq)[1].last_seq).snapshot())
            for entity, fields in entities(snapshot).items():
                for field in fields:
                    lasts = field in later.get(entity, {})
                    place = Place(name, seq, snapshot, entity, field, lasts)
                    found.setdefault(kind_of(entity, field), []).append(place)
    return found


def seeded(rng: random.Random, places: list[Place]) -> Seeded | None:
    """A fault of a kind of field, one that a kernel goes on with if there is one."""
    reported: Seeded | None = None
    for place in rng.sample(places, min(TRIES, len(places))):
        found = fault_at(place.seq, place.snapshot, place.entity, place.field)
        if found and found[1]:
            return Seeded(place.journal, *found)
        if found and place.lasts:
            reported = Seeded(place.journal, *found)
    return reported


@pytest.fixture(scope="module")
def faults(places: dict[Kind, list[Place]]) -> dict[Kind, Seeded]:
    rng = random.Random(SEED)
    drawn = {kind: seeded(rng, found) for kind, found in places.items() if kind not in UNSEEN}
    return {kind: fault for kind, fault in drawn.items() if fault is not None}


def test_every_byte_of_a_snapshot_is_of_a_named_field(places: dict[Kind, list[Place]]) -> None:
    """Written anew from the fields it is the same snapshot, and its digests are the kernel's."""
    snapshots = {place.snapshot for found in places.values() for place in found}
    assert len(snapshots) == 2 * STATES
    for snapshot in snapshots:
        written = Written(entities(snapshot))
        assert written.snapshot() == snapshot
        assert written.subsystems() == Kernel.from_snapshot(snapshot).subsystem_roots()


def test_the_faults_are_of_every_field_there_is(faults: dict[Kind, Seeded]) -> None:
    """Every field that docs/digests.md knows is computed wrongly by some build, those of unlisted places excepted."""
    named = {kind[2].replace("[]", "").split(".", 1)[-1] for kind in faults} | {kind[2] for kind in faults}
    for part, declared in PARTS.items():
        for field in declared.split(", "):
            name, field_kind = field.split(" ", 1)
            if not field_kind.startswith("list of ") and name != "root_time":
                assert any(found == name or found.endswith(f".{name}") for found in named), f"{part}: {name}"
    assert len(faults) == FAULTS
    assert f"| {FAULTS} | all: seq, subsystem, entity, field, both values |" in PAGE
    assert {kind[0] for kind in faults} == {
        *("parameters", "sequence", "markets", "funds", "accounts", "positions", "idempotency", "orders"),
        *("events", "root_mark"),
    }


def test_every_fault_of_a_build_is_named_exactly(faults: dict[Kind, Seeded], journals: dict[str, Journal]) -> None:
    """The seq, the subsystem, the entity, the field, and what it is in each: for all of them, without exception."""
    wrong = {}
    for kind, (name, fault, goes_on) in faults.items():
        with FaultyBuild(FaultyMaker(fault, goes_on=goes_on)) as build:
            found = between_builds(journals[name], build)
            if found.seq != fault.seq and goes_on:
                # The field was set anew before the block was over.
                found = between_builds(journals[name], build, pace="command")
        expected = {"part": fault.entity.subsystem, "entity": fault.entity.name, "field": fault.field}
        row = found.rows[0] if found.rows else {}
        named = {key: row.get(key) for key in expected}
        if (found.seq, named, row.get("a"), row.get("b")) != (fault.seq, expected, fault.value, fault.other):
            wrong[kind] = (fault, found.seq, found.what, found.rows[:3])
    assert wrong == {}


def test_a_fault_is_found_in_few_looks(faults: dict[Kind, Seeded], journals: dict[str, Journal]) -> None:
    """The number of re-executions grows with the logarithm of the number of blocks."""
    looks = []
    for name, fault, goes_on in faults.values():
        if goes_on and fault.entity.subsystem == "parameters" and len(looks) < LOOKS:
            journal = journals[name]
            with Build() as ours, FaultyBuild(FaultyMaker(fault, goes_on=goes_on)) as theirs:
                halving = Halving(Execution(journal, ours), Execution(journal, theirs))
                if halving.first_parting(0, journal.last_seq) is not None:
                    looks.append(halving.probes)
    blocks = len(list(journals["ruleset_1"].blocks()))
    assert len(looks) == LOOKS
    assert max(looks) <= ceil(log2(blocks)) + 2


def test_a_record_edited_with_every_hash_made_anew_is_named(journals: dict[str, Journal], tmp_path: Path) -> None:
    """Every kind of field of every kind of command, changed in a copy whose chain is whole."""
    rng = random.Random(SEED)
    wrong, kinds = {}, set()
    for name, journal in journals.items():
        source = GOLDEN / name / "session"
        for number, (seq, field, at, value, other) in enumerate(changed_values(journal, rng, COMMANDS_MIN)):
            copy = edited(source, tmp_path / f"{name}-{number}", seq, at, other)
            found = between_journals(journal, Journal.open(copy), None)
            row = found.rows[0] if found.rows else {}
            kinds.add((found.record.command[0] if found.record else 0, field))
            named = (
                found.seq,
                row.get("part"),
                row.get("field", "").removeprefix("command."),
                row.get("a"),
                row.get("b"),
            )
            if named != (seq, "command", field, value, other):
                wrong[name, seq, field] = (found.seq, row)
    assert wrong == {}
    assert len(kinds) >= COMMANDS_MIN
    assert f"| {2 * COMMANDS_MIN} | all: seq, field, both values |" in PAGE


def test_a_build_that_stops_is_named(journals: dict[str, Journal]) -> None:
    class Stopping(Faulty):
        def apply(self, body: bytes, *, first_seq: int, base_time_ns: int, count: int, limit: int | None) -> bytes:
            if first_seq <= 1_000 < first_seq + count:
                raise RuntimeError("no such thing")
            return super().apply(body, first_seq=first_seq, base_time_ns=base_time_ns, count=count, limit=limit)

    class Maker(FaultyMaker):
        def __call__(self) -> Any:
            return Stopping(NOTHING, goes_on=True)

        def from_snapshot(self, data: bytes) -> Any:
            return Stopping(NOTHING, goes_on=True, kernel=Kernel.from_snapshot(data))

    with FaultyBuild(Maker(NOTHING, goes_on=True)) as build:
        found = between_builds(journals["ruleset_1"], build)
    assert (found.seq, found.what) == (1_000, "one of them cannot execute it")
    assert found.rows[0]["b"] == "RuntimeError: no such thing"


NOTHING = Fault(0, Entity("sequence", "venue"), "seq", 0, 0)
