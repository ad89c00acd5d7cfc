"""A strict reader of LMDB 0.9 data files that never hands them to liblmdb.

liblmdb trusts its file: a flipped page pointer makes it read wild memory, and a truncated file ends the process with
SIGBUS. So the journal looks at a file with this module before liblmdb may map it, and reads blocks with it.
Nothing here maps memory; every number from the file is checked before it is used.

    page      0 pgno u64 | 8 pad u16 | 10 flags u16 | 12 lower u16 | 14 upper u16      (overflow: 12 pages u32)
    meta     16 magic u32 | version u32 | address u64 | map_bytes u64 | free tree 48 | main tree 48
             | last_page u64 | txn u64
    tree      0 pad u32 (free tree: page size) | 4 flags u16 | 6 depth u16 | 8 branch | leaf | overflow | entries | root
    node      0 lo u16 | 2 hi u16 | 4 flags u16 | 6 key bytes u16 | 8 key | data, or the page of its overflow run u64

Transaction N writes the meta page N & 1, never touching a page that the transaction before it can see. So both trees of
a file are whole at all times, and because a journal only appends, the older tree is a prefix of the newer one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple, Self

MAGIC = 0xBEEFC0DE
DATA_VERSION = 1
NO_PAGE = 2**64 - 1
META_PAGES = 2
PAGE_HEADER_BYTES = 16
PAGE_BYTES_MIN, PAGE_BYTES_MAX = 512, 32_768
DEPTH_MAX = 32
KEY_BYTES = 8
FREE_TREE_FLAGS = 0x08
P_BRANCH, P_LEAF, P_OVERFLOW, P_META = 0x01, 0x02, 0x04, 0x08
NODE_BIG = 0x01

_PAGE = struct.Struct("<QHHHH")
_OVERFLOW = struct.Struct("<QHHI")
_META_HEAD = struct.Struct("<IIQQ")
_TREE = struct.Struct("<IHHQQQQQ")
_META_TAIL = struct.Struct("<QQ")
_NODE = struct.Struct("<HHHH")
_PGNO = struct.Struct("<Q")
META_BYTES = PAGE_HEADER_BYTES + _META_HEAD.size + 2 * _TREE.size + _META_TAIL.size


class LmdbFault(Exception):
    """What is wrong with the file: a stable name, the page (or None) and a sentence."""

    def __init__(self, fault: str, page: int | None, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.page = page
        self.message = message


class Tree(NamedTuple):
    """A B+tree's record in a meta page."""

    pad: int
    flags: int
    depth: int
    branch_pages: int
    leaf_pages: int
    overflow_pages: int
    entries: int
    root: int


class Meta(NamedTuple):
    """One of the two meta pages: a snapshot of the file."""

    slot: int
    map_bytes: int
    page_bytes: int
    free: Tree
    main: Tree
    last_page: int
    txn: int


class Node(NamedTuple):
    """A leaf node: its key and its value, inline or in a run of overflow pages."""

    key: bytes
    value_bytes: int
    inline: bytes | None
    overflow_page: int


