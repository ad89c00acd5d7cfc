"""What docs/counterfactual.md shows is what is printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "counterfactual.md").read_text()


def test_the_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, expected = (re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[1] for kind in ("python", "text"))  # type: ignore[index]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "counterfactual.md", "exec"), {"__name__": "page"})
    assert output.getvalue() == expected
    session = re.search(r"```\n(\$.*?)```", PAGE, re.DOTALL)[1]  # type: ignore[index]
    branched, compared = re.findall(r"^\$ crossbook (.*)\n", session, re.MULTILINE)
    told = CliRunner().invoke(main, branched.replace("-o spared", "-o again").split())
    assert (told.exit_code, Path("again/change.json").exists()) == (0, True)
    told = CliRunner().invoke(main, compared.split())
    assert told.stdout == session.split(f"$ crossbook {compared}\n")[1]
