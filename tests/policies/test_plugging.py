"""Policies by name, from a configuration, from another package, and on the command line."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook import Venue
from crossbook.cli import main
from crossbook.policies import catalogue, roles
from tests.policies import zoo
from tests.policies.simple import Metronome, band
from tests.policies.stage import BEGIN_NS, BTC, SECOND, Stage, config
from tests.policies.test_loop import observe

THEIRS = '''
from tests.policies.simple import Metronome


class Careful(Metronome, frozen=True):
    """Theirs: half as fast."""

    name = "careful"
    interval_ns: int = 10_000_000_000
'''


@pytest.fixture
def their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that is installed beside crossbook, with an entry point."""
    site = tmp_path / "site"
    info = site / "their_package-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "their_package.py").write_text(THEIRS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[crossbook.policies]\nfunding.careful = their_package:Careful\n")
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("their_package", None)


def test_a_policy_of_another_package_is_found_by_its_entry_point(tmp_path: Path, their_package: Path) -> None:
    assert "careful" in catalogue.names("funding")
    stage = Stage(tmp_path / "venue", {"funding": {"policy": "careful"}})
    stage.advance(30)
    assert stage.venue.policies.state("funding").beats == 1 + 3
    stage.venue.close()
    with Venue.open(tmp_path / "venue", clock=lambda: BEGIN_NS) as venue:  # by name, out of the journal
        assert type(venue.policies["funding"]).__module__ == "their_package"
        assert venue.policies.state("funding").beats == 1 + 3


def test_every_name_of_the_catalogue_is_a_policy_of_its_role() -> None:
    for key in catalogue.BUILT_IN:
        role, _, name = key.partition(".")
        kind = catalogue.find(role, name)
        assert (kind.role, kind.name) == (role, name)
        assert kind.__doc__
    for role in roles.ROLES.values():
        assert role.default is None or f"{role.name}.{role.default}" in catalogue.BUILT_IN


def test_policies_stand_in_the_configuration(tmp_path: Path) -> None:
    settings = config() | {"policies": {"funding": {"policy": "epochs"}, "mark": "oracle"}}
    with Venue.create(tmp_path / "venue", settings, clock=lambda: BEGIN_NS, policies={"mark": "book"}) as venue:
        assert {one.slot: one.policy.name for one in venue.policies.engaged()} == {"funding": "epochs", "mark": "book"}


def test_the_command_line_lists_roles_in_the_order_of_their_turns() -> None:
    listed = json.loads(CliRunner().invoke(main, ["policies", "list", "--json"]).stdout)["roles"]
    assert [row["role"] for row in listed] == list(roles.ROLES)
    assert all(row["default"] in [None, *row["policies"]] for row in listed)
    assert "liquidation" in CliRunner().invoke(main, ["policies", "list"]).stdout


def test_the_documented_table_of_roles_is_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
    for role in roles.ROLES.values():
        others = ", ".join(name for name in catalogue.names(role.name) if name != role.default)
        assert f"| {role.name} | {role.purpose} | {role.default or '–'} | {others} |" in page


def test_the_command_line_shows_who_played_and_runs_them_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue", {"funding": {"policy": "epochs"}})
    stage.venue.policies.engage("mark", zoo_that_fails(), time_ns=BEGIN_NS + SECOND)
    stage.at(2, observe(BTC, 121_000, 2))
    stage.venue.close()
    shown = CliRunner().invoke(main, ["policies", "show", str(tmp_path / "venue")])
    assert [line.split()[-6:] for line in shown.stdout.splitlines() if "epochs" in line] == [
        ["epochs", "1", "engaged", "as", "author", "2", "(asked)"][-6:]
    ]
    assert "failed in turn 2: raised, ZeroDivisionError: nobody thought of this -> fallback" in shown.stdout
    found = json.loads(CliRunner().invoke(main, ["policies", "show", str(tmp_path / "venue"), "--json"]).stdout)
    assert [row["topic"] for row in found["policies"]] == ["policy.engaged"] * 2 + ["policy.fault", "policy.engaged"]
    verified = CliRunner().invoke(main, ["policies", "verify", str(tmp_path / "venue")])
    assert verified.exit_code == 0, verified.output
    assert "every proposal as recorded" in verified.stdout


def zoo_that_fails() -> zoo.Animal:
    from crossbook.events import Observed

    class Broken(zoo.Raises, frozen=True):
        role = "mark"
        listens = frozenset({Observed})

    return Broken()


def test_a_policy_that_is_not_what_it_was_is_a_finding(tmp_path: Path, their_package: Path) -> None:
    stage = Stage(tmp_path / "venue", {"funding": {"policy": "careful"}})
    stage.advance(30)
    stage.venue.close()
    (their_package / "their_package.py").write_text(THEIRS.replace("class Careful(", "class Other(") + CHANGED)
    sys.modules.pop("their_package")
    shutil.rmtree(their_package / "__pycache__", ignore_errors=True)
    verified = CliRunner().invoke(main, ["policies", "verify", str(tmp_path / "venue")])
    assert verified.exit_code == 1
    assert "policy_divergence" in verified.stderr


CHANGED = '''

class Careful(Other, frozen=True):
    """The same name, another rule."""

    def react(self, state, turn):
        answer = super().react(state, turn)
        return type(answer)(answer.state, (), answer.wake_ns)
'''


def test_small_policies_of_the_tests_are_policies() -> None:
    for slot, policy in band().items():
        assert catalogue.build(slot, policy) is policy
    assert Metronome().interval_ns == 5 * SECOND
