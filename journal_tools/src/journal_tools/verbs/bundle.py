"""`journal bundle`: the least evidence of a fact, with a checker that needs nothing but Python."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import click

from journal_tools.errors import ToolError
from journal_tools.grammar import path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import document, emit
from journal_tools.proofs import checkpoint as checkpoints
from journal_tools.proofs import evidence, sums
from journal_tools.proofs.checkpoint import Checkpoint
from journal_tools.proofs.outputs import new_directory, write_new

KIND = "crossbook bundle"


@verb("bundle", short_help="The least evidence of a fact, with a checker of its own.")
@path_argument
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), required=True, help="The signed checkpoint.")
@click.option("--seq", type=int, help="The record that is to be shown.")
@click.option("--to", "to_seq", type=int, help="Show the blocks up to the one that holds this seq as well.")
@click.option("--liability", type=click.Path(path_type=Path), help="Or a proof of `liabilities prove` to be shown.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="The new directory.")
def command(
    *,
    path: Path,
    signed: Path,
    seq: int | None,
    to_seq: int | None,
    liability: Path | None,
    output: Path,
    fmt: str,
) -> None:
    """Write a directory that shows one fact, and checks itself anywhere: `python verify.py`, exit code 0 or 1."""
    if (seq is None) is (liability is None):
        raise ToolError("what is to be shown?", code="fact_missing", hint="give --seq or --liability, not both")
    journal = Journal.open(path)
    note = signed.read_bytes()
    checkpoint = checkpoints.read(note, None)
    if seq is not None:
        fact, found = _record(journal, checkpoint, seq, to_seq or seq)
    else:
        assert liability is not None
        fact, found = _liability(checkpoint, liability.read_bytes())
    checker = resources("journal_tools").joinpath("proofs/verify_bundle.py").read_bytes()
    found |= {"checkpoint": note, "verify.py": checker}
    manifest = {
        "kind": KIND,
        "version": 1,
        "session": checkpoint.session,
        "fact": fact,
        "files": {name: sha256(content).hexdigest() for name, content in sorted(found.items())},
    }
    new_directory(output)
    for name, content in (*found.items(), ("manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())):
        write_new(output / name, content)
    _say(output, manifest, {name: len(content) for name, content in sorted(found.items())}, fmt)


def _record(journal: Journal, checkpoint: Checkpoint, seq: int, to_seq: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The proof of a record, the blocks from its own to that of `to_seq`, and the proof of the last of them."""
    if not seq <= to_seq <= checkpoint.size:
        raise ToolError(
            f"seqs {seq} to {to_seq} are not all before the checkpoint at {checkpoint.size}",
            code="not_covered",
            hint="ask for a later checkpoint: `journal prove checkpoint`",
        )
    of_record, trees = evidence.inclusion(journal, seq, size=checkpoint.size, tree="records")
    of_block, _ = evidence.inclusion(journal, to_seq, size=checkpoint.size, tree="blocks")
    evidence.same(journal, checkpoint, trees)
    blocks = list(journal.blocks(seq, to_seq))
    found = {
        "record.json": evidence.written(of_record).encode(),
        "block.json": evidence.written(of_block).encode(),
        "blocks": b"".join(block.raw + block.body for block in blocks),
    }
    return {"record": {"seq": seq, "to_seq": blocks[-1].last_seq}}, found


def _liability(checkpoint: Checkpoint, proof: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A proof of what is owed to an account, once it holds against the checkpoint."""
    pinned = checkpoint.liabilities
    if pinned is None:
        raise ToolError(
            "the checkpoint states no liabilities",
            code="liabilities_missing",
            hint="ask for one that does: `journal prove checkpoint --liabilities`",
        )
    proved = sums.check(proof, session=checkpoint.session, seq=pinned.seq, root=pinned.hash)
    return {"liability": {"account": proved["account"], "seq": proved["seq"]}}, {"liability.json": proof}


def _say(output: Path, manifest: dict[str, Any], sizes: dict[str, int], fmt: str) -> None:
    if fmt == "json":
        document({"directory": str(output), **manifest})
        return
    rows = [{"file": name, "bytes": size, "sha256": manifest["files"][name]} for name, size in sizes.items()]
    emit(rows, ("file", "bytes", "sha256"), fmt, name="files")
