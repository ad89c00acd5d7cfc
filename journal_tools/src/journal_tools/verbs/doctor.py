"""`journal doctor`: does this machine reproduce the golden journals, root by root?"""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from journal_tools import replaying
from journal_tools.checking import verify
from journal_tools.errors import Finding
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, verb
from journal_tools.output import emit

COLUMNS = ("journal", "commands", "marks", "state_root", "reproduced", "differs")


@verb("doctor", short_help="Does this machine reproduce the golden journals?")
def command(*, fmt: str) -> int:
    """Verify and execute the golden journals of every ruleset, which are part of this package.

    A golden journal is kept for ever with the roots it came to. Needs [replay].
    """
    replaying.need()
    with as_file(files("journal_tools").joinpath("golden")) as folder:
        rows = [examined(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    emit(rows, COLUMNS, fmt, name="journals", about=machine())
    return EXIT_OK if all(row["reproduced"] for row in rows) else EXIT_FINDING


def examined(path: Path) -> dict[str, Any]:
    """A golden journal against the roots that were recorded with it; `differs` names the first thing that does."""
    expected = json.loads((path / "expected.json").read_text())
    row: dict[str, Any] = {"journal": path.name, "commands": expected["seq"], "state_root": expected["state_root"]}
    verdict = verify(path / "session")
    if verdict.findings:
        return row | {"reproduced": False, "differs": verdict.findings[0].message}
    try:
        marks, kernel = replaying.reproduce(path / "session")
    except Finding as finding:
        return row | {"reproduced": False, "differs": finding.message}
    found: dict[str, Any] = {
        "seq": kernel.seq,
        "event_digest": kernel.event_digest().hex(),
        **{name: root.hex() for name, root in kernel.subsystem_roots()},
        "state_root": kernel.state_root().hex(),
    }
    stated = expected | expected["subsystems"]
    wrong = next((name for name, value in found.items() if stated[name] != value), "")
    return row | {"marks": marks, "reproduced": not wrong, "differs": wrong or None}


def machine() -> dict[str, str]:
    """What ran: versions, and the machine."""
    try:
        crossbook = version("crossbook")
    except PackageNotFoundError:
        crossbook = "not installed as a package"
    return {
        "crossbook": crossbook,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}",
    }
