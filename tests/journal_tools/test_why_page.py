"""docs/journal_why.md says what is so: its examples are executed."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import journal

PAGE = (ROOT / "docs" / "journal_why.md").read_text()
EXAMPLES = re.findall(r"```console\n\$ journal (.*)\n((?:.*\n)*?)```", PAGE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize(("call", "output"), EXAMPLES, ids=[call for call, _ in EXAMPLES])
def test_an_example_says_what_the_page_says(call: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = journal(*shlex.split(call))
    assert (said.code, said.out) == (0, output)
