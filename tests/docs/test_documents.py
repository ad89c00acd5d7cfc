"""What the documents say is so: examples run, links lead somewhere, tables agree with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from crossbook import _kernel, commands
from crossbook.commands import PERMITTED_ORIGINS, Origin
from crossbook.views import TermKind

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
VOCABULARY = json.loads(_kernel.vocabulary())
PAGES = [(ROOT / "docs" / name).read_text() for name in (
    "rules.md", "rules_margin.md", "rules_waterfall.md", "rules_oracle.md",
)]  # fmt: skip
RULES = "\n".join(PAGES)
LISTS = {
    "`[lower_bound i64, initial_rate i64, maintenance_rate i64]`": "tiers",
    "`[maker_rate i64, taker_rate i64]`": "fee_tiers",
    "`[group_a u16, group_b u16, correlation_rate i64, offset_cap_rate i64]`": "correlations",
    "`[account u32, lots i64]`": "allocations",
    "`u16`": "u16s",
    "`u64`": "u64s",
    "`i64`": "i64s",
}


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def test_the_documents_are_found() -> None:
    assert {"README.md", "ARCHITECTURE.md", "rules.md", "journal_format.md", "glossary.md"} <= {
        p.name for p in DOCUMENTS
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_examples_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for index, code in enumerate(blocks(path, "python")):
        exec(compile(code, f"{path.name}:{index}", "exec"), {"__name__": f"{path.stem}_{index}"})


def test_the_example_of_the_readme_trades_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "Traded" in shown
    assert "requirement" in shown
    assert "64000.5" in shown


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text())
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    pages = [str(path.relative_to(ROOT)) for path in DOCUMENTS if path.name != "README.md"]
    assert [page for page in pages if f"({page})" not in readme] == []


def test_every_target_the_makefile_names_has_a_rule() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    rules = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert set(phony.split()) == rules - {"PYTHON", "VENV", "BIN", "SOURCES"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paths_named_in_the_code_map_exist(path: Path) -> None:
    if path.name != "ARCHITECTURE.md":
        return
    named = re.findall(r"`((?:rust|python|tests|docs|benches)/[\w./]+)`", path.read_text())
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_verb_the_readme_shows_exists() -> None:
    from crossbook.cli import main as crossbook
    from journal_tools.cli import main as journal

    for name, group in {"crossbook": crossbook, "journal": journal}.items():
        verbs = set(re.findall(rf"^\$ {name} ([\w-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
        assert len(verbs) >= 4
        # Looked up one by one: some verbs are loaded when they are asked for.
        assert [verb for verb in sorted(verbs) if group.get_command(click.Context(group), verb) is None] == []


def table_rows(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading of the rules, over all their pages."""
    cells = []
    for page in PAGES:
        (section,) = re.findall(rf"^## {heading}(?: of this page)?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        rows = [line for line in section.splitlines() if line.startswith("| ")]
        cells += [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[1:]]
    return cells


def test_the_command_tables_of_the_rules_are_the_vocabulary() -> None:
    documented = {}
    for tag, name, fields, _origins in table_rows("Commands"):
        plain = re.sub(r"\(.*?\)", "", fields)
        plain = re.sub(r"array of (`.*?`)", lambda found: LISTS[found[1]], plain)
        documented[int(tag), name] = [tuple(field.split()) for field in plain.split(", ") if field.strip()]
    built = {(c["tag"], c["name"]): [tuple(field) for field in c["fields"]] for c in VOCABULARY["commands"]}
    # The page of margin adds a last field to a command of the first page.
    documented[9, "Withdraw"].append(("destination", "u64"))
    assert documented == built


def test_the_origins_of_the_rules_are_those_of_the_vocabulary() -> None:
    for _tag, name, _fields, origins in table_rows("Commands"):
        written = set(Origin.__members__) if origins == "any" else {word.upper() for word in origins.split(", ")}
        assert {origin.name for origin in PERMITTED_ORIGINS[getattr(commands, name)]} == written, name


def test_the_event_tables_of_the_rules_are_the_vocabulary() -> None:
    documented = {
        (int(tag), name): re.findall(r"(?:^|, )(\w+)", re.sub(r" \(.*?\)| [iu]\d+", "", fields))
        for tag, name, fields in table_rows("Events")
    }
    built = {(e["tag"], e["name"]): [field for field, _ in e["fields"]] for e in VOCABULARY["events"]}
    assert documented == built


def test_every_refusal_is_in_the_rules_and_no_other() -> None:
    named = r"(?<![\d,])([1-5]\d\d)(?= [A-Z][a-z]+[A-Z]| Cooldown)"
    row = r"\| ([1-5]\d\d) \|"
    numbers = {int(number) for pattern in (named, row) for number in re.findall(pattern, RULES)}
    assert numbers == {reject["code"] for reject in VOCABULARY["rejects"]}
    missing = [reject["name"] for reject in VOCABULARY["rejects"] if reject["name"] not in RULES]
    # A refusal named once is cited by its number afterwards.
    assert missing == []


def glossary() -> list[str]:
    return re.findall(r"^\| ([a-z][\w ,-]+?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)[1:]


def test_the_glossary_is_in_order() -> None:
    words = glossary()
    assert len(words) > 40
    assert words == sorted(words, key=str.casefold)


def test_every_word_an_explanation_prints_is_in_the_glossary() -> None:
    assert [kind.name for kind in TermKind if kind.name.lower() not in glossary()] == []
