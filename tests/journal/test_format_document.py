"""docs/journal_format.md and docs/journal_reader.py are executed: the example, and the reader on real sessions."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crossbook.journal import JournalReader, Record, pack_records, unpack_records
from tests.journal.support import CREATED_NS, create, data_file, fill, flipped, mark

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "journal_format.md").read_text()
READER = DOCS / "journal_reader.py"


def read_with_the_documented_reader(session: Path) -> subprocess.CompletedProcess[str]:
    """Runs in a bare interpreter that cannot see this package."""
    return subprocess.run(
        [sys.executable, READER, session], capture_output=True, text=True, env={"PATH": ""}, cwd=session.parent
    )


def test_the_example_prints_what_the_page_says() -> None:
    code, expected = (re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[1] for kind in ("python", "text"))  # type: ignore[index]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(code, {})
    assert output.getvalue() == expected


def test_the_writer_writes_the_example(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        genesis = writer.head_hash.hex()
        (tick,) = pack_records([Record(CREATED_NS + 1, 3, 0, 0, 0, b"\x91\x10")])
        (receipt,) = writer.append_many([tick.pending(bytes(80))])
    assert f"genesis hash {genesis}\n" in PAGE
    assert f"block hash   {receipt.block_hash.hex()}\n" in PAGE


def test_the_reader_is_short_and_needs_nothing_of_this_package() -> None:
    source = READER.read_text()
    assert len(source.splitlines()) < 150
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported - set(sys.stdlib_module_names) == {"lmdb", "msgspec"}


@pytest.mark.parametrize("ending", ["closed", "crashed"])
def test_the_reader_prints_every_record(tmp_path: Path, ending: str) -> None:
    writer = create(tmp_path / "s")
    fill(writer, 30, record_bytes=20_000)
    fill(writer, 5, seed=1)
    assert writer.segment == 3
    if ending == "closed":
        writer.close()
    else:
        writer.abandon()
    answer = read_with_the_documented_reader(tmp_path / "s")
    assert (answer.returncode, answer.stderr) == (0, "")
    printed = [json.loads(line) for line in answer.stdout.splitlines()]
    expected = [
        (block.first_seq + k, record.time_ns, record.origin)
        for block in JournalReader(tmp_path / "s").blocks()
        for k, record in enumerate(unpack_records(block.body, count=block.count, first_time_ns=block.base_time_ns))
    ]
    assert [(p["seq"], p["time_ns"], p["origin"]) for p in printed] == expected
    assert printed[0]["command"][:3] == [18, 1, "v"]


def test_the_reader_reads_a_live_session(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 4)
        answer = read_with_the_documented_reader(tmp_path / "s")
        assert len(answer.stdout.splitlines()) == 12
        writer.append_many([])
        fill(writer, 1)


def test_the_reader_refuses_what_does_not_verify(tmp_path: Path) -> None:
    with create(tmp_path / "s") as writer:
        fill(writer, 4)
    for path, bit in ((data_file(tmp_path / "s"), 3 * 4096 * 8 + 800), (tmp_path / "s/session.json", 900)):
        with flipped(path, bit):
            answer = read_with_the_documented_reader(tmp_path / "s")
            assert answer.returncode == 1
            assert answer.stderr.startswith("broken: ")
    assert read_with_the_documented_reader(tmp_path / "nowhere").returncode == 2
    assert mark(0) == bytes(80)
