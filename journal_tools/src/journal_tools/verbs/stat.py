"""`journal stat`: what is in a journal, from its small files and two blocks; counts take a reading of it all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from journal_tools.grammar import path_argument, shown_time, verb
from journal_tools.journal import Journal
from journal_tools.journal.pages import DataFile
from journal_tools.output import document, emit
from journal_tools.vocabulary import ORIGINS, name_of

COLUMNS = ("what", "value")


@verb("stat", short_help="What is in a journal.")
@path_argument
@click.option("--full", is_flag=True, help="Count commands by type, origin and author as well: reads everything.")
def command(*, path: Path, full: bool, fmt: str) -> None:
    """What is in a journal. Reads the small files and two blocks, so it is immediate however long the journal is.

    Nothing is verified but what is read: `journal verify` does that.
    """
    journal = Journal.open(path)
    found = facts(journal)
    if full:
        found |= counts(journal)
    if fmt == "json":
        document(found)
        return
    rows = []
    for what, value in found.items():
        if isinstance(value, dict):
            rows += [{"what": f"{what} {name}", "value": count} for name, count in value.items()]
        else:
            rows.append({"what": what, "value": value})
    # A column holds one kind of thing: here it is text.
    texts = [{"what": row["what"], "value": "" if row["value"] is None else str(row["value"])} for row in rows]
    emit(texts, COLUMNS, fmt, name="facts")


def facts(journal: Journal) -> dict[str, Any]:
    """What a session's small files, its first and its last block say."""
    last, first = journal.last_block, next(journal.blocks(1, 1), None)
    mark = last.mark if last else None
    return {
        "session": journal.session_id,
        "state": "closed" if journal.closing else "not closed",
        "parent": journal.session.get("parent"),
        "parent_seq": journal.session.get("parent_seq"),
        "created": shown_time(journal.session["created_ns"]),
        "segments": len(journal.segments),
        "blocks": _blocks(journal),
        "commands": last.last_seq if last else 0,
        "bytes": sum(segment.data.stat().st_size for segment in journal.segments),
        "first_time": shown_time(first.first_time_ns) if first else None,
        "last_time": shown_time(last.last_time_ns) if last else None,
        "openings": last.epoch if last else 0,
        "head": f"{last.last_seq}:{last.hash.hex()}" if last else None,
        "root": f"{mark.root_seq}:{mark.state_root.hex()}" if mark and mark.root_seq else None,
        "durability": journal.closing["durability"] if journal.closing else None,
        "snapshots": len(list((journal.path / "snapshots").glob("*.snap"))),
    }


def _blocks(journal: Journal) -> int:
    """Footers and meta pages count blocks."""
    count = 0
    for segment in journal.segments:
        if segment.footer is not None:
            count += segment.footer["blocks"]
        else:
            with DataFile(segment.data) as file:
                count += file.newest.main.entries
    return count


def counts(journal: Journal) -> dict[str, dict[str, int]]:
    """Commands by type, origin and author, the most frequent first."""
    types: Counter[int] = Counter()
    origins: Counter[int] = Counter()
    authors: Counter[int] = Counter()
    for block in journal.blocks():
        rows = block.rows()
        types.update([row[5][0] for row in rows])
        origins.update([row[1] for row in rows])
        authors.update([row[2] for row in rows])
    return {
        "command": {name_of([tag]): count for tag, count in _ranked(types)},
        "origin": {ORIGINS[origin]: count for origin, count in _ranked(origins)},
        "author": {str(author) if author else "none": count for author, count in _ranked(authors)},
    }


def _ranked(counted: Counter[int]) -> list[tuple[int, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
