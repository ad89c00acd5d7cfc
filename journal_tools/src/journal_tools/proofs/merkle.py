"""The Merkle tree of RFC 6962, section 2.1: SHA-256, 0x00 before a leaf, 0x01 before two nodes.

A tree of n leaves is split at the largest power of two below n, so what was a tree stays a node of every later tree.
Roots and proofs come out of one reading of the leaves in order, with O(log n) hashes kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from journal_tools.errors import Finding

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without leaves."""
HASH_BYTES: Final = 32

Range = tuple[int, int]
"""Leaves from the first to before the second, counted from 0."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node."""
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two below a size of 2 or more: how many leaves stand on the left."""
    return 1 << (size - 1).bit_length() - 1


class Frontier:
    """A tree that grows by a leaf at a time; of it only the whole subtrees at its right edge are kept, O(log n)."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf, by its hash."""
        trailing_ones = (self.size ^ self.size + 1).bit_length() - 1
        for _ in range(trailing_ones):
            leaf = node_hash(self._subtrees.pop(), leaf)
        self._subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._subtrees:
            return EMPTY
        root = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            root = node_hash(left, root)
        return root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The leaves under each hash of an audit path (RFC 6962, 2.1.1), from the leaf upwards."""
    ranges: list[Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, size: int) -> list[Range]:
    """The leaves under each hash of a consistency proof (RFC 6962, 2.1.2); none for equal sizes or from nothing."""
    if old_size in (0, size):
        return []
    ranges: list[Range] = []
    begin, end, whole = 0, size, True
    while old_size != end:
        middle = begin + split(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        ranges.append((begin, end))
    return ranges[::-1]


class Reading:
    """One reading of leaves in order, that gives the root and the hashes of any ranges, each a node of the tree."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self.tree = Frontier()
        self._open = {found: Frontier() for found in ranges}
        self._hashes: dict[Range, bytes] = {}

    def add(self, leaf: bytes) -> None:
        """Take the next leaf, by its hash."""
        at = self.tree.size
        self.tree.add(leaf)
        for (begin, end), frontier in self._open.items():
            if begin <= at < end:
                frontier.add(leaf)

    def path(self, ranges: Sequence[Range]) -> list[bytes]:
        """The hashes of ranges that were asked for and were read to their end."""
        return [self._open[found].root() for found in ranges]


def check_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """That a leaf stands at an index of the tree of that size and root.

    Raises:
        Finding: `proof_index` there is no such leaf; `proof_length` the path is too long or too short; `proof_root`
            it leads to another root.
    """
    if not 0 <= index < size:
        raise refused("proof_index", f"a tree of {size} leaves has no leaf {index}")
    ranges = inclusion_ranges(index, size)
    check_length(path, len(ranges))
    found = leaf
    for (begin, _), sibling in zip(ranges, path, strict=True):
        found = node_hash(sibling, found) if begin < index else node_hash(found, sibling)
    if found != root:
        raise refused("proof_root", "the path leads to another root than the checkpoint's")


def check_consistency(*, old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """That a tree is an earlier one with leaves added, by RFC 6962, 2.1.2.

    Raises:
        Finding: `proof_size` it is smaller; `proof_length`; `proof_old_root`, `proof_root` the path leads to another
            root of the earlier or of the later tree.
    """
    if old_size > size:
        raise refused("proof_size", f"a tree of {size} leaves cannot continue one of {old_size}")
    if old_size == 0 or old_size == size:
        check_length(path, 0)
        if old_size == 0 and old_root != EMPTY:
            raise refused("proof_old_root", "the earlier tree is empty, and its root is not that of an empty tree")
        if old_size == size and old_root != root:
            raise refused("proof_root", "two trees of one size have two roots")
        return
    ranges = consistency_ranges(old_size, size)
    check_length(path, len(ranges))
    hashes = iter(path)
    if ranges[0][0] >= old_size:  # the earlier tree is a node of the later one, and the path begins beside it
        old = new = old_root
    else:
        old = new = next(hashes)
        ranges = ranges[1:]
    for (begin, _), sibling in zip(ranges, hashes, strict=True):
        if begin < old_size:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != old_root:
        raise refused("proof_old_root", "the path leads to another root of the earlier tree")
    if new != root:
        raise refused("proof_root", "the path leads to another root than the later checkpoint's")


def check_length(path: Sequence[bytes], expected: int) -> None:
    """That a path has as many hashes as it must have, each of 32 bytes."""
    if len(path) != expected or any(len(found) != HASH_BYTES for found in path):
        raise refused("proof_length", f"the path has {len(path)} hashes, this one has {expected} of {HASH_BYTES} bytes")


def refused(code: str, why: str) -> Finding:
    """The finding that a proof does not hold."""
    return Finding(f"the proof does not hold: {why}", code=code, hint="ask for it again; believe nothing it says")
