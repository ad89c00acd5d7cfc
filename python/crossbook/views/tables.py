"""How views print: plain text tables, the same as HTML, and one cell for every kind of value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import IntEnum
from html import escape
from typing import Any, Generic, TypeVar

from msgspec import Struct

V = TypeVar("V", bound=Struct)


class Table(tuple[V, ...], Generic[V]):
    """A tuple of views that prints as a table, as text and in notebooks."""

    __slots__ = ()

    def _columns(self) -> list[str]:
        """The fields, apart from those that are views of their own."""
        fields = self[0].__struct_fields__ if self else ()
        return [field for field in fields if not any(isinstance(getattr(view, field), Struct) for view in self)]

    def _rows(self) -> list[list[Any]]:
        return [[getattr(view, column) for column in self._columns()] for view in self]

    def __repr__(self) -> str:
        return text_table(self._columns(), self._rows()) if self else "(none)"

    def _repr_html_(self) -> str:
        return html_table(self._columns(), self._rows()) if self else "<em>none</em>"


class Record(Struct, frozen=True):
    """A view of one thing that prints as a table of its fields; those of a view within stand under its name."""

    def __repr__(self) -> str:
        return text_table([_noun(self), "value"], _fields(self))

    def _repr_html_(self) -> str:
        return html_table([_noun(self), "value"], _fields(self))


def _noun(view: Struct) -> str:
    return type(view).__name__.removesuffix("View").lower()


def _fields(view: Struct, prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for field in view.__struct_fields__:
        value = getattr(view, field)
        rows += _fields(value, f"{prefix}{field}.") if isinstance(value, Struct) else [(prefix + field, value)]
    return rows


def cell(value: Any) -> str:
    """One value as a table shows it: decimals in plain digits, enums by name, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, (tuple, list)):
        return str(len(value))
    return str(value)


def text_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A plain table: left-aligned first column, the others right-aligned."""
    cells = [list(columns), *[[cell(value) for value in row] for row in rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = []
    for row in cells:
        parts = [text.ljust(width) if not index else text.rjust(width)
                 for index, (text, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append("  ".join(parts).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> str:
    """The same as an HTML table, escaped."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell(value))}</td>" for value in row) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
