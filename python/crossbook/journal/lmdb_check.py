"""The whole-file check of an LMDB data file: every page accounted for once, and the older tree a prefix of the newer.

Run before liblmdb maps a file. What passes holds no pointer that could lead liblmdb astray, and a meta page whose
transaction number was changed cannot roll the journal back unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .lmdb_file import KEY_BYTES, META_PAGES, NO_PAGE, LmdbFault, LmdbFile, Meta, Node, Tree


@dataclass(slots=True)
class _Walk:
    """What walking one tree found."""

    leaves: list[int] = field(default_factory=list)
    branch_pages: int = 0
    overflow_pages: int = 0
    entries: int = 0
    last_key: bytes | int = b""


def check_file(file: LmdbFile) -> None:
    """Checks everything about the file that liblmdb would trust. Raises LmdbFault at the first thing that is wrong."""
    file.check_length(file.newest)
    newest = check_snapshot(file, file.newest)
    if file.older.txn or file.newest.txn:
        older = check_snapshot(file, file.older)
        _check_prefix(file, older, newest)


def check_snapshot(file: LmdbFile, meta: Meta) -> list[int]:
    """Checks one of the two snapshots. Returns the leaf pages of its main tree in key order. Raises LmdbFault."""
    used = bytearray(meta.last_page + 1)
    main = _walk_tree(file, meta, meta.main, used, is_free=False)
    _walk_tree(file, meta, meta.free, used, is_free=True)
    free = _free_pages(file, meta)
    for page in free:
        if not META_PAGES <= page <= meta.last_page or used[page]:
            raise LmdbFault("free_page", page, f"page {page} is free and in use, free twice, or outside the file")
        used[page] = 1
    lost = used.find(0, META_PAGES)
    if lost >= 0:
        raise LmdbFault("lost_page", lost, f"page {lost} is neither in use nor free")
    return main.leaves


def _walk_tree(file: LmdbFile, meta: Meta, tree: Tree, used: bytearray, *, is_free: bool) -> _Walk:
    walk = _Walk(last_key=-1 if is_free else b"")
    if tree.root != NO_PAGE:
        _walk_page(file, meta, tree.root, tree.depth, walk, used, is_free=is_free)
    found = (walk.branch_pages, len(walk.leaves), walk.overflow_pages, walk.entries)
    stated = (tree.branch_pages, tree.leaf_pages, tree.overflow_pages, tree.entries)
    if found != stated:
        raise LmdbFault("tree_counts", meta.slot, f"a tree has {found} (branch, leaf, overflow, entries), not {stated}")
    return walk


def _walk_page(
    file: LmdbFile, meta: Meta, page: int, depth: int, walk: _Walk, used: bytearray, *, is_free: bool
) -> bytes | int:
    """Walks a subtree and returns its first key."""
    _use(used, page, 1)
    if depth == 1:
        walk.leaves.append(page)
        return _walk_leaf(file, meta, page, walk, used, is_free=is_free)
    walk.branch_pages += 1
    first: bytes | int | None = None
    for separator, child in file.branch_nodes(meta, page):
        key = _walk_page(file, meta, child, depth - 1, walk, used, is_free=is_free)
        if first is None:
            first = key
        elif not is_free and separator != key:
            raise LmdbFault("separator", page, f"branch page {page} misstates the first key of page {child}")
    if first is None:
        raise LmdbFault("page_bounds", page, f"branch page {page} has no children")
    return first


def _walk_leaf(file: LmdbFile, meta: Meta, page: int, walk: _Walk, used: bytearray, *, is_free: bool) -> bytes | int:
    nodes = file.leaf_nodes(meta, page)
    for node in nodes:
        key = _order_key(node, is_free=is_free)
        if key <= walk.last_key:  # type: ignore[operator]  # both are of the tree's one key type
            raise LmdbFault("key_order", page, f"the keys of page {page} do not rise")
        walk.last_key = key
        if node.inline is None:
            pages = file.check_overflow(meta, node)
            _use(used, node.overflow_page, pages)
            walk.overflow_pages += pages
    walk.entries += len(nodes)
    return _order_key(nodes[0], is_free=is_free)


def _order_key(node: Node, *, is_free: bool) -> bytes | int:
    """The free tree orders its keys, transaction numbers, as native integers; the main tree as bytes."""
    return int.from_bytes(node.key, "little") if is_free else node.key


def _use(used: bytearray, page: int, pages: int) -> None:
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


def _check_prefix(file: LmdbFile, older: list[int], newest: list[int]) -> None:
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
