"""What came of a session: who was liquidated, who paid, what was left unpaid, whose hedge was broken, how long it took.

One definition of each measure, for studies, comparisons and demos alike. Amounts are minor units of the settlement
asset, lots are valued at the mark of their moment, times are stamped ns.

| measure | is |
|---|---|
| liquidated | accounts for which the venue sent an order, or whose lots went to a liquidator, a vault or winners |
| deleveraged | accounts that closed against them in a deleveraging |
| insurance paid | what insurance funds paid into pools in deficit |
| ADL notional | lots closed in deleveragings, at the mark |
| ADL forgone | what those who closed got less than the mark, net of what they got more |
| socialised | deficits shared through loss indices |
| negative equity | what pools owe at the end and do not have |
| bad debt | insurance paid + socialised + negative equity |
| rank inversions | pairs of those who could be deleveraged in an instant: the one ranked higher (profit times \
leverage) closed a smaller share than the one ranked lower, and would have even with a lot of the latter's |
| broken hedges | accounts whose positions on one underlying netted to 10 % of their gross or less before a forced \
step, and to more than 50 % at the end of its instant |
| time to solvency | from the first pool below maintenance to the last time none was; none if some are at the end |
"""

from __future__ import annotations

import os
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from crossbook._kernel import Kernel
from crossbook.commands import Command, Deleverage, Side
from crossbook.events import (
    Event,
    FundingPaid,
    GroupSet,
    LiquidationEnded,
    LiquidationStarted,
    LossCovered,
    LossSocialised,
    MarketAdded,
    MarkSet,
    MoveReason,
    PoolLocked,
    PoolReleased,
    PositionMoved,
    Standing,
    StandingChanged,
    Traded,
)
from crossbook.journal import JournalReader
from crossbook.policies.liquidation.allocation.queue import score
from crossbook.policies.view import PolicyView
from crossbook.rows import HolderRow
from crossbook.wire import decode_body, decode_events, encode_record

HEDGED_MOST: Final = Fraction(1, 10)
"""Net over gross notional up to which positions on one underlying count as a hedge."""
NAKED_ABOVE: Final = Fraction(1, 2)
"""Net over gross notional above which they no longer do."""


class AccountOutcome(Struct):
    """One account in one settlement asset, minor units.

    `forced` is the notional it lost to forced steps, `deleveraged` what it closed against others, `forgone` what that
    cost it against the mark (negative: earned); `funding` and `loss` are what it paid, `fees` too.
    """

    forced: int = 0
    deleveraged: int = 0
    forgone: int = 0
    funding: int = 0
    loss: int = 0
    fees: int = 0


class AssetOutcome(Struct):
    """What came of the pools that settle in one asset, minor units; see the head of this file.

    `funding` is what accounts paid (not what they received), `fees` what was charged less rebates, `liquidation_fees`
    what went to insurance funds, `margin_used` what pools must have at the end.
    """

    liquidated_notional: int = 0
    insurance_paid: int = 0
    insurance_left: int = 0
    adl_notional: int = 0
    adl_forgone: int = 0
    socialised: int = 0
    negative_equity: int = 0
    broken_notional: int = 0
    funding: int = 0
    fees: int = 0
    liquidation_fees: int = 0
    margin_used: int = 0
    accounts: dict[int, AccountOutcome] = field(default_factory=dict)

    @property
    def bad_debt(self) -> int:
        """What those who lost did not pay."""
        return self.insurance_paid + self.socialised + self.negative_equity

    def of(self, account: int) -> AccountOutcome:
        """One account's part."""
        return self.accounts.setdefault(account, AccountOutcome())


class Outcome(Struct, frozen=True):
    """What came of a session up to `seq`; accounts are ids in order.

    `time_to_solvency_ns` is None while pools are below their maintenance, 0 if none ever was.
    """

    seq: int
    time_ns: int
    liquidated: list[int]
    deleveraged: list[int]
    broken: list[int]
    rank_inversions: int
    first_trouble_ns: int | None
    time_to_solvency_ns: int | None
    assets: dict[int, AssetOutcome]


