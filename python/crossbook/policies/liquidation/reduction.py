"""The rungs that trade in the book: a hedge, a bounded reduction, a full close.

A hedged pool must not lose one leg and keep the other. So positions on one underlying are reduced together, by the
same share, in one submission; and a portfolio pool, whose legs cover one another, is reduced only by what is naked.
"""

from __future__ import annotations

from itertools import groupby

from msgspec import Struct

from crossbook import formulas
from crossbook.commands import RATE_ONE, Command, Hedge, Liquidate, Side
from crossbook.policies.liquidation.cases import Case
from crossbook.policies.liquidation.present import Plight, Present, share_up
from crossbook.policies.liquidation.terms import Outcome, Pass, Stage, Step, Terms
from crossbook.rows import MarketRow, PositionRow

DEPTH = 20
"""Levels of a book that are looked at to find out what a hedge costs."""


def reduce(terms: Terms, case: Case, plight: Plight, present: Present) -> Outcome:
    """A share of what restores the pool, no worse than the fillable price, then a cooldown."""
    return _paced("reduce", terms, case, plight, present) or _reduction(terms, plight, present)


def hedge(terms: Terms, case: Case, plight: Plight, present: Present) -> Outcome:
    """Portfolio pools only: the order that takes most off the worst loss of a group for what it costs."""
    if not plight.is_portfolio:
        return Pass("not_portfolio")
    return _paced("hedge", terms, case, plight, present) or _hedge(terms, plight, present)


def close(_terms: Terms, _case: Case, plight: Plight, present: Present) -> Outcome:
    """All that the kernel allows, of every position, at once and without a cooldown of the policy's own."""
    if plight.pool.resumes_at > present.time_ns:
        return Pass("cooldown", plight.pool.resumes_at)
    found = [position for position in plight.held if _is_fillable(plight, position, present)]
    if not found:
        return Pass(_why_not(plight, present))
    found.sort(key=lambda position: (-position.maintenance, position.market))
    if plight.asset.liquidation.cooldown_ns > 0:
        found = found[:1]
    account = plight.row.account
    return Step(tuple(Liquidate(account, position.market, 0, 0) for position in found), "closed_at_once")


def _paced(rung: str, terms: Terms, case: Case, plight: Plight, present: Present) -> Pass | None:
    """What holds a reduction back: its own cooldown, the kernel's, or that it was tried often enough."""
    if case.counts.get(rung, 0) >= terms.reductions_max:
        return Pass("tried_without_recovery")
    own = case.taken[rung] + stage_of(terms, plight).cooldown_ns if rung in case.taken else 0
    until = max(own, plight.pool.resumes_at)
    return Pass("cooldown", until, holds=True) if until > present.time_ns else None


def stage_of(terms: Terms, plight: Plight) -> Stage:
    """The stage a pool has reached: the last one whose level its equity is under, or the first."""
    pool = plight.pool
    reached = [stage for stage in terms.stages if pool.equity < share_up(pool.maintenance, stage.below_rate)]
    return (reached or list(terms.stages))[-1]


# --- reduce -----------------------------------------------------------------------------------------------------------


def _reduction(terms: Terms, plight: Plight, present: Present) -> Outcome:
    stage = stage_of(terms, plight)
    is_hedged = False
    for legs in _bundles(plight, present):
        chosen, naked = _naked(legs, present) if plight.is_portfolio else (legs, None)
        able = [leg for leg in chosen if _is_fillable(plight, leg, present)]
        if not chosen or (len(able) < len(chosen) and len({leg.lots > 0 for leg in chosen}) > 1):
            # One side of a hedge cannot be traded: taking the other alone would leave it naked.
            is_hedged = True
            continue
        if len(able) > 1 and plight.asset.liquidation.cooldown_ns > 0:
            # The kernel lets one reduction through per cooldown: the larger leg, so that the two come nearer.
            able = [max(able, key=lambda leg: (present.notional(leg), -leg.market))]
        if able:
            asked = _asked(plight, able, stage, present)
            wanted = asked if naked is None else [min(lots, naked) for lots in asked]
            pairs = zip(able, wanted, strict=True)
            return Step(tuple(_liquidate(plight, leg, lots, present) for leg, lots in pairs), "below_maintenance")
    return Pass("hedged" if is_hedged else _why_not(plight, present))


