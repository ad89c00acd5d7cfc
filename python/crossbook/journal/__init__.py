"""The journal: every input of a venue, hash-chained, in LMDB. The only importer of `lmdb` in this package.

    blocks     the 200-byte header and the body of a block
    chain      what the next block continues
    packing    records into blocks and back
    manifests  session.json, footers and the other small signed-off files
    branches   a session that commits to a parent's head and to a change
    segments   one LMDB environment each: creating, sealing, listing
    guard      one writer for each session, one environment for each file and process
    durability the three modes
    layout     the first files of a session
    commit     one transaction, and what its errors mean
    writer     appends; `pipelined` adds group commit in a thread of its own
    lmdb_file, lmdb_check    a strict look at a data file before liblmdb may map it
    scan       a segment from end to end: damage or a torn tail
    reader, opening, verify, repair    what is done with all that

The format is `docs/journal_format.md`.
"""

from __future__ import annotations

from .blocks import (
    BLOCK_BYTES_MAX,
    BODY_BYTES_MAX,
    EXEC_MARK_GENESIS,
    JOURNAL_FORMAT,
    Block,
    BlockHeader,
    BlockReceipt,
    PendingBlock,
)
from .branches import NewBranch
from .chain import Head, genesis_hash
from .durability import Durability
from .manifests import BranchChange, BranchOf, InsertedCommand, PatchedField, RepairNote, SessionManifest
from .packing import PackedBlock, Record, pack_records, resplit, unpack_records
from .pipelined import PipelinedWriter
from .reader import JournalReader, SegmentSummary
from .repair import RepairReport, repair, repair_command
from .segments import Finding
from .verify import VerifyReport, verify
from .writer import JournalWriter

__all__ = [
    "BLOCK_BYTES_MAX",
    "BODY_BYTES_MAX",
    "EXEC_MARK_GENESIS",
    "JOURNAL_FORMAT",
    "Block",
    "BlockHeader",
    "BlockReceipt",
    "BranchChange",
    "BranchOf",
    "Durability",
    "Finding",
    "Head",
    "InsertedCommand",
    "JournalReader",
    "JournalWriter",
    "NewBranch",
    "PackedBlock",
    "PatchedField",
    "PendingBlock",
    "PipelinedWriter",
    "Record",
    "RepairNote",
    "RepairReport",
    "SegmentSummary",
    "SessionManifest",
    "VerifyReport",
    "genesis_hash",
    "pack_records",
    "repair",
    "repair_command",
    "resplit",
    "unpack_records",
    "verify",
]