class LmdbFile:
    """An open LMDB data file. A context manager; holds one read-only file descriptor and no map.

    Raises LmdbFault for anything that is not a whole LMDB 0.9 file of fixed 8-byte keys.
    """

    def __init__(self, path: str | os.PathLike[str], *, map_bytes: int | None = None) -> None:
        """Args: map_bytes: the map size that both meta pages must state; None accepts any."""
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._map_bytes = map_bytes
        try:
            self.refresh()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; may be called again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def refresh(self) -> None:
        """Reads the meta pages again: a live file has moved on since. Raises LmdbFault."""
        for _ in range(100):
            # A writer may be in the middle of writing a meta page; two equal looks mean that none was.
            self.file_bytes = os.fstat(self._fd).st_size
            metas = self._read_metas()
            if metas == self._read_metas():
                break
        self.older, self.newest = sorted(metas, key=lambda meta: meta.txn)
        self.page_bytes = self.newest.page_bytes
        self._check_metas()

    # --- meta pages ------------------------------------------------------------------------------------------------

    def _read_metas(self) -> tuple[Meta, Meta]:
        first = self._read_meta(0, 0)
        if not PAGE_BYTES_MIN <= first.page_bytes <= PAGE_BYTES_MAX or first.page_bytes & (first.page_bytes - 1):
            raise LmdbFault("meta_page_bytes", 0, f"the page size {first.page_bytes} is no page size")
        return first, self._read_meta(1, first.page_bytes)

    def _read_meta(self, slot: int, offset: int) -> Meta:
        raw = os.pread(self._fd, META_BYTES, offset)
        if len(raw) < META_BYTES:
            raise LmdbFault("truncated", slot, f"the file ends inside meta page {slot}")
        page, _pad, flags, _lower, _upper = _PAGE.unpack_from(raw)
        at = PAGE_HEADER_BYTES
        magic, version, address, map_bytes = _META_HEAD.unpack_from(raw, at)
        if magic != MAGIC:
            raise LmdbFault("magic", slot, f"meta page {slot} has magic 0x{magic:08x}, not LMDB's 0x{MAGIC:08x}")
        if version != DATA_VERSION:
            raise LmdbFault("version", slot, f"meta page {slot} has data version {version}, not {DATA_VERSION}")
        if page != slot or flags != P_META or address != 0:
            raise LmdbFault("meta_header", slot, f"meta page {slot} has page {page}, flags {flags}, address {address}")
        at += _META_HEAD.size
        free = Tree._make(_TREE.unpack_from(raw, at))
        main = Tree._make(_TREE.unpack_from(raw, at + _TREE.size))
        last_page, txn = _META_TAIL.unpack_from(raw, at + 2 * _TREE.size)
        return Meta(slot, map_bytes, free.pad, free._replace(pad=0), main, last_page, txn)

    def _check_metas(self) -> None:
        older, newest = self.older, self.newest
        if newest.page_bytes != older.page_bytes or newest.map_bytes != older.map_bytes:
            raise LmdbFault("meta_disagree", newest.slot, "the two meta pages disagree about page size or map size")
        if self._map_bytes is not None and newest.map_bytes != self._map_bytes:
            raise LmdbFault("map_bytes", newest.slot, f"the map is {newest.map_bytes} bytes, not {self._map_bytes}")
        fresh = older.txn == newest.txn == 0
        if not fresh and (newest.txn - older.txn != 1 or newest.txn & 1 != newest.slot):
            raise LmdbFault(
                "meta_txn", newest.slot, f"transactions {older.txn} and {newest.txn} do not follow each other"
            )
        for meta in (older, newest):
            _check_tree_record(meta, meta.free, FREE_TREE_FLAGS)
            _check_tree_record(meta, meta.main, 0)
            if not META_PAGES - 1 <= meta.last_page < meta.map_bytes // meta.page_bytes:
                raise LmdbFault("last_page", meta.slot, f"meta page {meta.slot} has last page {meta.last_page}")
        if older.last_page > newest.last_page or older.main.entries > newest.main.entries:
            raise LmdbFault("meta_shrank", newest.slot, "the newer meta page knows less than the older one")

    def check_length(self, meta: Meta) -> None:
        """Raises LmdbFault if the file ends before the snapshot's last page does."""
        if self.file_bytes < (meta.last_page + 1) * self.page_bytes:
            raise LmdbFault(
                "truncated",
                self.file_bytes // self.page_bytes,
                f"the file has {self.file_bytes} bytes, its last page ends at {(meta.last_page + 1) * self.page_bytes}",
            )

    # --- pages -----------------------------------------------------------------------------------------------------

    def _page(self, meta: Meta, page: int) -> bytes:
        if not META_PAGES <= page <= meta.last_page:
            raise LmdbFault("page_number", page, f"page {page} is outside {META_PAGES}..{meta.last_page}")
        raw = os.pread(self._fd, self.page_bytes, page * self.page_bytes)
        if len(raw) < self.page_bytes:
            raise LmdbFault("truncated", page, f"the file ends before page {page} does")
        return raw

    def _pointers(self, raw: bytes, page: int, flags_expected: int) -> tuple[int, ...]:
        number, _pad, flags, lower, upper = _PAGE.unpack_from(raw)
        if number != page or flags != flags_expected:
            raise LmdbFault("page_header", page, f"page {page} says page {number}, flags {flags}, not {flags_expected}")
        if lower & 1 or not PAGE_HEADER_BYTES < lower <= upper <= self.page_bytes:
            raise LmdbFault("page_bounds", page, f"page {page} has lower {lower} and upper {upper}")
        count = (lower - PAGE_HEADER_BYTES) // 2
        pointers = struct.unpack_from(f"<{count}H", raw, PAGE_HEADER_BYTES)
        if min(pointers) < upper or max(pointers) > self.page_bytes - _NODE.size:
            raise LmdbFault("node_offset", page, f"a node of page {page} lies outside the page")
        return pointers

    def _check_packed(self, raw: bytes, page: int, spans: list[tuple[int, int]]) -> None:
        """LMDB keeps the nodes of a page without gaps: they must fill exactly upper..page end, none over another."""
        at: int = _PAGE.unpack_from(raw)[4]
        for start, size in sorted(spans):
            if start != at:
                raise LmdbFault("node_overlap", page, f"the nodes of page {page} overlap or leave a gap")
            at = start + size + (size & 1)
        if at != self.page_bytes:
            raise LmdbFault("node_overlap", page, f"the nodes of page {page} do not fill it")

    def leaf_nodes(self, meta: Meta, page: int) -> list[Node]:
        """The nodes of a leaf page in key order. Raises LmdbFault."""
        raw = self._page(meta, page)
        nodes: list[Node] = []
        spans: list[tuple[int, int]] = []
        for pointer in self._pointers(raw, page, P_LEAF):
            lo, hi, flags, key_bytes = _NODE.unpack_from(raw, pointer)
            value_bytes = lo | hi << 16
            data = pointer + _NODE.size + KEY_BYTES
            stored = _PGNO.size if flags & NODE_BIG else value_bytes
            if key_bytes != KEY_BYTES or flags & ~NODE_BIG or data + stored > self.page_bytes:
                raise LmdbFault(
                    "node", page, f"a node of page {page} has key {key_bytes}, flags {flags}, size {stored}"
                )
            key = raw[pointer + _NODE.size : data]
            if flags & NODE_BIG:
                nodes.append(Node(key, value_bytes, None, _PGNO.unpack_from(raw, data)[0]))
            else:
                nodes.append(Node(key, value_bytes, raw[data : data + value_bytes], 0))
            spans.append((pointer, _NODE.size + KEY_BYTES + stored))
        self._check_packed(raw, page, spans)
        return nodes

    def branch_nodes(self, meta: Meta, page: int) -> list[tuple[bytes, int]]:
        """The separators and children of a branch page; the first separator is b"" . Raises LmdbFault."""
        raw = self._page(meta, page)
        children: list[tuple[bytes, int]] = []
        spans: list[tuple[int, int]] = []
        for index, pointer in enumerate(self._pointers(raw, page, P_BRANCH)):
            lo, hi, top, key_bytes = _NODE.unpack_from(raw, pointer)
            end = pointer + _NODE.size + key_bytes
            if (key_bytes != KEY_BYTES and (index or key_bytes)) or end > self.page_bytes:
                raise LmdbFault("node", page, f"a node of branch page {page} has a key of {key_bytes} bytes")
            children.append((raw[pointer + _NODE.size : end] if index else b"", lo | hi << 16 | top << 32))
            spans.append((pointer, _NODE.size + key_bytes))
        self._check_packed(raw, page, spans)
        return children

    def overflow_pages(self, value_bytes: int) -> int:
        """How many pages a value that does not fit into a leaf takes."""
        return (PAGE_HEADER_BYTES - 1 + value_bytes) // self.page_bytes + 1

    def check_overflow(self, meta: Meta, node: Node) -> int:
        """Checks the header of a node's overflow run and returns its length in pages. Raises LmdbFault."""
        first, pages = node.overflow_page, self.overflow_pages(node.value_bytes)
        if not first >= META_PAGES or first + pages - 1 > meta.last_page:
            raise LmdbFault("overflow_range", first, f"overflow pages {first}+{pages} are outside the file")
        raw = os.pread(self._fd, PAGE_HEADER_BYTES, first * self.page_bytes)
        if len(raw) < PAGE_HEADER_BYTES or (first + pages) * self.page_bytes > self.file_bytes:
            raise LmdbFault("truncated", first, f"the file ends inside overflow pages {first}+{pages}")
        number, _pad, flags, stated = _OVERFLOW.unpack(raw)
        if number != first or flags != P_OVERFLOW or stated != pages:
            raise LmdbFault(
                "overflow_header",
                first,
                f"overflow page {first} says page {number}, flags {flags}, {stated} pages, not {pages}",
            )
        return pages

    def value(self, meta: Meta, node: Node) -> bytes:
        """A node's value. Raises LmdbFault."""
        if node.inline is not None:
            return node.inline
        self.check_overflow(meta, node)
        raw = os.pread(self._fd, node.value_bytes, node.overflow_page * self.page_bytes + PAGE_HEADER_BYTES)
        if len(raw) < node.value_bytes:
            raise LmdbFault("truncated", node.overflow_page, f"the file ends inside overflow page {node.overflow_page}")
        return raw

    # --- the main tree in key order -----------------------------------------------------------------------------------

    def nodes(self, meta: Meta, start: bytes = b"") -> Iterator[Node]:
        """The nodes of the main tree from the last key <= start on (all if there is none). Raises LmdbFault.

        Keys that do not rise end the walk with a fault, so a cycle of pages cannot hold it up.
        """
        if meta.main.root == NO_PAGE:
            return
        last = b""
        for page in self.leaf_pages(meta, meta.main.root, meta.main.depth, start):
            nodes = self.leaf_nodes(meta, page)
            at = 0
            while start and at + 1 < len(nodes) and nodes[at + 1].key <= start:
                at += 1
            for node in nodes[at:]:
                if node.key <= last:
                    raise LmdbFault("key_order", page, f"the keys of page {page} do not rise")
                last = node.key
                yield node
            start = b""

    def leaf_pages(self, meta: Meta, page: int, depth: int, start: bytes) -> Iterator[int]:
        """The leaf pages under a page in key order, from the one that holds the last key <= start. Raises LmdbFault."""
        if depth == 1:
            yield page
            return
        children = self.branch_nodes(meta, page)
        at = 0
        while start and at + 1 < len(children) and children[at + 1][0] <= start:
            at += 1
        for _, child in children[at:]:
            yield from self.leaf_pages(meta, child, depth - 1, start)
            start = b""


def _check_tree_record(meta: Meta, tree: Tree, flags: int) -> None:
    empty = tree.root == NO_PAGE
    counters = (tree.depth, tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries)
    if tree.flags != flags or tree.pad != 0 or tree.depth > DEPTH_MAX or empty != (counters == (0, 0, 0, 0, 0)):
        raise LmdbFault("tree_record", meta.slot, f"meta page {meta.slot} has an impossible tree record {tree}")
    if not empty and (tree.depth < 1 or not META_PAGES <= tree.root <= meta.last_page):
        raise LmdbFault("tree_record", meta.slot, f"meta page {meta.slot} has root {tree.root}, depth {tree.depth}")
