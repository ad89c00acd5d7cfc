"""Recorded observations: exact in every format, and a bad row is named with its place."""

from __future__ import annotations

import lzma
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from crossbook.commands import Observe, Origin
from crossbook.errors import InputError
from crossbook.observations.files import read_observations
from crossbook.observations.quotes import FeedBook
from crossbook.policies.oracle.feeds import Feed, Source
from crossbook.session import Envelope

BOOK = FeedBook(
    [
        Feed(7, (Source(1, "alpha"), Source(2, "beta")), 2, market=1, name="BTC"),
        Feed(8, (Source(1, "alpha"),), 4, market=2, name="ETH"),
    ],
    author=3,
)
EXPECTED = [
    Envelope(Observe(7, 1, 6_000_050, 500, 999_000_000_000), Origin.ORACLE, 3, time_ns=1_000_000_000_000),
    Envelope(Observe(7, 2, 6_000_100, 0, 1_000_000_000_001), Origin.ORACLE, 3, time_ns=1_000_000_000_001),
    Envelope(Observe(8, 1, -12_345, 0, 1_000_500_000_000), Origin.ORACLE, 3, time_ns=1_001_000_000_000),
]
CSV = """feed,source,price,confidence,observed_at,received_at
BTC,alpha,60000.50,5.00,999000000000,1000000000000
7,2,60001,,1970-01-01T00:16:40.000000001Z,1000000000001
ETH,alpha,-1.2345,0,1000500000000,1970-01-01T00:16:41Z
"""
JSON = """{"feed": "BTC", "source": "alpha", "price": "60000.50", "confidence": 5.00, "observed_at": 999000000000, "received_at": 1000000000000}

{"feed": 7, "source": 2, "price": 60001, "observed_at": "1970-01-01T00:16:40.000000001Z", "received_at": 1000000000001}
{"feed": "ETH", "source": 1, "price": -1.2345, "confidence": null, "observed_at": 1000500000000, "received_at": "1970-01-01T00:16:41Z"}
"""  # noqa: E501


def written(path: Path, text: str) -> list[Envelope]:
    """What is read of a text file."""
    path.write_text(text)
    return list(read_observations(path, BOOK))


def test_csv(tmp_path: Path) -> None:
    assert written(tmp_path / "o.csv", CSV) == EXPECTED


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_json_lines(tmp_path: Path, suffix: str) -> None:
    assert written(tmp_path / f"o{suffix}", JSON) == EXPECTED


@pytest.mark.parametrize(("name", "text"), [("o.csv.xz", CSV), ("o.jsonl.xz", JSON)])
def test_compressed(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(lzma.compress(text.encode()))
    assert list(read_observations(tmp_path / name, BOOK)) == EXPECTED


def table(**changes: Any) -> pa.Table:
    """The same observations as columns."""
    columns = {
        "feed": pa.array(["BTC", "7", "ETH"]),
        "source": pa.array(["alpha", "2", "1"]),
        "price": pa.array(["60000.50", "60001", "-1.2345"]),
        "confidence": pa.array([Decimal("5.00"), None, Decimal("0.00")]),
        "observed_at": pa.array([999_000_000_000, 1_000_000_000_001, 1_000_500_000_000]),
        "received_at": pa.array([10**12, 10**12 + 1, 1_001 * 10**9], pa.timestamp("ns", "UTC")),
    }
    return pa.table(columns | changes)


def test_parquet_with_decimals_and_nanoseconds(tmp_path: Path) -> None:
    parquet.write_table(table(), tmp_path / "o.parquet", row_group_size=2)
    assert list(read_observations(tmp_path / "o.parquet", BOOK)) == EXPECTED


def test_parquet_names_the_row(tmp_path: Path) -> None:
    floats = table(price=pa.array([60_000.5, 60_001.0, 1.5]))
    parquet.write_table(floats, tmp_path / "o.parquet")
    with pytest.raises(InputError, match=r"o\.parquet, row 1: price is the float 60000\.5") as caught:
        list(read_observations(tmp_path / "o.parquet", BOOK))
    assert (caught.value.code, caught.value.values["cause"]) == ("bad_row", "float_refused")


def test_parquet_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "o.parquet").write_bytes(b"PAR0")
    with pytest.raises(InputError, match="row 1: is not Parquet"):
        list(read_observations(tmp_path / "o.parquet", BOOK))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "o.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"pip install 'crossbook\[arrow\]'") as caught:
        list(read_observations(tmp_path / "o.parquet", BOOK))
    assert caught.value.code == "extra_missing"


