"""`journal prove`: keys, checkpoints, proofs that a record is in a journal and that a checkpoint continues another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from journal_tools.errors import ToolError
from journal_tools.grammar import path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import document, emit
from journal_tools.proofs import checkpoint as checkpoints
from journal_tools.proofs import evidence
from journal_tools.proofs.checkpoint import Checkpoint, Pinned
from journal_tools.proofs.leaves import TREES, read_trees
from journal_tools.proofs.note import SigningKey, sign
from journal_tools.proofs.outputs import put, write_new

command = click.Group(
    "prove",
    short_help="Keys, checkpoints, and proofs of records and of continuity.",
    help="Make keys, sign checkpoints, prove that a record is in a journal or that one checkpoint continues another.",
)
_output = click.option("-o", "output", type=click.Path(path_type=Path), help="Where to write; stdout if left out.")
_tree = click.option("--tree", type=click.Choice(TREES), default="records", show_default=True, help="Leaves of what.")


@verb("keygen", short_help="Make a key to sign checkpoints with.")
@click.option("--name", required=True, help="Who signs, such as venue.example/session: the origin of the log.")
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="Where to write the private key.")
def keygen(*, name: str, output: Path, fmt: str) -> None:
    """Make a key: the private one goes to a file that only its owner may read, the verifier key to stdout."""
    key = SigningKey.generate(name)
    write_new(output, f"{key}\n".encode(), secret=True)
    if fmt == "json":
        document({"verifier_key": str(key.verifier)})
    else:
        click.echo(str(key.verifier))


@verb("checkpoint", short_help="Sign how far a journal is.")
@path_argument
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The file `prove keygen` made.")
@click.option("--at", type=int, help="The last seq, one that ends a block; the end if left out.")
@click.option(
    "--after", type=click.Path(path_type=Path), help="The checkpoint signed last: refuse what breaks with it."
)
@click.option(
    "--liabilities", metavar="SEQ:HASH", help="The root that `journal liabilities` found, to sign it as well."
)
@_output
def checkpoint(
    *, path: Path, key: Path, at: int | None, after: Path | None, liabilities: str | None, output: Path | None, fmt: str
) -> None:
    """Sign a checkpoint: size and root of the tree of records, and head, blocks, marks and liabilities beside it.

    Reads the journal from genesis and checks its chain. Never sign without --after once a checkpoint is out.
    """
    signer = SigningKey.parse(key.read_text())
    journal = Journal.open(path)
    before = checkpoints.read(after.read_bytes(), signer.verifier) if after else None
    pinned = _pinned(liabilities)
    if before is None:
        found = checkpoints.of(journal, origin=signer.name, to_seq=at, liabilities=pinned)
    else:
        proof, trees = evidence.consistency(journal, before.size, at, tree="records")
        found = checkpoints.of(journal, origin=signer.name, liabilities=pinned, trees=trees)
        evidence.check(evidence.parse(evidence.written(proof).encode()), found, old=before)
    note = sign(found.text(), signer)
    put(output, note)
    _wrote(output, fmt, {"size": found.size, "root": found.root, "head": found.head})


@verb("record", short_help="Prove that a record is in a journal.")
@path_argument
@click.argument("seq", type=int)
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), help="The checkpoint it is for.")
@_tree
@_output
def record(*, path: Path, seq: int, signed: Path | None, tree: str, output: Path | None, fmt: str) -> None:
    """Prove that a record, or with `--tree blocks` the header of its block, is in the journal a checkpoint is of."""
    journal = Journal.open(path)
    before = _unsigned(signed)
    proof, trees = evidence.inclusion(journal, seq, size=before.size if before else None, tree=tree)
    evidence.same(journal, before, trees)
    put(output, evidence.written(proof))
    _wrote(output, fmt, {"tree": tree, "size": proof["size"], "index": proof["index"]})


@verb("consistency", short_help="Prove that one checkpoint continues another.")
@path_argument
@click.argument("old")
@click.argument("new", required=False)
@_tree
@_output
def consistency(*, path: Path, old: str, new: str | None, tree: str, output: Path | None, fmt: str) -> None:
    """Prove that NEW continues OLD, each a file with a checkpoint or a seq; without NEW, that the end does."""
    journal = Journal.open(path)
    earlier, later = _size(old), _size(new)
    assert earlier[0] is not None
    proof, trees = evidence.consistency(journal, earlier[0], later[0], tree=tree)
    evidence.same(journal, later[1], trees)
    if earlier[1] is not None:
        evidence.same(journal, earlier[1], read_trees(journal, earlier[0]))
    put(output, evidence.written(proof))
    _wrote(output, fmt, {"tree": tree, "old_size": proof["old_size"], "size": proof["size"]})


for _verb in (keygen, checkpoint, record, consistency):
    command.add_command(_verb)


# --- how ------------------------------------------------------------------------------------------------------------


def _wrote(output: Path | None, fmt: str, said: dict[str, Any]) -> None:
    """Say what was written to a file; what went to stdout speaks for itself."""
    if output is None:
        return
    row = {"file": str(output), **said}
    if fmt == "json":
        document(row)
    else:
        emit([row], list(row), fmt, name="written")


def _unsigned(path: Path | None) -> Checkpoint | None:
    """A checkpoint whose signature is not looked at: it only says what the proof is for, and is compared here."""
    return checkpoints.read(path.read_bytes(), None) if path else None


def _size(text: str | None) -> tuple[int | None, Checkpoint | None]:
    if text is None or text.isdecimal():
        return (None if text is None else int(text)), None
    found = checkpoints.read(Path(text).read_bytes(), None)
    return found.size, found


def _pinned(text: str | None) -> Pinned | None:
    if text is None:
        return None
    seq, _, digest = text.partition(":")
    try:
        found = Pinned(int(seq), bytes.fromhex(digest))
    except ValueError:
        found = Pinned(0, b"")
    if len(found.hash) != 32:
        raise ToolError(
            f"{text!r} is no root", code="root_invalid", hint="give SEQ:HASH as `journal liabilities` prints"
        )
    return found
