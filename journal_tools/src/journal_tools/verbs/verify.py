"""`journal verify`: is the chain whole, from genesis to the head, and what was not checked?"""

from __future__ import annotations

from pathlib import Path

import click

from journal_tools.checking import Anchor, Verdict
from journal_tools.checking import verify as verify_session
from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import EXIT_FINDING, EXIT_OK, path_argument, shown_time, verb
from journal_tools.output import document, emit

COLUMNS = ("code", "segment", "seq", "file", "message", "hint")


def anchor(text: str) -> Anchor:
    """A receipt as `SEQ:HASH`. Raises ToolError `anchor_invalid`."""
    seq, _, digest = text.partition(":")
    try:
        return Anchor(int(seq), bytes.fromhex(digest)) if len(digest) == 64 else _refuse(text)
    except ValueError:
        return _refuse(text)


def _refuse(text: str) -> Anchor:
    raise ToolError(
        f"{text!r} is no receipt",
        code="anchor_invalid",
        hint="give SEQ:HASH, a seq and the 64 hex digits of its block's hash, as receipts state them",
    )


@verb("verify", short_help="Is the chain whole, and what was not checked?")
@path_argument
@click.option(
    "--anchor", "anchors", multiple=True, metavar="SEQ:HASH", help="A receipt kept elsewhere; may be repeated."
)
@click.option("--replay", is_flag=True, help="Execute everything again, and compare every exec mark. Needs [replay].")
@click.option("--chain", is_flag=True, help="Only hashes and links: leave out the records inside the blocks.")
@click.option("--closed", is_flag=True, help="It is a finding if nobody closed the session.")
def command(*, path: Path, anchors: tuple[str, ...], replay: bool, chain: bool, closed: bool, fmt: str) -> int:
    """Verify a session: every file, page, block and link, from genesis to the head. Nothing is executed.

    Says what it did not check. A journal that is being written to is verified up to its present head.
    """
    verdict = verify_session(path, anchors=map(anchor, anchors), records=not chain, must_be_closed=closed)
    _replay(verdict, wanted=replay)
    if fmt == "json":
        document(verdict.document())
    elif fmt == "table":
        _print(verdict)
    else:
        emit(verdict.rows(), COLUMNS, fmt, name="findings", about={"ok": verdict.ok, "head": verdict.head})
    return EXIT_OK if verdict.ok else EXIT_FINDING


def _replay(verdict: Verdict, *, wanted: bool) -> None:
    """Re-execution, once the chain is whole: on a broken one it would say nothing new."""
    if not wanted:
        what = "what the commands did: nothing was executed (--replay compares every exec mark)"
        verdict.skip("execution", what)
        return
    from journal_tools import replaying

    replaying.need()
    if not verdict.ok:
        verdict.skip("execution", "what the commands did: a journal that is not whole is not executed")
        return
    try:
        verdict.marks_reproduced = replaying.reproduce(verdict.path).marks
    except Finding as finding:
        verdict.add(finding)


def _print(verdict: Verdict) -> None:
    kind = f"branch of {verdict.parent}" if verdict.parent else "closed" if verdict.closed else "not closed"
    click.echo(f"session   {verdict.session} ({kind})")
    click.echo(f"segments  {verdict.segments}, {verdict.data_bytes:,} bytes")
    click.echo(f"blocks    {verdict.blocks:,}, each whole, each continuing the one before, from genesis")
    span = f", {shown_time(verdict.first_time_ns)} to {shown_time(verdict.last_time_ns)}" if verdict.records else ""
    click.echo(f"records   {verdict.records:,}{span}")
    reproduced = "" if verdict.marks_reproduced is None else f", {verdict.marks_reproduced:,} reproduced by execution"
    click.echo(f"marks     {verdict.marks:,}{reproduced}")
    click.echo(f"head      {verdict.last_seq}:{verdict.head}")
    click.echo("not checked")
    for unchecked in verdict.unchecked:
        click.echo(f"  {unchecked.code:<12}{unchecked.what}")
    for finding in verdict.findings:
        click.echo(f"finding: {finding.message} [{finding.code}]")
    if verdict.findings_left_out:
        click.echo(f"and {verdict.findings_left_out} more")
    if verdict.torn_tail:
        click.echo("hint: this is what a power failure may leave of the last commits; `crossbook repair` drops them")
    click.echo("verified" if verdict.ok else f"does not verify: {len(verdict.findings)} findings")
