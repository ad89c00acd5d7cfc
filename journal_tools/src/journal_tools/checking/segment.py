"""One data file: its pages, its blocks in the chain, its records; past what is broken, so that all of it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from journal_tools.checking.verdict import Verdict
from journal_tools.errors import Finding
from journal_tools.journal.blocks import Block, Chain, Mark, broken, parse
from journal_tools.journal.pages import DataFile
from journal_tools.journal.structure import check_structure

LOOKS_MAX: Final = 20
_UNKNOWN_MARK: Final = bytes(80)
_TEARABLE: Final = {"block_header", "block_body"}
"""What a power failure may leave of a block. One that is whole, but in the wrong place, was put there."""

Watch = Callable[[Block, bytes], object]
"""Called with each whole block that continues the chain, and its hash."""


_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Row(msgspec.Struct, array_like=True, gc=False, forbid_unknown_fields=True):
    """A record as far as it is looked at: what the command is, only execution can tell."""

    dt: _Count
    origin: Annotated[int, msgspec.Meta(ge=0, le=3)]
    author: _Count
    cause: _Count
    nonce: _Count
    command: msgspec.Raw


_ROWS: Final = msgspec.msgpack.Decoder(list[_Row])


class Scan:
    """A walk through the blocks of one data file.

    Attributes:
        chain: what the next block must continue; behind a broken block, what the next one says it continues.
        clean: whether every block so far is whole and continues the one before.
        blocks, first_hash, first_mark: of the blocks that are whole.
        torn: whether what is broken is what a power failure may leave: the last blocks, each broken in itself.
    """

    def __init__(self, verdict: Verdict, chain: Chain, *, number: int, records: bool, watch: Watch) -> None:
        self.chain = chain
        self.clean = True
        self.blocks = 0
        self.first_hash = b""
        self.first_mark = b""
        self.torn = False
        self._verdict = verdict
        self._number = number
        self._records = records
        self._watch = watch
        self._lost = False
        self._mark: Mark | None = None

    def run(self, path: Path, *, map_bytes: int, moves: bool) -> None:
        """Walk through a data file. `moves` says that somebody may be writing to it."""
        try:
            with DataFile(path) as file:
                self._blocks(file, moves=moves)
                self._structure(file, map_bytes, moves=moves)
        except FileNotFoundError:
            self._note(
                Finding(
                    f"segment {self._number}: data.mdb is missing",
                    code="file_missing",
                    hint="fetch it from a copy",
                    file=f"segments/{path.parent.name}/data.mdb",
                )
            )
        except Finding as finding:
            self._note(finding)

    # --- blocks -----------------------------------------------------------------------------------------------------

    def _blocks(self, file: DataFile, *, moves: bool) -> None:
        for _ in range(LOOKS_MAX if moves else 0):
            txn = file.refresh().txn
            if self._walk(file, patient=True):
                return
            if file.refresh().txn == txn:
                break  # nobody wrote to it meanwhile: it is what it is
        self._walk(file, patient=False)
        if moves and not self.clean:
            self.torn = self.torn or self._older_is_whole(file)

    def _walk(self, file: DataFile, *, patient: bool) -> bool:
        """The blocks from where the chain stands. Returns whether it came to the end.

        A patient walk stops at what is broken and notes nothing: the file may have moved on.
        """
        begin = self.chain.next_seq
        entries = file.entries(from_key=begin.to_bytes(8, "big") if self.blocks else b"")
        try:
            for key, value in self._behind(entries, begin):
                try:
                    self._accept(parse(value, key=key, segment=self._number))
                except Finding as finding:
                    if patient:
                        return False
                    self.torn = finding.code in _TEARABLE and (self.torn or not self._lost)
                    self._lost = True
                    self._note(finding)
        except Finding as finding:
            if patient:
                return False
            self._note(finding)
            self._lost = True
        return True

    def _behind(self, entries: Iterator[tuple[bytes, bytes]], begin: int) -> Iterator[tuple[bytes, bytes]]:
        """Leaves out the block that was walked last: a look begins at the last key that is not above the next seq."""
        for key, value in entries:
            if not self.blocks or int.from_bytes(key, "big") >= begin:
                yield key, value

    def _accept(self, block: Block) -> None:
        """Take a block that is whole in itself. Raises Finding if it does not continue the chain."""
        if self._lost:
            # What a broken block said is unknown, so what this one continues is too.
            self.chain = Chain(next_seq=block.first_seq, head=block.previous)
            self._lost = self.torn = False
        self.chain.accept(block)
        self.blocks += 1
        self.first_hash = self.first_hash or self.chain.head
        self.first_mark = self.first_mark or block.exec_mark
        self._check_mark(block)
        if self._records:
            self._check_records(block)
        if self.clean:
            self._watch(block, self.chain.head)

    def _check_mark(self, block: Block) -> None:
        """A mark is of the state before its block; its root is that of a seq at or before, and never goes back."""
        if block.exec_mark == _UNKNOWN_MARK and block.first_seq > 1:
            return
        mark, before = block.mark, self._mark
        self._mark = mark
        self._verdict.marks += 1
        fits = mark.event_seq == block.first_seq - 1 and mark.root_seq <= mark.event_seq
        if before is not None and fits:
            same_root = mark.root_seq == before.root_seq
            fits = mark.root_seq >= before.root_seq and (not same_root or mark.state_root == before.state_root)
        if not fits:
            what = f"its exec mark is of seq {mark.event_seq} and root {mark.root_seq}"
            self._note(broken("mark", block.first_seq, what, self._number))

    def _check_records(self, block: Block) -> None:
        """The body is so many records and nothing else; their times rise from the base to the last time."""
        try:
            rows = _ROWS.decode(b"\xdd" + block.count.to_bytes(4, "big") + block.body)
        except msgspec.MsgspecError as error:
            what = f"its body is not {block.count} records: {error}"
            self._note(broken("records", block.first_seq, what, self._number))
            return
        times = [row.dt for row in rows]
        if times != sorted(times) or block.first_time_ns + times[-1] != block.last_time_ns:
            self._note(broken("record_times", block.first_seq, "the times of its records do not fit", self._number))

    # --- below them -------------------------------------------------------------------------------------------------

    def _structure(self, file: DataFile, map_bytes: int, *, moves: bool) -> None:
        """Pages are accounted for in one snapshot; while the file moves on under our eyes, again."""
        for _ in range(LOOKS_MAX):
            meta = file.refresh()
            try:
                check_structure(file, map_bytes=map_bytes)
            except Finding as finding:
                if moves and file.refresh().txn != meta.txn:
                    continue
                known = {(other.code, other.message) for other in self._verdict.findings}
                if (finding.code, finding.message) not in known:
                    self._note(finding)
                return
            if not moves or file.refresh().txn == meta.txn:
                return
        self._verdict.skip("moving", f"the pages of segment {self._number}: somebody is writing to it all the time")

    def _older_is_whole(self, file: DataFile) -> bool:
        """Whether the blocks of the commit before the last can all be read: then the last one is torn."""
        if self.torn:
            return True
        try:
            for key, value in file.entries(meta=file.older):
                parse(value, key=key, segment=self._number)
        except Finding:
            return False
        return file.older.main.entries < file.newest.main.entries

    def _note(self, finding: Finding) -> None:
        self.clean = False
        finding.values.setdefault("segment", self._number)
        finding.values.setdefault("seq", self.chain.next_seq)
        finding.values.setdefault("file", f"segments/{self._number:06d}/data.mdb")
        self._verdict.add(finding)
