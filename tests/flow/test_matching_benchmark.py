"""The public matching benchmark: reports that are byte-identical, or not reports of the same exchange."""

from __future__ import annotations

import hashlib
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from crossbook.commands import Side
from crossbook.errors import InputError
from crossbook.importers.benchmark_format import Instruction, Kind, read_stream, report_text, write_stream
from crossbook.importers.matching_benchmark import BenchmarkImport, benchmark_venue, import_matching_benchmark
from tests.flow.shared import shared

BUY, SELL = Side.BUY, Side.SELL

# Two sellers at 101, a buyer who takes one of them and a half; a modify that loses priority; an order not there.
OWN = [
    Instruction(Kind.NEW, SELL, False, 10, 0, 1, 101),
    Instruction(Kind.NEW, SELL, False, 10, 1, 2, 101),
    Instruction(Kind.MODIFY, SELL, False, 10, 2, 1, 101),
    Instruction(Kind.NEW, BUY, False, 15, 3, 3, 102),
    Instruction(Kind.CANCEL, SELL, False, 0, 4, 1, 0),
    Instruction(Kind.CANCEL, SELL, False, 0, 5, 1, 0),
    Instruction(Kind.MODIFY, BUY, False, 5, 6, 9, 100),
    Instruction(Kind.NEW, BUY, True, 5, 7, 4, 100),
]
OWN_REPORTS = """\
0,0,1,1,101,10
0,1,1,2,101,10
3,2,1,1,101,10
0,3,0,3,102,15
1,3,101,10,2,3
1,3,101,5,1,3
2,4,1,1,101
4,5,1
5,6,9
0,7,0,4,100,5
2,7,0,4,100"""


def reports(path: Path, instructions: list[Instruction]) -> str:
    feed = benchmark_venue(path, instructions[0], durability="volatile")
    with feed.venue:
        importer = BenchmarkImport(feed)
        importer.run(instructions)
    return report_text(importer.lines)


def test_a_stream_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "orders.bin").write_bytes(write_stream(OWN))
    report, text = import_matching_benchmark(tmp_path / "orders.bin", tmp_path / "session")
    assert text == OWN_REPORTS
    assert (report.instructions, report.lines) == (8, 11)
    assert report.sha256 == hashlib.sha256(OWN_REPORTS.encode()).hexdigest()
    assert report.session.equal


def test_a_stream_reads_back_as_written(tmp_path: Path) -> None:
    (tmp_path / "orders.bin.xz").write_bytes(lzma.compress(write_stream(OWN)))
    assert read_stream(tmp_path / "orders.bin.xz") == OWN


@pytest.mark.parametrize("damage", ["magic", "short", "long", "kind", "empty", "nothing"])
def test_what_is_no_stream_is_refused(tmp_path: Path, damage: str) -> None:
    data = bytearray(write_stream(OWN))
    if damage == "magic":
        data[0] ^= 1
    elif damage == "short":
        data.pop()
    elif damage == "long":
        data.append(0)
    elif damage == "kind":
        data[16] = 3
    else:
        data = bytearray(write_stream([])) if damage == "empty" else bytearray()
    (tmp_path / "orders.bin").write_bytes(data)
    with pytest.raises(InputError) as found:
        import_matching_benchmark(tmp_path / "orders.bin", tmp_path / "session")
    assert found.value.code == "benchmark_stream"
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize("name", ["normal", "flash-crash"])
def test_the_published_streams(tmp_path: Path, name: str) -> None:
    stream = shared("matching", f"orders_{name}_s23_n20000.bin.xz")
    canonical = lzma.decompress(shared("matching", f"canonical_reports_{name}_s23_n20000.txt.xz").read_bytes())
    report, text = import_matching_benchmark(stream, tmp_path / "session")
    assert text.encode() == canonical
    assert report.session.equal


def instructions_of(case: dict[str, Any]) -> list[Instruction]:
    """The messages of an edge case; the one that is only described is 5,000 sellers swept by one buyer."""
    if "messages" not in case:
        sellers = [Instruction(Kind.NEW, SELL, False, 1, index, index + 1, 100) for index in range(5_000)]
        return [*sellers, Instruction(Kind.NEW, BUY, True, 5_000, 5_000, 5_001, 100)]
    return [
        Instruction(
            Kind(message["type"]),
            SELL if message["side"] else BUY,
            bool(message["ioc"]),
            message["qty"],
            seq,
            message["order_id"],
            message["price"],
        )
        for seq, message in enumerate(case["messages"])
    ]


def test_the_published_edge_cases(tmp_path: Path) -> None:
    cases = json.loads(shared("matching", "edge_cases.json").read_text())["cases"]
    found = {name: reports(tmp_path / name, instructions_of(case)) for name, case in cases.items()}
    assert {name: hashlib.sha256(text.encode()).hexdigest() for name, text in found.items()} == {
        name: case["sha256"] for name, case in cases.items()
    }
    assert len(cases) == 17