def spared(one: Outcome, other: Outcome) -> list[int]:
    """Accounts that were liquidated in the first and not in the second."""
    return sorted({*one.liquidated} - {*other.liquidated})


def measure(path: str | os.PathLike[str]) -> Outcome:
    """What came of the session in a journal: it is executed again, command by command, without policies.

    Raises JournalError if it cannot be read.
    """
    kernel = Kernel()
    outcomes, view = Outcomes(), PolicyView(lambda: kernel)
    with JournalReader(Path(path)) as reader:
        for block in reader.blocks():
            for record in decode_body(block.body, block.count):
                outcomes.before(record.command, view)
                time_ns = block.base_time_ns + record.dt
                body = encode_record(replace(record, dt=0))
                answer = kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=time_ns, count=1)
                outcomes.after(decode_events(answer), time_ns=time_ns)
    return outcomes.finish(view)


class Outcomes:
    """Measures a session while it is executed: `before` each command, `after` it with its events, `finish` at the end.

    Positions and marks are followed from events, so it must see a session from its first command on.
    """

    def __init__(self) -> None:
        self._time_ns = 0
        self._assets: dict[int, AssetOutcome] = {}
        self._markets: dict[int, _Market] = {}
        self._liquidated: set[int] = set()
        self._deleveraged: set[int] = set()
        self._inversions = 0
        self._ranked: dict[tuple[int, bool], _Ranked] = {}
        self._hedges = _Hedges(self._markets)
        self._trouble = _Trouble()

    def before(self, command: Command, view: PolicyView) -> None:
        """Look at what a command is about to change. Only deleveraging needs that; every other command is skipped."""
        if not isinstance(command, Deleverage):
            return
        position = view.position(command.account, command.market)
        lots = position.lots if position else 0
        if lots and (command.market, lots > 0) not in self._ranked:
            held = (one for one in view.holders(command.market) if one.lots * lots < 0 and one.equity >= 0)
            market = self._markets[command.market]
            self._ranked[command.market, lots > 0] = _Ranked(list(held), market.mark * market.tick_value)

    def after(self, events: Iterable[Event], *, time_ns: int) -> None:
        """Take in the events of one or more commands of one stamped time, in order."""
        if time_ns != self._time_ns:
            self._close_instant()
            self._time_ns = time_ns
        for _, group in groupby(events, key=lambda event: event.seq):
            self._take(list(group))

    def _take(self, events: list[Event]) -> None:
        """The events of one command: what they force is seen against the positions before it."""
        self._hedges.force(_forced(events))
        for event in events:
            if isinstance(event, MarketAdded):
                self._markets[event.market] = _Market(event.settlement, event.tick_value)
            elif isinstance(event, MarkSet):
                self._markets[event.market].mark = event.price
            elif isinstance(event, GroupSet):
                self._markets[event.market].group = event.group
            elif isinstance(event, Traded):
                self._take_trade(event)
            elif isinstance(event, PositionMoved):
                self._take_move(event)
            else:
                self._take_money(event)
            self._trouble.take(event, self._time_ns)
        self._liquidated |= {event.account for event in events if isinstance(event, LiquidationStarted)}

    def _take_trade(self, event: Traded) -> None:
        signed = event.lots if event.taker_side == Side.BUY else -event.lots
        self._hedges.move(event.taker, event.market, signed)
        self._hedges.move(event.maker, event.market, -signed)
        asset = self._of_market(event.market)
        asset.fees += event.maker_fee + event.taker_fee
        asset.of(event.maker).fees += event.maker_fee
        asset.of(event.taker).fees += event.taker_fee

    def _take_move(self, event: PositionMoved) -> None:
        self._hedges.move(event.source, event.market, -event.lots)
        self._hedges.move(event.destination, event.market, event.lots)
        self._liquidated.add(event.source)
        market, asset = self._markets[event.market], self._of_market(event.market)
        notional = abs(event.lots) * market.mark * market.tick_value
        asset.liquidated_notional += notional
        asset.of(event.source).forced += notional
        if event.reason == MoveReason.DELEVERAGE:
            self._deleveraged.add(event.destination)
            ranked = self._ranked.get((event.market, event.lots > 0))
            if ranked is not None:
                ranked.closed[event.destination] = ranked.closed.get(event.destination, 0) + abs(event.lots)
            forgone = event.value - notional if event.lots > 0 else notional - event.value
            asset.adl_notional += notional
            asset.adl_forgone += forgone
            asset.of(event.destination).deleveraged += notional
            asset.of(event.destination).forgone += forgone

    def _take_money(self, event: Event) -> None:
        if isinstance(event, LossCovered):
            self._of_asset(event.asset).insurance_paid += event.amount
        elif isinstance(event, LossSocialised):
            self._of_asset(event.asset).socialised += event.amount
        elif isinstance(event, FundingPaid):
            asset = self._of_market(event.market)
            asset.funding += max(0, event.funding)
            asset.of(event.account).funding += event.funding
            asset.of(event.account).loss += event.loss
        elif isinstance(event, LiquidationEnded):
            asset = self._of_market(event.market)
            asset.liquidation_fees += event.fee
            asset.liquidated_notional += event.value
            asset.of(event.account).forced += event.value

    def _close_instant(self) -> None:
        """The instant is over: whose hedge is broken, and who was passed over in its deleveragings."""
        self._hedges.close_instant()
        self._inversions += sum(inversions(one.candidates, one.closed, one.lot_value) for one in self._ranked.values())
        self._ranked.clear()

    def finish(self, view: PolicyView) -> Outcome:
        """What came of it, with what pools owe and must have in the end."""
        self._close_instant()
        for row in view.assets():
            isolated = (market.insurance.fund for market in view.markets() if market.settlement == row.asset)
            self._of_asset(row.asset).insurance_left = row.limits.fund + sum(isolated)
        for account in range(1, view.account_count() + 1):
            found = view.account(account)
            for pool in found.pools if found else []:
                asset = self._of_asset(pool.asset)
                asset.negative_equity += max(0, -pool.equity)
                asset.margin_used += pool.requirement
        for (_, market), notional in self._hedges.broken.items():
            self._of_market(market).broken_notional += notional
        return Outcome(
            seq=view.seq,
            time_ns=self._time_ns,
            liquidated=sorted(self._liquidated),
            deleveraged=sorted(self._deleveraged),
            broken=sorted({account for account, _ in self._hedges.broken}),
            rank_inversions=self._inversions,
            first_trouble_ns=self._trouble.first_ns,
            time_to_solvency_ns=self._trouble.to_solvency_ns,
            assets=dict(sorted(self._assets.items())),
        )

    def _of_asset(self, asset: int) -> AssetOutcome:
        return self._assets.setdefault(asset, AssetOutcome())

    def _of_market(self, market: int) -> AssetOutcome:
        return self._of_asset(self._markets[market].settlement)


