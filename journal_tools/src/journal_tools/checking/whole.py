"""A whole session in order: each part for itself, and that it continues the one before, from genesis to the head."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools.checking.segment import Scan
from journal_tools.checking.survey import SegmentFiles, Survey, found, survey
from journal_tools.checking.verdict import Verdict
from journal_tools.errors import Finding
from journal_tools.journal.blocks import Block, Chain, Mark
from journal_tools.journal.session import file_sha256


class Anchor(NamedTuple):
    """A receipt that was kept elsewhere: a seq, and the hash of the block that holds it."""

    seq: int
    block_hash: bytes


def verify(
    path: Path, *, anchors: Iterable[Anchor] = (), records: bool = True, must_be_closed: bool = False
) -> Verdict:
    """Verify a session from its files alone; a writer may be at work.

    Args:
        path: the session's directory.
        anchors: receipts kept elsewhere, each of which the journal must hold.
        records: whether to look at the records in the blocks too, not only at their hash.
        must_be_closed: whether a session that was not closed is a finding.

    Raises:
        ToolError: `not_a_session`, `newer_format`; everything else is a finding.
    """
    kept = list(anchors)
    for _ in range(_TRIES):
        before = _small_files(path)
        verdict = Verdict(path)
        files = survey(path, verdict)
        if files is not None:
            _Whole(files, verdict, kept, records=records).run()
            if must_be_closed and files.closing is None:
                text = "closing.json is not there: nobody closed this session"
                verdict.add(found("not_closed", text, "closing.json"))
        if verdict.ok or _small_files(path) == before:
            break
    return verdict


_TRIES: Final = 20
"""How often it is looked again at a session that a writer opened, closed or rotated meanwhile."""


def _small_files(path: Path) -> list[tuple[str, int, int]]:
    """Which small files there are, and how new they are."""
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            # What is gone meanwhile is not there: it will be missed in one of the two lists.
            with suppress(FileNotFoundError):
                status = Path(folder, name).stat() if name.endswith(".json") else None
                found += [(f"{folder}/{name}", status.st_size, status.st_mtime_ns)] if status else []
    return sorted(found)


class _Whole:
    def __init__(self, files: Survey, verdict: Verdict, anchors: list[Anchor], *, records: bool) -> None:
        self._files = files
        self._verdict = verdict
        self._anchors = anchors
        self._held: set[Anchor] = set()
        self._records = records
        self._chain = Chain.genesis(files.session_file)
        self._clean = True
        self._footer_hash = ""
        self._stated_mark = b""
        self._blocks_of_last = 0

    def run(self) -> None:
        verdict, files = self._verdict, self._files
        verdict.session = files.session["id"]
        verdict.closed = files.closing is not None
        verdict.segments = len(files.segments)
        verdict.head = self._chain.head.hex()
        # A second thread hashes files while this one walks through their blocks.
        with ThreadPoolExecutor(1, "hash") as pool:
            hashes = {
                segment.number: pool.submit(file_sha256, segment.data)
                for segment in files.segments
                if segment.data.exists() and self._end(segment) is not None
            }
            for segment in files.segments:
                self._segment(segment, hashes.get(segment.number))
        if files.closing is not None and files.segments:
            self._check_closing(files.closing)
        self._check_anchors()
        self._say_what_was_not_checked()

    def _end(self, segment: SegmentFiles) -> dict[str, Any] | None:
        """What vouches for the bytes of a data file: its footer, or closing.json."""
        closing = self._files.closing
        return segment.footer or (closing if closing is not None and closing["segment"] == segment.number else None)

    def _segment(self, segment: SegmentFiles, file_hash: Future[str] | None) -> None:
        is_last = segment is self._files.segments[-1]
        if not segment.sealed and not is_last:
            text = f"segment {segment.number} has no footer and is not the last one"
            self._add(found("footer", text, f"segments/{segment.number:06d}/footer.json", segment=segment.number))
        self._check_opening(segment)
        moves = is_last and not segment.sealed and self._files.closing is None
        scan = Scan(self._verdict, self._chain, number=segment.number, records=self._records, watch=self._watch)
        scan.clean = self._clean
        scan.run(segment.data, map_bytes=self._files.session["segment_bytes"], moves=moves)
        self._check_stated_mark(segment, scan)
        self._chain = scan.chain
        self._verdict.torn_tail = scan.torn and moves
        if self._clean and scan.clean and segment.footer is not None:
            self._check_footer(segment, segment.footer, scan)
        self._clean = self._clean and scan.clean
        if segment.data.exists():
            self._verdict.data_bytes += segment.data.stat().st_size
        end = self._end(segment)
        if file_hash is not None and end is not None:
            self._check_file(segment, end, file_hash.result())
        self._blocks_of_last = scan.blocks
        if segment.sealed:
            self._footer_hash = sha256((segment.directory / "footer.json").read_bytes()).hexdigest()

    def _watch(self, block: Block, head: bytes) -> None:
        verdict = self._verdict
        verdict.blocks += 1
        verdict.records += block.count
        verdict.first_time_ns = verdict.first_time_ns or block.first_time_ns
        verdict.last_time_ns = block.last_time_ns
        verdict.last_seq, verdict.head = block.last_seq, head.hex()
        for anchor in self._anchors:
            if block.first_seq <= anchor.seq <= block.last_seq and anchor.block_hash == head:
                self._held.add(anchor)

    # --- what each part says of the others --------------------------------------------------------------------------

    def _check_opening(self, segment: SegmentFiles) -> None:
        if segment.opening is None:
            return
        stated = {
            "session": self._verdict.session,
            "segment": segment.number,
            "first_seq": self._chain.next_seq,
            "previous_hash": self._chain.head.hex(),
            "previous_footer": self._footer_hash,
        }
        if not self._clean:
            # What the blocks before came to is unknown; what is left to compare is.
            self._chain = Chain(
                next_seq=segment.opening["first_seq"], head=bytes.fromhex(segment.opening["previous_hash"])
            )
            del stated["first_seq"], stated["previous_hash"]
        self._compare("opening", segment.opening, stated, segment.number, f"segments/{segment.number:06d}/opening.json")

    def _check_footer(self, segment: SegmentFiles, footer: dict[str, Any], scan: Scan) -> None:
        stated = {
            "session": self._verdict.session,
            "segment": segment.number,
            "last_seq": scan.chain.next_seq - 1,
            "blocks": scan.blocks,
            "first_hash": scan.first_hash.hex(),
            "head_hash": scan.chain.head.hex(),
            "last_time_ns": scan.chain.time_ns,
            "epoch": scan.chain.epoch,
            "previous_footer": self._footer_hash,
        }
        if segment.opening is not None:
            stated["first_seq"] = segment.opening["first_seq"]
        name = f"segments/{segment.number:06d}/footer.json"
        self._compare("footer", footer, stated, segment.number, name)
        self._stated_mark = bytes.fromhex(footer["exec_mark"])
        self._check_mark_seq(footer, "footer", scan.chain.next_seq - 1, name)

    def _check_closing(self, closing: dict[str, Any]) -> None:
        stated: dict[str, Any] = {"session": self._verdict.session, "segment": self._files.segments[-1].number}
        if self._clean:
            stated |= {
                "next_seq": self._chain.next_seq,
                "blocks": self._blocks_of_last,
                "head_hash": self._chain.head.hex(),
            }
            self._check_mark_seq(closing, "closing", self._chain.next_seq - 1, "closing.json")
        self._compare("closing", closing, stated, self._files.segments[-1].number, "closing.json")

    def _check_mark_seq(self, stated: dict[str, Any], code: str, last_seq: int, name: str) -> None:
        if stated["exec_mark"]:
            mark = Mark.parse(bytes.fromhex(stated["exec_mark"]))
            if mark.event_seq != last_seq or mark.root_seq > last_seq:
                text = f"{name} marks seq {mark.event_seq} and root {mark.root_seq}, the last is {last_seq}"
                self._add(found(code, text, name, segment=stated["segment"], seq=last_seq))

    def _check_stated_mark(self, segment: SegmentFiles, scan: Scan) -> None:
        """The mark in a footer is the one of the next block, wherever that is."""
        if self._stated_mark and scan.first_mark and scan.first_mark != self._stated_mark:
            name = f"segments/{segment.number - 1:06d}/footer.json"
            text = f"{name} has another exec mark than the block that follows"
            self._add(found("footer", text, name, segment=segment.number - 1, seq=self._chain.next_seq))
        if scan.first_mark:
            self._stated_mark = b""

    def _check_file(self, segment: SegmentFiles, end: dict[str, Any], found_sha256: str) -> None:
        size = segment.data.stat().st_size
        if (size, found_sha256) != (end["data_bytes"], end["data_sha256"]):
            name = f"segments/{segment.number:06d}/data.mdb"
            sizes = "" if size == end["data_bytes"] else f": it has {size} bytes, not {end['data_bytes']}"
            text = f"{name} is not the file that was signed off{sizes}"
            seq = segment.opening["first_seq"] if segment.opening else None
            self._add(found("file_hash", text, name, segment=segment.number, seq=seq))

    def _compare(self, code: str, members: dict[str, Any], stated: dict[str, Any], segment: int, name: str) -> None:
        for member, expected in stated.items():
            if members[member] != expected:
                text = f"{name} says {member} is {members[member]!r}, found is {expected!r}"
                self._add(found(code, text, name, segment=segment, seq=self._chain.next_seq))

    def _add(self, finding: Finding) -> None:
        self._verdict.add(finding)

    # --- receipts, and the rest -------------------------------------------------------------------------------------

    def _check_anchors(self) -> None:
        for anchor in self._anchors:
            if anchor in self._held:
                self._verdict.anchors += 1
                continue
            self._add(
                Finding(
                    f"the journal does not hold seq {anchor.seq} in the block {anchor.block_hash.hex()}",
                    code="anchor",
                    hint="it is an earlier copy, or another journal made in its place: the receipt is the proof",
                    seq=anchor.seq,
                )
            )

    def _say_what_was_not_checked(self) -> None:
        verdict, closing = self._verdict, self._files.closing
        if not self._anchors:
            what = "whether this is an earlier copy, or was made anew as a whole: only a receipt can tell (--anchor)"
            verdict.skip("anchor", what)
        if not self._records:
            verdict.skip("records", "what is in the blocks: only their hashes were compared (leave out --chain)")
        if closing is None and self._files.segments and not self._files.segments[-1].sealed:
            number = self._files.segments[-1].number
            verdict.skip(
                "tail", f"bytes of segment {number} that carry nothing; commits lost in a crash: nobody closed it"
            )
        if closing is not None:
            verdict.skip("durability", f"how commits were made durable: nothing vouches for {closing['durability']!r}")
