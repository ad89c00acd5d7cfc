"""The house rules of journal_tools: it shares nothing with the venue, and writes nothing but what it was asked for.

What reads evidence must not be able to change it, and must not believe the program that made it.
"""

from __future__ import annotations

import ast
import json
import re
from importlib.resources import files as resources
from pathlib import Path

from crossbook import _kernel
from tests.house.test_tidy import ROOT, files, imported

TOOLS = ROOT / "journal_tools" / "src" / "journal_tools"
SOURCES = files(".py", "journal_tools/src")
REEXECUTION = ("replaying.py", "trying.py", "differences/kernel_process.py")
"""What happened, what might have, and a kernel in another process: the doors to the venue."""
WRITERS: dict[str, str] = {
    "exporting/files.py": "writes the tables the user asked for, where he said",
    "lookup/index.py": "an index in the directory that the user names",
    "differences/scripts.py": "a state in a temporary folder, for the script that judges it",
    "proofs/outputs.py": "files that the user names, where nothing was",
    "redaction/copying.py": "a copy of a session in the new directory that the user names",
}
"""The modules that write, and what: paths that the user gave, never anything in a session."""
WRITING = re.compile(
    r"""\.write_(?:bytes|text)\(|\bopen\([^)\n]*["'](?:[rb]*[wax+][rwaxb+]*)["']|O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)"""
    r"""|\.(?:unlink|rmdir|mkdir|touch|rename|symlink_to|hardlink_to|truncate|chmod)\(|\bshutil\.|\bsqlite3\.connect"""
)
DISCARDED = "os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())"
"""Writes to nowhere: whoever read stdout has gone."""


def place(path: Path) -> str:
    return str(path.relative_to(TOOLS))


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 10


def test_no_tool_imports_lmdb() -> None:
    assert [place(path) for path in SOURCES if "lmdb" in imported(path)] == []


def test_only_re_execution_imports_the_venue() -> None:
    guilty = [place(path) for path in SOURCES if "crossbook" in imported(path) and place(path) not in REEXECUTION]
    assert guilty == []


def test_re_execution_is_imported_only_when_it_is_asked_for() -> None:
    """At the top of a module neither crossbook nor what imports it: every verb loads without it."""
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                named = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                named = {(node.module or "").split(".")[0]}
            else:
                continue
            assert "crossbook" not in named, place(path)


def test_nothing_is_opened_for_writing_but_by_the_modules_that_say_so() -> None:
    guilty = {
        f"{place(path)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if WRITING.search(line) and DISCARDED not in line and place(path) not in WRITERS
    }
    assert guilty == set()


def test_the_vocabulary_of_the_tools_is_the_kernels() -> None:
    mine = json.loads(resources("journal_tools").joinpath("vocabulary.json").read_text())
    assert mine == json.loads(_kernel.vocabulary())


def test_the_licence_is_the_projects() -> None:
    assert (ROOT / "journal_tools" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
