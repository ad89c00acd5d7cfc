"""Reading one segment from end to end, telling damage apart from a torn tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import guard
from .blocks import JOURNAL_FORMAT, BlockFault, BlockHeader, decode_block, header_of
from .chain import Head
from .errors import NewerFormat
from .lmdb_check import check_file, check_snapshot
from .lmdb_file import LmdbFault, LmdbFile, Meta, Node
from .segments import Finding, Segment

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
    watch: Callable[[tuple[int, bytes]], None] | None = None

    @property
    def torn(self) -> bool:
        """Whether everything that is wrong is a torn tail."""
        return self.torn_blocks > 0


def scan_segment(
    segment: Segment, head: Head, *, map_bytes: int, watch: Callable[[tuple[int, bytes]], None] | None = None
) -> Scan:
    """Verifies one segment: file structure, every block, the chain from `head` on.

    A live segment is looked at under a reader slot, so a writer may be at work: both of the trees that are checked stay
    as they are meanwhile, the older one because what its successor freed is not used again while the slot is held.
    `watch` is called with (last seq, block hash) of every block that verifies without a gap before it.
    Returns what it found; raises only NewerFormat and OSError.
    """
    try:
        with LmdbFile(segment.data, map_bytes=map_bytes) as file:
            if segment.sealed:
                return _scan_file(file, segment, head, watch)
            with guard.pinned(segment.path, map_bytes=map_bytes):
                file.refresh()
                return _scan_file(file, segment, head, watch)
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


def _scan_file(file: LmdbFile, segment: Segment, head: Head, watch: Callable[[tuple[int, bytes]], None] | None) -> Scan:
    scan = _scan_blocks(file, file.newest, segment, Scan(head, watch=watch))
    unreadable = bool(scan.findings)
    structure = _fault_of(file)
    if structure is not None and not any(finding.page == structure.page for finding in scan.findings):
        scan.findings.append(lmdb_finding(structure, segment, scan.head.next_seq if unreadable else head.next_seq))
    if unreadable and not segment.sealed:
        if structure is None or structure.fault in TEARABLE_FILE:
            _look_for_torn_tail(scan, file.newest.main.entries)
        if structure is not None and not scan.torn:
            _look_for_torn_transaction(file, segment, head, scan)
    return scan


def _fault_of(file: LmdbFile) -> LmdbFault | None:
    try:
        check_file(file)
    except LmdbFault as fault:
        return fault
    return None


def _scan_blocks(file: LmdbFile, meta: Meta, segment: Segment, scan: Scan) -> Scan:
    """Goes through the blocks of one snapshot, past those that do not verify, and lists what is wrong with each."""
    running: Head | None = scan.head
    ordinal = 0
    nodes = _with_next_key(file.nodes(meta))
    while True:
        try:
            node, next_seq = next(nodes)
        except StopIteration:
            break
        except LmdbFault as fault:
            scan.findings.append(lmdb_finding(fault, segment, _resume_seq(scan, running)))
            break
        ordinal += 1
        running = _scan_block(file, meta, segment, node, next_seq, ordinal, running, scan)
    return scan


def _resume_seq(scan: Scan, running: Head | None) -> int:
    return running.next_seq if running is not None else scan.head.next_seq


def _with_next_key(nodes: Iterator[Node]) -> Iterator[tuple[Node, int | None]]:
    """Each node with the seq of the node behind it, which says where a block that cannot be read ends."""
    held: Node | None = None
    for node in nodes:
        if held is not None:
            yield held, int.from_bytes(node.key, "big")
        held = node
    if held is not None:
        yield held, None


def _scan_block(
    file: LmdbFile,
    meta: Meta,
    segment: Segment,
    node: Node,
    next_seq: int | None,
    ordinal: int,
    running: Head | None,
    scan: Scan,
) -> Head | None:
    """Verifies one block. Returns the head after it, or None if the block says nothing that can be relied on."""
    first_seq = int.from_bytes(node.key, "big")
    last_seq = next_seq - 1 if next_seq is not None else _last_seq(segment)
    value = b""
    try:
        value = file.value(meta, node)
        header, raw, _ = decode_block(node.key, value)
        if running is None:
            # The block before could not be read, so what this one continues is unknown; it is whole in itself.
            after = Head(first_seq, b"", 0, 0, scan.blocks).after(header, header.hash_of(raw))
        else:
            after = running.accept(header, raw)
    except LmdbFault as fault:
        scan.findings.append(
            Finding(f"lmdb_{fault.fault}", fault.message, segment.number, ordinal, first_seq, last_seq, fault.page)
        )
        return None
    except BlockFault as fault:
        raise_if_newer(fault, segment.number)
        header_found = header_of(value)
        if last_seq is None and header_found is not None and header_found.first_seq == first_seq:
            last_seq = header_found.last_seq
        message = f"{fault.fault} is {fault.found}, expected {fault.expected}"
        scan.findings.append(Finding(f"block_{fault.fault}", message, segment.number, ordinal, first_seq, last_seq))
        return _head_past(header_found, running)
    scan.blocks += 1
    if not scan.findings:
        scan.head = after
        scan.first_hash = scan.first_hash or after.head_hash
        if scan.watch is not None:
            scan.watch((header.last_seq, after.head_hash))
    return after


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


def _look_for_torn_transaction(file: LmdbFile, segment: Segment, head: Head, scan: Scan) -> None:
    """The tree of the last transaction is broken. If the one before it is whole, only the last transaction is torn."""
    if file.newest.txn == 0 or file.newest.main.entries <= file.older.main.entries:
        return
    try:
        check_snapshot(file, file.older)
    except LmdbFault:
        return
    before = _scan_blocks(file, file.older, segment, Scan(head))
    if before.findings:
        return
    scan.head, scan.blocks, scan.first_hash = before.head, before.blocks, before.first_hash
    scan.torn_first_seq = before.head.next_seq
    scan.torn_blocks = file.newest.main.entries - file.older.main.entries