def inversions(candidates: Sequence[HolderRow], closed: Mapping[int, int], lot_value: int) -> int:
    """Rank inversions among candidates: `closed` are lots by account, `lot_value` is a lot at the mark."""
    ranked = sorted(candidates, key=lambda one: score(one, lot_value), reverse=True)
    above: list[Fraction] = []
    count = 0
    for _, equals in groupby(ranked, key=lambda one: score(one, lot_value)):
        level = [(closed.get(one.account, 0), abs(one.lots)) for one in equals]
        count += sum(bisect_left(above, Fraction(lots - 1, held)) for lots, held in level if lots)
        for lots, held in level:
            insort(above, Fraction(lots + 1, held))
    return count


def _forced(events: Iterable[Event]) -> set[int]:
    """The accounts that a command takes positions from, whether they failed or were deleveraged."""
    forced: set[int] = set()
    for event in events:
        if isinstance(event, LiquidationStarted):
            forced.add(event.account)
        elif isinstance(event, PositionMoved):
            forced.add(event.source)
            if event.reason == MoveReason.DELEVERAGE:
                forced.add(event.destination)
    return forced


class _Ranked(Struct):
    """Who could be asked in an instant, as they stood before its first deleveraging, and what they closed in it."""

    candidates: list[HolderRow]
    lot_value: int
    closed: dict[int, int] = field(default_factory=dict)


