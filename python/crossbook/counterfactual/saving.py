"""What would have saved a pool: the least deposit, the smallest reduction, the least move of its mark less.

A pool is *saved* in a branch if no step of the waterfall is taken on it (`forced`) from the change to the end of the
window, a stamped time. What is found is one unit from failing: it saves, and one unit less was tried and does not. That
nothing still smaller saves is not tried: who reacts to a smaller deposit might by chance do better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from crossbook import events as e
from crossbook import rows
from crossbook._kernel import Kernel
from crossbook.commands import (
    AdjustMargin,
    Command,
    Deposit,
    OrderKind,
    Place,
    SetMark,
    Side,
    TimeInForce,
)
from crossbook.counterfactual.change import Change, Insert, Patch
from crossbook.counterfactual.parent import Parent, parent_entries
from crossbook.counterfactual.trial import Trials
from crossbook.events import Event

DEPOSIT_MAX: Final = 1 << 56
"""No larger deposit is tried, in minor units."""


class Pool(Struct, frozen=True):
    """Whose pool: its account, its asset, and the market it is isolated in; 0 is the cross pool."""

    account: int
    asset: int
    market: int = 0


class Window(Struct, frozen=True):
    """Where a change may begin: behind an outside seq of the parent; and the stamped time until which it must hold."""

    after: int
    until_ns: int


class Tried(Struct, frozen=True):
    """What came of one trial: the first step on the pool (seq 0: none) and what the inserted order traded."""

    seq: int
    event: str
    filled: int
    paid: int

    @property
    def saved(self) -> bool:
        """Whether no step was taken."""
        return not self.seq


class Saving(Struct, frozen=True):
    """The least of one kind that saves.

    Args:
        kind: `deposit` (minor units of the asset), `reduction` (lots of the market) or `mark` (ticks of the market).
        asset: that of the pool.
        market: the market of a reduction or a mark, 0 otherwise.
        amount: what saves: money put in, lots closed, or the mark that would not have been crossed.
        recorded: for a mark, the one on record that it is the counterpart of; 0 otherwise.
        change: the branch that is saved.
        less: the branch with one unit less, which is not.
        with_it: what came of the one, and
        without: of the other.
        trials: how many branches the search took.
    """

    kind: str
    asset: int
    market: int
    amount: int
    recorded: int
    change: Change
    less: Change
    with_it: Tried
    without: Tried
    trials: int


class Unsaved(Struct, frozen=True):
    """Nothing of this kind saves, or it needed nothing: `reason` says which."""

    kind: str
    asset: int
    market: int
    reason: str
    trials: int


def steps_on(pool: Pool, event: Event, kernel: Kernel) -> bool:
    """Whether an event is a step of the waterfall on a pool; the kernel stands after it."""
    if isinstance(event, e.PoolLocked | e.IncreasingCancelled | e.LossCovered | e.LossSocialised):
        return (event.account, event.asset, event.market) == (pool.account, pool.asset, pool.market)
    if isinstance(event, e.CollateralConverted):
        return (event.account, event.settlement, 0) == (pool.account, pool.asset, pool.market)
    if isinstance(event, e.LiquidationStarted | e.AuctionOpened):
        return event.account == pool.account and _in_pool(pool, event.market, kernel)
    if isinstance(event, e.PositionMoved):
        return event.source == pool.account and _in_pool(pool, event.market, kernel)
    return False


def _in_pool(pool: Pool, market: int, kernel: Kernel) -> bool:
    """Whether the account's position in a market stands in the pool."""
    row = rows.ACCOUNT.decode(kernel.account(pool.account))
    isolated = row is not None and any(one.market == market and one.isolated for one in row.positions)
    if isolated or pool.market:
        return isolated and pool.market == market
    return rows.MARKETS.decode(kernel.markets())[market - 1].settlement == pool.asset


class _Watch:
    """Ends a trial with the first step on the pool; remembers what the first order of the account in it traded."""

    def __init__(self, pool: Pool, *, places: bool) -> None:
        self._pool = pool
        self._order = 0
        self._places = places
        self._found: tuple[int, str] = 0, ""
        self._filled = self._paid = 0

    def see(self, kernel: Kernel, events: Sequence[Event]) -> bool:
        for event in events:
            if self._places and not self._order and isinstance(event, e.OrderAccepted):
                self._order = event.order if event.account == self._pool.account else -1
            if isinstance(event, e.Traded) and event.taker_order == self._order:
                self._filled += event.lots
                self._paid += event.taker_fee
            if steps_on(self._pool, event, kernel):
                self._found = event.seq, type(event).__name__
                return True
        return False

    def verdict(self) -> Tried:
        return Tried(*self._found, self._filled, self._paid)


