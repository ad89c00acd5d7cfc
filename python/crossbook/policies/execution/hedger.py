"""A hedger: keeps what an account is worth long or short, over several markets, within a band.

    delta = Σ lots · mark · tick_value        over the watched markets and the hedge market, in minor units

Beyond `band` of `target` it sends one order that brings delta as near to the target as whole lots do,

    lots = min(floor(|delta − target| / (mark · tick_value)), lots_max, order_max_lots)      of the hedge market

immediate or cancel, and then waits for `cooldown_ns`, whatever became of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct

from crossbook.commands import MarketMode, OrderKind, Place, Side, TimeInForce, command_tag
from crossbook.events import (
    AgentSet,
    Event,
    MarketModeSet,
    MarkSet,
    OrderAccepted,
    PositionMoved,
    Rejected,
    Traded,
)
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.execution import topics
from crossbook.rejects import REASONS
from crossbook.rows import MarketRow

SECOND_NS: Final = 1_000_000_000


class HedgerState(Struct):
    """When the cooldown ends (ns), whether an order was sent and not heard of, and the refusal last reported.

    `refusal` is its code, or -1 for the missing grant; 0 while nothing is wrong.
    """

    ready_at: int = 0
    sent: bool = False
    refusal: int = 0


class Hedger(Struct, frozen=True):
    """Keeps an account's delta within a band by trading one market.

    Attributes:
        account: whose delta; it grants the policy as its agent.
        market: the hedge market.
        markets: other markets whose lots count, such as the other one of a pair.
        group: the group whose markets count as well, 0 for none.
        target: the delta that is wanted, in minor units, long positive.
        band: how far delta may be from it, in minor units.
        lots_max: of one order.
        cooldown_ns: from one order to the next.
    """

    role: ClassVar[str] = "execution"
    name: ClassVar[str] = "hedger"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset(
        {Traded, MarkSet, PositionMoved, AgentSet, MarketModeSet, OrderAccepted, Rejected}
    )
    State: ClassVar[type[Struct]] = HedgerState

    account: int
    market: int
    markets: tuple[int, ...] = ()
    group: int = 0
    target: int = 0
    band: int = 1_000_000_000
    lots_max: int = 1_000
    cooldown_ns: Annotated[int, Meta(ge=1)] = 5 * SECOND_NS

    def react(self, state: HedgerState, turn: Turn) -> Reaction[HedgerState]:
        """Measure delta, and send an order if it is out of the band and the cooldown is over."""
        proposals: list[Proposal] = []
        delta, hedge = self._delta(turn)
        refused = self._answer(state, turn)
        if refused:
            proposals.append(self._report(refused, delta))
        if hedge is None or not hedge.mark or abs(delta - self.target) <= self.band:
            return Reaction(state, tuple(proposals))
        if turn.time_ns < state.ready_at:
            return Reaction(state, tuple(proposals), state.ready_at)
        if not self._granted(turn):
            if state.refusal != -1:
                state.refusal = -1
                proposals.append(self._report(0, delta))
            return Reaction(state, tuple(proposals))
        order = self._order(delta, hedge)
        if order is None or hedge.mode != MarketMode.CONTINUOUS:
            return Reaction(state, tuple(proposals))
        state.sent, state.ready_at = True, turn.time_ns + self.cooldown_ns
        return Reaction(state, (*proposals, Proposal(order)), state.ready_at)

    def _delta(self, turn: Turn) -> tuple[int, MarketRow | None]:
        """The account's delta over what is watched, and the hedge market."""
        markets = {row.market: row for row in turn.view.markets()}
        account = turn.view.account(self.account)
        delta = 0
        for position in account.positions if account else []:
            row = markets[position.market]
            in_group = self.group != 0 and row.scenarios[0] == self.group
            if in_group or position.market == self.market or position.market in self.markets:
                delta += position.lots * row.mark * row.tick_value
        return delta, markets.get(self.market)

    def _granted(self, turn: Turn) -> bool:
        account = turn.view.account(self.account)
        return account is not None and turn.author in account.agents

    def _answer(self, state: HedgerState, turn: Turn) -> int:
        """What became of the order that was sent: the code of a refusal that was not reported yet, else 0.

        Nothing comes between an order and its answer, so the first that fits is the answer.
        """
        if not state.sent:
            return 0
        for event in turn.events:
            if isinstance(event, OrderAccepted) and (event.account, event.market) == (self.account, self.market):
                state.sent, state.refusal = False, 0
                return 0
            if isinstance(event, Rejected) and (event.account, event.command) == (self.account, command_tag(Place)):
                known, state.sent, state.refusal = state.refusal, False, event.code
                return event.code if event.code != known else 0
        return 0

    def _order(self, delta: int, hedge: MarketRow) -> Place | None:
        """The order that brings delta back; None if the way back is less than a lot."""
        gap = delta - self.target
        lots = min(abs(gap) // (hedge.mark * hedge.tick_value), self.lots_max, hedge.order_max_lots)
        side = Side.SELL if gap > 0 else Side.BUY
        if lots < 1:
            return None
        return Place(self.account, self.market, side, OrderKind.MARKET, 0, lots, TimeInForce.IOC)

    def _report(self, code: int, delta: int) -> Proposal:
        reason = REASONS[code].code.name.lower() if code else "not_granted"
        body = topics.HedgerRefused(self.account, self.market, delta, reason, code)
        return Proposal(notes.note(topics.HEDGER_REFUSED, body))
