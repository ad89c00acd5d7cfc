"""docs/journal_tools.md says what is so: its verbs are those of the command, its codes those of the source."""

from __future__ import annotations

import re

import click
import pytest

from journal_tools.cli import _Verbs, main
from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal
from tests.journal_tools.test_mutations import CAMPAIGN

PAGE = (ROOT / "docs" / "journal_tools.md").read_text()
SOURCE = ROOT / "journal_tools" / "src" / "journal_tools"
CODE = r"""(?:code=|code: str = |found\(|broken\(|_finding\(path, |_compare\()"(\w+)\""""
REFUSALS = {"newer_format", "not_a_session", "unknown_seq"}
"""What stops a verb, and is no finding about a journal."""


def rows(heading: str) -> dict[str, str]:
    """The rows of the table under a line that begins so."""
    table = PAGE.split(f"\n{heading}")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE))


def test_the_verbs_are_those_of_the_command() -> None:
    assert rows("| verb |") == _Verbs.verbs


def test_the_codes_are_those_of_the_source() -> None:
    named = set()
    for path in [*(SOURCE / "checking").glob("*.py"), *(SOURCE / "journal").glob("*.py"), SOURCE / "replaying.py"]:
        named |= set(re.findall(CODE, path.read_text()))
    assert set(rows("| code |")) == named - REFUSALS - {"extra_missing"}


def test_the_campaign_is_as_large_as_the_page_says() -> None:
    (stated,) = re.findall(r"more than ([\d,]+) seeded mutations", PAGE)
    assert sum(CAMPAIGN.values()) >= int(stated.replace(",", ""))


def verbs() -> list[str]:
    return [path.stem.replace("_", "-") for path in sorted((SOURCE / "verbs").glob("*.py")) if path.stem != "__init__"]


def calls() -> list[list[str]]:
    """Every verb, and where a verb has verbs of its own, each of them."""
    context = click.Context(main)
    found = []
    for verb in verbs():
        command = main.get_command(context, verb)
        below = command.list_commands(context) if isinstance(command, click.Group) else [""]
        found += [[verb, name] if name else [verb] for name in below]
    return found


@pytest.mark.parametrize("call", calls(), ids=" ".join)
def test_every_verb_has_help_and_knows_the_formats(call: list[str]) -> None:
    said = journal(*call, "--help")
    assert said.code == 0
    assert "--format" in said.out
    assert "--json" in said.out
