"""The walk that all liquidation policies share: from what happened to cases, from cases to steps.

A policy is an order of rungs by standing (`Terms`). In a turn every case that is due is looked at, the worst standing
first; the first rung of its order that can be taken is taken, and when the kernel has answered the case is looked at
again, in the same instant. A step that left the pool as it was is not repeated in that instant, so a pool for which
nothing can be done waits for something to happen, or for its next due time, and never spins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from msgspec import Struct

from crossbook.commands import CancelIncreasing, CloseAuction, Command, Deleverage, Lock, Note, Release, Socialise
from crossbook.events import (
    AuctionClosed,
    AuctionOpened,
    CollateralConverted,
    Deposited,
    Event,
    IncreasingCancelled,
    InsuranceFunded,
    LiquidationEnded,
    LiquidatorSet,
    LossCovered,
    LossSocialised,
    MarketModeSet,
    MarkSet,
    OracleSet,
    PoolLocked,
    PoolReleased,
    PositionMoved,
    Rejected,
    Standing,
    StandingChanged,
    VaultSet,
)
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.liquidation import handover, losses, reduction
from crossbook.policies.liquidation.allocation import allocator
from crossbook.policies.liquidation.cases import NEVER, Call, Case, Cases, key_of
from crossbook.policies.liquidation.claims import Supplies
from crossbook.policies.liquidation.present import Plight, Present
from crossbook.policies.liquidation.terms import Outcome, Pass, Step, Terms
from crossbook.policies.liquidation.words import CALL, STEP, WAIT, MarginCall, StepTaken, Waiting
from crossbook.policies.notes import note

Rung = Callable[[Terms, Case, Plight, Present], Outcome]

RUNGS: Final[Mapping[str, Rung]] = MappingProxyType(
    {
        "hedge": reduction.hedge,
        "reduce": reduction.reduce,
        "close": reduction.close,
        "auction": handover.auction,
        "take_over": handover.take_over,
        "deleverage": handover.deleverage,
        "convert": losses.convert,
        "cover": losses.cover,
        "socialise": losses.socialise,
    }
)
"""The rungs by name: what the orders of `Terms` are made of, and what a pool in deficit goes through."""

_REMEMBERED: Final = 1 << 62
_TRADING: Final = frozenset(("hedge", "reduce", "close"))
"""Rungs that send orders; LiquidationStarted says how the pool stood."""
_POOL_EVENTS: Final = (
    StandingChanged,
    PoolLocked,
    PoolReleased,
    IncreasingCancelled,
    LossCovered,
)
_ALL_EYES: Final = (MarkSet, MarketModeSet, VaultSet, LiquidatorSet, InsuranceFunded)
"""What may change how every pool stands, or make a step possible that was not: every case is looked at again."""


class Waterfall(Terms, frozen=True, kw_only=True):
    """A liquidation policy; its subclasses are named and order the rungs otherwise."""

    role: ClassVar[str] = "liquidation"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset(
        (
            *_POOL_EVENTS,
            *_ALL_EYES,
            AuctionClosed,
            AuctionOpened,
            CollateralConverted,
            Deposited,
            LiquidationEnded,
            LossSocialised,
            OracleSet,
            PositionMoved,
            Rejected,
        )
    )
    State: ClassVar[type[Struct]] = Cases

    def __post_init__(self) -> None:
        for name in (*self.liquidatable, *self.take_over, *self.bankrupt):
            if name not in RUNGS or name in losses.DEFICIT:
                known = ", ".join(name for name in RUNGS if name not in losses.DEFICIT)
                raise ValueError(f"there is no rung {name!r}; rungs are: {known}")
        self.check()
        allocator(self.allocation)

    def react(self, state: Cases, turn: Turn) -> Reaction[Cases]:
        """See `crossbook.policies.contract.Policy`."""
        present = Present(turn)
        if state.instant_ns != turn.time_ns:
            state.instant_ns, state.proposed = turn.time_ns, 0
        proposals = _take_in(self, state, turn, present)
        looked: list[_Look] = []
        planned = len(proposals)
        for case, plight in _in_order(state, present):
            if case.account in present.busy:
                continue
            planned += len(looked[-1][2]) if looked else 0
            if state.proposed + planned >= self.proposals_max:
                case.due_ns = turn.time_ns + self.relief_ns
                continue
            looked.append((case, plight, _look(self, state, case, plight, present)))
        proposals += _settled(self, looked, present)
        state.proposed += len(proposals)
        due = min((case.due_ns for case in state.cases.values()), default=NEVER)
        wake_ns = None if due == NEVER else max(due, turn.time_ns + 1)
        return Reaction(state, tuple(proposals), wake_ns)


_Look = tuple[Case, Plight | None, list[Proposal]]
"""A case, how its pool stands, and what is proposed for it."""


# --- what happened ----------------------------------------------------------------------------------------------------


def _take_in(terms: Terms, state: Cases, turn: Turn, present: Present) -> list[Proposal]:
    """Files what happened under the pools it happened to; returns the margin calls it gives rise to."""
    called: dict[tuple[int, int, int], int] = {}
    if not state.looked:
        state.looked = True
        called |= dict.fromkeys(_all_pools(present), turn.seq)
    for event in turn.events:
        for pool in _pools(event, state, present):
            called[pool] = event.seq
    proposals: list[Proposal] = []
    for pool, seq in called.items():
        filed = state.cases.get(key_of(pool))
        plight = None if filed else present.plight(pool)
        if filed or (plight is not None and (plight.needy or plight.owes or plight.pool.locked)):
            state.open(pool, time_ns=turn.time_ns, cause=seq)
        elif plight is not None:
            proposals += _call(terms, state, plight, present.time_ns, seq)
    return proposals


def _all_pools(present: Present) -> list[tuple[int, int, int]]:
    """Every pool of the venue: what was announced before the policy was engaged has not been heard."""
    rows = (present.view.account(account) for account in range(1, present.view.account_count() + 1))
    return [(row.account, pool.asset, pool.market) for row in rows if row for pool in row.pools]


def _pools(event: Event, state: Cases, present: Present) -> list[tuple[int, int, int]]:
    """The pools that an event says something about."""
    if isinstance(event, _POOL_EVENTS):
        return [(event.account, event.asset, event.market)]
    if isinstance(event, _ALL_EYES):
        return [case.pool for case in state.cases.values()]
    if isinstance(event, OracleSet):
        better = event.grade > event.previous_grade
        return [case.pool for case in state.cases.values()] if better else []
    if isinstance(event, Deposited | CollateralConverted | LossSocialised | AuctionOpened | AuctionClosed):
        return _filed(state, event.account)
    if isinstance(event, PositionMoved):
        return [pool for account in (event.source, event.destination) for pool in _of(account, event.market, present)]
    return _filed(state, event.account) if isinstance(event, LiquidationEnded | Rejected) else []


def _filed(state: Cases, account: int) -> list[tuple[int, int, int]]:
    return [case.pool for case in state.cases.values() if case.account == account]


def _of(account: int, market: int, present: Present) -> list[tuple[int, int, int]]:
    """The pools of an account that a position in a market can be in."""
    asset = present.market(market).settlement
    return [(account, asset, 0), (account, asset, market)]


def _call(terms: Terms, state: Cases, plight: Plight, time_ns: int, seq: int) -> list[Proposal]:
    """A margin call, unless this one, or a more urgent one, was made a short while ago."""
    pool = plight.pool
    key = key_of((plight.row.account, pool.asset, pool.market))
    level = int(plight.standing) if plight.standing in (Standing.FIRST_CALL, Standing.SECOND_CALL) else 0
    before = state.calls.get(key)
    if before is not None and time_ns >= before.time_ns + terms.call_repeat_ns:
        del state.calls[key]
        before = None
    if level == 0 or (before is not None and before.level >= level):
        return []
    state.calls[key] = Call(level, time_ns)
    body = MarginCall(
        account=plight.row.account,
        asset=pool.asset,
        market=pool.market,
        call=level,
        equity=pool.equity,
        requirement=pool.requirement,
        maintenance=pool.maintenance,
        cause=seq,
    )
    return [Proposal(note(CALL, body, account=plight.row.account), seq)]


# --- what is done -----------------------------------------------------------------------------------------------------


def _in_order(state: Cases, present: Present) -> list[tuple[Case, Plight | None]]:
    """The cases that are due: the worst standing first, of those the one that has stood so longest, then by pool."""
    due = [case for case in state.cases.values() if case.due_ns <= present.time_ns]
    looked = [(case, present.plight(case.pool)) for case in due]

    def rank(item: tuple[Case, Plight | None]) -> tuple[int, int, tuple[int, int, int]]:
        case, plight = item
        return -int(plight.standing) if plight else 1, case.since_ns, case.pool

    return sorted(looked, key=rank)


def _look(terms: Terms, state: Cases, case: Case, plight: Plight | None, present: Present) -> list[Proposal]:
    """One case: what is over is closed, else the next step is taken or waited for."""
    if plight is None:
        state.close(case)
        return []
    case.open_instant(present.time_ns, _shape(plight, present), lasting_ns=terms.relief_ns)
    _remember(case, plight, present)
    if not plight.needy and not plight.owes:
        return _over(terms, state, case, plight, present)
    if case.steps >= terms.steps_max:
        case.due_ns = present.time_ns + terms.retry_ns
        return []
    guard = _guard(case, plight)
    commands = [Proposal(command, case.cause) for command in guard]
    outcomes = list(_try(terms, case, plight, present))
    taken, rung = outcomes[-1] if outcomes else (None, "")
    if isinstance(taken, Step):
        return commands + _take(case, rung, taken, plight, present)
    return commands + _wait(terms, case, outcomes, plight, present)


def _remember(case: Case, plight: Plight, present: Present) -> None:
    """Since when it has been failing, and where it has lost most."""
    if not plight.failing:
        case.failing_ns = 0
    elif not case.failing_ns:
        case.failing_ns = present.time_ns
    if plight.held:
        worst = min(plight.held, key=lambda position: (position.unrealised, position.market))
        case.loser = worst.market, 1 if worst.lots > 0 else 2


def _over(terms: Terms, state: Cases, case: Case, plight: Plight, present: Present) -> list[Proposal]:
    """The pool is well: its auctions end, its lock is released, and the case with it."""
    commands: list[Command] = [CloseAuction(one) for one in _auctions(plight, present)]
    if plight.pool.locked and "release" not in case.barred:
        commands.append(Release(*case.pool))
        _note_step(case, "release", plight, present)
        case.due_ns = present.time_ns
    elif plight.pool.locked:
        case.due_ns = present.time_ns + terms.retry_ns
    elif plight.pool.standing >= Standing.LIQUIDATABLE:
        # The kernel announces a standing that is not the one it remembers: until a mark has shown the pool well, it
        # could fall into the same trouble again without a word.
        case.due_ns = NEVER
        case.counts.clear()
        case.taken.clear()
    else:
        state.close(case)
    return [Proposal(command, case.cause) for command in commands]


def _auctions(plight: Plight, present: Present) -> list[int]:
    """The open auctions of a pool's markets, by number."""
    account, pool = plight.row.account, plight.pool
    mine = [one for key, one in present.auctions.items() if key[0] == account]
    isolated = {position.market for position in plight.row.positions if position.isolated}
    if pool.market:
        return [one.auction for one in mine if one.market == pool.market]
    settled = [one for one in mine if present.market(one.market).settlement == pool.asset]
    return [one.auction for one in settled if one.market not in isolated]


