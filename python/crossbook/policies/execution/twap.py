"""TWAP: a parent order worked in slices of equal lots at equal distances of stamped time.

With n slices of an order of L lots that began at t and lasts d, slice i (from 0) is due at `t + floor(d · i / n)` and
brings the order to its goal:

    goal(i) = floor(L · (i + 1) / n)
    child   = min(goal(i) − filled, catch_up · ceil(L / n), order_max_lots of the market)

so what one slice missed the next ones make up for, but never more than `catch_up` slices at once. The order ends when
it is filled, cancelled, or at `t + d`. A child that the venue refuses is not sent again before the next slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct, field

from crossbook import commands as c
from crossbook.commands import Note, OrderKind, Origin, Place, Side, TimeInForce
from crossbook.events import Event, Noted, OrderAccepted, OrderAmended, OrderCancelled, Rejected, Traded
from crossbook.policies import notes
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.execution import topics
from crossbook.policies.requests import requests
from crossbook.rows import MarketRow

SECOND_NS: Final = 1_000_000_000
FIRST_TAG: Final = 1 << 63
"""Children carry client order ids from here on, far from those that clients choose."""

_TOPICS: Final = frozenset({topics.ORDER, topics.CANCEL})


class Parent(Struct):
    """An order that is being worked, and what became of it so far; `cause` is the seq of its note.

    `slice` slices were due so far. `tag` is the client order id of the child that was sent and not yet heard of,
    `child` the id of the one that is open with `open` lots.
    """

    order: topics.Order
    begin_ns: int
    cause: int
    slice: int = 0
    filled: int = 0
    value: int = 0
    children: int = 0
    refused: int = 0
    code: int = 0
    tag: int = 0
    child: int = 0
    open: int = 0

    @property
    def due_ns(self) -> int:
        """When its next slice is due; its end, after the last."""
        return self.begin_ns + self.order.duration_ns * self.slice // self.order.slices

    def goal(self) -> int:
        """How much is to be filled by the slices that were due so far."""
        return self.order.lots * self.slice // self.order.slices


class TwapState(Struct):
    """The orders that are worked, by account and number; their open children by order id; the last tag given."""

    parents: dict[str, Parent] = field(default_factory=dict)
    children: dict[int, str] = field(default_factory=dict)
    tags: int = 0


class Twap(Struct, frozen=True):
    """Works the orders that clients ask for by `twap.order`, for accounts that granted it as their agent.

    Attributes:
        catch_up: how many slices a child may make up for at most.
        slices_max: of one order.
        interval_ns_min: the least distance of two slices.
        duration_ns_max: of one order.
        orders_max: of one account at a time.
        orders_total_max: of all accounts at a time.
    """

    role: ClassVar[str] = "execution"
    name: ClassVar[str] = "twap"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset(
        {Noted, OrderAccepted, OrderAmended, OrderCancelled, Rejected, Traded}
    )
    State: ClassVar[type[Struct]] = TwapState

    catch_up: int = 3
    slices_max: int = 1_000
    interval_ns_min: int = SECOND_NS
    duration_ns_max: int = 7 * 86_400 * SECOND_NS
    orders_max: int = 16
    orders_total_max: int = 1_000

    def react(self, state: TwapState, turn: Turn) -> Reaction[TwapState]:
        """Follow the children, take up and drop orders, send the slices that are due."""
        proposals: list[Proposal] = []
        for event in turn.events:
            _follow(state, event)
        for request in requests(turn.events, _TOPICS):
            proposals += self._asked(state, turn, request)
        for key in list(state.parents):
            proposals += self._work(state, turn, key)
        wake = min((parent.due_ns for parent in state.parents.values()), default=None)
        return Reaction(state, tuple(proposals), wake)

    # --- requests ---------------------------------------------------------------------------------------------------

    def _asked(self, state: TwapState, turn: Turn, event: Noted) -> Iterator[Proposal]:
        """Take up an order, or drop one; an answer goes to whoever may not, or did not say what is to be done."""
        body = notes.read(event, topics.ORDER, topics.Order) or notes.read(event, topics.CANCEL, topics.Cancel)
        if body is None:
            yield _refuse(event, 0, "body")
        elif event.origin == Origin.CLIENT and event.account != body.account:
            yield _refuse(event, body.order, "account")
        elif isinstance(body, topics.Order):
            reason = self._objection(state, turn, body)
            if reason:
                yield _refuse(event, body.order, reason)
            else:
                state.parents[_key(body)] = Parent(body, turn.time_ns, event.seq)
        elif _key(body) in state.parents:
            yield from _end(state, _key(body), "cancelled", cause=event.seq)
        else:
            yield _refuse(event, body.order, "order")

    def _objection(self, state: TwapState, turn: Turn, order: topics.Order) -> str:
        """What keeps an order from being taken up, the first that holds; empty if nothing does."""
        account, market = turn.view.account(order.account), turn.view.market(order.market)
        if account is None or market is None:
            return "market" if account else "account"
        worked = sum(parent.order.account == order.account for parent in state.parents.values())
        reasons = {
            "order": not order.order or _key(order) in state.parents,
            "lots": not 1 <= order.lots <= market.position_max,
            "slices": not 1 <= order.slices <= min(self.slices_max, order.lots),
            "duration_ns": not order.slices * self.interval_ns_min <= order.duration_ns <= self.duration_ns_max,
            "price": not 0 <= order.price <= market.price_max,
            "too_many": worked >= self.orders_max or len(state.parents) >= self.orders_total_max,
            "not_granted": turn.author not in account.agents,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    # --- slices -----------------------------------------------------------------------------------------------------

    def _work(self, state: TwapState, turn: Turn, key: str) -> Iterator[Proposal]:
        """End an order, or send its next slice, if it is time for either."""
        parent = state.parents[key]
        order = parent.order
        if parent.filled >= order.lots:
            yield from _end(state, key, "filled")
        elif turn.time_ns >= order.duration_ns + parent.begin_ns:
            yield from _end(state, key, "ended")
        elif turn.time_ns >= parent.due_ns:
            account, market = turn.view.account(order.account), turn.view.market(order.market)
            if account is None or market is None or turn.author not in account.agents:
                yield from _end(state, key, "not_granted")
                return
            while parent.due_ns <= turn.time_ns:
                parent.slice += 1
            lots = self._child_lots(parent, market)
            if lots > 0:
                yield Proposal(_child(state, turn, parent, market, lots), parent.cause)

    def _child_lots(self, parent: Parent, market: MarketRow) -> int:
        # A resting child has expired when the next one is looked at, so only what is filled counts.
        slice_lots = -(-parent.order.lots // parent.order.slices)
        return min(parent.goal() - parent.filled, self.catch_up * slice_lots, market.order_max_lots)


def _child(state: TwapState, turn: Turn, parent: Parent, market: MarketRow, lots: int) -> Place:
    """The order of one slice; a resting one expires when the next slice, whose number the parent has, is due."""
    order = parent.order
    state.tags += 1
    parent.tag = FIRST_TAG + state.tags
    parent.children += 1
    kind, price = (OrderKind.LIMIT, order.price) if order.price else (OrderKind.MARKET, 0)
    time_in_force, expires_at = TimeInForce.IOC, 0
    if order.style == "rest":
        kind, price = OrderKind.LIMIT, _resting_price(turn, order, market)
        time_in_force, expires_at = TimeInForce.GTD, parent.due_ns
    return Place(
        order.account,
        order.market,
        order.side,
        kind,
        price,
        lots,
        time_in_force,
        post_only=order.style == "rest",
        reduce_only=order.reduce_only,
        client_order=parent.tag,
        expires_at=expires_at,
    )


def _resting_price(turn: Turn, order: topics.Order, market: MarketRow) -> int:
    """The best price of the order's own side, or the mark, and not worse than the order's limit."""
    levels = turn.view.book(order.market, 1)[0 if order.side == Side.BUY else 1]
    best = levels[0][0] if levels else market.mark
    if not order.price:
        return best
    return min(best, order.price) if order.side == Side.BUY else max(best, order.price)


# --- what became of the children -------------------------------------------------------------------------------------


def _follow(state: TwapState, event: Event) -> None:
    """What one event says of a child."""
    if isinstance(event, OrderAccepted):
        key = next((key for key, one in state.parents.items() if one.tag and one.tag == event.client_order), None)
        if key is not None:
            parent = state.parents[key]
            parent.tag, parent.child, parent.open = 0, event.order, event.lots
            state.children[event.order] = key
    elif isinstance(event, Rejected):
        _refused(state, event)
    elif isinstance(event, Traded):
        for order in (event.maker_order, event.taker_order):
            if order in state.children:
                parent = state.parents[state.children[order]]
                parent.filled += event.lots
                parent.value += event.lots * event.price
                _left(state, order, parent.open - event.lots)
    elif isinstance(event, OrderAmended):
        _left(state, event.order, event.remaining)
    elif isinstance(event, OrderCancelled):
        _left(state, event.order, 0)


def _refused(state: TwapState, event: Rejected) -> None:
    """A refused order of an account is the first of its children that nothing was heard of: answers come in order."""
    if event.command != c.command_tag(Place):
        return
    waiting = (one for one in state.parents.values() if one.tag and one.order.account == event.account)
    parent = min(waiting, key=lambda one: one.tag, default=None)
    if parent is not None:
        parent.tag = 0
        parent.refused += 1
        parent.code = event.code


def _left(state: TwapState, order: int, lots: int) -> None:
    """What is open of a child from now on; it is forgotten when nothing is."""
    key = state.children.get(order)
    if key is None:
        return
    parent = state.parents[key]
    if lots:
        parent.open = lots
    else:
        del state.children[order]
        if parent.child == order:
            parent.child = parent.open = 0


def _end(state: TwapState, key: str, status: str, *, cause: int = 0) -> Iterator[Proposal]:
    """Take an order off, with its open child, and say what became of it."""
    parent = state.parents.pop(key)
    order = parent.order
    for child in [child for child, owner in state.children.items() if owner == key]:
        del state.children[child]
        if status == "cancelled":
            yield Proposal(c.Cancel(order.account, child), cause)
    done = topics.Done(
        order.account,
        order.order,
        status,
        order.lots,
        parent.filled,
        parent.value,
        parent.children,
        parent.refused,
        parent.code,
    )
    yield Proposal(notes.note(topics.DONE, done), cause or parent.cause)


def _key(body: topics.Order | topics.Cancel) -> str:
    return f"{body.account}:{body.order}"


def _refuse(event: Noted, order: int, reason: str) -> Proposal:
    note: Note = notes.note(topics.REFUSED, topics.Refused(event.account, order, event.topic, reason))
    return Proposal(note, event.seq)
