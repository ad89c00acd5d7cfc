"""What the docstrings show is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import crossbook.config
import crossbook.venue


def block(text: str, language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return found


def test_the_configuration_and_the_venue_of_the_docstrings_work_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("venue.toml").write_text(block(crossbook.config.__doc__ or "", "toml"))
    exec(block(crossbook.venue.__doc__ or "", "python"), {})
    shown = capsys.readouterr().out
    assert shown.startswith("1 <Account 1>")
    assert "sum" in shown


def test_the_example_of_the_package_leaves_an_order_in_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("venue.toml").write_text(block(crossbook.config.__doc__ or "", "toml"))
    exec(block(crossbook.__doc__ or "", "python"), {})
    with crossbook.Venue.open("session") as venue:
        assert [str(level.price) for level in venue.book("BTC-PERP").bids] == ["64000.5"]
