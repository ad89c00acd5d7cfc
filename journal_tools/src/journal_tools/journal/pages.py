"""LMDB 0.9 data files read page by page: no map, no lock, no liblmdb, and no number believed before it is checked.

    page      0 pgno u64 | 8 pad u16 | 10 flags u16 | 12 lower u16 | 14 upper u16      (overflow: 12 pages u32)
    meta     16 magic u32 | version u32 | address u64 | map_bytes u64 | free tree 48 | main tree 48
             | last_page u64 | txn u64
    tree      0 pad u32 | 4 flags u16 | 6 depth u16 | 8 branch u64 | leaf | overflow | entries | root
    node      0 lo u16 | 2 hi u16 | 4 flags u16 | 6 key bytes u16 | 8 key | data, or the page of its overflow run u64

A live file is read at one of its two meta pages. Its writer may reuse a page two commits later, so whoever reads checks
what he read, block by block, and reads again from the newer meta page if it does not fit.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

from journal_tools.errors import Finding

PAGE: Final = struct.Struct("<QHHHH")
_META: Final = struct.Struct("<IIQQ")
_TREE: Final = struct.Struct("<IHHQQQQQ")
_TAIL: Final = struct.Struct("<QQ")
NODE: Final = struct.Struct("<HHHH")
_MAGIC, _VERSION = 0xBEEFC0DE, 1
NO_PAGE: Final = 2**64 - 1
BRANCH, LEAF, OVERFLOW, _META_FLAG, BIG = 1, 2, 4, 8, 1
PAGE_HEADER_BYTES: Final = 16
DEPTH_MAX: Final = 32
VALUE_BYTES_MAX: Final = 65_520
_LOOKS_MAX: Final = 100
META_BYTES: Final = PAGE_HEADER_BYTES + _META.size + 2 * _TREE.size + _TAIL.size
"""The bytes of a meta page that say something."""


class Tree(NamedTuple):
    """A tree's record in a meta page; `root` is `NO_PAGE` if it is empty."""

    pad: int
    flags: int
    depth: int
    branch_pages: int
    leaf_pages: int
    overflow_pages: int
    entries: int
    root: int


class Meta(NamedTuple):
    """A meta page: a snapshot of the file. The tree of free pages keeps the page size where a tree has its pad."""

    slot: int
    txn: int
    map_bytes: int
    page_bytes: int
    free: Tree
    main: Tree
    last_page: int


