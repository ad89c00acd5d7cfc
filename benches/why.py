"""What would have saved whom: every liquidation of the demo explained, every saving searched, and proved by branches.

    python -m benches.why [--large] [--json]

Of the small demo (of the tests), or with --large of the whole one. Exit code 1 if a sum does not come out, or a branch
that should be saved is not, or one that should not be saved is.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.flow.test_demo import SMALL

from crossbook.demo import DemoConfig
from crossbook.demo import run as run_demo
from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.why import liquidated, saved
from journal_tools.why.timeline import Timeline


def accounts(path: Path) -> list[int]:
    """The accounts on whose pools a step was taken."""
    found: set[int] = set()
    event: Any
    for _, events in replaying.events(path):
        for event in events:
            if type(event).__name__ in ("PoolLocked", "LiquidationStarted", "AuctionOpened"):
                found.add(event.account)
    return sorted(found)


def measure(path: Path, out: Path) -> dict[str, Any]:
    """Explain, search and prove all; what there was of each, and how long it took."""
    journal, sessions = Journal.open(path), saved.Sessions(path)
    asked = saved.Asked(before_seq=None, until_seq=None, recorded=False)
    total: dict[str, Any] = {"commands": journal.last_seq, "liquidations": 0, "trials": 0, "branches": 0}
    total |= {"deposits": 0, "reductions": 0, "marks": 0, "none": 0, "differing": []}
    seconds = {"explain": 0.0, "search": 0.0, "prove": 0.0}
    for account in accounts(path):
        timeline = Timeline(journal, account)
        for episode in timeline.episodes:
            began = time.perf_counter()
            answer, seen = liquidated.explain(journal, timeline, episode)
            explained = time.perf_counter()
            found = saved.searches(
                journal, sessions, account, episode, asked, seen.shortage, ["deposit", "reduction", "mark"]
            )
            searched = time.perf_counter()
            saved.prove(answer, found, account, episode, out / f"{account}-{episode.first_seq}")
            seconds["explain"] += explained - began
            seconds["search"] += searched - explained
            seconds["prove"] += time.perf_counter() - searched
            total["liquidations"] += 1
            total["branches"] += len(answer.document["proofs"])
            total["differing"] += answer.differing
            for one in found:
                total["trials"] += one.result.trials
                total[f"{one.result.kind}s" if saved.is_saving(one.result) else "none"] += 1
    return total | {f"{name}_seconds": round(value, 1) for name, value in seconds.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "demo"
        run_demo(path, config=DemoConfig() if chosen.large else SMALL, durability="volatile", out=lambda _text: None)
        found = measure(path, Path(directory) / "branches")
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:<16} {value}")
    return 1 if found["differing"] else 0


if __name__ == "__main__":
    sys.exit(main())
