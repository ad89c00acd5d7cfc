"""The whole-file check of a data file: every page accounted for once, and the older tree a prefix of the newer one.

A tree that can be read is not yet a file that can be trusted. One flipped bit in a transaction number would make the
older tree look current and the last commit disappear; a page in two places, or in none, is damage waiting to be read.
So both trees of both meta pages are walked, strictly, and each page must be a meta page, in use once, or free.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from journal_tools.journal.pages import (
    BIG,
    BRANCH,
    DEPTH_MAX,
    LEAF,
    NO_PAGE,
    NODE,
    OVERFLOW,
    PAGE,
    PAGE_HEADER_BYTES,
    DataFile,
    Meta,
    Tree,
)

META_PAGES: Final = 2
_FREE_FLAGS: Final = 8
_KEY_BYTES: Final = 8
_OVERFLOW_HEADER: Final = struct.Struct("<QHHI")


class _Node(NamedTuple):
    """A node of a leaf page: `inline` is None if its value is in a run of pages of its own."""

    key: bytes
    size: int
    inline: bytes | None
    run: int


def check_structure(file: DataFile, *, map_bytes: int) -> None:
    """Check everything of a data file below its blocks. The file must not move on meanwhile.

    Raises:
        Finding: `lmdb_map`, `lmdb_meta`, `truncated`, `lmdb_page`, `lmdb_order`, `lmdb_counts`, `lmdb_pages` (a page is
            used twice, or by nobody) or `lmdb_prefix` (the older tree is not a prefix of the newer one).
    """
    older, newest = file.older, file.newest
    _check_metas(file, map_bytes)
    if file.size() < (newest.last_page + 1) * newest.page_bytes:
        raise file.fault(f"it has {file.size()} bytes, too few for {newest.last_page + 1} pages", code="truncated")
    leaves = _Snapshot(file, newest).check()
    if newest.txn:
        _check_prefix(file, _Snapshot(file, older).check(), leaves)


def _check_metas(file: DataFile, map_bytes: int) -> None:
    older, newest = file.older, file.newest
    if newest.map_bytes != map_bytes:
        raise file.fault(f"it is made for {newest.map_bytes} bytes, the session for {map_bytes}", code="lmdb_map")
    for meta in (older, newest):
        for tree, flags in ((meta.free._replace(pad=0), _FREE_FLAGS), (meta.main, 0)):
            counts = (tree.depth, tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries)
            empty = tree.root == NO_PAGE
            possible = empty == (counts == (0, 0, 0, 0, 0)) and tree.depth <= DEPTH_MAX
            if tree.flags != flags or tree.pad or not possible or (not empty and not tree.depth):
                raise file.fault(f"meta page {meta.slot} has an impossible tree", code="lmdb_meta")
        if not META_PAGES - 1 <= meta.last_page < meta.map_bytes // meta.page_bytes:
            raise file.fault(f"meta page {meta.slot} has last page {meta.last_page}", code="lmdb_meta")
    if older.last_page > newest.last_page or older.main.entries > newest.main.entries:
        raise file.fault("the newer meta page knows less than the older one", code="lmdb_meta")


def _check_prefix(file: DataFile, older: list[int], newest: list[int]) -> None:
    """Blocks are only appended, so what one commit knew is what the next one begins with."""
    same = next(
        (at for at, (a, b) in enumerate(zip(older, newest, strict=False)) if a != b), min(len(older), len(newest))
    )
    before = [node for page in older[same:] for node in _leaf(file, file.older, page)]
    after = [node for page in newest[same:] for node in _leaf(file, file.newest, page)]
    if after[: len(before)] != before or len(after) == len(before):
        raise file.fault("the newer tree does not continue the older one: a block is gone", code="lmdb_prefix")


class _Snapshot:
    """One meta page and its two trees, with every page they use."""

    def __init__(self, file: DataFile, meta: Meta) -> None:
        self._file = file
        self._meta = meta
        self._used = bytearray(meta.last_page + 1)

    def check(self) -> list[int]:
        """Account for every page. Returns the leaf pages of the main tree in key order."""
        main = _Walk(self._file, self._meta, self._used, is_free=False)
        main.tree(self._meta.main)
        free = _Walk(self._file, self._meta, self._used, is_free=True)
        free.tree(self._meta.free)
        for page in self._free_pages(free.leaves):
            use(self._file, self._used, page, pages=1)
        lost = self._used.find(0, META_PAGES)
        if lost >= 0:
            raise self._file.fault(f"page {lost} is neither in use nor free", code="lmdb_pages")
        return main.leaves

    def _free_pages(self, leaves: list[int]) -> Iterator[int]:
        """The pages that records of the free tree list: by transaction a count, then page numbers, falling."""
        file, meta = self._file, self._meta
        for leaf in leaves:
            for node in _leaf(file, meta, leaf):
                value = node.inline
                if value is None:
                    value = file.read(node.run * meta.page_bytes + PAGE_HEADER_BYTES, node.size)
                txn = int.from_bytes(node.key, "little")
                count, *pages = struct.unpack(f"<{len(value) // 8}Q", value) if value and not len(value) % 8 else (-1,)
                if count != len(pages) or not 1 <= txn <= meta.txn or any(a <= b for a, b in pairwise(pages)):
                    raise file.fault(f"page {leaf} has a record of free pages that is none")
                yield from pages


class _Walk:
    """A walk over one tree, which notes each page it uses."""

    def __init__(self, file: DataFile, meta: Meta, used: bytearray, *, is_free: bool) -> None:
        self.leaves: list[int] = []
        self._file = file
        self._meta = meta
        self._used = used
        self._is_free = is_free
        self._branches = self._runs = self._entries = 0
        self._last = -1

    def tree(self, tree: Tree) -> None:
        """Walk a tree and compare it with its record."""
        if tree.root != NO_PAGE:
            self._page(tree.root, tree.depth)
        found = (self._branches, len(self.leaves), self._runs, self._entries)
        stated = (tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries)
        if found != stated:
            what = f"a tree has {found} branch, leaf, overflow pages and entries, not {stated}"
            raise self._file.fault(what, code="lmdb_counts")

    def _page(self, page: int, depth: int) -> bytes:
        """Walk what is under a page. Returns its first key."""
        use(self._file, self._used, page, pages=1)
        if depth == 1:
            return self._leaf(page)
        self._branches += 1
        children = _branch(self._file, self._meta, page)
        first = self._page(children[0][1], depth - 1)
        for separator, child in children[1:]:
            if self._page(child, depth - 1) != separator and not self._is_free:
                raise self._file.fault(f"page {page} misstates the first key of page {child}", code="lmdb_order")
        return first

    def _leaf(self, page: int) -> bytes:
        nodes = _leaf(self._file, self._meta, page)
        for node in nodes:
            # Transaction numbers are native integers, seqs are big-endian: both rise.
            order = int.from_bytes(node.key, "little" if self._is_free else "big")
            if order <= self._last:
                raise self._file.fault(f"the keys of page {page} do not rise", code="lmdb_order")
            self._last = order
            if node.inline is None:
                self._run(node)
        self.leaves.append(page)
        self._entries += len(nodes)
        return nodes[0].key

    def _run(self, node: _Node) -> None:
        size = self._meta.page_bytes
        pages = (PAGE_HEADER_BYTES - 1 + node.size) // size + 1
        use(self._file, self._used, node.run, pages=pages)
        raw = self._file.read(node.run * size, PAGE_HEADER_BYTES)
        if len(raw) < PAGE_HEADER_BYTES:
            raise self._file.fault(f"the file ends before page {node.run}", code="truncated")
        number, _, flags, stated = _OVERFLOW_HEADER.unpack(raw)
        if (number, flags, stated) != (node.run, OVERFLOW, pages):
            raise self._file.fault(f"page {node.run} is not the run of {pages} pages it should be")
        self._runs += pages


def use(file: DataFile, used: bytearray, page: int, *, pages: int) -> None:
    """Note that pages are used. Raises Finding `lmdb_pages` if one is outside the file, or used already."""
    if page < META_PAGES or page + pages > len(used):
        raise file.fault(f"page {page} is outside the file's {len(used)} pages", code="lmdb_pages")
    if any(used[page : page + pages]):
        raise file.fault(f"page {page} is used twice", code="lmdb_pages")
    used[page : page + pages] = b"\x01" * pages


def _leaf(file: DataFile, meta: Meta, page: int) -> list[_Node]:
    """The nodes of a leaf page, which fill it without a gap."""
    raw, pointers = _pointers(file, meta, page, LEAF)
    nodes, spans = [], []
    for at in pointers:
        low, high, flags, key_bytes = NODE.unpack_from(raw, at)
        size, begin = low | high << 16, at + NODE.size + _KEY_BYTES
        stored = 8 if flags & BIG else size
        if key_bytes != _KEY_BYTES or flags & ~BIG or begin + stored > meta.page_bytes:
            raise file.fault(f"page {page} has a node with flags {flags}, a key of {key_bytes} and {stored} bytes")
        key, data = raw[at + NODE.size : begin], raw[begin : begin + stored]
        big = bool(flags & BIG)
        nodes.append(_Node(key, size, None if big else data, int.from_bytes(data, "little") if big else 0))
        spans.append((at, NODE.size + _KEY_BYTES + stored))
    _check_packed(file, page, raw, spans)
    return nodes


def _branch(file: DataFile, meta: Meta, page: int) -> list[tuple[bytes, int]]:
    """Separators and children of a branch page; the first separator says nothing."""
    raw, pointers = _pointers(file, meta, page, BRANCH)
    children, spans = [], []
    for index, at in enumerate(pointers):
        low, high, top, key_bytes = NODE.unpack_from(raw, at)
        end = at + NODE.size + key_bytes
        if key_bytes not in ((_KEY_BYTES,) if index else (0, _KEY_BYTES)) or end > meta.page_bytes:
            raise file.fault(f"page {page} has a branch with a key of {key_bytes} bytes")
        children.append((raw[at + NODE.size : end], low | high << 16 | top << 32))
        spans.append((at, NODE.size + key_bytes))
    _check_packed(file, page, raw, spans)
    return children


def _pointers(file: DataFile, meta: Meta, page: int, kind: int) -> tuple[bytes, tuple[int, ...]]:
    raw = file.read(page * meta.page_bytes, meta.page_bytes)
    if len(raw) < meta.page_bytes:
        raise file.fault(f"the file ends inside page {page}", code="truncated")
    number, _, flags, lower, upper = PAGE.unpack_from(raw)
    if number != page or flags != kind:
        raise file.fault(f"page {page} says it is page {number} with flags {flags}")
    if lower & 1 or not PAGE_HEADER_BYTES < lower <= upper <= meta.page_bytes:
        raise file.fault(f"page {page} has bounds {lower} and {upper}")
    pointers = struct.unpack_from(f"<{(lower - PAGE_HEADER_BYTES) // 2}H", raw, PAGE_HEADER_BYTES)
    if min(pointers) < upper or max(pointers) > meta.page_bytes - NODE.size:
        raise file.fault(f"page {page} has a node outside itself")
    return raw, pointers


def _check_packed(file: DataFile, page: int, raw: bytes, spans: list[tuple[int, int]]) -> None:
    """LMDB keeps the nodes of a page without gaps, none over another."""
    at = PAGE.unpack_from(raw)[4]
    for begin, size in sorted(spans):
        if begin != at:
            raise file.fault(f"the nodes of page {page} overlap or leave a gap")
        at = begin + size + (size & 1)
    if at != len(raw):
        raise file.fault(f"the nodes of page {page} do not fill it")
