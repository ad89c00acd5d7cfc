"""`journal order`: the whole life of an order, with its place in the queue and every reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.grammar import moment, path_argument, shown_time, verb
from journal_tools.journal import Journal, Record
from journal_tools.output import cell, emit
from journal_tools.past.life import Life, Step, live, look, placed_by
from journal_tools.past.units import Market, Units
from journal_tools.vocabulary import ORIGINS, fields_of, name_of

COLUMNS: Final = (
    "seq",
    "time",
    "step",
    "price",
    "size",
    "left",
    "position",
    "ahead",
    "role",
    "other",
    "fee",
    "realised",
    "by",
    "cause",
    "why",
)
SIDES: Final = {1: "buy", 2: "sell"}
KINDS: Final = {1: "limit", 2: "market"}
TIMES_IN_FORCE: Final = {1: "gtc", 2: "ioc", 3: "fok", 4: "gtd"}


@verb("order", short_help="The whole life of an order.")
@path_argument
@click.argument("order", type=click.IntRange(min=1), required=False)
@click.option("--client-order", type=click.IntRange(min=1), metavar="ID", help="By the id its owner gave it.")
@click.option("--account", type=int, metavar="N", help="With --client-order: whose it is.")
@click.option("--at", metavar="SEQ|TIME", help="Its life up to a seq or a time.")
def command(
    *, path: Path, order: int | None, client_order: int | None, account: int | None, at: str | None, fmt: str
) -> None:
    """Everything that happened to an order: accepted, rested, amended, traded, cancelled; with seq, author and cause.

    `position` is its place in the queue of its level and `ahead` the size before it: on arrival, and before each
    command that filled it. Cost: from genesis to its end, or from its placing on if it is named by --client-order.
    """
    journal = Journal.open(path)
    kernel = replaying.kernel_at(journal, replaying.seq_of(journal, moment(at)))
    units, to_seq = Units(kernel), kernel.seq
    others: list[int] = []
    if order is not None and client_order is None and account is None:
        life = live(journal, order, to_seq)
    elif order is None and client_order is not None and account is not None:
        life, others = _by_client_order(journal, units.account(account), client_order, to_seq)
    else:
        raise ToolError(
            "which order?", code="order_missing", hint="give the id of an order, or --account N and --client-order ID"
        )
    look(journal, life)
    market = units.markets[life.market]
    about = _about(journal, life, market) | ({"other_orders_of_that_name": others} if others else {})
    if fmt == "table":
        for name, value in about.items():
            click.echo(f"{name:<{max(map(len, about)) + 2}}{cell(value)}".rstrip())
        click.echo("")
    emit(_rows(journal, life, market), COLUMNS, fmt, name="steps", about=about)


def _by_client_order(journal: Journal, account: int, client_order: int, to_seq: int) -> tuple[Life, list[int]]:
    """The last order of that name, and the ids of those before it.

    Raises:
        ToolError: `unknown_order`; `order_refused` if there was none but refused ones.
    """
    refusals: list[str] = []
    accepted: list[Any] = []
    for record in placed_by(journal, account, client_order, to_seq):
        for event in replaying.answered(journal, record.seq).events:
            if type(event).__name__ == "OrderAccepted":
                accepted.append(event)
            elif type(event).__name__ == "Rejected":
                refusals.append(str(event))
    if accepted:
        last = accepted[-1]
        return live(journal, last.order, to_seq, from_seq=last.seq), [event.order for event in accepted[:-1]]
    if refusals:
        raise ToolError(
            f"order {client_order} of account {account} was never accepted: {refusals[-1]}",
            code="order_refused",
            hint="an order that was refused has no life; the reason is above",
            refusals=refusals,
        )
    raise ToolError(
        f"account {account} placed no order {client_order} up to seq {to_seq}",
        code="unknown_order",
        hint=f"journal log --account {account} --type Place shows what it placed",
    )


def _about(journal: Journal, life: Life, market: Market) -> dict[str, Any]:
    """What the order was, and what came of it."""
    record, _ = journal.record(life.seq)
    value = sum((step.price or 0) * (step.lots or 0) for step in life.trades)
    money = market.settlement.money
    return {
        "order": life.order,
        "account": life.account,
        "market": market.symbol,
        "side": SIDES[life.side],
        **_terms(record, life),
        "size": market.size(life.steps[0].lots or 0),
        "filled": market.size(life.filled),
        "open": market.size(life.left),
        "average_price": str(round(market.price(value) / life.filled, 12).normalize()) if life.filled else None,
        "fees": money(sum(step.fee or 0 for step in life.trades)),
        "realised": money(sum(step.realised or 0 for step in life.trades)),
        "state": life.ended or "open",
    }


def _terms(record: Record, life: Life) -> dict[str, Any]:
    """How it was to be executed, as the command said; a step of the waterfall sends its own."""
    said = fields_of(record.command)
    if name_of(record.command) != "Place":
        return {"kind": f"sent by {name_of(record.command)}", "time_in_force": "ioc"}
    return {
        "kind": KINDS[said["kind"]],
        "time_in_force": TIMES_IN_FORCE[said["time_in_force"]],
        "flags": [name for name in ("post_only", "reduce_only") if said[name]],
        "client_order": life.client_order or None,
        "expires_at": shown_time(said["expires_at"]) if said["expires_at"] else None,
    }


def _rows(journal: Journal, life: Life, market: Market) -> Iterator[dict[str, Any]]:
    for step in life.steps:
        record, _ = journal.record(step.seq)
        yield {
            "seq": step.seq,
            "time": shown_time(record.time_ns),
            "step": step.what,
            "left": market.size(step.left),
            "position": step.position,
            "ahead": step.ahead,
            "role": step.role,
            "other": step.other,
            "by": f"{ORIGINS[record.origin]} {record.author or ''}".strip(),
            "cause": record.cause or None,
            "why": step.why,
            **_amounts(step, market),
        }


def _amounts(step: Step, market: Market) -> dict[str, Any]:
    money = market.settlement.money
    return {
        "price": None if step.price is None else market.price(step.price),
        "size": None if step.lots is None else market.size(step.lots),
        "fee": None if step.fee is None else money(step.fee),
        "realised": None if step.realised is None else money(step.realised),
    }
