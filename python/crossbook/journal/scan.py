"""Reading one segment from end to end, telling damage apart from a torn tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from . import guard
from .blocks import JOURNAL_FORMAT, BlockFault, BlockHeader, decode_block, header_of
from .chain import Head
from .errors import NewerFormat
from .lmdb_check import check_file, check_snapshot
from .lmdb_file import LmdbFault, LmdbFile, Meta, Node
from .segments import Finding, Segment

# Called with (last seq, block hash).
Watch = Callable[[tuple[int, bytes]], None]
# Faults that no torn write leaves: a whole block that does not continue the chain, or something that never was a block.
UNTEARABLE = frozenset(
    {"block_first_seq", "block_previous_hash", "block_first_time_ns", "block_epoch", "block_magic", "block_key"}
)
# Faults of the file that a torn write of the last blocks explains.
TEARABLE_FILE = frozenset({"truncated", "overflow_header"})


@dataclass(slots=True)
class Scan:
    """What a segment holds. `head` is the chain's head after the last block that verifies without a gap before it."""

    head: Head
    blocks: int = 0
    first_hash: bytes = b""
    findings: list[Finding] = field(default_factory=list)
    torn_first_seq: int = 0
    torn_blocks: int = 0
    # The last transaction as a whole is torn: what verifies is what the tree before it holds.
    torn_transaction: bool = False
    watch: Watch | None = None

    @property
    def torn(self) -> bool:
        """Whether everything that is wrong is a torn tail."""
        return self.torn_blocks > 0


def scan_segment(segment: Segment, head: Head, *, map_bytes: int, watch: Watch | None = None) -> Scan:
    """Verifies one segment: file structure, every block, the chain from `head` on.

    A live segment is looked at under a reader slot, so a writer may be at work: both of the trees that are checked stay
    as they are meanwhile, the older one because what its successor freed is not used again while the slot is held.
    `watch` is called with (last seq, block hash) of every block that verifies without a gap before it.
    Returns what it found; raises only NewerFormat and OSError.
    """
    try:
        with LmdbFile(segment.data, map_bytes=map_bytes) as file:
            if segment.sealed:
                return _scan_file(file, segment, head=head, watch=watch)
            with guard.pinned(segment.path, map_bytes=map_bytes):
                file.refresh()
                return _scan_file(file, segment, head=head, watch=watch)
    except LmdbFault as fault:
        return Scan(head, findings=[lmdb_finding(fault, segment, head.next_seq)])


def lmdb_finding(fault: LmdbFault, segment: Segment, first_seq: int) -> Finding:
    """A fault of the file below the blocks, named by the first seq that it keeps from being read or trusted."""
    return Finding(
        f"lmdb_{fault.fault}",
        fault.message,
        segment.number,
        first_seq=first_seq,
        last_seq=_last_seq(segment),
        page=fault.page,
    )


def _last_seq(segment: Segment) -> int | None:
    return segment.footer.last_seq if segment.footer is not None else None


def _scan_file(file: LmdbFile, segment: Segment, *, head: Head, watch: Watch | None) -> Scan:
    scan = _BlockScan(file, file.newest, segment=segment, scan=Scan(head, watch=watch)).run()
    unreadable = bool(scan.findings)
    structure = _fault_of(file)
    if structure is not None and not any(finding.page == structure.page for finding in scan.findings):
        scan.findings.append(lmdb_finding(structure, segment, scan.head.next_seq if unreadable else head.next_seq))
    if unreadable and not segment.sealed:
        if structure is None or structure.fault in TEARABLE_FILE:
            _look_for_torn_tail(scan, file.newest.main.entries)
        if structure is not None or scan.torn:
            _look_for_torn_transaction(file, scan, segment=segment, head=head)
    return scan


def _fault_of(file: LmdbFile) -> LmdbFault | None:
    try:
        check_file(file)
    except LmdbFault as fault:
        return fault
    return None


def _with_next_key(nodes: Iterator[Node]) -> Iterator[tuple[Node, int | None]]:
    """Each node with the seq of the node behind it, which says where a block that cannot be read ends."""
    held: Node | None = None
    for node in nodes:
        if held is not None:
            yield held, int.from_bytes(node.key, "big")
        held = node
    if held is not None:
        yield held, None


