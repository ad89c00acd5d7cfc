"""A file for each table and segment: written in row groups, or read again and compared with what it must be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from journal_tools.errors import Finding, ToolError
from journal_tools.exporting.columns import Types
from journal_tools.exporting.content import Part, Row
from journal_tools.output import arrow

GROUP_ROWS: Final = 16_384
"""Rows in a row group: what is in memory of each table."""
MANIFEST: Final = "export.json"


class Sink(Protocol):
    """What takes the row groups of a file."""

    def put(self, group: Any) -> None:
        """Take the next row group."""
        ...

    def close(self) -> None:
        """There is no other."""
        ...


class Files:
    """The open files of a segment: rows go in by table, and out in row groups."""

    def __init__(
        self, directory: Path, tables: Mapping[str, Types], about: Mapping[str, str], *, sink: type[Any]
    ) -> None:
        self._directory = directory
        self._tables = tables
        self._about = about
        self._sink = sink
        self._suffix = about["format"]
        self._part: Part | None = None
        self._columns: dict[str, dict[str, list[Any]]] = {}
        self._sinks: dict[str, Sink] = {}
        self.counts: dict[str, int] = {}

    def begin(self, part: Part) -> None:
        """The segment from now on; that of before is complete."""
        self.close()
        self._part = part

    def put(self, table: str, row: Row) -> None:
        """Take a row."""
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = {name: [] for name in self._tables[table]}
        for name, values in columns.items():
            values.append(row.get(name))
        if len(columns["seq"]) == GROUP_ROWS:
            self._flush(table)

    def close(self) -> None:
        """Complete the files of the segment."""
        for table in list(self._columns):
            self._flush(table)
        for sink in self._sinks.values():
            sink.close()
        self._sinks = {}

    def _flush(self, table: str) -> None:
        columns, pa = self._columns.pop(table), arrow()
        if self._part is None:
            return
        metadata = {**self._about, "table": table, **{name: str(value) for name, value in self._part._asdict().items()}}
        types = self._tables[table]
        schema = pa.schema(list(types.items()), metadata=metadata)
        group = pa.table({name: pa.array(columns[name], type=kind) for name, kind in types.items()}, schema=schema)
        path = self._directory / table / f"{self._part.segment:06d}.{self._suffix}"
        if table not in self._sinks:
            self._sinks[table] = self._sink(path, schema)
        self._sinks[table].put(group)
        name = str(path.relative_to(self._directory))
        self.counts[name] = self.counts.get(name, 0) + group.num_rows


class Writer:
    """Writes a file."""

    def __init__(self, path: Path, schema: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = _new(path, schema)

    def put(self, group: Any) -> None:
        """Write a row group."""
        self._writer.write_table(group)

    def close(self) -> None:
        """Complete the file."""
        self._writer.close()


class Checker:
    """Reads a file that was written before. Raises Finding `export_differs`."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._path = path
        if not path.exists():
            raise differs(path, "it is not there")
        found, self._groups = _groups(path)
        if not found.equals(schema, check_metadata=False):
            raise differs(path, "its columns are others")
        metadata = {key: value for key, value in (found.metadata or {}).items() if key != b"ARROW:schema"}
        if _without_tool(metadata) != _without_tool(schema.metadata):
            raise differs(path, "its metadata is other")
        self._done = 0

    def put(self, group: Any) -> None:
        """Compare the next row group."""
        found = next(self._groups, None)
        if found is None:
            raise differs(self._path, f"it ends after {self._done} rows")
        if not found.equals(group):
            columns = [name for name in group.column_names if not found.column(name).equals(group.column(name))]
            what = f"column {columns[0]}" if columns else "the number of rows"
            raise differs(self._path, f"{what} is other, from row {self._done} on")
        self._done += group.num_rows

    def close(self) -> None:
        """Nothing may follow."""
        if next(self._groups, None) is not None:
            raise differs(self._path, f"it goes on after {self._done} rows")


def differs(path: Path, why: str) -> Finding:
    """The finding that a file is not what the journal says."""
    return Finding(
        f"{path} is not what the journal says: {why}",
        code="export_differs",
        hint="export again into another directory",
        file=str(path),
    )


def write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Write what the export holds."""
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def written_manifest(directory: Path) -> dict[str, Any]:
    """What an export says it holds. Raises ToolError `not_an_export`."""
    try:
        found: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
        if found["format"] in ("parquet", "arrow") and isinstance(found["seqs"][1], int):
            return found
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        pass
    raise ToolError(
        f"{directory} holds no export",
        code="not_an_export",
        hint=f"give a directory that export wrote: it has {MANIFEST}",
    )


def compare_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Compare what the export says it holds, and which files there are. Raises Finding `export_differs`."""
    path = directory / MANIFEST
    if _without_tool(json.loads(path.read_text())) != _without_tool(manifest):
        raise differs(path, "it lists something else")
    found = {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()} - {MANIFEST}
    for name in sorted(found - set(manifest["files"])):
        raise differs(directory / name, "the journal has no such rows")


def _without_tool(metadata: Mapping[Any, Any]) -> dict[Any, Any]:
    """The version of the tools that wrote a file may be another."""
    return {key: value for key, value in metadata.items() if key not in (b"tool", "tool")}


def _new(path: Path, schema: Any) -> Any:
    if path.suffix == ".arrow":
        return arrow().ipc.new_file(str(path), schema)
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")


def _groups(path: Path) -> tuple[Any, Iterator[Any]]:
    """The schema of a file, and its row groups one after the other."""
    pa = arrow()
    if path.suffix == ".arrow":
        reader = pa.ipc.open_file(str(path))
        return reader.schema, (pa.Table.from_batches([reader.get_batch(at)]) for at in range(reader.num_record_batches))
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    return file.schema_arrow, (file.read_row_group(at) for at in range(file.num_row_groups))
