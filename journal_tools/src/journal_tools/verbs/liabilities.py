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
from journal_tools.proofs.outputs import put
from journal_tools.proofs.verifier import key_options, verifier_of

command = click.Group("liabilities", short_help="A Merkle sum tree of what is owed to accounts, and a proof for each.")
SECRET_BYTES_MIN = 16
_secret = click.option(
    "--secret", type=click.Path(path_type=Path), required=True, help="A file of random bytes, kept: salts come from it."
)
_at = click.option("--at", metavar="SEQ|TIME", help="As of when; the end if left out.")


@verb("root", short_help="What is owed in all, and the root to sign.")
@path_argument
@_secret
@_at
def root(*, path: Path, secret: Path, at: str | None, fmt: str) -> None:
    """What is owed to accounts and by accounts per asset, and the root for `prove checkpoint --liabilities`."""
    tree, assets = _tree(path, secret, at)
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
@click.option("--account", type=int, required=True, help="Whose.")
@_secret
@_at
@click.option("-o", "output", type=click.Path(path_type=Path), help="Where to write; stdout if left out.")
def prove(*, path: Path, account: int, secret: Path, at: str | None, output: Path | None, fmt: str) -> None:
    """Prove what is owed to an account, for its owner only: the proof shows his amounts and sums of others."""
    tree, _ = _tree(path, secret, at)
    if account not in tree.places:
        raise ToolError(
            f"there is no account {account}",
            code="unknown_account",
            hint=f"at seq {tree.terms.seq} there are accounts 1 to {tree.terms.accounts}",
        )
    put(output, json.dumps(tree.proof(account), indent=1) + "\n")
    if output is not None and fmt == "json":
        document({"file": str(output), "account": account, "root": f"{tree.terms.seq}:{tree.root.hex()}"})


@verb("check", short_help="Check such a proof, without a journal.")
@click.argument("proof", type=click.Path(path_type=Path))
@click.option("--checkpoint", "signed", type=click.Path(path_type=Path), required=True, help="The signed checkpoint.")
@key_options
def check(*, proof: Path, signed: Path, key: str | None, unsigned: bool, fmt: str) -> None:
    """Check what is owed to an account against a checkpoint. Exit code 1 and the name of the reason if it fails."""
    verifier = verifier_of(key, unsigned=unsigned)
    checkpoint = checkpoints.read(signed.read_bytes(), verifier)
    pinned = checkpoint.liabilities
    if pinned is None:
        raise Finding(
            "the checkpoint states no liabilities",
            code="liabilities_missing",
            hint="ask for one that does: `journal prove checkpoint --liabilities`",
        )
    proved = sums.check(proof.read_bytes(), session=checkpoint.session, seq=pinned.seq, root=pinned.hash)
    found: dict[str, Any] = {"holds": True, **proved, "signature": f"of {verifier.name}" if verifier else "not checked"}
    if fmt == "json":
        document(found)
        return
    for name, value in found.items():
        click.echo(f"{name:<12}{cell(value)}")


for _verb in (root, prove, check):
    command.add_command(_verb)


# --- how ------------------------------------------------------------------------------------------------------------


def _tree(path: Path, secret: Path, at: str | None) -> tuple[sums.Tree, list[tuple[str, int]]]:
    """The tree, and symbols and decimals of its assets."""
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
    return sums.Tree(terms, owed, key), [(row.symbol, row.decimals) for row in assets]
