"""What the rulebook promises of every step, whoever takes it and however hostile: checked from outside, on equities."""

from __future__ import annotations

from tests.model import commands as c
from tests.model import events as e
from tests.model.events import Event
from tests.model.pools import Pool, equity, is_exposed, maintenance, pool_of, requirement
from tests.model.scan import pools_of
from tests.model.state import State

STEPS = (
    c.Lock,
    c.CancelIncreasing,
    c.Liquidate,
    c.Hedge,
    c.OpenAuction,
    c.Bid,
    c.TakeOver,
    c.Deleverage,
    c.CoverLoss,
    c.Socialise,
)
MOVES = (c.Bid, c.TakeOver, c.Deleverage)


def all_pools(state: State) -> list[Pool]:
    """Every pool of every account."""
    return [pool for account in state.accounts.values() for pool in pools_of(state, account)]


def target_of(state: State, command: c.Command) -> Pool | None:
    """The pool a step is aimed at."""
    if isinstance(command, c.Bid):
        auction = state.waterfall.auctions.get(command.auction)
        return pool_of(state, state.accounts[auction.account], auction.market) if auction else None
    if isinstance(command, c.Lock | c.CancelIncreasing | c.CoverLoss):
        return Pool(command.account, command.asset, command.market)
    if isinstance(command, c.Liquidate | c.Hedge | c.OpenAuction | c.TakeOver | c.Deleverage | c.Socialise):
        account = state.accounts.get(command.account)
        known = account is not None and command.market in state.markets
        return pool_of(state, account, command.market) if known and account is not None else None
    return None


class Promise:
    """What is looked at before a command, so that it can be held against what was there after it."""

    def __init__(self, state: State, command: c.Command) -> None:
        self.command = command
        self.target = target_of(state, command)
        self.worth = {pool: equity(state, pool) for pool in all_pools(state)} if isinstance(command, STEPS) else {}
        self.needed = maintenance(state, self.target) if self.target in self.worth and self.target else 0
        self.lots = {
            (account.account, market): position.lots
            for account in state.accounts.values()
            for market, position in account.positions.items()
        }

    def check(self, state: State, events: list[Event]) -> None:
        """Asserts the promises, now that the command was executed or refused."""
        check_margins(state)
        if events[-1][0] == e.REJECTED or not isinstance(self.command, STEPS):
            return
        assert self.target is not None
        check_unhealthy(self, state)
        if isinstance(self.command, MOVES):
            self.check_move(state, events)
        if isinstance(self.command, c.Bid | c.TakeOver | c.Liquidate):
            fees = sum(max(0, event[12]) for event in events if event[0] == e.TRADED)  # those of the market itself
            assert equity(state, self.target) + fees >= min(0, self.worth[self.target]), f"{self.command} led into debt"

    def check_move(self, state: State, events: list[Event]) -> None:
        """Only who was named is touched, nobody loses more than it has, and what one loses the others gain."""
        moved = [event for event in events if event[0] == e.POSITION_MOVED]
        named = {account for event in moved for account in (event[6], event[7])}
        market = moved[0][3]
        change = 0
        for pool, before in self.worth.items():
            after = equity(state, pool)
            if pool.account not in named:
                assert after == before
            change += after - before
        assert change == 0, f"{self.command} made {change}"
        for event in moved:
            taker = event[7]
            if event[2] == 3:
                assert abs(self.lots[taker, market]) >= abs(event[4]), "a counterparty only closes"
                assert equity(state, pool_of(state, state.accounts[taker], market)) >= 0


def check_unhealthy(promise: Promise, state: State) -> None:
    """No step touches a healthy pool: it had less than its maintenance, or was locked and has not recovered."""
    pool = promise.target
    assert pool is not None
    worth, needed = promise.worth[pool], promise.needed
    buffer = state.assets[pool.asset].levels.buffer_rate
    assert worth < needed or worth < 0 or worth * 10**9 < needed * (10**9 + buffer), f"{promise.command} touched {pool}"


def check_margins(state: State) -> None:
    """The requirement covers the maintenance in every mode, and nothing needs nothing."""
    for pool in all_pools(state):
        required, needed = requirement(state, pool), maintenance(state, pool)
        assert required >= needed >= 0, f"{pool}: requirement {required}, maintenance {needed}"
        if not is_exposed(state, pool):
            assert (required, needed) == (0, 0)