class _BlockScan:
    """Goes through the blocks of one snapshot, past those that do not verify, and lists what is wrong with each."""

    def __init__(self, file: LmdbFile, meta: Meta, *, segment: Segment, scan: Scan) -> None:
        self._file = file
        self._meta = meta
        self._segment = segment
        self._scan = scan
        # The head that the next block must continue; None behind a block that says nothing that can be relied on.
        self._running: Head | None = scan.head

    def run(self) -> Scan:
        ordinal = 0
        nodes = _with_next_key(self._file.nodes(self._meta))
        while True:
            try:
                node, next_seq = next(nodes)
            except StopIteration:
                return self._scan
            except LmdbFault as fault:
                resume = self._running.next_seq if self._running is not None else self._scan.head.next_seq
                self._scan.findings.append(lmdb_finding(fault, self._segment, resume))
                return self._scan
            ordinal += 1
            self._running = self._block(node, next_seq, ordinal=ordinal)

    def _block(self, node: Node, next_seq: int | None, *, ordinal: int) -> Head | None:
        """Verifies one block. Returns the head after it, if that is known."""
        first_seq = int.from_bytes(node.key, "big")
        last_seq = next_seq - 1 if next_seq is not None else _last_seq(self._segment)
        place = Finding("", "", self._segment.number, ordinal, first_seq, last_seq)
        value = b""
        try:
            value = self._file.value(self._meta, node)
            header, raw, _ = decode_block(node.key, value)
            # Behind a block that could not be read, what this one continues is unknown; it is whole in itself.
            running = self._running or Head(first_seq, header.previous_hash, 0, 0, self._scan.blocks)
            after = running.accept(header, raw)
        except LmdbFault as fault:
            self._scan.findings.append(
                replace(place, code=f"lmdb_{fault.fault}", message=fault.message, page=fault.page)
            )
            return None
        except BlockFault as fault:
            raise_if_newer(fault, self._segment.number)
            stated = header_of(value)
            if last_seq is None and stated is not None and stated.first_seq == first_seq:
                last_seq = stated.last_seq
            message = f"{fault.fault} is {fault.found}, expected {fault.expected}"
            self._scan.findings.append(replace(place, code=f"block_{fault.fault}", message=message, last_seq=last_seq))
            return _head_past(stated, self._running)
        self._count(header, after)
        return after

    def _count(self, header: BlockHeader, after: Head) -> None:
        scan = self._scan
        scan.blocks += 1
        if not scan.findings:
            scan.head = after
            scan.first_hash = scan.first_hash or after.head_hash
            if scan.watch is not None:
                scan.watch((header.last_seq, after.head_hash))


def _head_past(header: BlockHeader | None, running: Head | None) -> Head | None:
    """The head behind a block that failed: known if its header is whole, because the chain is made of headers."""
    if header is None:
        return None
    raw = header.to_bytes()
    return (running or Head(0, b"", 0, 0, 0)).after(header, header.hash_of(raw))


def raise_if_newer(fault: BlockFault, segment: int) -> None:
    """A block that is whole but of a format to come is no damage. Raises NewerFormat."""
    if fault.fault == "format" and isinstance(fault.found, int) and fault.found > JOURNAL_FORMAT:
        raise NewerFormat(
            f"a block of segment {segment:06d} has format {fault.found}; this version reads up to {JOURNAL_FORMAT}",
            values={"segment": segment, "format": fault.found, "supported": JOURNAL_FORMAT},
        ) from fault


def _look_for_torn_tail(scan: Scan, entries: int) -> None:
    """A torn tail: the blocks that fail are the last ones and only them, and each is broken in itself.

    A block that is whole but does not continue the chain was not torn by a crash: somebody put it there.
    """
    bad = [finding.block for finding in scan.findings if finding.block is not None]
    if bad != list(range(entries - len(bad) + 1, entries + 1)):
        return
    if any(finding.code in UNTEARABLE for finding in scan.findings):
        return
    scan.torn_first_seq = scan.head.next_seq
    scan.torn_blocks = len(bad)


def _look_for_torn_transaction(file: LmdbFile, scan: Scan, *, segment: Segment, head: Head) -> None:
    """The last transaction as a whole is torn if the tree before it is whole; that tree may also keep more blocks.

    A small block lives in a leaf page, which each transaction writes anew together with the block's neighbours.
    """
    dropped = file.newest.main.entries - file.older.main.entries
    if file.newest.txn == 0 or dropped <= 0 or (scan.torn and dropped >= scan.torn_blocks):
        return
    try:
        check_snapshot(file, file.older)
    except LmdbFault:
        return
    before = _BlockScan(file, file.older, segment=segment, scan=Scan(head)).run()
    if before.findings:
        return
    scan.head, scan.blocks, scan.first_hash = before.head, before.blocks, before.first_hash
    scan.torn_transaction = True
    scan.torn_first_seq = before.head.next_seq
    scan.torn_blocks = dropped
