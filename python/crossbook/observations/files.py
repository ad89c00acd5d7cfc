"""Recorded observations: CSV, JSON lines and Parquet, one observation a row, in the order in which they came in.

| column | what it holds |
|---|---|
| `feed` | id or name |
| `source` | id or name within its feed |
| `price` | whole units, as a decimal string |
| `confidence` | the same; may be absent or empty |
| `observed_at` | by the source's clock: ns since the epoch, or ISO 8601 |
| `received_at` | stamped time, likewise; never earlier than the row before |

Columns may stand in any order. A row that cannot be read is an error with its place in the file; nothing is skipped.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from crossbook.errors import InputError
from crossbook.importers.files import open_text
from crossbook.observations.quotes import FeedBook, Quote, extra
from crossbook.session import Envelope
from crossbook.times import parse_time

REQUIRED: Final = ("feed", "source", "price", "observed_at", "received_at")
COLUMNS: Final = (*REQUIRED, "confidence")

_Numbered = Iterator[tuple[int, Mapping[str, Any]]]


def read_observations(path: str | os.PathLike[str], book: FeedBook) -> Iterator[Envelope]:
    """The observations of a file, by its suffix: `.csv`, `.jsonl` (both also `.xz`) or `.parquet`.

    Raises:
        InputError: `unknown_format`; `bad_row` with the line (or row) it is about; `extra_missing`.
    """
    file = Path(path)
    suffix = Path(file.stem).suffix if file.suffix == ".xz" else file.suffix
    reader = _READERS.get(suffix)
    if reader is None or (suffix == ".parquet" and file.suffix == ".xz"):
        raise InputError(
            f"{file.name} is of no format that holds observations",
            code="unknown_format",
            values={"path": str(file)},
            hint=f"known suffixes are: {', '.join(_READERS)}; text may be compressed as .xz",
        )
    return _envelopes(reader(file), file, book, "row" if suffix == ".parquet" else "line")


def _envelopes(rows: _Numbered, path: Path, book: FeedBook, place: str) -> Iterator[Envelope]:
    received_before = 0
    number = 0
    while True:
        try:
            number, row = next(rows)
            quote, received_at = _quote(row)
            if received_at < received_before:
                raise InputError("received_at is earlier than in the row before", code="time_backwards")
            envelope = book.envelope(quote, received_at=received_at)
        except StopIteration:
            return
        except _BadLine as error:
            raise _bad_row(path, place, error.number, error.cause) from None
        except InputError as error:
            raise _bad_row(path, place, number, error) from None
        received_before = received_at
        yield envelope


def _bad_row(path: Path, place: str, number: int, error: InputError) -> InputError:
    return InputError(
        f"{path.name}, {place} {number}: {error.message}",
        code="bad_row",
        values=error.values | {"path": str(path), place: number, "cause": error.code},
        hint=error.hint,
    )


class _BadLine(Exception):
    """A line that is no row at all."""

    def __init__(self, number: int, cause: InputError) -> None:
        super().__init__(cause.message)
        self.number, self.cause = number, cause


def _quote(row: Mapping[str, Any]) -> tuple[Quote, int]:
    """A row as a quote and its stamped time. Raises InputError."""
    missing = [name for name in REQUIRED if row.get(name) in (None, "")]
    if missing:
        raise InputError(f"{missing[0]} is missing", code="field_missing", values={"field": missing[0]})
    unknown = [name for name in row if name not in COLUMNS]
    if unknown:
        known = f"columns are: {', '.join(COLUMNS)}"
        raise InputError(
            f"{unknown[0]!r} is no column", code="unknown_column", values={"field": unknown[0]}, hint=known
        )
    for name in ("feed", "source"):
        if isinstance(row[name], bool) or not isinstance(row[name], int | str):
            raise InputError(f"{name} is neither an id nor a name", code="name_type", values={"field": name})
    times = [_time(row[name], field=name) for name in ("observed_at", "received_at")]
    confidence = row.get("confidence")
    quote = Quote(row["feed"], row["source"], row["price"], times[0], 0 if confidence in (None, "") else confidence)
    return quote, times[1]


def _time(value: Any, *, field: str) -> int:
    if isinstance(value, str):
        return parse_time(value, field=field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(
            f"{field} is {value!r}",
            code="time_syntax",
            values={"field": field, "value": str(value)},
            hint="give ns since the epoch or ISO 8601",
        )
    return value


class _Lines:
    """The lines of a text, and the number of the last one that was begun."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number += 1
        try:
            return next(self._file)
        except UnicodeDecodeError as error:
            raise self.bad(str(error), "text_encoding") from None

    def bad(self, what: str, code: str) -> _BadLine:
        """The error of the line that was begun last."""
        return _BadLine(self.number, InputError(what, code=code))


def _csv_rows(path: Path) -> _Numbered:
    with open_text(path) as file:
        lines = _Lines(file)
        reader = csv.DictReader(lines, strict=True)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise lines.bad(str(error), "csv_syntax") from None
            if None in row or None in row.values():
                raise lines.bad("has another number of cells than the heading", "csv_syntax")
            yield lines.number, row


def _json_rows(path: Path) -> _Numbered:
    with open_text(path) as file:
        lines = _Lines(file)
        for line in lines:
            if not line.strip():
                continue
            try:
                row = json.loads(line, parse_float=Decimal)
            except ValueError as error:
                raise lines.bad(f"is not JSON: {error}", "json_syntax") from None
            if not isinstance(row, dict):
                raise lines.bad("is not a JSON object", "json_syntax")
            yield lines.number, row


def _parquet_rows(path: Path) -> _Numbered:
    parquet = extra("pyarrow.parquet", "arrow")
    return _row_groups(path, extra("pyarrow", "arrow"), parquet)


def _row_groups(path: Path, arrow: Any, parquet: Any) -> _Numbered:
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches():
                for row in _in_ns(arrow, batch).to_pylist():
                    number += 1
                    yield number, row
    except arrow.ArrowException as error:
        raise _BadLine(number + 1, InputError(f"is not Parquet: {error}", code="parquet_syntax")) from None


def _in_ns(arrow: Any, batch: Any) -> Any:
    """A batch with its timestamps as integers: what Python has for them ends at microseconds."""
    table = arrow.Table.from_batches([batch])
    for index, column in enumerate(table.schema):
        if arrow.types.is_timestamp(column.type):
            in_ns = table.column(index).cast(arrow.timestamp("ns", column.type.tz)).cast(arrow.int64())
            table = table.set_column(index, column.name, in_ns)
    return table


_READERS: Final[Mapping[str, Callable[[Path], _Numbered]]] = {
    ".csv": _csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".parquet": _parquet_rows,
}
