"""Preview: commands applied to a scratch copy of the kernel, by the code that would apply them in earnest.

What comes back are the events and views of that copy, so a preview and a submission with nothing between agree to the
unit; the venue itself is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from crossbook._kernel import Kernel
from crossbook.commands import Amend, Command, Observe, Place, Side
from crossbook.errors import NotFound
from crossbook.events import Event, OrderAccepted, OrderAmended, OrderCancelled, OrderRested, Rejected, Traded
from crossbook.quantities import MarketUnit, from_rate
from crossbook.rejects import RejectCode
from crossbook.session import Envelope, Provenance, pack
from crossbook.state import StateView
from crossbook.views import (
    BookView,
    CommandPreview,
    ConstraintView,
    Explanation,
    FillView,
    Preview,
    SlippageView,
)
from crossbook.wire import decode_events

_CONSTRAINTS = msgspec.msgpack.Decoder(list[tuple[RejectCode, int, int]])


def preview(
    kernel: Kernel,
    items: Iterable[Command | Envelope],
    *,
    now_ns: int,
    default: Provenance,
    account: int,
) -> Preview:
    """What the commands would do, in order; `account` is the one to explain, by default that of the first that has one.

    Raises:
        InputError: those of `Session.submit`.
        NotFound: `unknown_account`.
    """
    items = list(items)
    present = StateView(kernel)
    which = account or next((owner for owner in map(_owner, items) if owner), 0)
    before = _explained(present, which)
    scratch = kernel.scratch()
    commands = tuple(_step(scratch, item, now_ns, default) for item in items)
    after = _explained(StateView(scratch), which)
    if account and after is None:
        present.account(account)  # raises NotFound: nobody has opened it, before or after
    return Preview(commands, which, before, after)


def _owner(item: Command | Envelope) -> int:
    command = item.command if isinstance(item, Envelope) else item
    if isinstance(command, Observe):  # its source is nobody's account
        return 0
    owner: int = getattr(command, "account", 0) or getattr(command, "source", 0)
    return owner


def _explained(view: StateView, account: int) -> Explanation | None:
    try:
        return view.explain(account) if account else None
    except NotFound:
        return None


def _step(scratch: Kernel, item: Command | Envelope, now_ns: int, default: Provenance) -> CommandPreview:
    """Apply one command to the copy, and say what came of it."""
    view = StateView(scratch)
    command = item.command if isinstance(item, Envelope) else item
    last = scratch.time_ns
    (block,) = pack([item], now_ns=max(now_ns, last), last_time_ns=last, default=default)
    unit = _market(view, command)
    book = view.book(unit.market, 1) if unit else None
    raw = scratch.apply(block.body, first_seq=scratch.seq + 1, base_time_ns=block.first_time_ns, count=block.count)
    events = tuple(decode_events(raw))
    reject = next((event for event in events if isinstance(event, Rejected)), None)
    if unit is None:
        return _without_fills(command, events, reject)
    trades = [event for event in events if isinstance(event, Traded)]
    noted = _CONSTRAINTS.decode(scratch.constraints())
    constraints = tuple(_constraint(code, value, limit, unit) for code, value, limit in noted)
    return _told(command, events, reject, trades, constraints, unit, book, view)


def _market(view: StateView, command: Command) -> MarketUnit | None:
    """The market a command trades in, as far as it can be known."""
    market = getattr(command, "market", 0)
    if isinstance(command, Amend):
        orders = [order for order in view.orders(command.account) if command.order in (0, order.order)]
        named = [order for order in orders if command.order or order.client_order == command.client_order]
        market = named[0].market if named else 0
    try:
        return view.market_unit(market) if market else None
    except NotFound:
        return None


def _without_fills(command: Command, events: tuple[Event, ...], reject: Rejected | None) -> CommandPreview:
    zero = Decimal(0)
    return CommandPreview(command, events, reject, None, (), zero, zero, None, None, None, None, ())


def _told(
    command: Command,
    events: tuple[Event, ...],
    reject: Rejected | None,
    trades: Sequence[Traded],
    constraints: tuple[ConstraintView, ...],
    unit: MarketUnit,
    book: BookView | None,
    view: StateView,
) -> CommandPreview:
    """The command's fills and what they cost."""
    side = trades[0].taker_side if trades else None
    fills = tuple(_fill(trade, unit) for trade in trades)
    filled = sum((fill.size for fill in fills), Decimal(0))
    mark, mid = view.market(unit.market).mark, book.mid if book else None
    own = _own_orders(command, events)
    rested = [event.lots for event in events if isinstance(event, OrderRested) and event.order in own]
    cut = [event.reason for event in events if isinstance(event, OrderCancelled) and event.order in own]
    return CommandPreview(
        command=command,
        events=events,
        reject=reject,
        side=side,
        fills=fills,
        filled=filled,
        resting=unit.size(rested[-1]) if rested else Decimal(0),
        cut=cut[-1] if cut else None,
        average_price=_average(fills),
        against_mark=_slippage(fills, side, mark, unit),
        against_mid=_slippage(fills, side, mid, unit),
        constraints=constraints,
    )


