"""Every ruleset's golden journals replay to their recorded roots."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from crossbook.journal import verify
from crossbook.replay import replay

RULESETS = sorted(path for path in Path(__file__).parent.glob("ruleset_*") if path.is_dir())


def test_there_are_golden_journals_of_the_present_ruleset() -> None:
    assert {"ruleset_1", "ruleset_1_trouble"} <= {path.name for path in RULESETS}


@pytest.mark.parametrize("ruleset", RULESETS, ids=lambda path: path.name)
def test_it_replays_to_its_recorded_roots(ruleset: Path, tmp_path: Path) -> None:
    expected = json.loads((ruleset / "expected.json").read_text())
    session = tmp_path / "session"
    shutil.copytree(ruleset / "session", session)
    assert not verify(session).findings
    replayed = replay(session)
    kernel = replayed.kernel
    assert {
        "seq": kernel.seq,
        "state_root": kernel.state_root().hex(),
        "event_digest": kernel.event_digest().hex(),
        "subsystems": {name: root.hex() for name, root in kernel.subsystem_roots()},
    } == expected
    assert replayed.marks > 20, "the journal checked itself on the way"