def _guard(case: Case, plight: Plight) -> list[Command]:
    """Below its maintenance a pool is locked to reducing, and what would increase its risk is cancelled."""
    pool = plight.pool
    if pool.equity >= pool.maintenance or pool.locked or "guard" in case.barred:
        return []
    if not plight.held and not plight.row.open_orders:
        return []
    return [Lock(*case.pool), *([CancelIncreasing(*case.pool)] if plight.row.open_orders else [])]


def _try(terms: Terms, case: Case, plight: Plight, present: Present) -> list[tuple[Outcome, str]]:
    """The rungs of the pool's order, up to the first that is taken or that holds the others back."""
    outcomes: list[tuple[Outcome, str]] = []
    for name in _order(terms, plight):
        barred = name in case.barred
        outcome = Pass("no_effect") if barred else RUNGS[name](terms, case, plight, present)
        outcomes.append((outcome, name))
        if isinstance(outcome, Step) or outcome.holds:
            break
    return outcomes


def _order(terms: Terms, plight: Plight) -> tuple[str, ...]:
    if not plight.held:
        return losses.DEFICIT
    if plight.standing == Standing.BANKRUPT:
        return terms.bankrupt
    return terms.take_over if plight.failing else terms.liquidatable


def _take(case: Case, rung: str, step: Step, plight: Plight, present: Present) -> list[Proposal]:
    """The step's commands, after a note that says why where their own events do not."""
    proposals: list[Proposal] = []
    pool = plight.pool
    if rung not in _TRADING:
        body = StepTaken(
            account=case.account,
            asset=case.asset,
            market=case.market,
            rung=rung,
            reason=step.reason,
            equity=pool.equity,
            maintenance=pool.maintenance,
            since=case.since,
            cause=case.cause,
        )
        proposals.append(Proposal(note(STEP, body, account=case.account), case.cause))
    proposals += [Proposal(command, case.cause) for command in step.commands]
    present.busy.add(case.account)
    case.counts[rung] = case.counts.get(rung, 0) + 1
    case.taken[rung] = present.time_ns
    if rung == "auction" and isinstance(step.commands[0], CloseAuction):
        case.counts.clear()
    case.shared += [command.market for command in step.commands if isinstance(command, Socialise)]
    case.due_ns = present.time_ns
    _note_step(case, rung, plight, present)
    return proposals


