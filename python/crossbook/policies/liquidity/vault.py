"""A provider vault: an account that quotes a curve into the book, and belongs to those who put money into it.

The account grants the policy as its agent and is the vault's alone. Money comes in as the operator's deposit, announced
by a note, and goes out as the operator's withdrawal after the vault's note: a policy moves nobody's money.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt
from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct, field

from crossbook.commands import RATE_ONE, Grade, MarketMode, Note, Origin, Side
from crossbook.events import AgentSet, Event, MarketModeSet, MarkSet, Noted, OracleSet, Standing
from crossbook.policies import notes
from crossbook.policies.arithmetic import clamp
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.liquidity import ledger, quotes, shares, topics
from crossbook.policies.liquidity.curves import ConstantProduct, Curve, Levels, Linear, Scene
from crossbook.policies.liquidity.ledger import Ledger
from crossbook.policies.liquidity.shares import Register
from crossbook.policies.requests import requests
from crossbook.rows import AccountRow, AssetRow, MarketRow, OrderRow, PoolRow, PositionRow

SECOND_NS: Final = 1_000_000_000
_TOPICS: Final = frozenset({topics.JOIN, topics.LEAVE})
REDEMPTIONS_MAX: Final = 500
"""How many of those who are due are paid in one instant; the others come at the next refresh."""
Positive = Annotated[int, Meta(ge=1)]


class Volatility(Struct):
    """An EWMA of squared moves of the reference, from one refresh to the next; `variance` in rates squared."""

    price: int = 0
    variance: int = 0

    @property
    def rate(self) -> int:
        """One standard deviation, rounded down."""
        return isqrt(self.variance)

    def sample(self, price: int, decay_rate: int) -> None:
        """`floor((decay · variance + (RATE_ONE − decay) · move²) / RATE_ONE)`; no move counts as more than one."""
        if self.price:
            move = clamp((price - self.price) * RATE_ONE // self.price, -RATE_ONE, RATE_ONE)
            self.variance = (decay_rate * self.variance + (RATE_ONE - decay_rate) * move**2) // RATE_ONE
        self.price = price


class VaultState(Struct):
    """A vault's books, its providers, the moves of its market; when it last refreshed, reported and paid (ns).

    `paid` counts the redemptions of the instant `paid_at`.
    """

    started: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    register: Register = field(default_factory=Register)
    volatility: Volatility = field(default_factory=Volatility)
    refreshed_at: int = 0
    reported_at: int = 0
    paid_at: int = 0
    paid: int = 0


class _Sight(Struct, frozen=True):
    """The rows a turn is about."""

    account: AccountRow
    market: MarketRow
    asset: AssetRow
    pool: PoolRow
    position: PositionRow | None

    @property
    def reference(self) -> int:
        """The oracle's price, or the mark where no oracle ever spoke; in ticks."""
        return self.market.oracle.price or self.market.mark

    @property
    def lots(self) -> int:
        """The inventory."""
        return self.position.lots if self.position else 0

    @property
    def quotes_bind(self) -> bool:
        """Whether open orders make the vault's risk larger than its inventory does."""
        return self.position is not None and self.position.worst_lots > abs(self.position.lots)


