"""The auditor's bench on a long journal: each verb in a process of its own, with its time and its peak of memory.

    python -m benches.long_journal [--commands N] [--directory DIR] [--runs R] [--json]

Writes a session of as many commands first (10,000,000 unless told otherwise; volatile, and really executed), which is
not measured. The same run measures SHA-256 over the same files: the speed that no verifier can beat by much.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from tests.flow.big_session import BATCH_NS, START_NS, batch, config, opening

from crossbook import Venue

BATCH_COMMANDS = 10_000
SOMEBODY = 17


def write(path: Path, commands: int) -> int:
    """A session of at least so many commands, in blocks as large as they get. Returns its last seq."""
    rng, now = Random(20), [START_NS]
    with Venue.create(path, config(), durability="volatile", clock=lambda: now[0]) as venue:
        venue.submit(opening())
        while venue.seq < commands:
            now[0] += BATCH_NS
            venue.submit(batch(rng, now[0]))
        return venue.seq


def hashed(path: Path) -> float:
    """Seconds to hash every data file once."""
    began = time.perf_counter()
    for data in sorted(path.glob("segments/*/data.mdb")):
        with data.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    return time.perf_counter() - began


CALL = """
import sys
from journal_tools.__main__ import main
try:
    main()
finally:
    sys.stdout.flush()
    (peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(peak, file=sys.stderr)
"""


def called(*arguments: object) -> tuple[float, float]:
    """`journal` in a process of its own: seconds, and the peak of its memory in MiB."""
    command = [sys.executable, "-c", CALL, *map(str, arguments)]
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - began, int(done.stderr.split()[-1]) / 1024


def measure(path: Path, index: Path, last_seq: int, runs: int) -> dict[str, dict[str, float]]:
    """Each verb as often as asked for: the median of its seconds, the highest peak of its memory."""
    verbs: dict[str, list[object]] = {
        "nothing": ["--help"],
        "verify --chain": ["verify", path, "--chain"],
        "verify": ["verify", path],
        "stat": ["stat", path],
        "show": ["show", path, last_seq // 2],
        "log --from --to": ["log", path, "--from", last_seq // 2, "--to", last_seq // 2 + 100],
        "log --account, indexed": ["log", path, "--account", SOMEBODY, "--index", index],
        "log --account, no index": ["log", path, "--account", SOMEBODY],
    }
    seconds, peak = called("log", path, "--account", SOMEBODY, "--index", index)
    found = {"index built": {"s": seconds, "mib": peak}}
    found["sha256"] = {"s": statistics.median(hashed(path) for _ in range(runs)), "mib": 0.0}
    for name, arguments in verbs.items():
        taken = [called(*arguments) for _ in range(runs)]
        found[name] = {"s": statistics.median(s for s, _ in taken), "mib": max(mib for _, mib in taken)}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=10_000_000)
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=options.directory))
    try:
        last_seq = write(folder / "session", options.commands)
        size = sum(data.stat().st_size for data in (folder / "session").glob("segments/*/data.mdb"))
        found: dict[str, Any] = measure(folder / "session", folder / "index", last_seq, options.runs)
        kept = sum(path.stat().st_size for path in (folder / "index").iterdir())
    finally:
        shutil.rmtree(folder)
    report = {"commands": last_seq, "bytes": size, "index_bytes": kept, "verbs": found}
    if options.json:
        print(json.dumps(report, indent=2))
        return 0
    print(f"{last_seq:,} commands, {size / 2**20:,.0f} MiB; the index has {kept / 2**20:,.0f} MiB")
    for name, figures in found.items():
        ratio = figures["s"] / found["sha256"]["s"]
        print(f"{name:<24} {figures['s']:8.3f} s  {ratio:7.2f} x SHA-256  {figures['mib']:6.0f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
