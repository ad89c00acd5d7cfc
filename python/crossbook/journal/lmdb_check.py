"""The whole-file check of an LMDB data file: every page accounted for once, and the older tree a prefix of the newer.

Run before liblmdb maps a file. What passes holds no pointer that could lead liblmdb astray, and a meta page whose
transaction number was changed cannot roll the journal back unseen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from .lmdb_file import KEY_BYTES, META_PAGES, NO_PAGE, LmdbFault, LmdbFile, Meta, Node, Tree


def check_file(file: LmdbFile) -> None:
    """Checks everything about the file that liblmdb would trust. Raises LmdbFault at the first thing that is wrong."""
    file.check_length(file.newest)
    known: dict[int, _Leaf] = {}
    newest = check_snapshot(file, file.newest, known)
    if file.older.txn or file.newest.txn:
        older = check_snapshot(file, file.older, known)
        _check_prefix(file, older=older, newest=newest)


def check_snapshot(file: LmdbFile, meta: Meta, known: dict[int, _Leaf] | None = None) -> list[int]:
    """Checks one of the two snapshots. Returns the leaf pages of its main tree in key order. Raises LmdbFault.

    `known` takes up and gives the leaf pages of the main tree that were checked already.
    """
    used = bytearray(meta.last_page + 1)
    leaves = _Walk(file, meta, used, is_free=False, known={} if known is None else known).tree(meta.main)
    _Walk(file, meta, used, is_free=True, known={}).tree(meta.free)
    free = _free_pages(file, meta)
    for page in free:
        if not META_PAGES <= page <= meta.last_page or used[page]:
            raise LmdbFault("free_page", page, f"page {page} is free and in use, free twice, or outside the file")
        used[page] = 1
    lost = used.find(0, META_PAGES)
    if lost >= 0:
        raise LmdbFault("lost_page", lost, f"page {lost} is neither in use nor free")
    return leaves


class _Leaf(NamedTuple):
    """What is known of a checked leaf page. The two snapshots share most of them, so each is looked at once."""

    first_key: bytes
    first: tuple[bytes, int]
    last: tuple[bytes, int]
    entries: int
    runs: list[tuple[int, int]]


class _Walk:
    """One walk over one tree: what it found, and the pages it marks as used."""

    def __init__(self, file: LmdbFile, meta: Meta, used: bytearray, *, is_free: bool, known: dict[int, _Leaf]) -> None:
        self.leaves: list[int] = []
        self._file = file
        self._meta = meta
        self._used = used
        self._is_free = is_free
        self._known = known
        self._branch_pages = 0
        self._overflow_pages = 0
        self._entries = 0
        self._last: tuple[bytes, int] = (b"", -1)

    def tree(self, tree: Tree) -> list[int]:
        """Walks the tree, compares it with its record, and returns its leaf pages in key order. Raises LmdbFault."""
        if tree.root != NO_PAGE:
            self._page(tree.root, tree.depth)
        found = (self._branch_pages, len(self.leaves), self._overflow_pages, self._entries)
        stated = (tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries)
        if found != stated:
            raise LmdbFault(
                "tree_counts", self._meta.slot, f"a tree has {found} (branch, leaf, overflow, entries), not {stated}"
            )
        return self.leaves

    def _page(self, page: int, depth: int) -> bytes:
        """Walks a subtree and returns its first key."""
        _use(self._used, page, pages=1)
        if depth == 1:
            self.leaves.append(page)
            return self._leaf(page)
        self._branch_pages += 1
        children = self._file.branch_nodes(self._meta, page)
        first = self._page(children[0][1], depth - 1)
        for separator, child in children[1:]:
            if self._page(child, depth - 1) != separator and not self._is_free:
                raise LmdbFault("separator", page, f"branch page {page} misstates the first key of page {child}")
        return first

    def _leaf(self, page: int) -> bytes:
        leaf = self._known.get(page)
        if leaf is None:
            leaf = self._known[page] = self._look_at(page)
        if leaf.first <= self._last:
            raise LmdbFault("key_order", page, f"the keys of page {page} are not behind those before it")
        self._last = leaf.last
        self._entries += leaf.entries
        for first, pages in leaf.runs:
            _use(self._used, first, pages=pages)
            self._overflow_pages += pages
        return leaf.first_key

    def _look_at(self, page: int) -> _Leaf:
        nodes = self._file.leaf_nodes(self._meta, page)
        orders = [self._order(node) for node in nodes]
        if any(after <= before for before, after in pairwise(orders)):
            raise LmdbFault("key_order", page, f"the keys of page {page} do not rise")
        runs = [
            (node.overflow_page, self._file.check_overflow(self._meta, node)) for node in nodes if node.inline is None
        ]
        return _Leaf(nodes[0].key, orders[0], orders[-1], len(nodes), runs)

    def _order(self, node: Node) -> tuple[bytes, int]:
        """The free tree orders its keys, transaction numbers, as native integers; the main tree as bytes."""
        return (b"", int.from_bytes(node.key, "little")) if self._is_free else (node.key, 0)


def _use(used: bytearray, page: int, *, pages: int) -> None:
    if page < META_PAGES or page + pages > len(used):
        raise LmdbFault("page_number", page, f"page {page} is outside {META_PAGES}..{len(used) - 1}")
    if any(used[page : page + pages]):
        raise LmdbFault("page_twice", page, f"page {page} is used twice")
    used[page : page + pages] = b"\x01" * pages


def _free_pages(file: LmdbFile, meta: Meta) -> list[int]:
    """Every page that a record of the free tree lists: a count and then that many page numbers, falling."""
    pages: list[int] = []
    as_main = meta._replace(main=meta.free)
    for leaf in _leaves(file, as_main):
        for node in file.leaf_nodes(meta, leaf):
            txn = int.from_bytes(node.key, "little")
            value = file.value(meta, node)
            words = [int.from_bytes(value[at : at + KEY_BYTES], "little") for at in range(0, len(value), KEY_BYTES)]
            if not words or len(value) % KEY_BYTES or words[0] != len(words) - 1:
                raise LmdbFault("free_record", leaf, f"the free record of transaction {txn} is malformed")
            if not 1 <= txn <= meta.txn or sorted(set(words[1:]), reverse=True) != words[1:]:
                raise LmdbFault("free_record", leaf, f"the free record of transaction {txn} is out of order")
            pages.extend(words[1:])
    return pages


def _leaves(file: LmdbFile, meta: Meta) -> list[int]:
    if meta.main.root == NO_PAGE:
        return []
    return list(file.leaf_pages(meta, meta.main.root, meta.main.depth, b""))


def _check_prefix(file: LmdbFile, *, older: list[int], newest: list[int]) -> None:
    """The entries of the older tree must be the first entries of the newer one, and fewer."""
    same = 0
    while same < min(len(older), len(newest)) and older[same] == newest[same]:
        same += 1
    before = [node for page in older[same:] for node in file.leaf_nodes(file.older, page)]
    after = [node for page in newest[same:] for node in file.leaf_nodes(file.newest, page)]
    if after[: len(before)] != before or len(after) == len(before):
        raise LmdbFault(
            "not_append_only", file.newest.slot, "the newer snapshot does not continue the older one: a block is gone"
        )
