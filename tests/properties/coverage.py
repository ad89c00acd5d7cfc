"""What a set of sessions has exercised, and the demand that nothing in the rules is missing from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.model import commands as c
from tests.model import events as e
from tests.model.common_checks import FOR_AN_ACCOUNT
from tests.model.events import Event
from tests.model.refusals import Code

TEXT_MAX = 16_384
MONEY = (c.Withdraw, c.Transfer, c.Draw)
SITUATIONS = (
    "amend in place",
    "amend that trades at once",
    "fill-or-kill filled",
    "filled from three makers",
    "fee paid",
    "maker rebate",
    "rebate withheld",
    "position flipped",
    "maker short of margin",
    "taker short of margin",
    "trade within one account",
    "expiry before a refusal",
    "several expiries at once",
    "funding paid",
    "funding received",
    "funding settled by a trade",
    "isolated with margin",
    "isolated margin returned",
    "isolated position traded",
    "margin added",
    "margin removed",
    "stress moved margin",
    "stress moved nothing",
    "collateral withdrawn",
    *(f"grade stops {kind.__name__}" for kind in (c.Place, c.Amend, c.SettleFunding)),
    "grade stops money",
    *(f"agent: {kind.__name__}" for kind in (c.Place, c.Amend, c.Cancel, c.MassCancel, c.Draw, c.AdjustMargin)),
    *(f"no agent: {kind.__name__}" for kind in (c.Place, c.Amend)),
    "grade falls",
    "trust taken back",
    "note of nobody",
    "longest note",
    *(f"self-trade mode {mode}" for mode in (c.CANCEL_NEWEST, c.CANCEL_OLDEST, c.CANCEL_BOTH, c.DECREMENT)),
)


# What only the sessions of trouble reach; test_trouble.py asks for it.
EVENTS_OF_TROUBLE = tuple(tag for tag in range(e.GROUP_SET, e.LOSS_SOCIALISED + 1) if tag != e.STANDING_CHANGED)
REASONS_OF_TROUBLE = (e.WATERFALL,)
REFUSALS_OF_TROUBLE = (*range(Code.GroupInvalid, Code.PortfolioInvalid + 1), *range(Code.PoolInvalid, 600))


class Coverage:
    """Counts of events, refusals, cancel reasons and of situations that one event alone does not tell."""

    def __init__(self) -> None:
        self.events: Counter[int] = Counter()
        self.refusals: Counter[int] = Counter()
        self.reasons: Counter[int] = Counter()
        self.situations: Counter[str] = Counter()
        self.commands = 0
        self.start()

    def start(self) -> None:
        """A new session begins: what is known of the venue is forgotten, counts are kept."""
        self.lots: dict[tuple[int, int], int] = {}
        self.masters: dict[int, int] = {}
        self.rebated: set[int] = set()
        self.isolated: set[tuple[int, int]] = set()
        self.collateral: set[int] = set()

    def count(self, record: c.Record, events: list[Event]) -> None:
        """Counts one record and its events."""
        self.commands += 1
        for event in events:
            self.events[event[0]] += 1
            self.learn(event)
            if event[0] == e.REJECTED:
                self.refusals[event[4]] += 1
            if event[0] == e.ORDER_CANCELLED:
                self.reasons[event[6]] += 1
        self.situations.update(self.situations_of(record.command, events))
        self.situations.update(situations_of_policies(record, events))

    def learn(self, event: Event) -> None:
        """Remembers which market pays makers, and whose account is whose."""
        if event[0] == e.ACCOUNT_CREATED:
            self.masters[event[2]] = event[3]
        if event[0] == e.FEES_SET:
            (self.rebated.add if event[3] < 0 else self.rebated.discard)(event[2])

        if event[0] == e.POSITION_MODE_SET:
            (self.isolated.add if event[4] else self.isolated.discard)((event[2], event[3]))
        if event[0] == e.COLLATERAL_SET:
            self.collateral.add(event[2])

    def situations_of(self, command: c.Command, events: list[Event]) -> Iterable[str]:
        """What one record led to."""
        tags = [event[0] for event in events]
        trades = [event for event in events if event[0] == e.TRADED]
        if (expiries := [event[6:] for event in events if event[0] == e.ORDER_CANCELLED].count((e.EXPIRED,))) > 0:
            if tags[-1] == e.REJECTED:
                yield "expiry before a refusal"
            if expiries > 1:
                yield "several expiries at once"
        for trade in trades:
            yield from self.situations_of_trade(trade)
        for event in events:
            yield from self.situations_of_margin(event, events)
        if len({trade[7] for trade in trades}) >= 3:
            yield "filled from three makers"
        if isinstance(command, c.Place) and e.ORDER_ACCEPTED in tags:
            yield from situations_of_place(command, events)
        if e.ORDER_AMENDED in tags:
            if events[tags.index(e.ORDER_AMENDED)][-1]:
                yield "amend in place"
            elif trades:
                yield "amend that trades at once"

    def situations_of_trade(self, trade: Event) -> Iterable[str]:
        """What one trade was."""
        _, _, _, market, _, lots, taker_side, _, _, maker, taker, maker_fee, taker_fee, _, _ = trade
        if maker_fee < 0:
            yield "maker rebate"
        if maker_fee > 0 or taker_fee > 0:
            yield "fee paid"
        if maker_fee == 0 and market in self.rebated and self.masters[maker] == self.masters[taker]:
            yield "rebate withheld"
        if maker == taker:
            yield "trade within one account"
        bought = lots if taker_side == c.BUY else -lots
        for account, change in ((maker, -bought), (taker, bought)):
            before = self.lots.get((account, market), 0)
            self.lots[account, market] = before + change
            if before * (before + change) < 0:
                yield "position flipped"
            if (account, market) in self.isolated:
                yield "isolated position traded"

    def situations_of_margin(self, event: Event, events: list[Event]) -> Iterable[str]:
        """What one event tells of margin and funding."""
        if event[0] == e.FUNDING_PAID:
            yield "funding paid" if event[4] > 0 else "funding received"
            if e.TRADED in {other[0] for other in events}:
                yield "funding settled by a trade"
        if event[0] == e.POSITION_MODE_SET:
            _, _, _, _, isolated, amount, _, _ = event
            if events[-1][0] == e.STRESS_SET:
                yield "stress moved margin" if amount > 0 else "stress moved nothing"
            elif amount != 0:
                yield "isolated with margin" if isolated else "isolated margin returned"
        if event[0] == e.MARGIN_ADJUSTED:
            yield "margin added" if event[4] > 0 else "margin removed"
        if event[0] == e.WITHDRAWN and event[3] in self.collateral:
            yield "collateral withdrawn"


def situations_of_policies(record: c.Record, events: list[Event]) -> Iterable[str]:
    """What policies did, or were kept from, and what was said."""
    last, name = events[-1], type(record.command).__name__
    if last[0] == e.REJECTED and last[4] == Code.OracleGrade:
        yield "grade stops money" if isinstance(record.command, MONEY) else f"grade stops {name}"
    if record.origin == c.POLICY and isinstance(record.command, FOR_AN_ACCOUNT):
        if last[0] != e.REJECTED:
            yield f"agent: {name}"
        elif last[4] == Code.AgentNotGranted:
            yield f"no agent: {name}"
    if last[0] == e.ORACLE_SET and last[5] < last[8]:
        yield "grade falls"
    if last[0] == e.AGENT_SET and not last[4]:
        yield "trust taken back"
    if last[0] == e.NOTED:
        if last[2] == 0:
            yield "note of nobody"
        if len(last[6]) == TEXT_MAX:
            yield "longest note"


def situations_of_place(command: c.Place, events: list[Event]) -> Iterable[str]:
    """What the placing of an order led to."""
    accepted = next(event for event in events if event[0] == e.ORDER_ACCEPTED)
    if command.time_in_force == c.FOK:
        yield "fill-or-kill filled"
    for event in events:
        if event[0] != e.ORDER_CANCELLED:
            continue
        if event[6] == e.MARGIN:
            yield "taker short of margin" if event[2] == accepted[2] else "maker short of margin"
        if event[6] == e.SELF_TRADE:
            yield f"self-trade mode {command.self_trade}"


def missing(coverage: Coverage, at_least: int) -> list[str]:
    """What was exercised less than `at_least` times, by name."""
    counts = {
        f"event {name}": coverage.events[tag] for tag, (name, _) in e.FIELDS.items() if tag not in EVENTS_OF_TROUBLE
    }
    counts |= {f"refusal {code.name}": coverage.refusals[code] for code in Code if code not in REFUSALS_OF_TROUBLE}
    reasons = {reason: name for reason, name in e.CANCEL_REASONS.items() if reason not in REASONS_OF_TROUBLE}
    counts |= {f"cancelled: {name}": coverage.reasons[reason] for reason, name in reasons.items()}
    counts |= {situation: coverage.situations[situation] for situation in SITUATIONS}
    return [f"{what}: {count}" for what, count in counts.items() if count < at_least]