class _Market(Struct):
    """What a market's notionals are made of; `group` 0: an underlying of its own."""

    settlement: int
    tick_value: int
    group: int = 0
    mark: int = 0


class _Trouble:
    """Pools below their maintenance, as far as events tell: announced or locked, until released or announced well."""

    def __init__(self) -> None:
        self.first_ns: int | None = None
        self._pools: set[tuple[int, int, int]] = set()
        self._solvent_ns: int | None = None

    def take(self, event: Event, time_ns: int) -> None:
        if not isinstance(event, StandingChanged | PoolLocked | PoolReleased):
            return
        pool = event.account, event.asset, event.market
        announced = isinstance(event, StandingChanged) and event.standing >= Standing.LIQUIDATABLE
        if announced or isinstance(event, PoolLocked):
            self._pools.add(pool)
            self.first_ns = time_ns if self.first_ns is None else self.first_ns
        elif pool in self._pools:
            self._pools.discard(pool)
            self._solvent_ns = time_ns

    @property
    def to_solvency_ns(self) -> int | None:
        if self.first_ns is None:
            return 0
        return None if self._pools or self._solvent_ns is None else self._solvent_ns - self.first_ns


class _Hedges:
    """Positions by account, and which of them were a hedge before something was forced."""

    def __init__(self, markets: Mapping[int, _Market]) -> None:
        self.broken: dict[tuple[int, int], int] = {}
        """The most that was left naked, minor units at the mark, by account and the lowest market of the underlying."""
        self._markets = markets
        self._lots: dict[int, dict[int, int]] = {}
        self._hedged: set[tuple[int, tuple[int, int]]] = set()
        self._touched: set[int] = set()

    def move(self, account: int, market: int, lots: int) -> None:
        held = self._lots.setdefault(account, {})
        held[market] = held.get(market, 0) + lots
        if not held[market]:
            del held[market]

    def force(self, accounts: set[int]) -> None:
        """Something is about to be taken from these: note which of their underlyings are hedged."""
        for account in accounts - self._touched:
            self._touched.add(account)
            for underlying, (net, gross, _) in self._underlyings(account).items():
                if net <= HEDGED_MOST * gross:
                    self._hedged.add((account, underlying))

    def close_instant(self) -> None:
        """The instant is over: what was hedged and is naked now is broken."""
        for account in sorted(self._touched):
            for underlying, (net, gross, market) in self._underlyings(account).items():
                if (account, underlying) in self._hedged and net > NAKED_ABOVE * gross:
                    key = account, market
                    self.broken[key] = max(net, self.broken.get(key, 0))
        self._touched.clear()
        self._hedged.clear()

    def _underlyings(self, account: int) -> dict[tuple[int, int], tuple[int, int, int]]:
        """Net and gross notional, and the lowest market, of each underlying on which an account has lots."""
        found: dict[tuple[int, int], tuple[int, int, int]] = {}
        for market, lots in sorted(self._lots.get(account, {}).items()):
            row = self._markets[market]
            key = (row.group, 0) if row.group else (0, market)
            notional = lots * row.mark * row.tick_value
            net, gross, first = found.get(key, (0, 0, market))
            found[key] = net + notional, gross + abs(notional), first
        return {key: (abs(net), gross, first) for key, (net, gross, first) in found.items() if gross}
