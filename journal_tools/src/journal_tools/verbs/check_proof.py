"""`journal check-proof`: what `prove` made, checked with nothing but the proof, a checkpoint and a verifier key."""

from __future__ import annotations

from pathlib import Path

import click

from journal_tools.errors import ToolError
from journal_tools.grammar import verb
from journal_tools.output import cell, document
from journal_tools.proofs import checkpoint as checkpoints
from journal_tools.proofs import evidence
from journal_tools.proofs.note import VerifierKey


@verb("check-proof", short_help="Check what prove made, without a journal.")
@click.argument("proof", type=click.Path(path_type=Path))
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), required=True, help="The signed checkpoint.")
@click.option("--old", type=click.Path(path_type=Path), help="The earlier checkpoint, for a proof of consistency.")
@click.option("--key", help="Whose signature it must have: a verifier key, or a file that holds one.")
@click.option("--unsigned", is_flag=True, help="Leave the signature out: the proof is checked against the text only.")
def command(*, proof: Path, signed: Path, old: Path | None, key: str | None, unsigned: bool, fmt: str) -> None:
    """Check a proof. Exit code 1 and the name of the reason if it does not hold."""
    if (key is None) is not unsigned:
        raise ToolError(
            "whose signature must the checkpoint have?",
            code="key_missing",
            hint="give --key, or --unsigned if you know the checkpoint from elsewhere",
        )
    verifier = _verifier(key) if key else None
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


def _verifier(text: str) -> VerifierKey:
    path = Path(text)
    return VerifierKey.parse(path.read_text() if "+" not in text or path.exists() else text)
