"""LOBSTER's files, as written and as damaged."""

from __future__ import annotations

import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossbook.commands import Side
from crossbook.errors import InputError
from crossbook.importers.lobster_format import (
    Kind,
    Message,
    parse_message,
    read_messages,
    read_orderbook,
    recording,
)

NAME = "ABC_2012-06-21_34200000_37800000_message_5.csv"
BOOK = "ABC_2012-06-21_34200000_37800000_orderbook_5.csv"


def test_a_line_is_a_message_with_its_time_to_the_nanosecond() -> None:
    expected = Message(34_200_004_241_176, Kind.ADD, 16113575, 18, 5853300, Side.BUY)
    assert parse_message("34200.004241176,1,16113575,18,5853300,1\n") == expected


def test_a_time_with_fewer_or_more_digits_keeps_its_value() -> None:
    assert parse_message("34200.5,1,1,1,50,1").time_ns == 34_200_500_000_000
    assert parse_message("34200,1,1,1,50,1").time_ns == 34_200_000_000_000
    assert parse_message("35821.088778456004,1,1,1,50,-1").time_ns == 35_821_088_778_456


def test_a_price_becomes_ticks_of_half_a_cent() -> None:
    assert parse_message("1,1,1,1,5853350,1").ticks == 117_067
    with pytest.raises(InputError) as found:
        _ = parse_message("1,1,1,1,5853325,1").ticks
    assert found.value.code == "price_off_tick"


def test_plain_and_compressed_files_read_the_same(tmp_path: Path) -> None:
    text = "1.5,1,7,10,100,1\n2.5,3,7,10,100,1\n"
    (tmp_path / NAME).write_text(text)
    (tmp_path / f"{NAME}.xz").write_bytes(lzma.compress(text.encode()))
    plain = list(read_messages(tmp_path / NAME))
    assert [message.kind for message in plain] == [Kind.ADD, Kind.DELETE]
    assert list(read_messages(tmp_path / f"{NAME}.xz")) == plain


@pytest.mark.parametrize(
    "line", ["1,1,7,10,100", "x,1,7,10,100,1", "1,9,7,10,100,1", "1,1,7,ten,100,1", "1,1,7,10,100,0", "0.5,1,7,10,1,1"]
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / NAME).write_text(f"1.0,1,6,10,100,1\n{line}\n")
    with pytest.raises(InputError) as found:
        list(read_messages(tmp_path / NAME))
    assert (found.value.code, found.value.values["line"]) == ("lobster_line", 2)


def test_rows_leave_out_levels_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / BOOK).write_text("5859400,200,5853300,18,9999999999,0,-9999999999,0\n")
    [row] = read_orderbook(tmp_path / BOOK)
    assert (row.bids, row.asks) == ([(117_066, 18)], [(117_188, 200)])


def test_a_row_with_half_a_level_is_named(tmp_path: Path) -> None:
    (tmp_path / BOOK).write_text("5859400,200,5853300\n")
    with pytest.raises(InputError) as found:
        list(read_orderbook(tmp_path / BOOK))
    assert found.value.code == "lobster_line"


def test_the_file_names_say_stock_and_day(tmp_path: Path) -> None:
    found = recording([tmp_path / BOOK, tmp_path / NAME])
    midnight = int(datetime(2012, 6, 21, tzinfo=UTC).timestamp())
    assert (found.ticker, found.midnight_ns) == ("ABC", midnight * 10**9)
    assert (found.messages, found.orderbook) == (tmp_path / NAME, tmp_path / BOOK)


@pytest.mark.parametrize(
    "names",
    [
        [BOOK],
        [NAME, NAME],
        [NAME, BOOK.replace("ABC", "XYZ")],
        [NAME, BOOK.replace("06-21", "06-22")],
        ["hour.csv"],
        ["ABC_message_5.csv"],
    ],
)
def test_files_that_do_not_belong_together_are_refused(names: list[str]) -> None:
    with pytest.raises(InputError) as found:
        recording([Path(name) for name in names])
    assert found.value.code == "lobster_files"
