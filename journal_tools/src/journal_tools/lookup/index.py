"""Which seqs name an account or an order: a file of its own, where the user says, and beside nothing of the venue.

    DIR/<session id>.index      an SQLite file
      head      version, last_seq, block_hash       of the journal up to which it was made
      postings  kind, id, base, seqs                seqs are 4-byte offsets from base, rising

It is made from blocks as they are verified, commands only, nothing executed. It is used if the block at its head is in
the journal; what the journal has beyond that is added first, and an index of another history is made anew. What it
finds is read from the journal and looked at again, so an index can only leave something out: delete it if in doubt.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from journal_tools.errors import Finding, ToolError
from journal_tools.journal import Block, Journal, Record
from journal_tools.lookup.naming import accounts_in, command_places

VERSION: Final = 1
ACCOUNT, ORDER = 1, 2
_POSTINGS_MAX: Final = 2_000_000
"""The postings of as many commands are held in memory while an index is made."""
_SCHEMA: Final = """
CREATE TABLE head (version INTEGER, last_seq INTEGER, block_hash BLOB);
CREATE TABLE postings (kind INTEGER, id INTEGER, base INTEGER, seqs BLOB, PRIMARY KEY (kind, id, base)) WITHOUT ROWID;
"""


class Built(NamedTuple):
    """What bringing an index up to date came to: the commands it added, and up to which seq it goes."""

    added: int
    last_seq: int


def index_path(journal: Journal, directory: Path) -> Path:
    """Where the index of a session is kept. Raises ToolError `index_inside` if that is in a session."""
    if any((folder / "session.json").exists() for folder in (directory, *directory.resolve().parents)):
        raise ToolError(
            f"{directory} is in a session",
            code="index_inside",
            hint="nothing is ever written to a session: name a directory elsewhere",
        )
    return directory / f"{journal.session_id}.index"


def update(journal: Journal, directory: Path) -> Built:
    """Bring the index of a journal up to date, or make it. Raises Finding if the journal is not whole."""
    path = index_path(journal, directory)
    directory.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as base, base:
        last_seq = _usable(base, journal)
        if last_seq is None:
            for table in ("head", "postings"):
                base.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _SCHEMA.strip().splitlines():
                base.execute(statement)
            last_seq = 0
        return _add(base, journal, last_seq)


def _usable(base: sqlite3.Connection, journal: Journal) -> int | None:
    """Up to which seq an index is one of this journal, None if it is not."""
    try:
        (version, last_seq, block_hash) = base.execute("SELECT * FROM head").fetchone()
    except (sqlite3.DatabaseError, TypeError):
        return None
    if version != VERSION or last_seq > journal.last_seq:
        return None
    _, block = journal.record(last_seq)
    return last_seq if block.last_seq == last_seq and block.hash == block_hash else None


def _add(base: sqlite3.Connection, journal: Journal, last_seq: int) -> Built:
    postings = _Postings()
    added, last = 0, None
    for block in journal.blocks(max(last_seq, 1)):
        if block.last_seq <= last_seq:
            continue
        postings.take(block)
        added, last = added + block.count, block
        if postings.held >= _POSTINGS_MAX:
            postings.flush(base)
    postings.flush(base)
    if last is not None:
        base.execute("DELETE FROM head")
        base.execute("INSERT INTO head VALUES (?, ?, ?)", (VERSION, last.last_seq, last.hash))
    return Built(added, last.last_seq if last else last_seq)


class _Postings:
    """Seqs by account and by order, until there are enough of them to be written."""

    def __init__(self) -> None:
        self.held = 0
        self._seqs: dict[int, dict[int, array[int]]] = {kind: defaultdict(_seqs) for kind in (ACCOUNT, ORDER)}
        self._places = command_places()

    def take(self, block: Block) -> None:
        """Note who and what the commands of a block name."""
        accounts, orders = self._seqs[ACCOUNT], self._seqs[ORDER]
        for seq, row in enumerate(block.rows(), block.first_seq):
            command = row[5]
            where = self._places.get(command[0])
            if where is None:
                continue
            if len(where.accounts) == 1 and not where.allocations:
                if command[where.accounts[0]]:
                    accounts[command[where.accounts[0]]].append(seq)
            else:
                for account in accounts_in(command, self._places):
                    accounts[account].append(seq)
            for at in where.orders:
                if command[at]:
                    orders[command[at]].append(seq)
        self.held += block.count

    def flush(self, base: sqlite3.Connection) -> None:
        """Write what is held."""
        for kind, found in self._seqs.items():
            rows = []
            for key, seqs in sorted(found.items()):
                offsets = array("I", (seq - seqs[0] for seq in seqs))
                if sys.byteorder == "big":
                    offsets.byteswap()
                # An order id may be any 64 bits; SQLite keeps signed ones.
                rows.append((kind, key - 2**63, seqs[0], offsets.tobytes()))
            base.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", rows)
            found.clear()
        self.held = 0


def _seqs() -> array[int]:
    return array("Q")


def seqs_of(journal: Journal, directory: Path, kind: int, ids: Iterable[int]) -> list[int]:
    """The seqs that name any of some accounts or orders, in order, as the index has them."""
    found: set[int] = set()
    with closing(sqlite3.connect(index_path(journal, directory))) as base:
        for key in ids:
            query = "SELECT base, seqs FROM postings WHERE kind = ? AND id = ?"
            for begin, raw in base.execute(query, (kind, key - 2**63)):
                offsets = array("I", raw)
                if sys.byteorder == "big":
                    offsets.byteswap()
                found.update(begin + offset for offset in offsets)
    return sorted(found)


def records_at(journal: Journal, seqs: list[int]) -> Iterator[Record]:
    """The records at some seqs, rising, and from each block only those. Raises Finding."""
    if any(after <= before for before, after in pairwise(seqs)):
        raise Finding("the index is not in order", code="index_order", hint="delete it, it is made anew")
    at = 0
    while at < len(seqs):
        for block in journal.blocks(seqs[at]):
            end = bisect_right(seqs, block.last_seq, at)
            yield from block.pick(seqs[at:end])
            at = end
            if at == len(seqs) or seqs[at] > block.last_seq + _LEAP:
                break
        else:
            return


_LEAP: Final = 20_000
"""Blocks are read one after the other as long as the next seq is not further away than this; else it is sought."""
