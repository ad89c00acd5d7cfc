"""A whole session: its segments in order, and its blocks and records from any seq, verified as they are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from journal_tools.errors import Finding, ToolError
from journal_tools.journal.blocks import Block, Chain, Record, parse
from journal_tools.journal.files import optional_file, small_file
from journal_tools.journal.pages import DataFile

LOOKS_MAX: Final = 100
"""How often a live file is looked at again, when what was read there had been overwritten meanwhile."""


class Segment(NamedTuple):
    """One segment: where it starts in the chain, and where it ends if it is sealed."""

    number: int
    directory: Path
    first_seq: int
    previous: bytes
    opening: dict[str, Any]
    footer: dict[str, Any] | None

    @property
    def data(self) -> Path:
        """Its data file."""
        return self.directory / "data.mdb"


class Journal:
    """A session to read. Opening checks session.json and the openings and footers of its segments, nothing else.

    Attributes:
        path: the directory of the session.
        session: the members of session.json.
        closing: the members of closing.json, None while the session is live or after a crash.
        segments: in order.
    """

    def __init__(self, path: Path) -> None:
        """Raises ToolError `not_a_session`, and what `journal_tools.journal.files` raises."""
        if not (path / "session.json").exists():
            raise ToolError(
                f"{path} is no session",
                code="not_a_session",
                hint="give the directory that holds session.json",
                path=str(path),
            )
        self.path = path
        self.session = small_file(path / "session.json", "session")
        self.closing = optional_file(path / "closing.json", "closing")
        self.segments = tuple(self._segments())

    @classmethod
    def open(cls, path: Path) -> Self:
        """A session to read."""
        return cls(path)

    @property
    def session_id(self) -> str:
        """The id of the session, 32 hex digits."""
        return str(self.session["id"])

    @property
    def is_branch(self) -> bool:
        """Whether it is a branch of another session, and so no history."""
        return "parent" in self.session

    @property
    def is_live(self) -> bool:
        """Whether somebody may still write to it: it was not closed."""
        return self.closing is None

    def genesis(self) -> Chain:
        """The chain before the first block."""
        return Chain.genesis((self.path / "session.json").read_bytes())

    # --- reading ----------------------------------------------------------------------------------------------------

    def blocks(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Block]:
        """The blocks from the one that holds `from_seq` to the one that holds `to_seq`, in order.

        Each block's own checks are made, and that it continues the block before it. Whether the first continues what
        came before is known only from genesis (`from_seq=1`), or from the opening of its segment.

        Raises:
            Finding: a block, the chain or a file is not what it should be.
        """
        chain: Chain | None = None
        for segment in self.segments:
            if segment.footer is not None and segment.footer["last_seq"] < from_seq:
                continue
            for block in self._segment_blocks(segment, from_seq, chain):
                if to_seq is not None and block.first_seq > to_seq:
                    return
                chain = chain or Chain(next_seq=block.first_seq, head=block.previous)
                chain.accept(block)
                if block.last_seq >= from_seq:
                    yield block

    def records(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Record]:
        """The records of those blocks, from `from_seq` to `to_seq`."""
        for block in self.blocks(from_seq, to_seq):
            for record in block.records():
                if record.seq >= from_seq and (to_seq is None or record.seq <= to_seq):
                    yield record

    def record(self, seq: int) -> tuple[Record, Block]:
        """One record and its block. Raises ToolError `unknown_seq`."""
        for block in self.blocks(seq, seq):
            if block.first_seq <= seq <= block.last_seq:
                return next(record for record in block.records() if record.seq == seq), block
        raise ToolError(
            f"there is no seq {seq}",
            code="unknown_seq",
            hint=f"the journal has seqs 1 to {self.last_seq}",
            seq=seq,
            last_seq=self.last_seq,
        )

    def seq_at(self, time_ns: int) -> int:
        """The last seq stamped at or before a time, 0 if there is none: found by halving, not by reading."""
        low, high = 0, self.last_seq
        while low < high:
            middle = (low + high + 1) // 2
            block = next(self.blocks(middle, middle))
            if block.first_time_ns > time_ns:
                high = block.first_seq - 1
            elif block.last_time_ns <= time_ns:
                low = block.last_seq
            else:
                return max(record.seq for record in block.records() if record.time_ns <= time_ns)
        return low

    @property
    def last_seq(self) -> int:
        """The last seq in the journal, 0 if it is empty; a live one may have moved on since."""
        last = self.last_block
        return last.last_seq if last else 0

    @property
    def last_block(self) -> Block | None:
        """The last block, None if there is none."""
        for segment in reversed(self.segments):
            found = deque(self._segment_blocks(segment, 2**63, None), maxlen=1)
            if found:
                return found[0]
        return None

    def _segment_blocks(self, segment: Segment, from_seq: int, chain: Chain | None) -> Iterator[Block]:
        """The blocks of a segment from the one that holds `from_seq`. A live file is looked at again until it fits."""
        next_seq = chain.next_seq if chain else from_seq
        with DataFile(segment.data) as file:
            for _ in range(LOOKS_MAX):
                meta = file.refresh()
                try:
                    for key, value in file.entries(from_key=next_seq.to_bytes(8, "big"), meta=meta):
                        block = parse(value, key=key, segment=segment.number)
                        yield block
                        next_seq = block.last_seq + 1
                except Finding:
                    if segment.footer is not None or not self.is_live or file.refresh().txn == meta.txn:
                        raise
                    continue
                return

    def _segments(self) -> Iterator[Segment]:
        root = self.path / "segments"
        numbers = sorted(int(path.name) for path in root.iterdir() if path.name.isdigit()) if root.is_dir() else []
        if numbers != list(range(1, len(numbers) + 1)):
            missing = min(set(range(1, max(numbers) + 1)) - set(numbers))
            raise Finding(
                f"segment {missing} is missing",
                code="segment_missing",
                hint="segments are numbered from 1 without gaps; fetch it from a copy",
                segment=missing,
            )
        for number in numbers:
            directory = root / f"{number:06d}"
            opening = small_file(directory / "opening.json", "opening")
            footer = optional_file(directory / "footer.json", "footer")
            previous = bytes.fromhex(opening["previous_hash"])
            yield Segment(number, directory, opening["first_seq"], previous, opening, footer)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file in hex, read in pieces."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