def _fill(trade: Traded, unit: MarketUnit) -> FillView:
    notional = unit.money(trade.price * trade.lots * unit.tick_value)
    return FillView(unit.price(trade.price), unit.size(trade.lots), notional, unit.money(trade.taker_fee))


def _own_orders(command: Command, events: Sequence[Event]) -> set[int]:
    """The order that the command placed or amended, apart from those it met."""
    if not isinstance(command, (Place, Amend)):
        return set()
    return {event.order for event in events if isinstance(event, (OrderAccepted, OrderAmended))}


def _average(fills: Sequence[FillView]) -> Fraction | None:
    size = sum((Fraction(fill.size) for fill in fills), Fraction(0))
    return sum((Fraction(fill.price) * Fraction(fill.size) for fill in fills), Fraction(0)) / size if fills else None


def _slippage(
    fills: Sequence[FillView], side: Side | None, reference: Decimal | None, unit: MarketUnit
) -> SlippageView | None:
    """What the fills cost against a price: paid above it, or received below it."""
    average = _average(fills)
    if average is None or reference is None or side is None:
        return None
    sign = 1 if side is Side.BUY else -1
    price = sign * (average - Fraction(reference))
    size = sum((Fraction(fill.size) for fill in fills), Fraction(0))
    # Money of one unit of price on one unit of size: the tick value over a tick of a lot.
    worth = Fraction(unit.money(unit.tick_value)) / (Fraction(unit.tick_size) * Fraction(unit.lot_size))
    return SlippageView(reference, price, price * size * worth, price / Fraction(reference))


_LOTS = {
    RejectCode.ORDER_TOO_LARGE,
    RejectCode.POSITION_LIMIT,
    RejectCode.CONCENTRATION_CAP,
    RejectCode.OPEN_INTEREST_CAP,
    RejectCode.FILL_OR_KILL_UNFILLED,
}
_MONEY = {RejectCode.NOTIONAL_TOO_SMALL, RejectCode.EXPOSURE_CAP, RejectCode.MARGIN_INSUFFICIENT}


def _constraint(code: RejectCode, value: int, limit: int, unit: MarketUnit) -> ConstraintView:
    """A constraint in whole units."""
    if code in _LOTS:
        return ConstraintView(code, unit.size(value), unit.size(limit))
    if code in _MONEY:
        return ConstraintView(code, unit.money(value), unit.money(limit))
    if code is RejectCode.PRICE_OUTSIDE_BAND:  # ticks times a rate
        return ConstraintView(code, from_rate(value) * unit.tick_size, from_rate(limit) * unit.tick_size)
    return ConstraintView(code, Decimal(value), Decimal(limit))
