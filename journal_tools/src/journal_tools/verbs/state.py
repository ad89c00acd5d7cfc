"""`journal state`: an account, a market, an asset or the venue as of a seq, as seen at a time, or at two moments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from journal_tools.errors import ToolError
from journal_tools.grammar import Moment, moment, path_argument, shown_time, verb
from journal_tools.journal import Journal
from journal_tools.output import document, emit
from journal_tools.past.fields import Fields, changed, fields, nested
from journal_tools.past.hindsight import hindsight
from journal_tools.past.subject import Subject

COLUMNS: Final = ("field", "value")


@verb("state", short_help="An account, a market, an asset or the venue as of a seq or a time.")
@path_argument
@click.option("--account", type=int, metavar="N", help="This account.")
@click.option("--market", metavar="SYM", help="This market.")
@click.option("--asset", metavar="SYM", help="This asset.")
@click.option("--at", metavar="SEQ|TIME", help="After a seq, or after the last command stamped by a time.")
@click.option("--seen-at", metavar="TIME", help="What was known at a time; with --at, beside what was sequenced.")
@click.option("--diff", nargs=2, metavar="A B", help="What changed between two moments, field by field.")
def command(
    *,
    path: Path,
    account: int | None,
    market: str | None,
    asset: str | None,
    at: str | None,
    seen_at: str | None,
    diff: tuple[str, str] | None,
    fmt: str,
) -> None:
    """The state of the past, re-executed and held against every exec mark on the way; the venue if nothing is named.

    A command counts for --at from its seq on, and for --seen-at from its stamped time on. What was observed outside by
    then, but only sequenced later, is shown with --market as in_hindsight. Cost: from the nearest snapshot, once for
    each moment.
    """
    subject = Subject.only(account=account, market=market, asset=asset)
    journal = Journal.open(path)
    seen = _time(seen_at)
    if diff:
        _refuse_both(at, seen_at)
        _compare(journal, subject, _numbered(map(moment, diff)), fmt=fmt, whole=False)
    elif at is not None and seen is not None:
        _compare(journal, subject, {"sequenced": moment(at), "seen": seen}, fmt=fmt, whole=True)
    else:
        _show(journal, subject, seen or moment(at), fmt=fmt)


def _time(text: str | None) -> Moment | None:
    """The moment of --seen-at. Raises ToolError `time_missing` if it is a seq."""
    if text is None:
        return None
    found = moment(text)
    if found.time_ns is None:
        raise ToolError(
            f"--seen-at {text} is a seq",
            code="time_missing",
            hint="give a time like 2026-01-01T00:00:00Z; --at takes seqs",
        )
    return found


def _refuse_both(at: str | None, seen_at: str | None) -> None:
    if at is not None or seen_at is not None:
        raise ToolError(
            "--diff names both moments itself", code="moments_ambiguous", hint="leave out --at and --seen-at"
        )


def _numbered(moments: Any) -> dict[str, Moment]:
    return dict(zip(("before", "after"), moments, strict=True))


def _show(journal: Journal, subject: Subject, when: Moment, *, fmt: str) -> None:
    state, units, view = subject.at(journal, when)
    about = {"seq": state.seq, "time": shown_time(state.time_ns), "state_root": state.state_root}
    more = {}
    if subject.market is not None:
        more = hindsight(journal, units.market(subject.market), _time_of(state, when), after=state.seq)
    if fmt == "json":
        document(about | {"state": nested(view)} | more)
        return
    shown: Fields = fields(view) | fields(more)
    emit(_rows(about if fmt == "table" else {}, shown), COLUMNS, fmt, name="state", about=about)


def _time_of(state: Any, when: Moment) -> int:
    """Until when somebody could have known: the time that was asked for, else that of the last command."""
    return int(state.time_ns if when.time_ns is None else when.time_ns)


def _rows(about: dict[str, Any], shown: Fields) -> Iterator[dict[str, Any]]:
    for field, value in [*about.items(), *shown.items()]:
        yield {"field": field, "value": value}


def _compare(journal: Journal, subject: Subject, moments: dict[str, Moment], *, fmt: str, whole: bool) -> None:
    """Two moments side by side: every field, or only those that are not the same."""
    found: dict[str, Fields] = {}
    about: dict[str, Any] = {}
    for label, when in moments.items():
        state, _, view = subject.at(journal, when)
        found[label] = fields(view)
        about[label] = {"seq": state.seq, "time": shown_time(state.time_ns)}
    before, after = found.values()
    differing = list(changed(before, after))
    names = [*before, *(name for name in after if name not in before)] if whole else differing
    heads = [f"{label} {about[label]['seq']}" for label in moments] if fmt == "table" else list(moments)
    rows = (
        {"field": name, heads[0]: before.get(name), heads[1]: after.get(name), "differs": name in differing}
        for name in names
    )
    emit(rows, ("field", *heads, *(["differs"] if whole else [])), fmt, name="fields", about=about)
