"""One table of rows, printed in whatever format was asked for; rows are streamed where the format can."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final

import click

from journal_tools.errors import ToolError

FORMATS: Final = ("table", "json", "ndjson", "csv", "md", "arrow", "parquet")
"""The formats every verb knows."""
_BATCH_ROWS: Final = 10_000
_PLAIN: Final = frozenset({type(None), str, int, bool, float})
"""Types, not their subtypes, that are as JSON holds them already: most cells are, so they are asked about first."""

Row = Mapping[str, Any]


def emit(
    rows: Iterable[Row], columns: Sequence[str], fmt: str, *, name: str, about: Mapping[str, Any] | None = None
) -> int:
    """Print rows, and return how many.

    Args:
        rows: mappings with a value (or nothing) for each column; nested values are JSON in flat formats.
        columns: the columns in order.
        fmt: one of `FORMATS`.
        name: what the rows are, the member that holds them in a JSON document.
        about: other members of the JSON document, before the rows; metadata of arrow and parquet.
    """
    writers = {"table": _table, "json": _json, "ndjson": _ndjson, "csv": _csv, "md": _markdown}
    writer = writers.get(fmt, _arrow)
    counted = _Counted(rows)
    writer(counted, columns, fmt, name, about or {})
    return counted.count


def document(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(plain(value), indent=2))


def plain(value: Any) -> Any:
    """A value as JSON holds it: decimals and fractions as text, bytes as hex, structs as objects."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "__struct_fields__"):
        return {field: plain(getattr(value, field)) for field in value.__struct_fields__}
    if hasattr(value, "name") and hasattr(value, "value"):
        return value.name.lower()
    return value


def cell(value: Any) -> str:
    """A value as a flat format shows it."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, separators=(",", ":"))
        if isinstance(value, (list, dict))
        else str(value)
    )


class _Counted:
    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _table(rows: Iterable[Row], columns: Sequence[str], _fmt: str, _name: str, _about: Mapping[str, Any]) -> None:
    """Aligned by the first rows; a later cell that is wider moves the rest of its line."""
    rest = iter(rows)
    first = list(islice(rest, _BATCH_ROWS))
    lines = [[cell(row.get(column)) for column in columns] for row in first]
    numeric = [all(_is_number(row.get(column)) for row in first) for column in columns]
    widths = [max([len(column), *(len(line[at]) for line in lines)]) for at, column in enumerate(columns)]
    click.echo(_line(columns, widths, numeric))
    click.echo("  ".join("-" * width for width in widths))
    for line in lines:
        click.echo(_line(line, widths, numeric))
    for row in rest:
        click.echo(_line([cell(row.get(column)) for column in columns], widths, numeric))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, Decimal)) and not isinstance(value, bool))


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = [
        text.rjust(width) if right else text.ljust(width)
        for text, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _markdown(rows: Iterable[Row], columns: Sequence[str], _fmt: str, _name: str, _about: Mapping[str, Any]) -> None:
    click.echo(f"| {' | '.join(columns)} |")
    click.echo(f"|{'---|' * len(columns)}")
    for row in rows:
        cells = (cell(row.get(column)).replace("|", "\\|") for column in columns)
        click.echo(f"| {' | '.join(cells)} |")


def _json(rows: Iterable[Row], _columns: Sequence[str], _fmt: str, name: str, about: Mapping[str, Any]) -> None:
    """One document, written as the rows come."""
    for key, value in about.items():
        click.echo(
            f"{'{' if key == next(iter(about)) else ','}\n  {json.dumps(key)}: {json.dumps(plain(value))}", nl=False
        )
    click.echo(f"{',' if about else '{'}\n  {json.dumps(name)}: [", nl=False)
    for index, row in enumerate(rows):
        click.echo(f"{',' if index else ''}\n    {json.dumps(plain(row))}", nl=False)
    click.echo("\n  ]\n}")


def _ndjson(rows: Iterable[Row], _columns: Sequence[str], _fmt: str, _name: str, _about: Mapping[str, Any]) -> None:
    for row in rows:
        click.echo(json.dumps(plain(row), separators=(",", ":")))


def _csv(rows: Iterable[Row], columns: Sequence[str], _fmt: str, _name: str, _about: Mapping[str, Any]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])


def _arrow(rows: Iterable[Row], columns: Sequence[str], fmt: str, _name: str, about: Mapping[str, Any]) -> None:
    """An Arrow stream or a Parquet file on stdout; columns are typed by the first batch of rows."""
    pyarrow = arrow()
    if sys.stdout.isatty():
        raise ToolError(f"{fmt} is binary", code="binary_to_terminal", hint="redirect it into a file: … > rows." + fmt)
    rest = iter(rows)
    batch = list(islice(rest, _BATCH_ROWS))
    types = {column: _type(pyarrow, [_flat(row.get(column)) for row in batch]) for column in columns}
    texts = {column for column, found in types.items() if pyarrow.types.is_string(found)}
    schema = pyarrow.schema(types.items(), metadata={key: cell(value) for key, value in about.items()})
    sink = sys.stdout.buffer
    with _writer(fmt, sink, schema) as writer:
        while batch:
            data = {column: [_flat(row.get(column)) for row in batch] for column in columns}
            for column in texts:
                data[column] = [None if value is None else cell(value) for value in data[column]]
            writer.write_table(pyarrow.table(data, schema=schema))
            batch = list(islice(rest, _BATCH_ROWS))
    sink.flush()


def _type(pyarrow: Any, values: Sequence[Any]) -> Any:
    """The type of a column: text if it holds values of several kinds, or none so far, since anything may follow."""
    try:
        found = pyarrow.array(values).type
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.string()
    return pyarrow.string() if pyarrow.types.is_null(found) else found


def _writer(fmt: str, sink: Any, schema: Any) -> Any:
    if fmt == "parquet":
        import pyarrow.parquet

        return pyarrow.parquet.ParquetWriter(sink, schema)
    return arrow().ipc.new_stream(sink, schema)


def _flat(value: Any) -> Any:
    value = plain(value)
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (list, dict)) else value


def arrow() -> Any:
    """The module `pyarrow`. Raises ToolError `extra_missing`."""
    try:
        import pyarrow as pa
    except ImportError:
        raise ToolError(
            "Arrow and Parquet need pyarrow",
            code="extra_missing",
            hint="pip install 'crossbook-journal-tools[arrow]'",
        ) from None
    return pa
