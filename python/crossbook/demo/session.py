"""The demo's run: sources speak and agents act in rounds, the policies answer, and what happened is counted.

A round is one durable submission of three seconds of stamped time; what the policies do about it follows in blocks of
their own. The clock is simulated: how long the machine needs is no part of the result.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final

from crossbook.commands import Command, Origin
from crossbook.demo.agents import Holdings, Sight
from crossbook.demo.cast import assemble
from crossbook.demo.config import START_NS, DemoConfig, time_of
from crossbook.demo.market import INSTRUMENTS, Prices
from crossbook.demo.oracle import Sources
from crossbook.demo.policies import policed_config
from crossbook.demo.tally import Counting, Tally
from crossbook.policies.view import PolicyView
from crossbook.replay import Progress
from crossbook.venue import Venue


class _Clock:
    """The simulated clock: ns since the epoch, moved by the rounds."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns


class Run:
    """One run of the demo into an empty directory."""

    def __init__(self, path: Path, config: DemoConfig, *, durability: str = "durable") -> None:
        config.check()
        self.config: Final = config
        self.tally: Final = Tally()
        self.bottom_seq = 0
        self.bottom_time_ns = 0
        self._rng: Final = Random(config.seed)  # noqa: S311 - a seeded simulation, nothing secret
        self._clock: Final = _Clock()
        self._prices: Final = Prices(self._rng, config.crash)
        self._sources: Final = Sources(self._rng, config.outage)
        holdings = Holdings()
        self._cast: Final = assemble(config, self._rng, holdings)
        self.venue: Final = Venue.create(path, policed_config(), durability=durability, clock=self._clock)
        self._view: Final = PolicyView(lambda: self.venue.session.kernel)
        units = [self.venue.market_unit(market) for market in range(1, len(INSTRUMENTS) + 1)]
        self._counting: Final = Counting(self.tally, holdings, units)

    def play(self, progress: Progress | None = None) -> None:
        """Set everything up, play all rounds, snapshot at the bottom of the crash, and close the venue."""
        with self.venue:
            self._set_up()
            for number in range(self.config.rounds):
                if progress is not None:
                    progress(number, self.config.rounds)
                self._play_round(number)
                if number == self.config.bottom:
                    self.venue.snapshot()
                    self.bottom_seq, self.bottom_time_ns = self.venue.seq, self.venue.time_ns

    def _set_up(self) -> None:
        """Accounts, their money, the operator's appointments, and a first price of every source."""
        for commands in (self._cast.created, self._cast.deposited):
            self._submit(commands)
        self._submit(self._cast.appointed, origin=Origin.OPERATOR)
        self._submit(list(self._sources.observe(0, START_NS, self._prices.ticks)))

    def _play_round(self, number: int) -> None:
        self._clock.now_ns = now_ns = time_of(number)
        prices = self._prices.step(number)
        marks = [row.mark for row in self._view.markets()]
        falling = self.config.crash.falling(number)
        sight = Sight(number, now_ns, prices, marks, falling, self._view.auctions())
        commands: list[Command] = list(self._sources.observe(number, now_ns, prices))
        commands += [command for agent in self._cast.agents for command in agent.act(sight, self._rng)]
        self._submit(commands)
        crashed = number > self.config.crash.start
        for tally, row in zip(self.tally.markets, self._view.markets(), strict=True):
            tally.see(number, row, crashed=crashed)

    def _submit(self, commands: list[Command], *, origin: Origin | None = None) -> None:
        """Hand commands in; the policies act on them before this returns, and are counted with them."""
        receipt = self.venue.submit(commands, origin=origin)
        answers = self.venue.policies.drain()
        self.tally.inside += sum(len(answer) for answer in answers)
        events = [*receipt.events, *(event for answer in answers for event in answer.events)]
        self._counting.take(sorted(events, key=lambda event: event.seq))