class Search:
    """Looks for what saves one pool in one window of a parent."""

    def __init__(self, trials: Trials, pool: Pool, window: Window) -> None:
        self.trials: Final = trials
        self.pool: Final = pool
        self.window: Final = window

    def as_it_was(self) -> Tried:
        """What comes of it without a change: the policies run again, or what is on record of them."""
        return self._try(Change())

    def deposit(self, guess: int) -> Saving | Unsaved:
        """The least deposit; an isolated pool's is moved into its margin. `guess` is where the search begins."""
        return self._least("deposit", 0, self._deposited, guess=guess, most=DEPOSIT_MAX)

    def reduction(self, market: int) -> Saving | Unsaved:
        """The fewest lots, closed by a market order that only reduces, against the book as it is then."""
        lots = self._lots(market)
        if not lots:
            return Unsaved("reduction", self.pool.asset, market, "there is no position", 0)
        side = Side.SELL if lots > 0 else Side.BUY

        def closed(amount: int) -> Change:
            order = Place(
                account=self.pool.account,
                market=market,
                side=side,
                kind=OrderKind.MARKET,
                price=0,
                lots=amount,
                time_in_force=TimeInForce.IOC,
                reduce_only=True,
            )
            return self._inserted(order)

        return self._least("reduction", market, closed, guess=max(1, abs(lots) // 2), most=abs(lots))

    def mark(self, market: int) -> Saving | Unsaved:
        """How little further the mark may have gone: every mark of the window beyond a price is held at it.

        Needs a parent whose marks are outside: read with `recorded`, if policies set them.
        """
        lots = self._lots(market)
        if not lots:
            return Unsaved("mark", self.pool.asset, market, "there is no position", 0)
        trials, began = self.trials, self.trials.count
        marks = _marks(trials.parent, market, self.window.after + 1, trials.last_seq(self.window.until_ns))
        before = rows.MARKETS.decode(trials.kernel(self.window.after).markets())[market - 1].mark
        sign = 1 if lots > 0 else -1
        worst = min((sign * price for price in marks.values()), default=sign * before) * sign

        def held(room: int) -> Change:
            """Marks may not go further than `room` ticks better than the worst there was."""
            bound = worst + sign * room
            beyond = [seq for seq, price in marks.items() if sign * price < sign * bound]
            return Change(patches=tuple(Patch(seq, "price", bound) for seq in beyond))

        most = sign * (before - worst)
        if most <= 0:
            return Unsaved("mark", self.pool.asset, market, "the mark did not move against the position", 0)
        found = self._least("mark", market, held, guess=max(1, most // 2), most=most)
        if isinstance(found, Unsaved):
            return found
        return Saving(
            kind="mark",
            asset=found.asset,
            market=market,
            amount=worst + sign * found.amount,
            recorded=worst,
            change=found.change,
            less=found.less,
            with_it=found.with_it,
            without=found.without,
            trials=trials.count - began,
        )

    def _lots(self, market: int) -> int:
        row = rows.ACCOUNT.decode(self.trials.kernel(self.window.after).account(self.pool.account))
        return next((one.lots for one in row.positions if one.market == market), 0) if row is not None else 0

    def _deposited(self, amount: int) -> Change:
        pool = self.pool
        commands: list[Command] = [Deposit(pool.account, pool.asset, amount)]
        if pool.market:
            commands.append(AdjustMargin(pool.account, pool.market, amount))
        return self._inserted(*commands)

    def _inserted(self, *commands: Command) -> Change:
        return Change(inserts=tuple(Insert(self.window.after, command) for command in commands))

    def _try(self, change: Change) -> Tried:
        places = any(isinstance(insert.command, Place) for insert in change.inserts)
        watch = _Watch(self.pool, places=places)
        found: Tried = self.trials.run(change, watch, after=self.window.after, until_ns=self.window.until_ns)
        return found

    def _least(
        self, kind: str, market: int, changed: Callable[[int], Change], *, guess: int, most: int
    ) -> Saving | Unsaved:
        """The least amount that saves: with it the trial has no step, with one unit less it has."""
        began, tried = self.trials.count, dict[int, Tried]()

        def saves(amount: int) -> bool:
            tried[amount] = self._try(changed(amount) if amount else Change())
            return tried[amount].saved

        amount = least(saves, guess=guess, most=most)
        trials = self.trials.count - began
        if not amount:
            reason = "nothing was needed" if amount == 0 else _too_little(kind, most, tried[most])
            return Unsaved(kind, self.pool.asset, market, reason, trials)
        less = changed(amount - 1) if amount > 1 else Change()
        return Saving(
            kind=kind,
            asset=self.pool.asset,
            market=market,
            amount=amount,
            recorded=0,
            change=changed(amount),
            less=less,
            with_it=tried[amount],
            without=tried[amount - 1],
            trials=trials,
        )


def _too_little(kind: str, most: int, all_of_it: Tried) -> str:
    """Why not even the most saves."""
    if kind == "reduction" and all_of_it.filled < most:
        return f"the book took only {all_of_it.filled} of its {most} lots"
    return "not even all of it saves"


def least(saves: Callable[[int], bool], *, guess: int, most: int) -> int | None:
    """An amount that saves while one less does not; 0 if nothing is needed, None if not even `most` saves.

    Looks outwards from a guess in growing steps, then halves what is left: few trials if the guess is close.
    """
    guess = min(max(guess, 1), most)
    if saves(guess):
        high, step = guess, 1
        while high > 0:
            low = max(high - step, 0)
            if not saves(low):
                break
            high, step = low, step * 4
        else:
            return 0
    else:
        low, step = guess, 1
        while True:
            if low == most:
                return None
            high = min(low + step, most)
            if saves(high):
                break
            low, step = high, step * 4
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if saves(middle) else (middle, high)
    return high


def _marks(parent: Parent, market: int, first_seq: int, last_seq: int) -> dict[int, int]:
    """Every mark of a market that was set outside, between two seqs, by seq."""
    found: dict[int, int] = {}
    for entry in parent_entries(parent, first_seq, last_seq):
        command: Any = entry.item.command
        if isinstance(command, SetMark) and command.market == market and not parent.inside(entry.seq):
            found[entry.seq] = command.price
    return found
