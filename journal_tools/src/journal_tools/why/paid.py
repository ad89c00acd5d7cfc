"""Why a funding payment was made: the epochs since the position was last settled, each with its seq. Checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from journal_tools import replaying
from journal_tools.errors import Skipped
from journal_tools.journal import Journal
from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing

RATE_ONE: Final = 10**9


class Epoch(NamedTuple):
    """What one settlement asks of the position, in 10^-9 of a minor unit; positive is paid."""

    event: Any
    exact: int


def explain(journal: Journal, account: int | None, seq: int | None) -> list[Answer]:
    """Each funding payment of an account, or those at a seq. Raises Skipped `not_paid`."""
    answers = list(_walk(journal, account, seq))
    if not answers:
        raise Skipped(
            "no funding was paid " + (f"at seq {seq}" if seq is not None else f"by account {account}"),
            code="not_paid",
            hint="`journal log --events` shows every FundingPaid; it is settled when a position is touched",
        )
    return answers


class Touches:
    """When positions were last settled: `whole` is by account and asset, for everything that is not isolated."""

    def __init__(self) -> None:
        self._positions: dict[tuple[int, int], int] = {}
        self._whole: dict[tuple[int, int], int] = {}
        self._isolated: set[tuple[int, int]] = set()
        self._settles: dict[int, int] = {}

    def last(self, account: int, market: int) -> int:
        """The seq at which a position was last settled, 0 if never."""
        place = account, market
        whole = 0 if place in self._isolated else self._whole.get((account, self._settles[market]), 0)
        return max(self._positions.get(place, 0), whole)

    def take(self, name: str, event: Any, *, stress: bool) -> None:
        """Note what an event settled; by SetStress a switch settles its position alone."""
        if name == "MarketAdded":
            self._settles[event.market] = event.settlement
        elif name == "Traded":
            self._positions[event.maker, event.market] = self._positions[event.taker, event.market] = event.seq
        elif name == "PositionMoved":
            self._positions[event.source, event.market] = self._positions[event.destination, event.market] = event.seq
        elif name == "FundingPaid":
            self._positions[event.account, event.market] = event.seq
        elif name in ("PositionModeSet", "MarginAdjusted"):
            place = event.account, event.market
            self._positions[place] = event.seq
            if name == "PositionModeSet":
                (self._isolated.add if event.isolated else self._isolated.discard)(place)
            if event.amount and not stress:
                self._whole[event.account, self._settles[event.market]] = event.seq
        elif name in ("Withdrawn", "InsuranceFunded"):
            self._whole[event.account, event.asset] = event.seq
        elif name in ("Transferred", "Drawn"):
            self._whole[event.source, event.asset] = event.seq


class Paid(NamedTuple):
    """A payment, and every settlement of its market since the position was settled before it."""

    event: Any
    since: list[Any]


def _walk(journal: Journal, account: int | None, at_seq: int | None) -> Iterator[Answer]:
    """The payments asked for, each with the position that it was paid for."""
    playback, touches = replaying.Playback(journal), Touches()
    settled: dict[int, list[Any]] = {}
    ticks: dict[int, int] = {}
    wanted: list[Paid] = []
    event: Any
    for seq, events in playback.blocks(at_seq or journal.last_seq):
        stress = any(_is(one, "StressSet") for one in events)
        for event in events:
            name = type(event).__name__
            if name == "MarketAdded":
                ticks[event.market] = event.tick_value
            elif name in ("FundingSettled", "LossSocialised"):
                settled.setdefault(event.market, []).append(event)
            elif name == "FundingPaid" and account in (None, event.account) and at_seq in (None, seq):
                last = touches.last(event.account, event.market)
                wanted.append(Paid(event, [one for one in settled.get(event.market, []) if one.seq > last]))
            touches.take(name, event, stress=stress)
    if not wanted:
        return
    again, citing = replaying.Playback(journal, after=wanted[0].event.seq - 1), Citing(journal)
    for paid in wanted:
        again.move(paid.event.seq - 1)
        yield _one(citing, again.kernel, paid, ticks[paid.event.market])


def _one(citing: Citing, kernel: replaying.Kernel, paid: Paid, tick_value: int) -> Answer:
    event, view = paid.event, replaying.view_of(kernel)
    row = replaying.account_row(kernel, event.account)
    position = next((one for one in row.positions if one.market == event.market), None) if row is not None else None
    lots = position.lots if position is not None else 0
    funding = [Epoch(one, lots * one.price * tick_value * one.rate) for one in paid.since if _is(one, "FundingSettled")]
    loss = [Epoch(one, _share(one, lots)) for one in paid.since if _is(one, "LossSocialised")]
    unit = view.market_unit(event.market)
    asset = unit.settlement
    total = asset.to_decimal(event.funding + event.loss)
    answer = Answer({"question": "funding", "seq": event.seq, "account": event.account, "market": unit.symbol})
    answer.document |= {
        "lots": lots,
        "funding": asset.to_decimal(event.funding),
        "loss": asset.to_decimal(event.loss),
        "paid_minor": event.funding + event.loss,
        "asset": asset.symbol,
        "epochs": [],
        "settled_by": citing.brief(event.seq),
    }
    answer.say(
        f"seq {event.seq}: account {event.account} {'paid' if total >= 0 else 'received'} {money(abs(total))} "
        f"{asset.symbol} of funding for {money(unit.size(lots))} {unit.symbol}",
        f"  settled when the position was touched: {citing.words(event.seq)}",
    )
    for found, said, what in ((funding, event.funding, "funding"), (loss, event.loss, "loss")):
        if -(-sum(epoch.exact for epoch in found) // RATE_ONE) != said:
            answer.differing.append(f"seq {event.seq}: what was settled does not sum to the {what} of {said}")
        for epoch in found:
            _say_epoch(answer, citing, asset, epoch, what)
        if found:
            rounding = said * RATE_ONE - sum(epoch.exact for epoch in found)
            answer.say(f"rounded up by {rounding} of 10^9 minor units, once", indent=2)
            answer.row(what, "sum", asset.to_decimal(said), asset.symbol, [epoch.event.seq for epoch in found])
    return answer


def _say_epoch(answer: Answer, citing: Citing, asset: Any, epoch: Epoch, what: str) -> None:
    event = epoch.event
    whole, rest = divmod(epoch.exact, RATE_ONE)
    chain = [citing.brief(one.seq) for one in citing.chain(event.seq)]
    answer.document["epochs"].append(
        {
            "what": what,
            "seq": event.seq,
            "price": getattr(event, "price", None),
            "rate": getattr(event, "rate", None),
            "minor": whole,
            "billionths": rest,
            "command": citing.brief(event.seq),
            "causes": chain,
        }
    )
    rate = (
        f"rate {event.rate} of 10^9 at {event.price} ticks" if what == "funding" else f"a loss of {event.amount} shared"
    )
    answer.say(f"seq {event.seq}  {rate}: {money(asset.to_decimal(whole))} and {rest} of 10^9", indent=2)
    answer.row(what, rate, asset.to_decimal(whole), asset.symbol, [event.seq])


def _is(event: Any, name: str) -> bool:
    return type(event).__name__ == name


def _share(event: Any, lots: int) -> int:
    """What a socialised loss asks of a position, in 10^-9 of a minor unit; nothing of the other side."""
    side = 1 if event.side == 1 else -1
    return abs(lots) * -(-event.amount * RATE_ONE // event.open_interest) if lots * side > 0 else 0