def _settled(terms: Terms, looked: list[_Look], present: Present) -> list[Proposal]:
    """All proposals, deleveragings with their counterparties; a pool for which there are none has to wait."""
    supplies = Supplies(terms, present)
    proposals: list[Proposal] = []
    for case, plight, found in looked:
        met = supplies.meet(found)
        if len(met) < len(found) and plight is not None and not any(isinstance(p.command, Deleverage) for p in met):
            met = [proposal for proposal in met if not isinstance(proposal.command, Note)]
            met += _wait(terms, case, [(Pass("no_counterparties"), "deleverage")], plight, present)
        elif case.last:
            case.waiting = ""
        proposals += met
    return proposals


def _note_step(case: Case, rung: str, plight: Plight, present: Present) -> None:
    """What the next look compares the pool with."""
    case.steps += 1
    case.last, case.shape = rung, _shape(plight, present)


def _shape(plight: Plight, present: Present) -> list[int]:
    """What every step that does something changes: the numbers of the pool, and its auctions.

    A sum may need more than the 64 bits that are remembered; it is enough to see that it is another.
    """
    return [number % _REMEMBERED for number in (*plight.shape, *_auctions(plight, present))]


def _wait(
    terms: Terms, case: Case, outcomes: list[tuple[Outcome, str]], plight: Plight, present: Present
) -> list[Proposal]:
    """Nothing can be done: until the first time that a rung named, or for a while; said once if none holds the rest."""
    passes = [(outcome, rung) for outcome, rung in outcomes if isinstance(outcome, Pass)]
    holding = [outcome for outcome, _ in passes if outcome.holds]
    later = [outcome.until_ns for outcome, _ in passes if outcome.until_ns > present.time_ns]
    case.due_ns = min(later if holding and later else [*later, present.time_ns + terms.retry_ns])
    case.last = ""
    reasons = [f"{rung}: {outcome.reason}" for outcome, rung in passes] or ["none: no_rung_at_this_standing"]
    stated = "; ".join(reasons)
    if holding or stated == case.waiting:
        return []
    case.waiting = stated
    body = Waiting(
        account=case.account,
        asset=case.asset,
        market=case.market,
        reasons=reasons,
        equity=plight.pool.equity,
        maintenance=plight.pool.maintenance,
        cause=case.cause,
    )
    return [Proposal(note(WAIT, body, account=case.account), case.cause)]
