"""`journal check-proof`: what `prove` made, checked with nothing but the proof, a checkpoint and a verifier key."""

from __future__ import annotations

from pathlib import Path

import click

from journal_tools.grammar import verb
from journal_tools.output import cell, document
from journal_tools.proofs import checkpoint as checkpoints
from journal_tools.proofs import evidence
from journal_tools.proofs.verifier import key_options, verifier_of


@verb("check-proof", short_help="Check what prove made, without a journal.")
@click.argument("proof", type=click.Path(path_type=Path))
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), required=True, help="The signed checkpoint.")
@click.option("--old", type=click.Path(path_type=Path), help="The earlier checkpoint, for a proof of consistency.")
@key_options
def command(*, proof: Path, signed: Path, old: Path | None, key: str | None, unsigned: bool, fmt: str) -> None:
    """Check a proof. Exit code 1 and the name of the reason if it does not hold."""
    verifier = verifier_of(key, unsigned=unsigned)
    newer = checkpoints.read(signed.read_bytes(), verifier)
    older = checkpoints.read(old.read_bytes(), verifier) if old else None
    proved = evidence.check(evidence.parse(proof.read_bytes()), newer, old=older)
    signature = f"of {verifier.name}" if verifier else "not checked"
    found = {"holds": True, **proved, "checkpoint": newer.size, "signature": signature}
    if fmt == "json":
        document(found)
        return
    for name, value in found.items():
        click.echo(f"{name:<12}{cell(value)}")
