"""The rungs that move lots from a failing account to another: an auction, a take-over, deleveraging.

All positions of a pool go in one submission, so that a hedge never stands on one leg between two of them.
"""

from __future__ import annotations

from crossbook.commands import CloseAuction, Command, Deleverage, OpenAuction, TakeOver
from crossbook.events import Standing
from crossbook.policies.liquidation.cases import Case
from crossbook.policies.liquidation.present import Plight, Present, share_up
from crossbook.policies.liquidation.terms import Outcome, Pass, Step, Terms
from crossbook.rows import MarketRow, PositionRow


def _obstacle(plight: Plight, present: Present) -> str:
    """What keeps steps off the markets of a pool; `""` if at least one can be acted on."""
    obstacles = [present.obstacle(position.market) for position in plight.held]
    return "" if "" in obstacles else next(iter(obstacles), "no_position")


def _open_positions(plight: Plight, present: Present) -> list[PositionRow]:
    return [position for position in plight.held if not present.obstacle(position.market)]


# --- auction ----------------------------------------------------------------------------------------------------------


def auction(terms: Terms, case: Case, plight: Plight, present: Present) -> Outcome:
    """Every position is offered to the liquidators at a growing discount; the rungs after it wait until it is over."""
    now, account = present.time_ns, plight.row.account
    running = [present.auctions[key] for p in plight.held if (key := (account, p.market)) in present.auctions]
    if running and all(one.ends_at <= now for one in running):
        return Step(tuple(CloseAuction(one.auction) for one in running), "auction_over")
    if running:
        return Pass("auction_runs", max(one.ends_at for one in running), holds=True)
    if not present.has_liquidators:
        return Pass("no_liquidators")
    rests_until = case.taken["auction"] + terms.auction_rest_ns if "auction" in case.taken else 0
    if rests_until > now:
        return Pass("auction_rests", rests_until)
    obstacle = _obstacle(plight, present)
    if obstacle:
        return Pass(obstacle)
    discounts = terms.auction_start_rate, terms.auction_end_rate
    offers = (
        OpenAuction(account, position.market, abs(position.lots), *discounts, terms.auction_ns)
        for position in _open_positions(plight, present)
    )
    return Step(tuple(offers), "offered_to_liquidators")


# --- take-over --------------------------------------------------------------------------------------------------------


def take_over(_terms: Terms, _case: Case, plight: Plight, present: Present) -> Outcome:
    """The vaults take the positions, in the order of their accounts, each within its exposure and its equity."""
    if not plight.failing:
        return Pass("not_failing")
    obstacle = _obstacle(plight, present)
    if obstacle:
        return Pass(obstacle)
    vaults = [one for one in present.vaults if one[1] == plight.pool.asset and one[0] != plight.row.account]
    if not vaults:
        return Pass("no_vault")
    left = {position.market: abs(position.lots) for position in _open_positions(plight, present)}
    commands: list[Command] = []
    for vault, asset, exposure_max in vaults:
        commands += _taken(plight, left, (vault, asset, exposure_max), present)
    return Step(tuple(commands), "failing") if commands else Pass("vaults_full")


def _taken(plight: Plight, left: dict[int, int], vault: tuple[int, int, int], present: Present) -> list[Command]:
    """The same share of every position that is left, as much as fits a vault; what it takes is taken off `left`."""
    account, asset, exposure_max = vault
    other = present.plight((account, asset, 0))
    if other is None or other.pool.locked or other.needy:
        return []
    isolated = {position.market for position in other.row.positions if position.isolated}
    left_over = {market: lots for market, lots in left.items() if market not in isolated}
    offered = sum(lots * present.market(m).mark * present.market(m).tick_value for m, lots in left_over.items())
    planned = present.taken.get(account, 0)
    exposure = sum(present.notional(position) for position in other.held) + planned
    needed = sum(_initial_margin(present.market(m), lots, exposure + offered) for m, lots in left_over.items())
    placing = share_up(other.pool.requirement, other.asset.levels.initial_rate)
    free = other.pool.equity - placing - _margin_of(planned, present)
    room = max(0, min(exposure_max - exposure, offered if free >= needed else free * offered // max(1, needed)))
    commands: list[Command] = []
    for market, lots in sorted(left_over.items()):
        share = lots if room >= offered else lots * room // max(1, offered)
        if share > 0:
            row = present.market(market)
            commands.append(TakeOver(plight.row.account, market, share, account))
            present.taken[account] = present.taken.get(account, 0) + share * row.mark * row.tick_value
            present.busy.add(account)
            left[market] = lots - share
    return commands


def _initial_margin(row: MarketRow, lots: int, notional: int) -> int:
    """At least what these lots add to the requirement of who then holds `notional`: at the highest rate it reaches."""
    rate = max((tier.initial_rate for tier in row.tiers if tier.lower_bound <= notional), default=0)
    return share_up(lots * row.mark * row.tick_value, rate)


def _margin_of(notional: int, present: Present) -> int:
    """What was planned in this turn already is counted at the highest first rate of any market."""
    return share_up(notional, max((row.tiers[0].initial_rate for row in present.markets if row.tiers), default=0))


# --- deleveraging -----------------------------------------------------------------------------------------------------


def deleverage(terms: Terms, case: Case, plight: Plight, present: Present) -> Outcome:
    """Those on the other side close against the pool at its bankruptcy value.

    Who they are is decided when the turn has claimed all it claims (`claims`).
    """
    if not plight.failing:
        return Pass("not_failing")
    due = case.failing_ns + terms.deleverage_after_ns
    if plight.standing < Standing.BANKRUPT and present.time_ns < due:
        return Pass("failing_not_long_enough", due)
    obstacle = _obstacle(plight, present)
    if obstacle:
        return Pass(obstacle)
    claims = [one for one in _open_positions(plight, present) if present.claim(plight, one)]
    commands = tuple(Deleverage(plight.row.account, one.market, abs(one.lots), ()) for one in claims)
    return Step(commands, "nobody_else_takes_it") if commands else Pass("no_counterparties")
