"""An answer: one JSON document, its lines for people, its leaves as rows, and what did not come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import click

from journal_tools.output import document, emit

COLUMNS: Final = ("part", "what", "amount", "unit", "seqs")


@dataclass
class Answer:
    """What a question comes to.

    `document` is all of it, `lines` say it in words, `rows` are the numbers with the seqs they come from, and
    `differing` names each sum that did not come out: a finding.
    """

    document: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def say(self, *lines: str, indent: int = 0) -> None:
        """Add lines for people."""
        self.lines += [f"{'  ' * indent}{line}" for line in lines]

    def row(self, part: str, what: str, amount: Any, unit: str, seqs: Iterable[int]) -> None:
        """Add a number."""
        self.rows.append({"part": part, "what": what, "amount": amount, "unit": unit, "seqs": list(seqs)})

    def show(self, fmt: str) -> None:
        """Print it."""
        if fmt == "json":
            document(self.document | {"differing": self.differing})
        elif fmt == "table":
            for line in self.lines:
                click.echo(line)
        else:
            emit(self.rows, COLUMNS, fmt, name="terms")


def money(value: Any) -> str:
    """An amount as people read it."""
    text = f"{value:,f}" if hasattr(value, "as_tuple") else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text
