"""The hash chain: what the next block must continue, and what is known of the journal's end."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from .blocks import BLOCK_MAGIC, JOURNAL_FORMAT, BlockFault, BlockHeader, PendingBlock

GENESIS_DOMAIN = b"crossbook journal genesis v1\x00"


def genesis_hash(session_bytes: bytes) -> bytes:
    """The `previous_hash` of block 1: it commits to the session file, so a block belongs to one session only."""
    return sha256(GENESIS_DOMAIN + session_bytes).digest()


class Head(msgspec.Struct, frozen=True, gc=False):
    """The end of a chain: everything a further block continues."""

    next_seq: int
    head_hash: bytes
    last_time_ns: int
    epoch: int
    blocks: int

    @staticmethod
    def genesis(session_bytes: bytes) -> Head:
        """The head of an empty journal, which block 1 continues."""
        return Head(next_seq=1, head_hash=genesis_hash(session_bytes), last_time_ns=0, epoch=0, blocks=0)

    def seal(self, block: PendingBlock, *, epoch: int) -> tuple[BlockHeader, bytes, Head]:
        """Puts a block at the end of the chain. Returns its header, the header's bytes and the head after it."""
        header = BlockHeader(
            magic=BLOCK_MAGIC,
            format=JOURNAL_FORMAT,
            count=block.count,
            first_seq=self.next_seq,
            first_time_ns=block.first_time_ns,
            last_time_ns=block.last_time_ns,
            epoch=epoch,
            previous_hash=self.head_hash,
            body_hash=sha256(block.body).digest(),
            exec_mark=block.exec_mark,
            body_length=len(block.body),
        )
        raw = header.to_bytes()
        return header, raw, self.after(header, sha256(raw).digest())

    def accept(self, header: BlockHeader, raw: bytes) -> Head:
        """Checks that a block continues this chain and returns the head after it. Raises BlockFault."""
        if header.first_seq != self.next_seq:
            raise BlockFault("first_seq", self.next_seq, header.first_seq)
        if header.previous_hash != self.head_hash:
            raise BlockFault("previous_hash", self.head_hash.hex(), header.previous_hash.hex())
        if header.first_time_ns < self.last_time_ns:
            raise BlockFault("first_time_ns", f">= {self.last_time_ns}", header.first_time_ns)
        if header.epoch < self.epoch:
            raise BlockFault("epoch", f">= {self.epoch}", header.epoch)
        return self.after(header, sha256(raw).digest())

    def after(self, header: BlockHeader, block_hash: bytes) -> Head:
        """The head behind a block."""
        return Head(
            next_seq=header.first_seq + header.count,
            head_hash=block_hash,
            last_time_ns=header.last_time_ns,
            epoch=header.epoch,
            blocks=self.blocks + 1,
        )
