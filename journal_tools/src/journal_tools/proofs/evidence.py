"""Proof files: JSON that is made with a journal and checked without one, against a checkpoint.

Checking looks at everything a file says, and believes nothing of it but what leads to the checkpoint's root.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import shown_time
from journal_tools.journal import Journal, Record
from journal_tools.journal.blocks import HEADER
from journal_tools.proofs.checkpoint import Checkpoint
from journal_tools.proofs.leaves import Trees, parse_record_leaf, read_trees, record_leaves
from journal_tools.proofs.merkle import (
    check_consistency,
    check_inclusion,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    refused,
)
from journal_tools.vocabulary import ORIGINS, fields_of, name_of

INCLUSION: Final = "crossbook inclusion proof"
CONSISTENCY: Final = "crossbook consistency proof"
VERSION: Final = 1
MEMBERS: Final = {
    INCLUSION: ("kind", "version", "tree", "size", "index", "leaf", "path"),
    CONSISTENCY: ("kind", "version", "tree", "old_size", "size", "path"),
}


def inclusion(journal: Journal, seq: int, *, size: int | None, tree: str) -> tuple[dict[str, Any], Trees]:
    """The proof that the record at a seq, or the header of its block, is a leaf; and the trees that were read.

    Args:
        journal: the session.
        seq: the seq of the record.
        size: the last seq of the checkpoint it is for; None for the end.
        tree: `records` or `blocks`.

    Raises:
        ToolError: `unknown_seq`; `not_covered` the checkpoint is of earlier.
    """
    _, block = journal.record(seq)
    last_seq = journal.last_seq if size is None else size
    if seq > last_seq:
        raise ToolError(
            f"the checkpoint ends at seq {last_seq}, before seq {seq}",
            code="not_covered",
            hint="ask for a later checkpoint: `journal prove checkpoint`",
            seq=seq,
        )
    if tree == "records":
        index, leaves = seq - 1, last_seq
        leaf = list(record_leaves(block))[seq - block.first_seq]
        ranges = inclusion_ranges(index, leaves)
        trees = read_trees(journal, last_seq, record_ranges=ranges)
        path = trees.records.path(ranges)
    else:
        index, leaves = _count_blocks(journal, block.first_seq), _count_blocks(journal, last_seq + 1)
        leaf = block.raw
        ranges = inclusion_ranges(index, leaves)
        trees = read_trees(journal, last_seq, block_ranges=ranges)
        path = trees.blocks.path(ranges)
    head = {"kind": INCLUSION, "version": VERSION, "tree": tree, "size": leaves, "index": index}
    return {**head, "leaf": leaf.hex(), "path": [found.hex() for found in path]}, trees


def consistency(journal: Journal, old_size: int, size: int | None, *, tree: str) -> tuple[dict[str, Any], Trees]:
    """The proof that the tree at one seq is the tree at a later one, cut off; and the trees that were read.

    Raises:
        ToolError: `unknown_seq`, `inside_block`, `not_later`.
    """
    last_seq = journal.last_seq if size is None else size
    if old_size > last_seq:
        raise ToolError(
            f"seq {last_seq} is not after seq {old_size}",
            code="not_later",
            hint="give the earlier checkpoint first",
        )
    if tree == "records":
        old_leaves, leaves = old_size, last_seq
        ranges = consistency_ranges(old_leaves, leaves)
        trees = read_trees(journal, last_seq, record_ranges=ranges)
        path = trees.records.path(ranges)
    else:
        old_leaves, leaves = _count_blocks(journal, old_size + 1), _count_blocks(journal, last_seq + 1)
        ranges = consistency_ranges(old_leaves, leaves)
        trees = read_trees(journal, last_seq, block_ranges=ranges)
        path = trees.blocks.path(ranges)
    head = {"kind": CONSISTENCY, "version": VERSION, "tree": tree, "old_size": old_leaves, "size": leaves}
    return {**head, "path": [found.hex() for found in path]}, trees


def same(journal: Journal, said: Checkpoint | None, trees: Trees) -> None:
    """Raises Finding `checkpoint_differs` if a checkpoint is not one of this journal."""
    if said is None:
        return
    session = said.session or journal.session_id
    if (session, said.size, said.root) != (journal.session_id, trees.records.tree.size, trees.records.tree.root()):
        raise Finding(
            f"the checkpoint at seq {said.size} is not one of this journal",
            code="checkpoint_differs",
            hint="one of the two was changed, or they are of two sessions; `journal verify` checks the journal",
            seq=said.size,
        )


def written(proof: dict[str, Any]) -> str:
    """A proof file as it is written."""
    return json.dumps(proof, indent=1) + "\n"


# --- checking, without a journal ------------------------------------------------------------------------------------


def parse(raw: bytes) -> dict[str, Any]:
    """A proof file. Raises Finding `proof_malformed`."""
    try:
        proof = json.loads(raw)
    except ValueError:
        _malformed("it is no JSON")
    if not isinstance(proof, dict) or proof.get("kind") not in MEMBERS:
        _malformed("it is of no known kind")
    if proof.get("version") != VERSION:
        _malformed(f"it is of version {proof.get('version')}")
    if tuple(sorted(proof)) != tuple(sorted(MEMBERS[proof["kind"]])):
        _malformed("members are missing or too many")
    numbers = [proof[name] for name in ("size", "old_size", "index") if name in proof]
    if not all(type(number) is int and 0 <= number < 1 << 64 for number in numbers):
        _malformed("a number is none")
    if proof["tree"] not in ("records", "blocks"):
        _malformed("it is about no known tree")
    proof["path"] = [_bytes(item) for item in _list(proof["path"])]
    if "leaf" in proof:
        proof["leaf"] = _bytes(proof["leaf"])
    return proof


def check(proof: dict[str, Any], checkpoint: Checkpoint, *, old: Checkpoint | None = None) -> dict[str, Any]:
    """Check a parsed proof against a checkpoint, a proof of consistency against both; returns what it proves.

    Raises:
        Finding: see `merkle.check_inclusion` and `merkle.check_consistency`; `proof_size` it is of another size than
            the checkpoint; `proof_leaf` the leaf is not that of its place; `proof_session` two sessions.
        ToolError: `old_checkpoint_missing`.
    """
    size, root = _of_tree(checkpoint, proof["tree"])
    if proof["size"] != size:
        raise refused("proof_size", f"it is of a tree of {proof['size']} leaves, the checkpoint of one of {size}")
    if proof["kind"] == INCLUSION:
        check_inclusion(leaf_hash(proof["leaf"]), index=proof["index"], size=size, path=proof["path"], root=root)
        said = _record(proof) if proof["tree"] == "records" else _block(proof)
        return {"proves": "inclusion", "session": checkpoint.session, **said}
    if old is None:
        raise ToolError(
            "this proves that one checkpoint continues another",
            code="old_checkpoint_missing",
            hint="give the earlier one with --old",
        )
    if (old.origin, old.session) != (checkpoint.origin, checkpoint.session):
        raise refused("proof_session", "the two checkpoints are of two logs")
    old_size, old_root = _of_tree(old, proof["tree"])
    if proof["old_size"] != old_size:
        raise refused("proof_size", f"it is from a tree of {proof['old_size']} leaves, the checkpoint is of {old_size}")
    check_consistency(old_size=old_size, old_root=old_root, size=size, root=root, path=proof["path"])
    return {
        "proves": "consistency",
        "session": checkpoint.session,
        "tree": proof["tree"],
        "old_size": old_size,
        "size": size,
    }


def _of_tree(checkpoint: Checkpoint, tree: str) -> tuple[int, bytes]:
    if tree == "records":
        return checkpoint.size, checkpoint.root
    if checkpoint.blocks is None:
        raise refused("proof_tree", "the checkpoint says nothing of blocks")
    return checkpoint.blocks.seq, checkpoint.blocks.hash


def _record(proof: dict[str, Any]) -> dict[str, Any]:
    try:
        record = parse_record_leaf(proof["leaf"])
    except ValueError:
        raise refused("proof_leaf", "the leaf is no record") from None
    if record.seq != proof["index"] + 1:
        raise refused("proof_leaf", f"leaf {proof['index']} says it is seq {record.seq}")
    return shown(record)


def shown(record: Record) -> dict[str, Any]:
    """A record as proofs show it."""
    origin = ORIGINS[record.origin] if record.origin < len(ORIGINS) else str(record.origin)
    return {
        "seq": record.seq,
        "time": shown_time(record.time_ns),
        "origin": origin,
        "author": record.author,
        "cause": record.cause,
        "nonce": record.nonce,
        "command": name_of(record.command),
        "fields": fields_of(record.command),
    }


def _block(proof: dict[str, Any]) -> dict[str, Any]:
    if len(proof["leaf"]) != HEADER.size:
        raise refused("proof_leaf", "the leaf is no header of a block")
    _, _, count, first_seq, first_time, last_time, *_ = HEADER.unpack(proof["leaf"])
    return {
        "block": proof["index"] + 1,
        "first_seq": first_seq,
        "last_seq": first_seq + count - 1,
        "first_time": shown_time(first_time),
        "last_time": shown_time(last_time),
    }


def _count_blocks(journal: Journal, before_seq: int) -> int:
    """How many blocks begin before a seq."""
    return sum(1 for _ in journal.blocks(1, before_seq - 1)) if before_seq > 1 else 0


def _bytes(value: Any) -> bytes:
    try:
        return bytes.fromhex(value) if value == value.lower() and " " not in value else _malformed("bytes are no hex")
    except (AttributeError, TypeError, ValueError):
        _malformed("bytes are no hex")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else _malformed("the path is no list")


def _malformed(why: str) -> NoReturn:
    raise Finding(f"this is no proof: {why}", code="proof_malformed", hint="`journal prove` makes proof files")
