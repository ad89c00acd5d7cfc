"""Copies of a session that somebody changed and made whole again: every body hash, link and CRC is as it should be."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from crossbook.journal import JournalWriter
from journal_tools.journal import Journal
from journal_tools.vocabulary import commands, name_of


def edited(source: Path, target: Path, seq: int, at: int, value: Any) -> Path:
    """The session with one field of one record changed, the one at a place of its command."""

    def change(record: bytes) -> bytes:
        row = msgspec.msgpack.decode(record)
        row[5][at] = value
        return msgspec.msgpack.encode(row)

    return copied(source, target, {seq: change})


def copied(source: Path, target: Path, changes: dict[int, Any], marks: dict[int, bytes] | None = None) -> Path:
    """The session with some records changed, and the marks of some blocks, by their first seqs; closed, volatile."""
    session = json.loads((source / "session.json").read_text())
    own = {"session_id": session["id"], "created_ns": session["created_ns"]}
    closing = json.loads((source / "closing.json").read_text())
    marks = marks or {}
    with JournalWriter.create(target, durability="volatile", segment_bytes=session["segment_bytes"], **own) as writer:
        for block in Journal.open(source).blocks():
            records = block.record_bytes()
            for seq, change in changes.items():
                if block.first_seq <= seq <= block.last_seq:
                    records[seq - block.first_seq] = change(records[seq - block.first_seq])
            writer.append(
                b"".join(records),
                count=block.count,
                first_time_ns=block.first_time_ns,
                last_time_ns=block.last_time_ns,
                exec_mark=marks.get(block.first_seq, block.exec_mark),
            )
        writer.close(exec_mark=marks.get(writer.next_seq, bytes.fromhex(closing["exec_mark"])))
    return target


def changed_values(journal: Journal, rng: random.Random, count: int) -> Iterator[tuple[int, str, int, Any, Any]]:
    """Fields of records, each of another kind: seq, field, its place, its value and another one."""
    found: dict[tuple[str, str], list[tuple[int, int, Any]]] = {}
    for record in journal.records():
        shape = commands()[record.command[0]]
        for at, (field, _) in enumerate(shape.fields, start=1):
            value = record.command[at]
            if isinstance(value, (int, str)) and value != "" and not isinstance(value, bool):
                found.setdefault((name_of(record.command), field), []).append((record.seq, at, value))
    for name, field in rng.sample(sorted(found), count):
        seq, at, value = rng.choice(found[name, field])
        other = value + 1 if isinstance(value, int) else value[:-1] + ("X" if value[-1] != "X" else "Y")
        yield seq, field, at, value, other