class DataFile:
    """An open data.mdb of a segment. A context manager, read-only."""

    def __init__(self, path: Path) -> None:
        """Raises Finding `lmdb_meta` if it is not a whole LMDB file, OSError if it cannot be read."""
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.refresh()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def refresh(self) -> Meta:
        """Look at the meta pages again: a live file has moved on. Returns the newer one. Raises Finding `lmdb_meta`."""
        for looks_left in reversed(range(_LOOKS_MAX)):
            # A writer may be at work on a meta page; two equal looks mean that none was.
            try:
                metas, again = self._metas(), self._metas()
            except Finding:
                if not looks_left:
                    raise
                continue
            if metas == again:
                break
        self.older, self.newest = sorted(metas, key=lambda meta: meta.txn)
        if self.newest.page_bytes != self.older.page_bytes or self.newest.map_bytes != self.older.map_bytes:
            raise self.fault("the two meta pages disagree about sizes", code="lmdb_meta")
        if self.newest.txn and (self.newest.txn - self.older.txn != 1 or self.newest.txn & 1 != self.newest.slot):
            what = f"transactions {self.older.txn} and {self.newest.txn} do not follow each other"
            raise self.fault(what, code="lmdb_meta")
        return self.newest

    def entries(self, *, from_key: bytes = b"", meta: Meta | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in key order, from the last key that is not above `from_key`. Raises Finding `lmdb_page`.

        Keys that do not rise end the walk, so pages that lead in a circle cannot hold it up.
        """
        meta = meta or self.newest
        if meta.main.root == NO_PAGE:
            return
        if not 1 <= meta.main.depth <= DEPTH_MAX:
            raise self.fault(f"a tree of depth {meta.main.depth}")
        last = b""
        for key, value in self._walk(meta, meta.main.root, meta.main.depth, from_key):
            if key <= last:
                raise self.fault(f"the keys do not rise behind seq {int.from_bytes(last, 'big')}", code="lmdb_order")
            last = key
            yield key, value

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the file, fewer where it ends."""
        return os.pread(self._fd, size, at)

    def size(self) -> int:
        """The bytes of the file."""
        return os.fstat(self._fd).st_size

    # --- pages ------------------------------------------------------------------------------------------------------

    def _walk(self, meta: Meta, page: int, depth: int, from_key: bytes) -> Iterator[tuple[bytes, bytes]]:
        raw = self._page(meta, page, BRANCH if depth > 1 else LEAF)
        nodes = list(self._nodes(raw, page))
        begin = max((at for at, (key, *_) in enumerate(nodes) if key <= from_key or not at), default=0)
        for key, low, high, flags, data in nodes[begin:]:
            if depth > 1:
                yield from self._walk(meta, low | high << 16 | flags << 32, depth - 1, from_key)
            elif flags & BIG:
                yield key, self._run(meta, int.from_bytes(data[:8], "little"), low | high << 16)
            else:
                yield key, data[: low | high << 16]

    def _page(self, meta: Meta, page: int, kind: int) -> bytes:
        if not 2 <= page <= meta.last_page:
            raise self.fault(f"page {page} is outside the file's {meta.last_page + 1} pages")
        raw = os.pread(self._fd, meta.page_bytes, page * meta.page_bytes)
        if len(raw) < meta.page_bytes:
            raise self.fault(f"the file ends inside page {page}", code="truncated")
        number, _, flags, lower, upper = PAGE.unpack_from(raw)
        if number != page or flags & 0xF != kind:
            raise self.fault(f"page {page} says it is page {number} with flags {flags}")
        if not PAGE_HEADER_BYTES <= lower <= upper <= meta.page_bytes or (lower - PAGE_HEADER_BYTES) % 2:
            raise self.fault(f"page {page} has bounds {lower} and {upper}")
        return raw

    def _nodes(self, raw: bytes, page: int) -> Iterator[tuple[bytes, int, int, int, bytes]]:
        _, _, kind, lower, _ = PAGE.unpack_from(raw)
        count = (lower - PAGE_HEADER_BYTES) // 2
        if not count:
            raise self.fault(f"page {page} is empty")
        for at in struct.unpack_from(f"<{count}H", raw, PAGE_HEADER_BYTES):
            if at + NODE.size > len(raw):
                raise self.fault(f"page {page} has a node outside itself")
            low, high, flags, length = NODE.unpack_from(raw, at)
            begin = at + NODE.size
            implicit = kind & BRANCH and length == 0
            if not implicit and (length != 8 or begin + length > len(raw)):
                raise self.fault(f"page {page} has a key of {length} bytes")
            yield raw[begin : begin + length], low, high, flags, raw[begin + length :]

    def _run(self, meta: Meta, page: int, size: int) -> bytes:
        """The value in a run of overflow pages."""
        if size > VALUE_BYTES_MAX:
            raise self.fault(f"a value of {size} bytes, more than a block has")
        pages = (PAGE_HEADER_BYTES + size + meta.page_bytes - 1) // meta.page_bytes
        if not page >= 2 or page + pages - 1 > meta.last_page:
            raise self.fault(f"a value begins at page {page} and ends outside the file")
        raw = os.pread(self._fd, PAGE_HEADER_BYTES + size, page * meta.page_bytes)
        if len(raw) < PAGE_HEADER_BYTES + size:
            raise self.fault(f"the file ends inside the value at page {page}", code="truncated")
        number, _, flags, *_ = PAGE.unpack_from(raw)
        if number != page or flags != OVERFLOW or int.from_bytes(raw[12:16], "little") != pages:
            raise self.fault(f"page {page} is not the run of {pages} pages it should be")
        return raw[PAGE_HEADER_BYTES:]

    def _metas(self) -> tuple[Meta, Meta]:
        first = self._meta(0, 0)
        return first, self._meta(1, first.page_bytes)

    def _meta(self, slot: int, at: int) -> Meta:
        raw = os.pread(self._fd, META_BYTES, at)
        if len(raw) < META_BYTES:
            raise self.fault(f"the file ends inside meta page {slot}", code="truncated")
        number, _, flags, *_ = PAGE.unpack_from(raw)
        magic, version, address, map_bytes = _META.unpack_from(raw, PAGE_HEADER_BYTES)
        if (magic, version, address, number, flags) != (_MAGIC, _VERSION, 0, slot, _META_FLAG):
            raise self.fault(f"meta page {slot} is none", code="lmdb_meta")
        at = PAGE_HEADER_BYTES + _META.size
        free = Tree._make(_TREE.unpack_from(raw, at))
        main = Tree._make(_TREE.unpack_from(raw, at + _TREE.size))
        last_page, txn = _TAIL.unpack_from(raw, at + 2 * _TREE.size)
        if not 512 <= free.pad <= 32_768 or free.pad & (free.pad - 1):
            raise self.fault(f"meta page {slot} has pages of {free.pad} bytes", code="lmdb_meta")
        return Meta(slot, txn, map_bytes, free.pad, free, main, last_page)

    def fault(self, what: str, *, code: str = "lmdb_page") -> Finding:
        """The finding about this file."""
        hint = "the file was damaged or cut; compare it with a copy"
        name = f"{self.path.parent.name}/{self.path.name}"
        return Finding(f"{name}: {what}", code=code, hint=hint, path=str(self.path))
