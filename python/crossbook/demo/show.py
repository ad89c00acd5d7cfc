"""The demo from start to end: play, prove, compare, show."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from crossbook.demo.comparison import branch_path, compared
from crossbook.demo.config import DemoConfig
from crossbook.demo.proof import accounts, conservation, debts, journal_facts, prove, strain
from crossbook.demo.report import DemoReport
from crossbook.demo.screen import screen
from crossbook.demo.session import Run
from crossbook.errors import InputError
from crossbook.replay import Progress, state_at

DEFAULT_PATH: Final = Path("demo-session")


def run(
    path: Path | None = None,
    *,
    seed: int | None = None,
    config: DemoConfig | None = None,
    durability: str = "durable",
    progress: Progress | None = None,
    out: Callable[[str], object] | None = None,
) -> DemoReport:
    """Generate a seeded session, journal it, replay it, branch it, and print what happened.

    Args:
        path: an empty directory or one that does not exist; by default `demo-session`, which is replaced. The branch
            is kept beside it, under the same name and `-market`.
        seed: of all random choices; the same seed gives the same state root on every machine.
        config: how large the demo is.
        durability: of the journal while it is written.
        progress: called with the round played and the number of rounds.
        out: takes the screen; by default it goes to stdout.

    Raises:
        InputError: `demo_path_taken`, if the default path holds something that is not a journal, or there is something
            where the branch would be; `demo_config`, if the crash would not be over before the session ends.
        JournalExists: a path was given and is not empty.
    """
    chosen = config or DemoConfig()
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    chosen.check()
    target = path if path is not None else _fresh(DEFAULT_PATH)
    if path is None:
        _fresh(branch_path(target))
    elif branch_path(target).exists():
        raise _taken(branch_path(target))
    played = Run(target, chosen, durability=durability)
    played.play(progress)
    report = _report(target, played, durability)
    (out or sys.stdout.write)(screen(report))
    return report


def _report(path: Path, played: Run, durability: str) -> DemoReport:
    live = played.venue
    at_bottom = state_at(path, seq=played.bottom_seq)
    everyone = accounts(live)
    return DemoReport(
        path=path,
        config=played.config,
        durability=durability,
        tally=played.tally,
        view=live,
        accounts=len(everyone),
        bottom_seq=played.bottom_seq,
        bottom_time_ns=played.bottom_time_ns,
        strain=strain(accounts(at_bottom)),
        debts=debts(everyone, live.policies.state("liquidation")),
        conservation=conservation(live, everyone),
        journal=journal_facts(path),
        proof=prove(path, live, played.bottom_seq),
        comparison=compared(path),
    )


def _fresh(path: Path) -> Path:
    """A default path, emptied of the demo before. Anything but a journal is left alone."""
    if path.exists():
        if not (path / "session.json").is_file():
            raise _taken(path)
        shutil.rmtree(path)
    return path


def _taken(path: Path) -> InputError:
    return InputError(
        f"{path} is not a session of a demo before",
        code="demo_path_taken",
        values={"path": str(path)},
        hint="move it away, or give the demo a path of its own",
    )
