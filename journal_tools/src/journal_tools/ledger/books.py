"""Events, and the entries they make: who got what, from genesis on. Nothing is read from the state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from journal_tools.errors import Finding
from journal_tools.ledger.dues import RATE_ONE, Clearing, Dues, Holding
from journal_tools.ledger.entries import Balance, Entry, Kind

Take = Callable[[Balance, Entry], object]
"""Called with every entry and the balance it belongs to."""

MOVES: Final = {1: "auction", 2: "take-over", 3: "deleveraging"}


class Books:
    """Every balance, kept from events.

    Attributes:
        sums: what the entries of each balance come to.
        counts: how many they are.
    """

    def __init__(self, take: Take | None = None) -> None:
        self.sums: dict[Balance, int] = defaultdict(int)
        self.counts: dict[Balance, int] = defaultdict(int)
        self._take = take
        self._markets: dict[int, Clearing] = {}
        self._backed: dict[int, int] = {}
        self._holdings: dict[int, dict[int, Holding]] = defaultdict(dict)
        self._isolating_by_stress = False

    def book(self, events: Sequence[Any]) -> None:
        """Take the events of one command. Raises Finding `funding_differs`."""
        self._isolating_by_stress = any(type(event).__name__ == "StressSet" for event in events)
        for event in events:
            handler = self._handlers.get(type(event).__name__)
            if handler is not None:
                handler(self, event)

    # --- what it is made of ---------------------------------------------------------------------------------------

    def _put(self, balance: Balance, entry: Entry) -> None:
        if entry.amount == 0:
            return
        self.sums[balance] += entry.amount
        self.counts[balance] += 1
        if self._take is not None:
            self._take(balance, entry)

    def _holding(self, account: int, market: int) -> Holding:
        return self._holdings[account].setdefault(market, Holding())

    def _pool(self, account: int, market: int) -> Balance:
        """The balance of the pool that a position stands in."""
        if self._holding(account, market).isolated:
            return _margin(account, self._markets[market].settlement, market)
        return _cash(account, self._markets[market].settlement)

    def _settle(self, account: int, market: int, seq: int) -> Dues:
        """Settle a position; what it owed, in minor units. The event that says so comes only if that is not nothing."""
        clearing, holding = self._markets[market], self._holding(account, market)
        dues = clearing.owed(holding)
        dust = clearing.settle(holding)
        self._put(_of(Kind.DUST, clearing.settlement), Entry(seq, "rounding", dust, "FundingPaid", market, account))
        return dues

    def _settle_silently(self, account: int, markets: Sequence[int], seq: int) -> None:
        """What a command settles without saying so owes nothing, once rounded."""
        for market in markets:
            dues = self._settle(account, market, seq)
            if dues != (0, 0):
                raise _differs(seq, account, market, Dues(0, 0), dues)

    def _settle_cross(self, account: int, asset: int, seq: int) -> None:
        """The cross pool behind a balance: for collateral that of the asset it counts towards."""
        settlement = self._backed.get(asset, asset)
        held = self._holdings[account].items()
        markets = [
            market
            for market, holding in held
            if not holding.isolated and self._markets[market].settlement == settlement
        ]
        self._settle_silently(account, markets, seq)

    def _move_lots(self, account: int, lots: int, value: int, entry: Entry) -> None:
        """Signed lots for a signed value; the amount of the entry is what they realised."""
        clearing, holding = self._markets[entry.market], self._holding(account, entry.market)
        cost = value + entry.amount
        holding.lots += lots
        holding.cost += cost
        clearing.remember(holding)
        self._put(_of_position(Kind.POSITION, account, clearing.settlement, entry.market), entry._replace(amount=lots))
        self._put(_of_position(Kind.COST, account, clearing.settlement, entry.market), entry._replace(amount=cost))

    # --- money in, out and across ---------------------------------------------------------------------------------

    def _market_added(self, event: Any) -> None:
        self._markets[event.market] = Clearing(event.settlement, event.tick_value)

    def _collateral_set(self, event: Any) -> None:
        self._backed[event.asset] = event.settlement

    def _deposited(self, event: Any) -> None:
        entry = Entry(event.seq, "deposit", event.amount, "Deposited")
        self._put(_cash(event.account, event.asset), entry)
        self._put(_of(Kind.NET_DEPOSITS, event.asset), entry._replace(other=event.account))

    def _withdrawn(self, event: Any) -> None:
        self._settle_cross(event.account, event.asset, event.seq)
        entry = Entry(event.seq, "withdrawal", -event.amount, "Withdrawn")
        self._put(_cash(event.account, event.asset), entry)
        self._put(_of(Kind.NET_DEPOSITS, event.asset), entry._replace(other=event.account))

    def _transferred(self, event: Any) -> None:
        self._settle_cross(event.source, event.asset, event.seq)
        name = type(event).__name__
        kind = "transfer" if name == "Transferred" else "draw"
        for account, other, amount in (
            (event.source, event.destination, -event.amount),
            (event.destination, event.source, event.amount),
        ):
            self._put(_cash(account, event.asset), Entry(event.seq, kind, amount, name, other=other))

    # --- trades and moves -----------------------------------------------------------------------------------------

    def _traded(self, event: Any) -> None:
        clearing = self._markets[event.market]
        for account in (event.maker, event.taker):
            self._settle_silently(account, [event.market], event.seq)
        value = event.price * event.lots * clearing.tick_value
        buys = event.taker_side == 1
        for role, account, other, order, fee, realised, sign in (
            ("maker", event.maker, event.taker, event.maker_order, event.maker_fee, event.maker_realised, -1),
            ("taker", event.taker, event.maker, event.taker_order, event.taker_fee, event.taker_realised, 1),
        ):
            signed = sign if buys else -sign
            pool = self._pool(account, event.market)
            entry = Entry(event.seq, "realised", realised, "Traded", event.market, other, f"order {order}")
            self._put(pool, entry._replace(kind=f"{role} fee", amount=-fee))
            self._put(pool, entry)
            earned = entry._replace(kind=f"{role} fee", amount=fee, other=account)
            self._put(_of(Kind.FEES, clearing.settlement), earned)
            self._move_lots(account, signed * event.lots, signed * value, entry._replace(kind="trade"))

    def _position_moved(self, event: Any) -> None:
        for account in (event.source, event.destination):
            self._settle_silently(account, [event.market], event.seq)
        value = event.value if event.lots > 0 else -event.value
        for account, other, lots, realised in (
            (event.source, event.destination, -event.lots, event.source_realised),
            (event.destination, event.source, event.lots, event.destination_realised),
        ):
            moved = MOVES[int(event.reason)]
            entry = Entry(event.seq, moved, realised, "PositionMoved", event.market, other)
            self._put(self._pool(account, event.market), entry)
            self._move_lots(account, lots, value if lots == event.lots else -value, entry)

    def _liquidation_ended(self, event: Any) -> None:
        pool = self._pool(event.account, event.market)
        entry = Entry(event.seq, "liquidation fee", -event.fee, "LiquidationEnded", event.market)
        self._put(pool, entry._replace(reference=f"order {event.order}"))
        fund = _fund(pool.asset, pool.market)
        self._put(fund, entry._replace(amount=event.fee, other=event.account, reference=f"order {event.order}"))

    # --- funding --------------------------------------------------------------------------------------------------

    def _funding_settled(self, event: Any) -> None:
        self._markets[event.market].index = event.index_whole * RATE_ONE + event.index_fraction

    def _funding_paid(self, event: Any) -> None:
        dues = self._settle(event.account, event.market, event.seq)
        if dues != (event.funding, event.loss):
            raise _differs(event.seq, event.account, event.market, Dues(event.funding, event.loss), dues)
        pool = self._pool(event.account, event.market)
        entry = Entry(event.seq, "funding", -event.funding, "FundingPaid", event.market)
        self._put(pool, entry)
        self._put(pool, entry._replace(kind="shared loss", amount=-event.loss))

    # --- isolated margin ------------------------------------------------------------------------------------------

    def _position_mode_set(self, event: Any) -> None:
        self._settle_silently(event.account, [event.market], event.seq)
        if event.amount != 0 and not self._isolating_by_stress:
            self._settle_cross(event.account, self._markets[event.market].settlement, event.seq)
        kind = "stress" if self._isolating_by_stress else "isolation" if event.isolated else "return to cross"
        self._shift(event, kind)
        self._holding(event.account, event.market).isolated = event.isolated

    def _margin_adjusted(self, event: Any) -> None:
        self._settle_silently(event.account, [event.market], event.seq)
        self._settle_cross(event.account, self._markets[event.market].settlement, event.seq)
        self._shift(event, "margin adjusted")

    def _shift(self, event: Any, kind: str) -> None:
        asset = self._markets[event.market].settlement
        entry = Entry(event.seq, kind, event.amount, type(event).__name__, event.market)
        self._put(_margin(event.account, asset, event.market), entry)
        self._put(_cash(event.account, asset), entry._replace(amount=-event.amount))

    # --- insurance and losses -------------------------------------------------------------------------------------

    def _insurance_funded(self, event: Any) -> None:
        entry = Entry(event.seq, "insurance funded", event.amount, "InsuranceFunded", event.market, event.account)
        self._put(_fund(event.asset, event.market), entry)
        paid = entry._replace(amount=-event.amount, other=0)
        if event.account:
            self._settle_cross(event.account, event.asset, event.seq)
            self._put(_cash(event.account, event.asset), paid)
        else:
            self._put(_of(Kind.FEES, event.asset), paid)

    def _loss_covered(self, event: Any) -> None:
        pool = _cash(event.account, event.asset)
        if event.market:
            pool = _margin(event.account, event.asset, event.market)
        entry = Entry(event.seq, "loss covered", event.amount, "LossCovered", event.market)
        self._put(pool, entry)
        fund = _fund(event.asset, event.market)
        self._put(fund, entry._replace(amount=-event.amount, other=event.account))

    def _collateral_converted(self, event: Any) -> None:
        entry = Entry(event.seq, "collateral converted", event.amount, "CollateralConverted")
        cash = _cash(event.account, event.asset), _cash(event.account, event.settlement)
        self._put(cash[0], entry._replace(amount=-event.amount))
        self._put(cash[1], entry._replace(amount=event.value))
        of_account = entry._replace(other=event.account)
        self._put(_fund(event.asset, 0), of_account)
        self._put(_fund(event.settlement, 0), of_account._replace(amount=-event.value))

    def _loss_socialised(self, event: Any) -> None:
        pool = self._pool(event.account, event.market)
        entry = Entry(event.seq, "loss socialised", event.amount, "LossSocialised", event.market)
        self._put(pool, entry)
        dust = self._markets[event.market].share_loss(int(event.side), event.amount, event.open_interest)
        self._put(_of(Kind.DUST, event.asset), entry._replace(kind="rounding", amount=dust, other=event.account))

    _handlers: ClassVar[dict[str, Callable[[Books, Any], None]]] = {
        "MarketAdded": _market_added,
        "CollateralSet": _collateral_set,
        "Deposited": _deposited,
        "Withdrawn": _withdrawn,
        "Transferred": _transferred,
        "Drawn": _transferred,
        "Traded": _traded,
        "PositionMoved": _position_moved,
        "LiquidationEnded": _liquidation_ended,
        "FundingSettled": _funding_settled,
        "FundingPaid": _funding_paid,
        "PositionModeSet": _position_mode_set,
        "MarginAdjusted": _margin_adjusted,
        "InsuranceFunded": _insurance_funded,
        "LossCovered": _loss_covered,
        "CollateralConverted": _collateral_converted,
        "LossSocialised": _loss_socialised,
    }


def _cash(account: int, asset: int) -> Balance:
    return Balance(Kind.CASH, account, asset, 0)


def _margin(account: int, asset: int, market: int) -> Balance:
    return Balance(Kind.MARGIN, account, asset, market)


def _of_position(kind: Kind, account: int, asset: int, market: int) -> Balance:
    return Balance(kind, account, asset, market)


def _fund(asset: int, market: int) -> Balance:
    return Balance(Kind.INSURANCE, 0, asset, market)


def _of(kind: Kind, asset: int) -> Balance:
    return Balance(kind, 0, asset, 0)


def _differs(seq: int, account: int, market: int, said: Dues, found: Dues) -> Finding:
    return Finding(
        f"seq {seq}: account {account} settled funding {said.funding} and loss {said.loss} in market {market}, "
        f"by the indices it owed {found.funding} and {found.loss}",
        code="funding_differs",
        hint="the kernel that answered here does not follow docs/rules_margin.md, Funding",
        seq=seq,
        account=account,
        market=market,
        said=list(said),
        found=list(found),
    )
