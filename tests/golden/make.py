"""Makes the golden journals of the present ruleset: one of every command, one of accounts in trouble.

Run once a ruleset, when its bytes are final:

    python -m tests.golden.make

A golden journal is never made again for a ruleset that has been released: if its test fails, the kernel has changed
what history means, and that is what has to be undone or gated by a new ruleset.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from crossbook._kernel import Kernel
from crossbook.journal import JournalWriter
from tests.model.wire import encode_block
from tests.properties.sessions import START, Session
from tests.properties.trouble_sessions import TroubleSession

HERE = Path(__file__).parent
RULESET = 1
SEED = 2026
COMMANDS = 4_000
SESSIONS: dict[str, type[Session]] = {f"ruleset_{RULESET}": Session, f"ruleset_{RULESET}_trouble": TroubleSession}
BLOCK_RECORDS = 150


def make(folder: Path, kind: type[Session]) -> None:
    """Writes a session of random commands of its kind, closed, and what it must replay to."""
    session, kernel = kind(random.Random(SEED)), Kernel(check_invariants=True)
    path = folder / "session"
    folder.mkdir(parents=True)
    with JournalWriter.create(path, durability="durable", session_id=f"{SEED:032x}", created_ns=START) as writer:
        written = 0
        while written < COMMANDS:
            records = [session.step()[0] for _ in range(BLOCK_RECORDS)]
            written += len(records)
            base = records[0].time
            body = encode_block(records, base)
            writer.append(
                body,
                count=len(records),
                first_time_ns=base,
                last_time_ns=records[-1].time,
                exec_mark=kernel.exec_mark(),
            )
            kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=base, count=len(records))
        writer.close(exec_mark=kernel.exec_mark())
    expected = {
        "seq": kernel.seq,
        "state_root": kernel.state_root().hex(),
        "event_digest": kernel.event_digest().hex(),
        "subsystems": {name: root.hex() for name, root in kernel.subsystem_roots()},
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    for left_by_the_writer in (path / "owner.lock", *path.glob("segments/*/lock.mdb")):
        left_by_the_writer.unlink()


if __name__ == "__main__":
    for name, kind in SESSIONS.items():
        if (HERE / name).exists():
            sys.exit(f"{name} exists; a golden journal is made once")
        make(HERE / name, kind)