class Vault(Struct, frozen=True):
    """Quotes `curve` in `market` for `account`; see `docs/policies_liquidity.md` for every formula.

    Attributes:
        account: the vault's account.
        market: where it quotes; its cross pool of the settlement asset is what the shares share.
        curve: `Linear` or `ConstantProduct`.
        refresh_ns: how often quotes and volatility are looked at, besides after fills and new prices.
        least_grade: below it, no quotes. With none, a market without an oracle is quoted around its mark.
        age_ns_max: an accepted price older than this is not quoted around.
        leverage_rate: the inventory may be worth this much of the shares' equity.
        exposure_max: and no more than this (minor units); 0 for no such bound.
        decay_rate: of the volatility's EWMA, per refresh.
        join_min: the least amount of a join (minor units).
        lock_up_ns: how long shares stay after their provider's latest join.
        report_ns: the length of an epoch.
        manager: the provider that is paid a part of profits, 0 for none.
        profit_rate: the part of what the share price gained above its highest that the manager gets, in shares.
    """

    role: ClassVar[str] = "liquidity"
    name: ClassVar[str] = "vault"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = ledger.LISTENS | {OracleSet, MarkSet, MarketModeSet, AgentSet, Noted}
    State: ClassVar[type[Struct]] = VaultState

    account: int
    market: int
    curve: Linear | ConstantProduct = Linear()
    refresh_ns: Positive = 5 * SECOND_NS
    least_grade: Grade = Grade.AGEING
    age_ns_max: int = 60 * SECOND_NS
    leverage_rate: int = RATE_ONE
    exposure_max: int = 0
    decay_rate: int = 940_000_000
    join_min: Positive = 1_000_000
    lock_up_ns: int = 4 * 86_400 * SECOND_NS
    report_ns: Positive = 3_600 * SECOND_NS
    manager: int = 0
    profit_rate: int = RATE_ONE // 10

    def react(self, state: VaultState, turn: Turn) -> Reaction[VaultState]:
        """Book what happened, answer who comes and goes, report, and bring the quotes into line."""
        sight = self._sight(turn)
        if sight is None:
            return Reaction(state, (), _after(turn.time_ns, self.refresh_ns))
        touched = self._follow(state, turn, sight)
        refreshes = _passed(state.refreshed_at, turn.time_ns, self.refresh_ns)
        if refreshes and sight.reference:
            state.refreshed_at = turn.time_ns
            state.volatility.sample(sight.reference, self.decay_rate)
        proposals = [
            *self._answers(state, turn, sight),
            *self._redemptions(state, turn, sight),
            *self._report(state, turn, sight),
        ]
        if touched or refreshes or proposals or state.register.waits(turn.time_ns):
            proposals += self._quotes(state, turn, sight)
        return Reaction(state, tuple(proposals), self._wake(state, turn.time_ns))

    def _sight(self, turn: Turn) -> _Sight | None:
        """The vault's rows; None while there is no such account, market or pool."""
        account, market = turn.view.account(self.account), turn.view.market(self.market)
        if account is None or market is None:
            return None
        asset = turn.view.asset(market.settlement)
        pool = next((pool for pool in account.pools if (pool.asset, pool.market) == (market.settlement, 0)), None)
        position = next((position for position in account.positions if position.market == self.market), None)
        return _Sight(account, market, asset, pool, position) if asset and pool else None

    def _wake(self, state: VaultState, time_ns: int) -> int:
        due = [one.due_at for one in state.register.holdings.values() if one.due_at > time_ns]
        return min(_after(time_ns, self.refresh_ns), _after(time_ns, self.report_ns), *due)

    # --- money ------------------------------------------------------------------------------------------------------

    def _follow(self, state: VaultState, turn: Turn, sight: _Sight) -> bool:
        """Book the events; returns whether the quotes may have to change. What was there at first nobody joined yet."""
        if not state.started:
            state.started, state.reported_at = True, turn.time_ns
            state.ledger.unassigned = sight.pool.equity
            return True
        touched = False
        for event in turn.events:
            if isinstance(event, OracleSet | MarketModeSet | MarkSet):
                touched |= event.market == self.market
            elif isinstance(event, AgentSet):
                touched |= event.account == self.account
            elif not isinstance(event, Noted):
                touched |= state.ledger.follow(event, account=self.account, asset=sight.market.settlement)
        return touched

    def _answers(self, state: VaultState, turn: Turn, sight: _Sight) -> Iterator[Proposal]:
        """What the vault says to those who come, and to those who cannot leave as they ask."""
        for event in requests(turn.events, _TOPICS):
            join = notes.read(event, topics.JOIN, topics.Join)
            if join and join.vault == self.account and event.origin == Origin.OPERATOR:
                yield Proposal(self._join(state, turn, sight, join), event.seq)
            leave = notes.read(event, topics.LEAVE, topics.Leave)
            if leave and leave.vault == self.account and _may_leave(event, leave):
                holding = state.register.holdings.get(leave.provider)
                if holding and 0 < leave.shares <= holding.shares - holding.leaving:
                    shares.ask_to_leave(holding, leave.shares, time_ns=turn.time_ns, cause=event.seq)
                else:
                    refused = topics.Refused(self.account, leave.provider, topics.LEAVE, "shares")
                    yield Proposal(notes.note(topics.REFUSED, refused), event.seq)

    def _join(self, state: VaultState, turn: Turn, sight: _Sight, join: topics.Join) -> Note:
        equity, total = state.ledger.equity(sight.pool), state.register.total
        issued = shares.shares_for(join.amount, equity=equity, total=total) if equity >= 0 else 0
        reason = ""
        if join.provider < 1 or not self.join_min <= join.amount <= state.ledger.unassigned:
            reason = "amount"
        elif equity < 0 or (total and not equity):
            reason = "no_equity"
        elif not issued or total + issued > shares.SHARES_MAX:
            reason = "no_share"
        if reason:
            return notes.note(topics.REFUSED, topics.Refused(self.account, join.provider, topics.JOIN, reason))
        price = shares.share_price(equity=equity, total=total)
        free_at = turn.time_ns + self.lock_up_ns
        shares.issue(state.register, join.provider, issued, free_at=free_at)
        state.ledger.unassigned -= join.amount
        state.ledger.joined += join.amount
        joined = topics.Joined(self.account, join.provider, join.amount, issued, price, free_at)
        return notes.note(topics.JOINED, joined)

    def _redemptions(self, state: VaultState, turn: Turn, sight: _Sight) -> Iterator[Proposal]:
        """Redeem what is due, in the order of the dues, as far as the pool can let money go."""
        books, register = state.ledger, state.register
        due = sorted((one.due_at, provider) for provider, one in register.holdings.items() if one.leaving)
        if state.paid_at != turn.time_ns:
            state.paid_at, state.paid = turn.time_ns, 0
        for due_at, provider in due:
            if due_at > turn.time_ns or state.paid >= REDEMPTIONS_MAX:
                break
            holding = register.holdings[provider]
            equity, total = books.equity(sight.pool), register.total
            within = shares.most_shares(_free(sight) - books.payable, equity=equity, total=total)
            if within < holding.leaving and sight.quotes_bind:
                break  # what the quotes bind is free when they are gone, at the next refresh
            leaving = min(holding.leaving, within)
            amount = shares.value_of(leaving, equity=equity, total=total)
            if equity <= 0 or not leaving or (not amount and leaving < holding.leaving):
                break
            price = shares.share_price(equity=equity, total=total)
            cause = holding.cause
            shares.redeem(register, provider, leaving)
            books.payable += amount
            books.redeemed += amount
            state.paid += 1
            body = topics.Redeem(self.account, provider, leaving, amount, price)
            yield Proposal(notes.note(topics.REDEEM, body), cause)

    def _report(self, state: VaultState, turn: Turn, sight: _Sight) -> Iterator[Proposal]:
        """The books, once an epoch; the manager is paid first."""
        if not _passed(state.reported_at, turn.time_ns, self.report_ns):
            return
        state.reported_at = turn.time_ns
        books, register = state.ledger, state.register
        equity = books.equity(sight.pool)
        earned = shares.pay_manager(
            register,
            self.manager,
            equity=equity,
            profit_rate=self.profit_rate,
        )
        body = topics.Report(
            vault=self.account,
            time_ns=turn.time_ns,
            status=self._hindrance(state, turn, sight) or "quoting",
            equity=equity,
            shares=register.total,
            share_price=shares.share_price(equity=equity, total=register.total),
            earned=earned,
            unassigned=books.unassigned,
            payable=books.payable,
            joined=books.joined,
            redeemed=books.redeemed,
            taken=books.taken,
            lots=sight.lots,
            **books.lines(sight.pool, sight.position),
        )
        yield Proposal(notes.note(topics.REPORT, body))

    # --- quotes -----------------------------------------------------------------------------------------------------

    def _hindrance(self, state: VaultState, turn: Turn, sight: _Sight) -> str:
        """What keeps the vault from quoting, the first that holds; empty if nothing does."""
        oracle = sight.market.oracle
        reasons = {
            "not_granted": turn.author not in sight.account.agents,
            "market": sight.market.mode != MarketMode.CONTINUOUS,
            "pool": sight.pool.locked or sight.pool.standing >= Standing.LIQUIDATABLE,
            "no_shares": not state.register.total or state.ledger.equity(sight.pool) <= 0,
            "no_price": not sight.reference,
            "grade": oracle.grade < self.least_grade,
            "age": bool(oracle.price) and turn.time_ns - oracle.updated_at > self.age_ns_max,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def _quotes(self, state: VaultState, turn: Turn, sight: _Sight) -> Iterator[Proposal]:
        """The commands that bring the book in line with the curve, or take all quotes out of it."""
        hindrance = self._hindrance(state, turn, sight)
        if hindrance == "not_granted" or sight.market.mode == MarketMode.HALTED:
            return
        own = turn.view.orders(self.account, self.market)
        wanted: dict[Side, Levels] = {Side.BUY: [], Side.SELL: []}
        if not hindrance:
            wanted = self._wanted(state, turn, sight, own)
        for command in quotes.changes(own, wanted, account=self.account, market=self.market):
            yield Proposal(command)

    def _wanted(self, state: VaultState, turn: Turn, sight: _Sight, own: list[OrderRow]) -> dict[Side, Levels]:
        limit = self._limit(state, sight)
        scene = Scene(sight.reference, sight.market.oracle.grade, state.volatility.rate, sight.lots, limit)
        curve: Curve = self.curve
        # Who is due and cannot be paid has the inventory run down: only what reduces it is quoted.
        most = 0 if state.register.waits(turn.time_ns) else limit
        rooms = max(0, most - sight.lots), max(0, most + sight.lots)
        best = quotes.outside(turn.view, self.market, own)
        return quotes.bounded(curve.levels(scene), rooms=rooms, market=sight.market, best=best)

    def _limit(self, state: VaultState, sight: _Sight) -> int:
        """The most lots the inventory may have, either way, at the reference."""
        worth = state.ledger.equity(sight.pool) * self.leverage_rate // RATE_ONE
        worth = min(worth, self.exposure_max) if self.exposure_max else worth
        return min(worth // (sight.reference * sight.market.tick_value), sight.market.position_max)


def _passed(last_ns: int, now_ns: int, interval_ns: int) -> bool:
    """Whether a multiple of the interval lies after the one and not after the other."""
    return now_ns // interval_ns > last_ns // interval_ns


def _after(now_ns: int, interval_ns: int) -> int:
    """The next multiple of an interval."""
    return (now_ns // interval_ns + 1) * interval_ns


def _may_leave(event: Noted, leave: topics.Leave) -> bool:
    """Providers speak for themselves, the operator for all."""
    return event.origin == Origin.OPERATOR or event.account == leave.provider


def _free(sight: _Sight) -> int:
    """What may leave the pool now: its settled cash, as far as the transfer level of the rules lets it go."""
    pool, tick_value = sight.pool, sight.market.tick_value
    if not pool.requirement and not sight.lots:
        level = 0
    else:
        notional = abs(sight.lots) * sight.market.mark * tick_value
        level = max(-(-pool.requirement * sight.asset.levels.transfer_rate // RATE_ONE), -(-notional // 10))
    return max(0, min(pool.balance - pool.owed, pool.equity - level))
