"""`journal why`: the reason of what happened, as a sum of terms that name their seqs; and what would have helped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import Moment, moment, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.why.answer import Answer

KINDS = ("deposit", "reduction", "mark")


@verb("why", short_help="Why an account was liquidated, an order refused, a payment made.")
@path_argument
@click.option("--account", type=click.IntRange(min=1), metavar="N", help="Why was it liquidated?")
@click.option("--at", metavar="SEQ|TIME", help="With --account: the liquidation that this is in or comes after.")
@click.option("--seq", type=click.IntRange(min=1), metavar="S", help="Why did what is at this seq come out as it did?")
@click.option("--order", type=click.IntRange(min=1), metavar="N", help="Why did this order end as it did?")
@click.option("--funding", is_flag=True, help="With --account or --seq: why was this funding paid?")
@click.option("--saving", "kinds", multiple=True, type=click.Choice([*KINDS, "none"]), help="Search only for these.")
@click.option("--before", type=click.IntRange(min=2), metavar="SEQ", help="What saves comes before this seq.")
@click.option("--until", type=click.IntRange(min=1), metavar="SEQ", help="Saved until here; the last step if left out.")
@click.option(
    "--recorded", is_flag=True, help="Search with policies' commands as recorded, not with policies run again."
)
@click.option(
    "--prove", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write the branches here."
)
def command(*, path: Path, account: int | None, fmt: str, **how: Any) -> None:
    """Why it came to this: a waterfall whose every leaf names seqs and whose terms sum exactly.

    Of a liquidation also what would have saved the account: the least deposit, the fewest lots, the mark it would have
    stood at, found by running the session again. Exit code 1 if a sum does not come out.
    """
    from journal_tools import replaying

    replaying.need()
    journal = Journal.open(path)
    if how["order"] is not None:
        answer = _order(journal, how["order"])
    elif how["funding"]:
        answer = _funding(journal, account, how["seq"])
    elif how["seq"] is not None:
        answer = _seq(journal, how["seq"], how)
    elif account is not None:
        answer = liquidation(journal, account, moment(how["at"]), how)
    else:
        raise ToolError(
            "why what?",
            code="question_missing",
            hint="ask with --account N, --seq S, --order N, or --account N --funding",
        )
    answer.show(fmt)
    if answer.differing:
        raise Finding(
            "; ".join(answer.differing),
            code="sum_differs",
            hint="a sum of the kernel does not come out: please report it with the journal",
        )


def _order(journal: Journal, order: int) -> Answer:
    from journal_tools.why import ordered

    return ordered.explain(journal, order)


def _funding(journal: Journal, account: int | None, seq: int | None) -> Answer:
    """All payments asked for, as one answer."""
    from journal_tools.why import paid

    if account is None and seq is None:
        raise ToolError("whose funding?", code="question_missing", hint="add --account N, or --seq S of the payment")
    return _joined("funding", "payments", paid.explain(journal, account, seq))


def _joined(question: str, name: str, answers: list[Answer]) -> Answer:
    """Several answers as one."""
    whole = Answer({"question": question, name: [answer.document for answer in answers]})
    for answer in answers:
        whole.lines += answer.lines
        whole.rows += answer.rows
        whole.differing += answer.differing
    return whole


def _seq(journal: Journal, seq: int, how: dict[str, Any]) -> Answer:
    """Whatever is at a seq: a refusal, a step of a liquidation, a deleveraging, a payment, a cancel; or its causes."""
    from journal_tools import replaying
    from journal_tools.why import happened, ordered, refused, struck
    from journal_tools.why.timeline import OF_POSITION

    events: list[Any] = list(replaying.answered(journal, seq).events)
    found = {type(event).__name__: event for event in reversed(events)}
    if "Rejected" in found:
        return refused.explain(journal, seq)
    if "PositionMoved" in found and found["PositionMoved"].reason.name == "DELEVERAGE":
        return struck.explain(journal, seq)
    account = _liquidated(found, (*OF_POSITION, "PoolLocked", "LossCovered", "CollateralConverted", "LossSocialised"))
    if account:
        return liquidation(journal, account, Moment(seq, None), how)
    if "FundingPaid" in found:
        return _funding(journal, None, seq)
    if "OrderCancelled" in found:
        orders = [event.order for event in events if type(event).__name__ == "OrderCancelled"]
        return _joined("orders", "orders", ordered.explain_all(journal, orders, to_seq=seq))
    return happened.explain(journal, seq)


def _liquidated(found: dict[str, Any], steps: tuple[str, ...]) -> int:
    """The account that a step of the waterfall was taken on, 0 if there was none."""
    if "PositionMoved" in found:
        return int(found["PositionMoved"].source)
    return next((int(found[name].account) for name in steps if name in found), 0)


def liquidation(journal: Journal, account: int, at: Moment, how: dict[str, Any]) -> Answer:
    """Why an account was liquidated, and what would have saved it."""
    from journal_tools import replaying
    from journal_tools.why import liquidated, saved
    from journal_tools.why.timeline import Timeline

    timeline = Timeline(journal, account)
    episode = liquidated.chosen(timeline, replaying.seq_of(journal, at))
    answer, seen = liquidated.explain(journal, timeline, episode)
    kinds = [kind for kind in how["kinds"] or KINDS if kind != "none"]
    if kinds:
        asked = saved.Asked(how["before"], how["until"], how["recorded"])
        sessions = saved.Sessions(journal.path)
        found = saved.searches(journal, sessions, account, episode, asked, seen.shortage, kinds)
        saved.say(answer, seen.view, found)
        if how["prove"] is not None:
            saved.prove(answer, found, account, episode, how["prove"])
    return answer