HEAD = "feed,source,price,confidence,observed_at,received_at\n"
GOOD = "BTC,alpha,60000,1,5,10\n"


@pytest.mark.parametrize(
    ("cause", "message", "row"),
    [
        ("not_a_number", "price is not a number: 'x'", "BTC,alpha,x,1,5,10"),
        ("not_a_number", "price is not a number: 'NaN'", "BTC,alpha,NaN,1,5,10"),
        ("price_too_fine", "price 1.001 is not a whole number of units of 0.01", "BTC,alpha,1.001,1,5,10"),
        ("price_too_fine", "confidence 1.001 is not", "BTC,alpha,1,1.001,5,10"),
        ("overflow", "price is beyond 63 bits", "BTC,alpha,1e40,1,5,10"),
        ("unknown_feed", "there is no feed 'SOL'", "SOL,alpha,1,1,5,10"),
        ("unknown_source", "feed BTC has no source '9'", "BTC,9,1,1,5,10"),
        ("field_missing", "price is missing", "BTC,alpha,,1,5,10"),
        ("time_syntax", "observed_at is 'noon'", "BTC,alpha,1,1,noon,10"),
        ("time_range", "observed_at 9223372036854775808 is no time", "BTC,alpha,1,1,9223372036854775808,10"),
        ("time_backwards", "received_at is earlier than in the row before", "BTC,alpha,1,1,5,9"),
        ("csv_syntax", "has another number of cells", "BTC,alpha,1,1,5"),
        ("csv_syntax", "has another number of cells", "BTC,alpha,1,1,5,10,11"),
        ("csv_syntax", "expected after", 'BTC,"al"pha,1,1,5,10'),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, cause: str, message: str, row: str) -> None:
    (tmp_path / "o.csv").write_text(f"{HEAD}{GOOD}{row}\n{GOOD}")
    reading = read_observations(tmp_path / "o.csv", BOOK)
    assert next(reading).time_ns == 10, "what stands before it is read"
    with pytest.raises(InputError) as caught:
        next(reading)
    assert (caught.value.code, caught.value.values["cause"], caught.value.values["line"]) == ("bad_row", cause, 3)
    assert caught.value.message.startswith("o.csv, line 3: ")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        ("json_syntax", "{"),
        ("json_syntax", "[1]"),
        ("field_missing", "{}"),
        ("name_type", '{"feed": 7, "source": true, "price": 1, "observed_at": 5, "received_at": 10}'),
        ("time_syntax", '{"feed": 7, "source": 1, "price": 1, "observed_at": 5.5, "received_at": 10}'),
        ("number_type", '{"feed": 7, "source": 1, "price": true, "observed_at": 5, "received_at": 10}'),
        ("float_refused", '{"feed": 7, "source": 1, "price": NaN, "observed_at": 5, "received_at": 10}'),
        ("unknown_column", '{"feed": 7, "source": 1, "price": 1, "observed_at": 5, "received_at": 10, "x": 1}'),
    ],
)
def test_a_bad_line_of_json_is_named(tmp_path: Path, cause: str, line: str) -> None:
    with pytest.raises(InputError, match=r"o\.jsonl, line 2: ") as caught:
        written(tmp_path / "o.jsonl", f"\n{line}\n")
    assert caught.value.values["cause"] == cause


@pytest.mark.parametrize("name", ["o.csv", "o.jsonl"])
def test_bytes_that_are_no_text_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match=r"line 1: .*can't decode"):
        list(read_observations(tmp_path / name, BOOK))


@pytest.mark.parametrize("name", ["o.txt", "o", "o.parquet.xz", "o.xz"])
def test_a_format_nobody_knows(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="unknown_format"):
        read_observations(tmp_path / name, BOOK)


def test_a_file_without_rows_holds_no_observations(tmp_path: Path) -> None:
    files: list[Callable[[], list[Envelope]]] = [
        lambda: written(tmp_path / "o.csv", HEAD),
        lambda: written(tmp_path / "p.csv", ""),
        lambda: written(tmp_path / "o.jsonl", ""),
    ]
    assert [read() for read in files] == [[], [], []]
