"""Checkpoints of a session, as C2SP specifies them (c2sp.org/tlog-checkpoint), and what this log says beyond the root.

<origin>                          the name of the key
<records>                         the size of the tree of records: its last seq
<base64 of its root>
session <id>
blocks <count> <base64 of the root of the tree of blocks>
head <block hash in hex>          of the last block
events <seq> <digest in hex>      the newest exec mark about these records
state <seq> <root in hex>
liabilities <seq> <root in hex>   if there is one
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

from journal_tools.journal import Block, Journal
from journal_tools.journal.blocks import Mark
from journal_tools.proofs.leaves import Trees, read_trees
from journal_tools.proofs.note import VerifierKey, malformed, opened, text_of

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Pinned(NamedTuple):
    """A hash and the seq it is about."""

    seq: int
    hash: bytes


class Checkpoint(NamedTuple):
    """What a checkpoint says. Of another log's, only origin, size and root are known."""

    origin: str
    size: int
    root: bytes
    session: str = ""
    blocks: Pinned | None = None
    head: bytes = b""
    events: Pinned | None = None
    state: Pinned | None = None
    liabilities: Pinned | None = None

    def text(self) -> str:
        """The text that is signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), f"session {self.session}"]
        if self.blocks:
            lines.append(f"blocks {self.blocks.seq} {base64.b64encode(self.blocks.hash).decode()}")
        lines.append(f"head {self.head.hex()}")
        pinned = (("events", self.events), ("state", self.state), ("liabilities", self.liabilities))
        lines += [f"{name} {found.seq} {found.hash.hex()}" for name, found in pinned if found]
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """A checkpoint from its text. Raises Finding `note_malformed`."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
            raise malformed("it has no origin, size and root")
        found = cls(lines[0], int(lines[1]), _root(lines[2]))
        said = {name: words for name, *words in (line.split(" ") for line in lines[3:])}
        if "session" not in said:
            return found
        try:
            count, blocks_root = said["blocks"]
            found = found._replace(
                session=said["session"][0],
                blocks=Pinned(int(count), _root(blocks_root)),
                head=bytes.fromhex(said["head"][0]),
                events=_pinned(said.get("events")),
                state=_pinned(said.get("state")),
                liabilities=_pinned(said.get("liabilities")),
            )
        except (KeyError, ValueError, IndexError):
            raise malformed("what it says beyond the root is not what this log says") from None
        if found.text() != text:
            raise malformed("what it says is spelled otherwise")
        return found


def read(note: bytes, key: VerifierKey | None) -> Checkpoint:
    """A checkpoint from its signed note; without a key its signatures are not looked at."""
    text = opened(note, key) if key else text_of(note)[0]
    found = Checkpoint.parse(text)
    if key and found.origin != key.name:
        raise malformed(f"it is signed by {key.name} and is about {found.origin}")
    return found


def of(
    journal: Journal,
    *,
    origin: str,
    to_seq: int | None = None,
    liabilities: Pinned | None = None,
    trees: Trees | None = None,
) -> Checkpoint:
    """The checkpoint of a session at a seq that ends a block, or at its end. Reads everything before it."""
    trees = trees or read_trees(journal, to_seq)
    size = trees.records.tree.size
    mark = _mark_after(journal, trees.head)
    return Checkpoint(
        origin=origin,
        size=size,
        root=trees.records.tree.root(),
        session=journal.session_id,
        blocks=Pinned(trees.blocks.tree.size, trees.blocks.tree.root()),
        head=trees.head.hash if trees.head else journal.genesis().head,
        events=Pinned(mark.event_seq, mark.event_digest) if mark else None,
        state=Pinned(mark.root_seq, mark.state_root) if mark else None,
        liabilities=liabilities,
    )


def _mark_after(journal: Journal, head: Block | None) -> Mark | None:
    """The newest exec mark about the records up to a block: stated after it, or before its records."""
    if head is None:
        return None
    after = next(journal.blocks(head.last_seq + 1, head.last_seq + 1), None)
    if after is not None and after.first_seq == head.last_seq + 1:
        return after.mark
    closing = journal.closing
    if closing and closing["exec_mark"] and closing["next_seq"] == head.last_seq + 1:
        return Mark.parse(bytes.fromhex(closing["exec_mark"]))
    return head.mark


def _root(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise malformed("its root is no base64") from None
    if len(raw) != 32 or base64.b64encode(raw).decode() != text:
        raise malformed("its root is not 32 bytes")
    return raw


def _pinned(words: list[str] | None) -> Pinned | None:
    if words is None:
        return None
    seq, digest = words
    if not _SIZE.fullmatch(seq) or not _HASH.fullmatch(digest):
        raise ValueError(digest)
    return Pinned(int(seq), bytes.fromhex(digest))
