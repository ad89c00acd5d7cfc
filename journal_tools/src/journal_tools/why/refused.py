"""Why a command was refused: the check, its two values, what else was held against it, and what would have passed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from journal_tools import replaying, trying
from journal_tools.journal import Journal
from journal_tools.vocabulary import rejects
from journal_tools.why import terms as trees
from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing
from journal_tools.why.timeline import Pool

if TYPE_CHECKING:
    from journal_tools.replaying import Kernel, StateView
    from journal_tools.trying import Envelope

DEPOSIT_MAX: Final = 1 << 56
"""No larger deposit is tried, in minor units."""
CODES: Final = (303, 304, 414, 516)
"""Refusals that more money may cure: of balances, of levels, of margin, of bidders."""


def explain(journal: Journal, seq: int) -> Answer:
    """Why the command at a seq was refused."""
    citing = Citing(journal)
    record, block = journal.record(seq)
    kernel = replaying.kernel_at(journal, seq - 1)
    view = replaying.view_of(kernel)
    item = trying.envelope(record, block)
    account = int(getattr(item.command, "account", 0) or getattr(item.command, "source", 0))
    if not 0 < account <= kernel.account_count():
        account = 0
    found = trying.previewed(kernel, [item], account).commands[0]
    reject: Any = found.reject
    named, (meaning, hint) = trying.named_values(reject), trying.advice(reject)
    answer = Answer({"question": "refused", "seq": seq})
    answer.document |= {
        "command": citing.brief(seq),
        "code": reject.code,
        "name": rejects().get(reject.code, str(reject.code)),
        "meaning": meaning,
        "values": named,
        "hint": hint,
        "constraints": [
            {"code": one.code.value, "name": one.code.camel, "value": one.value, "limit": one.limit, "holds": one.holds}
            for one in found.constraints
        ],
    }
    answer.say(citing.words(seq), f"refused: {reject.explain()}")
    if found.constraints:
        answer.say("", "what it was held against", *(f"  {one}" for one in found.constraints))
        for one in found.constraints:
            answer.row("constraint", one.code.camel, one.value, f"limit {one.limit}", [seq])
    for name, value in named.items():
        answer.row("value", name, value, "", [seq])
    asset = _asset(kernel, item)
    if account and reject.code in CODES and asset:
        _say_pool(answer, citing, kernel, item, account, asset)
        _cure(answer, view, kernel, item, account, asset, guess=max(1, abs(reject.a - reject.b)))
    return answer


def _say_pool(answer: Answer, citing: Citing, kernel: Kernel, item: Envelope, account: int, asset: int) -> None:
    """The tree of the pool that was not enough."""
    market = getattr(item.command, "market", False)
    isolated = any(one.market == market and one.isolated for one in _positions(kernel, account))
    terms = trees.pool_terms(replaying.view_of(kernel), account, Pool(asset, market if isolated else 0))
    if terms is None:
        return
    answer.differing += trees.differing(terms, f"seq {kernel.seq}")
    answer.document["pool"] = trees.tree(terms)
    answer.document["cited"] = citing.cited(trees.seqs_of(terms))
    answer.say("", f"account {account}, {terms.name}, before it")
    trees.show(answer, terms, part="before")


def _positions(kernel: Kernel, account: int) -> list[Any]:
    row = replaying.account_row(kernel, account)
    return list(row.positions) if row is not None else []


def _asset(kernel: Kernel, item: Envelope) -> int:
    """The asset of the money that a command needs: its own, or what its market settles in; 0 if there is none."""
    command: Any = item.command
    if getattr(command, "asset", None):
        return int(command.asset)
    market = getattr(command, "market", 0)
    if not market and getattr(command, "auction", None):
        market = next((one.market for one in trying.auction_rows(kernel) if one.auction == command.auction), 0)
    if not market and getattr(command, "order", None):
        market = trying.market_of_order(kernel, command.order)
    return next((one.settlement for one in replaying.market_rows(kernel) if one.market == market), 0)


def _cure(
    answer: Answer, view: StateView, kernel: Kernel, item: Envelope, account: int, asset: int, *, guess: int
) -> None:
    """The least deposit right before it with which it would have been accepted, tried on scratch copies."""
    unit = view.asset_unit(asset)
    time_ns = item.time_ns or 0

    def passes(amount: int) -> bool:
        items = [trying.deposit(account, asset, amount, time_ns), item] if amount else [item]
        return trying.previewed(kernel, items).commands[-1].reject is None

    least = trying.least(passes, guess=guess, most=DEPOSIT_MAX)
    whole = unit.to_decimal(least) if least else None
    answer.document["least_deposit"] = {"amount": least, "whole": whole, "asset": unit.symbol}
    if whole is not None:
        answer.say(
            "", f"a deposit of {money(whole)} {unit.symbol} right before it, and no less, would have let it pass"
        )
        answer.row("saving", f"deposit {unit.symbol}", whole, unit.symbol, [])
    else:
        answer.say("", "no deposit would have let it pass")
