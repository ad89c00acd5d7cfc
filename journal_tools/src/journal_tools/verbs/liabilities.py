"""`journal liabilities`: what is owed to accounts per asset, as the root of a Merkle sum tree with a proof for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from journal_tools import replaying
from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import moment, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.output import cell, document, emit
from journal_tools.proofs import checkpoint as checkpoints
from journal_tools.proofs import sums
from journal_tools.proofs.liabilities import Published, published
from journal_tools.proofs.note import VerifierKey
from journal_tools.proofs.outputs import new_directory, write_new
from journal_tools.proofs.verifier import key_options, verifier_of

command = click.Group(
    "liabilities",
    short_help="A Merkle sum tree of what is owed to accounts, and a proof for each.",
    help="What is owed to accounts in each asset: the root of a Merkle sum tree, and a proof for each account.",
)
SECRET_BYTES_MIN = 16
_secret = click.option(
    "--secret", type=click.Path(path_type=Path), required=True, help="A file of random bytes, kept: salts come from it."
)
_at = click.option("--at", metavar="SEQ|TIME", help="As of when; the end if left out.")


@verb("root", short_help="What is owed in all, and the root to sign.")
@path_argument
@_secret
@_at
@click.option("-o", "output", type=click.Path(path_type=Path), help="Where to write the root document, to publish it.")
def root(*, path: Path, secret: Path, at: str | None, output: Path | None, fmt: str) -> None:
    """What is owed to accounts and by accounts per asset, and the root for `prove checkpoint --liabilities`.

    What some accounts owe is a total of its own, and never taken off what others are owed. Needs [replay].
    """
    tree, assets, head = _tree(path, secret, at)
    found = Published(tree.terms, tuple(symbol for symbol, _ in assets), head, tree.top)
    if output is not None:
        write_new(output, _written(found.document()))
    count = len(tree.terms.assets)
    rows = [
        {"asset": symbol, "owed": tree.top.sums[place], "owes": tree.top.sums[count + place], "decimals": decimals}
        for place, (symbol, decimals) in enumerate(assets)
    ]
    pinned = f"{tree.terms.seq}:{tree.root.hex()}"
    emit(
        rows,
        ("asset", "owed", "owes", "decimals"),
        fmt,
        name="assets",
        about={"root": pinned, "accounts": tree.terms.accounts},
    )
    if fmt == "table":
        click.echo(f"\naccounts  {tree.terms.accounts}\nroot      {pinned}")


@verb("prove", short_help="Prove what is owed to an account.")
@path_argument
@click.option("--account", type=int, metavar="N", help="Whose.")
@click.option("--every", type=click.Path(path_type=Path), metavar="DIR", help="The proof of each, in a new directory.")
@_secret
@_at
@click.option("-o", "output", type=click.Path(path_type=Path), help="Where to write; stdout if left out.")
def prove(
    *, path: Path, account: int | None, every: Path | None, secret: Path, at: str | None, output: Path | None, fmt: str
) -> None:
    """Prove what is owed to an account, for its owner only: the proof shows his amounts and sums of others.

    With the secret and the seq of the root that was published; the proof is for that root and no other.
    """
    if (account is None) is (every is None):
        raise ToolError("whose proof?", code="target_missing", hint="give one of --account N, --every DIR")
    tree, _, _ = _tree(path, secret, at)
    pinned = f"{tree.terms.seq}:{tree.root.hex()}"
    if every is not None:
        directory = new_directory(every)
        for number in tree.places:
            write_new(directory / f"{number}.json", _written(tree.proof(number)), secret=True)
        about = {"directory": str(every), "proofs": len(tree.places), "root": pinned}
        emit([about], tuple(about), fmt, name="written")
        return
    if account not in tree.places:
        raise ToolError(
            f"there is no account {account}",
            code="unknown_account",
            hint=f"at seq {tree.terms.seq} there are accounts 1 to {tree.terms.accounts}",
        )
    if output is None:
        click.echo(_written(tree.proof(account)), nl=False)
        return
    write_new(output, _written(tree.proof(account)), secret=True)
    if fmt == "json":
        document({"file": str(output), "account": account, "root": pinned})


@verb("check", short_help="Check such a proof, without a journal.")
@click.argument("proof", type=click.Path(path_type=Path))
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), help="The signed checkpoint that states it.")
@click.option("--root", "document_path", type=click.Path(path_type=Path), help="Or the root document you trust.")
@key_options
def check(
    *, proof: Path, signed: Path | None, document_path: Path | None, key: str | None, unsigned: bool, fmt: str
) -> None:
    """Check what is owed to an account against a checkpoint or a root document.

    Exit code 1 and the name of the reason if it fails. Needs neither a journal nor crossbook.
    """
    if (signed is None) is (document_path is None):
        hint = "give one of --checkpoint FILE, --root FILE"
        raise ToolError("checked against what?", code="target_missing", hint=hint)
    if signed is not None:
        session, seq, pinned, signature = _signed(signed, verifier_of(key, unsigned=unsigned))
    else:
        assert document_path is not None
        trusted = published(document_path.read_bytes())
        session, seq, pinned, signature = trusted.terms.session, trusted.terms.seq, trusted.root, "a document has none"
    proved = sums.check(proof.read_bytes(), session=session, seq=seq, root=pinned)
    found: dict[str, Any] = {"holds": True, **proved, "signature": signature}
    if fmt == "json":
        document(found)
        return
    for name, value in found.items():
        click.echo(f"{name:<12}{cell(value)}")


for _verb in (root, prove, check):
    command.add_command(_verb)


# --- how ------------------------------------------------------------------------------------------------------------


def _written(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


def _signed(path: Path, verifier: VerifierKey | None) -> tuple[str, int, bytes, str]:
    """What a checkpoint states of liabilities: session, seq, root; and whose signature was checked."""
    checkpoint = checkpoints.read(path.read_bytes(), verifier)
    pinned = checkpoint.liabilities
    if pinned is None:
        raise Finding(
            "the checkpoint states no liabilities",
            code="liabilities_missing",
            hint="ask for one that does: `journal prove checkpoint --liabilities`",
        )
    return checkpoint.session, pinned.seq, pinned.hash, f"of {verifier.name}" if verifier else "not checked"


def _tree(path: Path, secret: Path, at: str | None) -> tuple[sums.Tree, list[tuple[str, int]], str]:
    """The tree, symbols and decimals of its assets, and the hash of the block that holds its seq."""
    journal = Journal.open(path)
    replaying.need()
    key = secret.read_bytes()
    if len(key) < SECRET_BYTES_MIN:
        raise ToolError(
            f"a secret of {len(key)} bytes can be guessed",
            code="secret_short",
            hint="head -c 32 /dev/urandom > secret, and keep it: proofs of a root need the secret it was made with",
        )
    kernel = replaying.kernel_at(journal, replaying.seq_of(journal, moment(at)))
    assets = replaying.asset_rows(kernel)
    ids = tuple(row.asset for row in assets)
    count = kernel.account_count()
    if not count:
        raise ToolError("there is no account yet", code="no_accounts", hint="ask for a later seq with --at")
    terms = sums.Terms(journal.session_id, kernel.seq, ids, count)
    owed = []
    for account in range(1, count + 1):
        found = replaying.owed_to(kernel, account)
        both = [found.get(asset, (0, 0)) for asset in ids]
        owed.append(sums.Owed(account, (*(plus for plus, _ in both), *(minus for _, minus in both))))
    head = journal.record(kernel.seq)[1].hash.hex()
    return sums.Tree(terms, owed, key), [(row.symbol, row.decimals) for row in assets], head
