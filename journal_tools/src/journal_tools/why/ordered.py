"""Why an order ended as it did: each change of it in order, and the reason of the last."""

from __future__ import annotations

from typing import Any, Final

from journal_tools import replaying
from journal_tools.errors import ToolError
from journal_tools.journal import Journal
from journal_tools.vocabulary import name_of
from journal_tools.why import terms as trees
from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing
from journal_tools.why.timeline import Pool

REASONS: Final = {
    "requested": "its owner, or an agent of his, cancelled it",
    "immediate_or_cancel": "it trades at once or not at all, and this was left of it",
    "mass_cancel": "its owner cancelled all his orders",
    "expired": "its time was over",
    "margin": "at this fill the pool of one side did not have the margin for it",
    "self_trade": "it would have traded with an order of the same owner",
    "reduce_only": "nothing was left of the position that it was to reduce",
    "open_interest": "it would have raised the open interest beyond the market's cap",
    "waterfall": "its pool was in need, and orders that might add to it were cancelled",
}


def explain(journal: Journal, order: int) -> Answer:
    """Why an order ended as it did. Raises ToolError `unknown_order`."""
    (answer,) = explain_all(journal, [order], to_seq=journal.last_seq)
    return answer


def explain_all(journal: Journal, orders: list[int], *, to_seq: int) -> list[Answer]:
    """Why each of some orders ended as it did up to a seq. Raises ToolError `unknown_order`."""
    citing, lives = Citing(journal), _lives(journal, set(orders), to_seq)
    return [_one(journal, citing, order, lives[order]) for order in orders]


def _one(journal: Journal, citing: Citing, order: int, life: list[Any]) -> Answer:
    if not life:
        raise ToolError(
            f"no order {order} was ever accepted",
            code="unknown_order",
            hint="a refused order has no id: ask for the seq of its command with --seq",
            order=order,
        )
    first, last = life[0], life[-1]
    kernel = replaying.kernel_at(journal, last.seq - 1)
    view = replaying.view_of(kernel)
    unit = view.market_unit(first.market)
    answer = Answer({"question": "order", "order": order, "account": first.account, "market": unit.symbol})
    traded = sum(event.lots for event in life if type(event).__name__ == "Traded")
    answer.document |= {"lots": first.lots, "traded": traded, "life": []}
    sizes = f"{money(unit.size(traded))} of {money(unit.size(first.lots))} traded"
    answer.say(f"order {order} of account {first.account} in {unit.symbol}: {sizes}")
    for event in life:
        name = type(event).__name__
        answer.document["life"].append({"seq": event.seq, **replaying.named(event)})
        what = _what(event, unit)
        answer.say(f"seq {event.seq}  {name}{what}  by {name_of(citing.record(event.seq).command)}", indent=1)
        if hasattr(event, "lots"):
            answer.row("life", f"{name}{what}", unit.size(event.lots), unit.symbol, [event.seq])
    chain = [citing.record(last.seq), *citing.chain(last.seq)]
    ended = _ended(life, traded)
    answer.document |= {"ended": ended, "cited": citing.cited([one.seq for one in chain])}
    answer.say(f"{ended['how']}: {ended['reason']}", "because of", *(f"  {citing.words(one.seq)}" for one in chain))
    if ended["how"] == "margin":
        terms = trees.pool_terms(view, first.account, Pool(unit.settlement.asset, _isolated(kernel, first)))
        if terms is not None:
            answer.differing += trees.differing(terms, f"seq {last.seq - 1}")
            answer.document["pool"] = trees.tree(terms)
            answer.say("", f"account {first.account}, {terms.name}, before seq {last.seq}")
            trees.show(answer, terms, part="before")
    return answer


def _lives(journal: Journal, orders: set[int], to_seq: int) -> dict[int, list[Any]]:
    """What happened to each of these orders, in one pass."""
    found: dict[int, list[Any]] = {order: [] for order in orders}
    event: Any
    for _, events in replaying.Playback(journal).blocks(to_seq):
        for event in events:
            name = type(event).__name__
            named = (
                {event.maker_order, event.taker_order}
                if name == "Traded"
                else {getattr(event, "order", 0)}
                if name != "LiquidationEnded"
                else set[int]()
            )
            for order in named & orders:
                found[order].append(event)
    return found


def _what(event: Any, unit: Any) -> str:
    name = type(event).__name__
    if name == "OrderCancelled":
        return f" ({event.reason.name.lower()})"
    return f" {money(unit.size(event.lots))} at {money(unit.price(event.price))}" if name == "Traded" else ""


def _ended(life: list[Any], traded: int) -> dict[str, Any]:
    last = life[-1]
    if type(last).__name__ == "OrderCancelled":
        how = last.reason.name.lower()
        return {"how": how, "reason": REASONS.get(how, how), "seq": last.seq}
    lots = next(
        (event.lots for event in reversed(life) if type(event).__name__ in ("OrderAmended", "OrderAccepted")), 0
    )
    if traded >= lots:
        return {"how": "filled", "reason": "all of it traded", "seq": last.seq}
    return {"how": "open", "reason": "it rests in the book", "seq": last.seq}


def _isolated(kernel: replaying.Kernel, first: Any) -> int:
    row = replaying.account_row(kernel, first.account)
    rows = row.positions if row is not None else []
    return first.market if any(one.market == first.market and one.isolated for one in rows) else 0
