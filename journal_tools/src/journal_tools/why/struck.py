"""Why a position was deleveraged for another account's sake: who failed, at which value, in which order of whom."""

from __future__ import annotations

from typing import Any

from journal_tools import replaying
from journal_tools.journal import Journal
from journal_tools.vocabulary import fields_of
from journal_tools.why import terms as trees
from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing
from journal_tools.why.timeline import Pool


def explain(journal: Journal, seq: int) -> Answer:
    """Why each counterparty of a deleveraging was hit, and what it cost it against the mark."""
    citing = Citing(journal)
    playback = replaying.Playback(journal, after=seq - 1)
    view = replaying.view_of(playback.kernel)
    fields = fields_of(journal.record(seq)[0].command)
    market = int(fields["market"])
    unit, mark = (
        view.market_unit(market),
        next(one.mark for one in replaying.market_rows(playback.kernel) if one.market == market),
    )
    source = int(fields["account"])
    isolated = _isolated(playback.kernel, source, market)
    failing = trees.pool_terms(view, source, Pool(unit.settlement.asset, market if isolated else 0))
    events = next(found for at, found in playback.commands(seq) if at == seq)
    moves: list[Any] = [event for event in events if type(event).__name__ == "PositionMoved"]
    answer = Answer({"question": "deleveraged", "seq": seq, "source": source, "market": unit.symbol})
    answer.document |= {
        "command": citing.brief(seq),
        "source_pool": trees.tree(failing) if failing is not None else None,
        "mark": unit.price(mark),
        "causes": [citing.brief(one.seq) for one in citing.chain(seq)],
        "counterparties": [],
    }
    answer.say(citing.words(seq))
    if failing is not None:
        answer.differing += trees.differing(failing, f"seq {seq - 1}")
        answer.say("", f"account {source}, {failing.name}, was failing and nobody else took its position")
        trees.show(answer, failing, part="source")
    answer.say("", "who closed against it, in the order the policy named them")
    for number, event in enumerate(moves, 1):
        against = unit.money(abs(event.lots) * mark * unit.tick_value - event.value)
        if event.lots > 0:
            against = -against
        answer.document["counterparties"].append(_hit(number, event, unit, against))
        answer.say(
            f"{number}. account {event.destination}: {money(abs(unit.size(event.lots)))} {unit.symbol} for "
            f"{money(unit.money(event.value))}, {money(against)} against the mark, "
            f"realised {money(unit.money(event.destination_realised))}",
            indent=1,
        )
        answer.row(
            "counterparty", f"account {event.destination}", unit.money(event.destination_realised), unit.symbol, [seq]
        )
    answer.say("", "because of", *(f"  {citing.words(one.seq)}" for one in citing.chain(seq)))
    return answer


def _hit(number: int, event: Any, unit: Any, against: Any) -> dict[str, Any]:
    return {
        "place": number,
        "account": event.destination,
        "lots": event.lots,
        "value": unit.money(event.value),
        "against_mark": against,
        "realised": unit.money(event.destination_realised),
    }


def _isolated(kernel: replaying.Kernel, account: int, market: int) -> bool:
    row = replaying.account_row(kernel, account)
    return row is not None and any(one.market == market and one.isolated for one in row.positions)