def _asked(plight: Plight, legs: list[PositionRow], stage: Stage, present: Present) -> list[int]:
    """The same share of every leg: what restores the pool if all of them fill at the mark, or the stage's if less."""
    frees = sum(
        share_up(leg.maintenance, RATE_ONE + plight.asset.levels.buffer_rate)
        - share_up(present.notional(leg), plight.asset.liquidation.fee_rate)
        for leg in legs
    )
    shortage = plight.recovered - plight.pool.equity
    restoring = -(-shortage * RATE_ONE // frees) if 0 < shortage < frees else RATE_ONE
    return [share_up(abs(leg.lots), min(stage.share_rate, restoring)) for leg in legs]


def _bundles(plight: Plight, present: Present) -> list[list[PositionRow]]:
    """The positions by underlying (a market without a group stands alone), those with most maintenance first."""

    def underlying(position: PositionRow) -> tuple[int, int]:
        group = present.market(position.market).scenarios[0]
        return (group, 0) if group else (0, position.market)

    grouped = [list(found) for _, found in groupby(sorted(plight.held, key=underlying), key=underlying)]
    return sorted(grouped, key=lambda legs: (-sum(leg.maintenance for leg in legs), legs[0].market))


def _naked(legs: list[PositionRow], present: Present) -> tuple[list[PositionRow], int | None]:
    """The largest leg on the heavier side of an underlying, and how many of its lots the lighter side leaves naked."""
    net = sum(present.notional(leg) * (1 if leg.lots > 0 else -1) for leg in legs)
    heavier = [leg for leg in legs if leg.lots * net > 0]
    if not heavier:
        return [], 0
    leg = max(heavier, key=lambda leg: (present.notional(leg), -leg.market))
    row = present.market(leg.market)
    lots = min(abs(leg.lots), abs(net) // (row.mark * row.tick_value))
    return ([leg], lots) if lots else ([], 0)


def _liquidate(plight: Plight, leg: PositionRow, lots: int, present: Present) -> Command:
    """A reduction by these lots, or (0) by as many as the kernel allows if those are fewer."""
    market, settings = present.market(leg.market), plight.asset.liquidation
    most = formulas.most_lots(
        plight.target(leg, market),
        recovered=plight.recovered,
        buffer_rate=plight.asset.levels.buffer_rate,
        fee_rate=settings.fee_rate,
        partial_rate=settings.partial_rate,
        partial_notional=settings.partial_notional,
    )
    return Liquidate(plight.row.account, leg.market, lots if lots < most else 0, 0)


def _is_fillable(plight: Plight, position: PositionRow, present: Present) -> bool:
    """Whether somebody in the book would take the position at a price the kernel permits."""
    if present.matches(position.market):
        return False
    market, settings = present.market(position.market), plight.asset.liquidation
    limit = formulas.fillable_price(
        plight.target(position, market),
        adjustment_rate=settings.adjustment_rate,
        spread_rate=settings.spread_rate,
    )
    side = Side.SELL if position.lots > 0 else Side.BUY
    best = present.best(position.market, side)
    return best is not None and (best >= limit if side == Side.SELL else best <= limit)


def _why_not(plight: Plight, present: Present) -> str:
    """Why nothing of a pool can be traded: what is in the way of its first position."""
    obstacles = [present.matches(position.market) for position in plight.held]
    return next((obstacle for obstacle in obstacles if obstacle), "nothing_fillable" if obstacles else "no_position")


# --- hedge ------------------------------------------------------------------------------------------------------------


class _Option(Struct, frozen=True):
    """A hedge that could be made: signed lots of a market, the worst price they meet, the worst loss it takes off."""

    market: int
    lots: int
    price: int
    relief: int
    cost: int


def _hedge(terms: Terms, plight: Plight, present: Present) -> Outcome:
    """The best hedge of any group, by what it takes off the worst loss less what the book asks for it."""
    options = [option for group in _groups(plight, present) for option in _hedges(plight, group, present)]
    useful = [option for option in options if option.relief > option.cost]
    if not useful:
        return Pass("nothing_to_hedge")
    best = min(useful, key=lambda option: (option.cost - option.relief, option.market))
    shortage = plight.recovered - plight.pool.equity
    # A hedge takes risk off in proportion to its size: no more of it than restores the pool, or than the stage allows.
    restoring = -(-abs(best.lots) * shortage // (best.relief - best.cost))
    staged = share_up(abs(best.lots), stage_of(terms, plight).share_rate)
    lots = max(1, min(restoring, staged))
    side = Side.BUY if best.lots > 0 else Side.SELL
    return Step((Hedge(plight.row.account, best.market, side, lots, best.price),), "most_risk_off")


def _groups(plight: Plight, present: Present) -> list[int]:
    groups = {present.market(position.market).scenarios[0] for position in plight.held}
    return sorted(groups - {0})


def _hedges(plight: Plight, group: int, present: Present) -> list[_Option]:
    """For each market of a group, the trade that would bring the group's net delta to nothing."""
    members = [row for row in present.markets if row.scenarios[0] == group and row.scenarios[1]]
    lots = {position.market: position.lots for position in plight.held}
    net = sum(lots.get(row.market, 0) * row.mark * row.tick_value for row in members)
    rate = plight.asset.portfolio.maintenance_rate
    found = []
    for row in members:
        if row.settlement != plight.pool.asset or present.matches(row.market):
            continue
        wanted = min(abs(net) // (row.mark * row.tick_value), row.order_max_lots)
        there, cost, price = book_offer(row, Side.SELL if net > 0 else Side.BUY, wanted, present)
        if there:
            signed = -there if net > 0 else there
            after = lots | {row.market: lots.get(row.market, 0) + signed}
            relief = (_worst_loss(lots, members) - _worst_loss(after, members)) * rate // RATE_ONE
            found.append(_Option(row.market, signed, price, relief, cost))
    return found


def _worst_loss(lots: dict[int, int], members: list[MarketRow]) -> int:
    """What the worst scenario of a group takes from these positions, minor units."""
    scenarios = range(len(members[0].scenarios[1]))
    return max(
        0,
        *(-sum(lots.get(row.market, 0) * row.scenarios[1][s] * row.tick_value for row in members) for s in scenarios),
    )


def book_offer(row: MarketRow, side: Side, lots: int, present: Present) -> tuple[int, int, int]:
    """How many of these lots the book has, what they cost against the mark (minor units), and at what worst price."""
    bids, asks = present.view.book(row.market, DEPTH)
    left, cost, worst = lots, 0, 0
    for price, size, _ in asks if side == Side.BUY else bids:
        if left == 0:
            break
        taken = min(left, size)
        away = price - row.mark if side == Side.BUY else row.mark - price
        cost += taken * max(0, away) * row.tick_value
        left, worst = left - taken, price
    return lots - left, cost, worst
