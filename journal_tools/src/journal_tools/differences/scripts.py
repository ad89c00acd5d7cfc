"""A script as the judge of each seq, as `git bisect run` has it: 0 good, 1 to 124, 126 and 127 bad, 125 skip.

It is called with a seq and a file: the state after that seq as JSON, `{subsystem: {entity: {field: value}}}`, the
fields named as docs/digests.md names them. `JOURNAL_PATH`, `JOURNAL_SEQ` and `JOURNAL_STATE` are in its environment.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from journal_tools.differences.builds import Build
from journal_tools.differences.executions import Execution
from journal_tools.errors import Skipped, ToolError
from journal_tools.journal import Journal, Record
from journal_tools.output import plain
from journal_tools.snapshots import entities

SKIP: Final = 125
BAD_MAX: Final = 127


class Judged(NamedTuple):
    """The last good seq and the first bad one with its command; no bad one if the script found none."""

    good: int
    bad: int | None
    record: Record | None
    looks: list[tuple[int, str]]
    skipped: list[int]


class _Judge:
    """Calls the script, once for each seq."""

    def __init__(self, journal: Journal, script: str, folder: Path) -> None:
        self.journal = journal
        self.script = script
        self.folder = folder
        self.execution = Execution(journal, Build())
        self.looks: dict[int, str] = {}

    def verdict(self, seq: int) -> str:
        """What the script says of a seq: good, bad or skipped."""
        if seq not in self.looks:
            self.looks[seq] = self._call(seq)
        return self.looks[seq]

    def _call(self, seq: int) -> str:
        if seq < self.execution.at:
            self.execution.back()
        for _ in self.execution.steps(seq):
            pass
        path = self.folder / f"{seq}.json"
        path.write_text(json.dumps(state_document(self.execution.snapshot())))
        told = {"JOURNAL_PATH": str(self.journal.path), "JOURNAL_SEQ": str(seq), "JOURNAL_STATE": str(path)}
        try:
            # To run what the user names is what this is for.
            done = subprocess.run([self.script, str(seq), str(path)], env=os.environ | told, stdout=2, check=False)  # noqa: S603
        except OSError as error:
            raise _broken(f"{self.script} cannot be run: {error}") from error
        if not 0 <= done.returncode <= BAD_MAX:
            raise _broken(f"{self.script} ended with {done.returncode} at seq {seq}")
        if not done.returncode:
            self.execution.keep()  # What is looked at later lies later.
        return "skipped" if done.returncode == SKIP else "bad" if done.returncode else "good"


def state_document(snapshot: bytes) -> dict[str, dict[str, dict[str, object]]]:
    """A state as JSON holds it, by subsystem, entity and field."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for entity, fields in entities(snapshot).items():
        found.setdefault(entity.subsystem, {})[entity.name] = {name: plain(value) for name, value in fields.items()}
    return found


def bisect_script(journal: Journal, script: str, *, good: int, bad: int | None) -> Judged:
    """The first seq between two of which a script says it is bad.

    Raises:
        ToolError: `script_broken` it cannot be run, or ends as no judge does; `good_is_bad` it calls the good end bad.
        Skipped: `only_skipped` every seq that could be the first bad one was skipped.
    """
    last = journal.last_seq if bad is None else bad
    command = str(Path(script).resolve()) if Path(script).exists() else script
    with TemporaryDirectory(prefix="journal-states-") as folder:
        judge = _Judge(journal, command, Path(folder))
        if judge.verdict(good) == "bad":
            raise ToolError(
                f"seq {good} is to be good, and the script says it is bad",
                code="good_is_bad",
                hint="the script must end with 0 for what is good; give another --good",
                seq=good,
            )
        low, high = good, last
        if judge.verdict(last) == "bad":
            low, high = _halve(judge, good, last)
        looks = list(judge.looks.items())
    skipped = sorted(seq for seq, verdict in looks if verdict == "skipped")
    if high == last and dict(looks)[last] != "bad":
        return Judged(last, None, None, looks, skipped)
    if high - low > 1:
        raise Skipped(
            f"the first bad seq is one of {low + 1} to {high}: all others there were skipped",
            code="only_skipped",
            hint="let the script judge more of them",
            after=low,
            bad=high,
            skipped=skipped,
        )
    return Judged(low, high, journal.record(high)[0], looks, skipped)


def _halve(judge: _Judge, low: int, high: int) -> tuple[int, int]:
    """The last good and the first bad seq, or as near as skipped ones allow."""
    while high - low > 1:
        middle = _nearest_judged(judge, low, high)
        if middle is None:
            break
        if judge.verdict(middle) == "good":
            low = middle
        else:
            high = middle
    return low, high


def _nearest_judged(judge: _Judge, low: int, high: int) -> int | None:
    """The seq nearest to the middle of which the script says something; None if it skips all between."""
    middle = (low + high) // 2
    for away in range(high - low):
        for seq in {middle - away, middle + away}:
            if low < seq < high and judge.verdict(seq) != "skipped":
                return seq
    return None


def _broken(why: str) -> ToolError:
    return ToolError(why, code="script_broken", hint="0 is good, 1 to 124 bad, 125 skip; more ends the search")
