"""The demo's run: agents act in rounds, each round is one durable submission, and its events are counted.

A round is three seconds of stamped time. The clock is simulated: how long the machine needs is no part of the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from crossbook.commands import Command, CreateAccount, Deposit, SetMark
from crossbook.demo.agents import USDC, Agent, Gambler, Hedger, Holdings, Maker, Sight, Taker
from crossbook.demo.market import INSTRUMENTS, Crash, Marks, venue_config
from crossbook.errors import InputError
from crossbook.events import CancelReason, Event, OrderAccepted, OrderCancelled, Rejected, Traded
from crossbook.rejects import REASONS
from crossbook.replay import Progress
from crossbook.venue import Venue

START_NS: Final = 1_767_225_600_000_000_000
"""The stamped time at which the demo begins: 2026-01-01T00:00:00Z."""
ROUND_NS: Final = 3_000_000_000
"""The stamped time of a round."""


_CRASH: Final = Crash(start=360, rounds=20)


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """How large the demo is. `makers` counts per market; a hedger has two accounts, everybody else one."""

    seed: int = 7
    makers: int = 8
    takers: int = 220
    hedgers: int = 20
    gamblers: int = 16
    rounds: int = 600
    crash: Crash = _CRASH

    @property
    def bottom(self) -> int:
        """The round that ends with the marks at their lowest, where the snapshot is taken."""
        return self.crash.start + self.crash.rounds - 1


@dataclass(slots=True)
class MarketTally:
    """What happened in one market: volume in minor units of the settlement asset, marks in ticks."""

    trades: int = 0
    volume: int = 0
    before_crash: int = 0
    lowest: int = 0
    last: int = 0


@dataclass(slots=True)
class Tally:
    """What happened in the session, counted from events."""

    orders: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    cancelled: Counter[CancelReason] = field(default_factory=Counter)
    makers_cancelled: int = 0
    markets: list[MarketTally] = field(default_factory=lambda: [MarketTally() for _ in INSTRUMENTS])


class _Clock:
    """The simulated clock: ns since the epoch, moved by the rounds."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns


class Run:
    """One run of the demo into an empty directory."""

    def __init__(self, path: Path, config: DemoConfig, *, durability: str = "durable") -> None:
        if not 0 <= config.crash.start <= config.bottom < config.rounds:
            raise InputError(
                "the crash must be over before the session ends",
                code="demo_config",
                values={"crash_start": config.crash.start, "bottom": config.bottom, "rounds": config.rounds},
                hint="let it start later than round 0 and take fewer rounds than are left",
            )
        self.config: Final = config
        self.tally: Final = Tally()
        self.bottom_seq = 0
        self._taker = 0
        self.bottom_time_ns = 0
        self._rng: Final = Random(config.seed)  # noqa: S311 - a seeded simulation, nothing secret
        self._clock: Final = _Clock()
        self._marks: Final = Marks(self._rng, config.crash)
        self._holdings: Final = Holdings()
        self._counters: Final[dict[type[Event], Callable[..., None]]] = {
            OrderAccepted: self._count_order,
            Traded: self._count_trade,
            Rejected: self._count_refusal,
            OrderCancelled: self._count_cancel,
        }
        self.venue: Final = Venue.create(path, venue_config(), durability=durability, clock=self._clock)

    def play(self, progress: Progress | None = None) -> None:
        """Open the accounts, play all rounds, snapshot at the bottom of the crash, and close the venue."""
        with self.venue:
            agents = self._open_accounts()
            for number in range(self.config.rounds):
                if progress is not None:
                    progress(number, self.config.rounds)
                self._play_round(number, agents)
                if number == self.config.bottom:
                    self.venue.snapshot()
                    self.bottom_seq, self.bottom_time_ns = self.venue.seq, self.venue.time_ns

    def _play_round(self, number: int, agents: list[Agent]) -> None:
        self._clock.now_ns = START_NS + (number + 1) * ROUND_NS
        marks = self._marks.step(number)
        for tally, mark in zip(self.tally.markets, marks, strict=True):
            if number <= self.config.crash.start:
                tally.before_crash = mark
            tally.lowest = min(tally.lowest or mark, mark)
            tally.last = mark
        sight = Sight(number, self._clock.now_ns, marks, self.config.crash.falling(number))
        commands: list[Command] = [SetMark(market, mark) for market, mark in enumerate(marks, start=1)]
        commands += [command for agent in agents for command in agent.act(sight, self._rng)]
        self._submit(commands)

    def _submit(self, commands: list[Command]) -> tuple[Event, ...]:
        receipt = self.venue.submit(commands)
        for event in receipt.events:
            count = self._counters.get(type(event))
            if count is not None:
                count(event)
        return receipt.events

    # accounts --------------------------------------------------------------------------------------------------------

    def _open_accounts(self) -> list[Agent]:
        """Takers act first, on the quotes of the round before; makers last."""
        parents: list[int] = []
        deposits: list[tuple[int, int]] = []
        agents = list(self._cast(parents, deposits))
        self._submit([CreateAccount(parent) for parent in parents])
        self._submit([Deposit(account, 1, amount * USDC) for account, amount in deposits])
        return agents

    def _cast(self, parents: list[int], deposits: list[tuple[int, int]]) -> Iterator[Agent]:
        """Every agent, while its accounts and deposits (whole units) are noted down."""
        rng, config = self._rng, self.config

        def account(amount: int, parent: int = 0) -> int:
            parents.append(parent)
            deposits.append((len(parents), amount))
            return len(parents)

        for _ in range(config.takers):
            amount = rng.randint(500, 20_000)
            yield Taker(account(amount), self._holdings, rest=rng.randint(2, 14), deposit=amount * USDC)
        for index in range(config.hedgers):
            master = account(rng.randint(5_000, 40_000))
            sub = account(rng.randint(5_000, 40_000), parent=master)
            long_market = 1 + index % len(INSTRUMENTS)
            yield Hedger(master, sub, long_market, 1 + long_market % len(INSTRUMENTS), self._holdings)
        for _ in range(config.gamblers):
            yield Gambler(account(rng.randint(50, 400)))
        for index in range(config.makers * len(INSTRUMENTS)):
            market = 1 + index % len(INSTRUMENTS)
            amount = rng.choice((2_000, 5_000, 20_000, 100_000, 400_000))
            clip = INSTRUMENTS[market - 1].clip * rng.randint(1, 3)
            yield Maker(account(amount), market, self._holdings, clip, patience=rng.randint(1, 2))

    # events ----------------------------------------------------------------------------------------------------------

    def _count_order(self, event: OrderAccepted) -> None:
        self.tally.orders += 1
        self._taker = event.order

    def _count_trade(self, event: Traded) -> None:
        market = self.tally.markets[event.market - 1]
        unit = self.venue.market_unit(event.market)
        market.trades += 1
        market.volume += event.price * event.lots * unit.tick_value
        bought = event.lots if event.taker_side == 1 else -event.lots
        self._holdings.add(event.taker, event.market, bought)
        self._holdings.add(event.maker, event.market, -bought)

    def _count_refusal(self, event: Rejected) -> None:
        self.tally.refused[REASONS[event.code].code.camel] += 1

    def _count_cancel(self, event: OrderCancelled) -> None:
        self.tally.cancelled[event.reason] += 1
        if event.reason == CancelReason.MARGIN and event.order != self._taker:
            self.tally.makers_cancelled += 1
