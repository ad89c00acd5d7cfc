"""docs/journal_differences.md says what is so: its examples are executed, in order, in one folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.house.test_tidy import ROOT
from tests.journal_tools.conftest import GOLDEN, journal
from tests.journal_tools.replicas import edited
from tests.journal_tools.test_bisect import TRADED, faulty_python

PAGE = (ROOT / "docs" / "journal_differences.md").read_text()
EXAMPLES = re.findall(r"```console\n\$ journal (.*)\n((?:.*\n)*?)```", PAGE)


def test_the_examples_say_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "journal_differences.md", "exec"), {})
    (tmp_path / "golden").symlink_to(GOLDEN / "ruleset_1_trouble" / "session")
    edited(tmp_path / "golden", tmp_path / "edited", 1_234, 6, 77)
    faulty_python(tmp_path / "python3", TRADED)
    (script,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "judge").write_text(script)
    (tmp_path / "judge").chmod(0o755)
    assert {call.split()[0] for call, _ in EXAMPLES} == {"diff", "bisect"}
    for call, output in EXAMPLES:
        said = journal(*shlex.split(call))
        assert (said.code, said.out, said.err) == (1, output, ""), call
