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

_PAGE: Final = struct.Struct("<QHHHH")
_META: Final = struct.Struct("<IIQQIHHQQQQQIHHQQQQQQQ")
_NODE: Final = struct.Struct("<HHHH")
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_NO_PAGE: Final = 2**64 - 1
_BRANCH, _LEAF, _OVERFLOW, _META_FLAG, _BIG = 1, 2, 4, 8, 1
_HEADER_BYTES: Final = 16
_DEPTH_MAX: Final = 32


class Meta(NamedTuple):
    """What is needed of a meta page: a snapshot of the file."""

    slot: int
    txn: int
    map_bytes: int
    page_bytes: int
    depth: int
    entries: int
    root: int
    last_page: int


class DataFile:
    """An open data.mdb of a segment. A context manager, read-only."""

    def __init__(self, path: Path) -> None:
        """Raises Finding `lmdb_file` if it is not a whole LMDB file, OSError if it cannot be read."""
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
        """Look at the meta pages again: a live file has moved on. Returns the newer one."""
        first = self._meta(0, 4096)
        metas = (self._meta(0, first.page_bytes), self._meta(1, first.page_bytes))
        self.older, self.newest = sorted(metas, key=lambda meta: meta.txn)
        if self.newest.page_bytes != self.older.page_bytes or self.newest.map_bytes != self.older.map_bytes:
            raise self._fault(f"meta pages {0} and {1} disagree about sizes")
        if self.newest.txn and (self.newest.txn - self.older.txn != 1 or self.newest.txn & 1 != self.newest.slot):
            raise self._fault(f"transactions {self.older.txn} and {self.newest.txn} do not follow each other")
        return self.newest

    def entries(self, *, from_key: bytes = b"", meta: Meta | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in key order, from the last key that is not above `from_key`. Raises Finding `lmdb_file`."""
        meta = meta or self.newest
        if meta.root != _NO_PAGE:
            if not 1 <= meta.depth <= _DEPTH_MAX:
                raise self._fault(f"a tree of depth {meta.depth}")
            yield from self._walk(meta, meta.root, meta.depth, from_key)

    # --- pages ------------------------------------------------------------------------------------------------------

    def _walk(self, meta: Meta, page: int, depth: int, from_key: bytes) -> Iterator[tuple[bytes, bytes]]:
        raw = self._page(meta, page, _BRANCH if depth > 1 else _LEAF)
        nodes = list(self._nodes(raw, page))
        begin = max((at for at, (key, *_) in enumerate(nodes) if key <= from_key or not at), default=0)
        for key, low, high, flags, data in nodes[begin:]:
            if depth > 1:
                yield from self._walk(meta, low | high << 16 | flags << 32, depth - 1, from_key)
            elif flags & _BIG:
                yield key, self._run(meta, int.from_bytes(data[:8], "little"), low | high << 16)
            else:
                yield key, data[: low | high << 16]

    def _page(self, meta: Meta, page: int, kind: int) -> bytes:
        if not 2 <= page <= meta.last_page:
            raise self._fault(f"page {page} is outside the file's {meta.last_page + 1} pages")
        raw = os.pread(self._fd, meta.page_bytes, page * meta.page_bytes)
        if len(raw) < meta.page_bytes:
            raise self._fault(f"the file ends inside page {page}", code="truncated")
        number, _, flags, lower, upper = _PAGE.unpack_from(raw)
        if number != page or flags & 0xF != kind:
            raise self._fault(f"page {page} says it is page {number} with flags {flags}")
        if not _HEADER_BYTES <= lower <= upper <= meta.page_bytes or (lower - _HEADER_BYTES) % 2:
            raise self._fault(f"page {page} has bounds {lower} and {upper}")
        return raw

    def _nodes(self, raw: bytes, page: int) -> Iterator[tuple[bytes, int, int, int, bytes]]:
        _, _, kind, lower, _ = _PAGE.unpack_from(raw)
        count = (lower - _HEADER_BYTES) // 2
        if not count:
            raise self._fault(f"page {page} is empty")
        for at in struct.unpack_from(f"<{count}H", raw, _HEADER_BYTES):
            if at + _NODE.size > len(raw):
                raise self._fault(f"page {page} has a node outside itself")
            low, high, flags, length = _NODE.unpack_from(raw, at)
            begin = at + _NODE.size
            implicit = kind & _BRANCH and length == 0
            if not implicit and (length != 8 or begin + length > len(raw)):
                raise self._fault(f"page {page} has a key of {length} bytes")
            yield raw[begin : begin + length], low, high, flags, raw[begin + length :]

    def _run(self, meta: Meta, page: int, size: int) -> bytes:
        """The value in a run of overflow pages."""
        pages = (_HEADER_BYTES + size + meta.page_bytes - 1) // meta.page_bytes
        if not page >= 2 or page + pages - 1 > meta.last_page:
            raise self._fault(f"a value begins at page {page} and ends outside the file")
        raw = os.pread(self._fd, _HEADER_BYTES + size, page * meta.page_bytes)
        if len(raw) < _HEADER_BYTES + size:
            raise self._fault(f"the file ends inside the value at page {page}", code="truncated")
        number, _, flags, *_ = _PAGE.unpack_from(raw)
        if number != page or flags != _OVERFLOW or int.from_bytes(raw[12:16], "little") != pages:
            raise self._fault(f"page {page} is not the run of {pages} pages it should be")
        return raw[_HEADER_BYTES:]

    def _meta(self, slot: int, page_bytes: int) -> Meta:
        raw = os.pread(self._fd, _HEADER_BYTES + _META.size, slot * page_bytes)
        if len(raw) < _HEADER_BYTES + _META.size:
            raise self._fault(f"the file ends inside meta page {slot}", code="truncated")
        number, _, flags, *_ = _PAGE.unpack_from(raw)
        (magic, version, address, map_bytes, size, *_free), main = (
            _META.unpack_from(raw, _HEADER_BYTES)[:12],
            _META.unpack_from(raw, _HEADER_BYTES)[12:],
        )
        if (magic, version, address, number, flags) != (_MAGIC, _VERSION, 0, slot, _META_FLAG):
            raise self._fault(f"meta page {slot} is none")
        if not 512 <= size <= 32_768 or size & (size - 1):
            raise self._fault(f"meta page {slot} has pages of {size} bytes")
        _, _, depth, _, _, _, entries, root, last_page, txn = main
        return Meta(slot, txn, map_bytes, size, depth, entries, root, last_page)

    def _fault(self, what: str, *, code: str = "lmdb_file") -> Finding:
        hint = "the file was damaged or cut; compare it with a copy"
        return Finding(f"{self.path.parent.name}/{self.path.name}: {what}", code=code, hint=hint, path=str(self.path))
