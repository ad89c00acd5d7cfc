"""Journals to audit: a small market with a crash in it, the golden ones, one of many segments, one nobody closed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from crossbook.demo import run as run_demo
from crossbook.journal import JournalWriter
from journal_tools.cli import main
from journal_tools.journal import Journal
from tests.flow.test_demo import SMALL

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


class Said(NamedTuple):
    """What a call of `journal` said: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def journal(*arguments: object) -> Said:
    """Call `journal` with arguments, as from a shell."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


def segmented(source: Path, target: Path, *, every: int, closed: bool = True) -> Path:
    """The records and marks of a session in a new one, a segment for every so many blocks; closed, or not."""
    # Read by the tools: the venue's reader would leave a lock file in what it reads.
    read = Journal.open(source)
    writer = JournalWriter.create(target, durability="volatile", segment_bytes=read.session["segment_bytes"])
    for number, block in enumerate(read.blocks()):
        if number and number % every == 0:
            writer.rotate(exec_mark=block.exec_mark)
        writer.append(
            block.body,
            count=block.count,
            first_time_ns=block.first_time_ns,
            last_time_ns=block.last_time_ns,
            exec_mark=block.exec_mark,
        )
    if closed:
        writer.close(exec_mark=bytes.fromhex(json.loads((source / "closing.json").read_text())["exec_mark"]))
    else:
        writer.sync()
        writer.abandon()
    return target


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small market under policies that falls: orders, trades, funding, liquidations; closed, a snapshot beside it."""
    path = tmp_path_factory.mktemp("journals") / "demo"
    run_demo(path, config=SMALL, durability="volatile", out=lambda _text: None)
    return path


@pytest.fixture(scope="session")
def segments(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Path:
    """The same market in five segments."""
    blocks = sum(1 for _ in Journal.open(demo).blocks())
    return segmented(demo, tmp_path_factory.mktemp("journals") / "segments", every=blocks // 5 + 1)


@pytest.fixture(scope="session")
def crashed(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Path:
    """The same market as a crash left it: nobody closed it."""
    return segmented(demo, tmp_path_factory.mktemp("journals") / "crashed", every=10**6, closed=False)


def kept(name: str, factory: pytest.TempPathFactory) -> Path:
    """A copy of a golden journal: reading with the venue's own reader leaves a lock file in a session."""
    return shutil.copytree(GOLDEN / name, factory.mktemp("golden") / name) / "session"


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden journal of ruleset 1."""
    return kept("ruleset_1", tmp_path_factory)


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden journal of trouble: defaults, takeovers, deleveraging."""
    return kept("ruleset_1_trouble", tmp_path_factory)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Path]:
    """A venue that another process has open and trades in while the test looks at it."""
    path = tmp_path / "live"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.journal_tools.open_venue", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield path
        assert process.poll() is None, "it was not disturbed"
        process.stdin.close()


Tamper = Callable[[Path], Path]


@pytest.fixture
def tampered(tmp_path: Path) -> Tamper:
    """Copies a session, so that a test can change it."""

    def copy(source: Path) -> Path:
        target = tmp_path / f"copy-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(source, target)
        return target

    return copy
