"""Who takes part: every account of the demo, what is paid into it, and what the operator makes of some of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from crossbook.commands import Command, CreateAccount, Deposit, FundInsurance, SetLiquidator, SetVault
from crossbook.demo.agents import USDC, Agent, Gambler, Hedger, Holdings, Maker, Taker, Withdrawal
from crossbook.demo.config import DemoConfig
from crossbook.demo.liquidators import Liquidator
from crossbook.demo.market import INSTRUMENTS

_FUND: Final = 1_000
"""What the operator pays into the insurance fund, in whole units."""
_VAULT: Final = 20_000
"""What the backstop vault has, in whole units."""
_VAULT_EXPOSURE: Final = 100_000
"""What it may take over, in whole units."""


@dataclass(slots=True)
class Cast:
    """The agents in the order in which they act, and the commands that set them up, in three steps."""

    agents: list[Agent] = field(default_factory=list)
    created: list[Command] = field(default_factory=list)
    deposited: list[Command] = field(default_factory=list)
    appointed: list[Command] = field(default_factory=list)

    def open(self, amount: int, parent: int = 0) -> int:
        """One more account with so many whole units; returns its id."""
        self.created.append(CreateAccount(parent))
        account = len(self.created)
        self.deposited.append(Deposit(account, 1, amount * USDC))
        return account


def assemble(config: DemoConfig, rng: Random, holdings: Holdings) -> Cast:
    """Everybody. Takers act first, on the quotes of the round before; makers last."""
    cast = Cast()
    cast.agents += _takers(cast, config, rng, holdings)
    cast.agents += _hedgers(cast, config, rng, holdings)
    cast.agents += [Gambler(cast.open(rng.randint(50, 400))) for _ in range(config.gamblers)]
    cast.agents += _liquidators(cast, config, holdings)
    makers = list(_makers(cast, config, rng, holdings))
    cast.agents += [Withdrawal(maker) for maker in makers]
    cast.agents += makers
    treasury, vault = cast.open(2 * _FUND), cast.open(_VAULT)
    cast.appointed += [FundInsurance(1, 0, treasury, _FUND * USDC), SetVault(vault, 1, _VAULT_EXPOSURE * USDC)]
    return cast


def _takers(cast: Cast, config: DemoConfig, rng: Random, holdings: Holdings) -> Iterator[Agent]:
    for _ in range(config.takers):
        amount = rng.randint(300, 12_000)
        yield Taker(cast.open(amount), holdings, rest=rng.randint(2, 14), deposit=amount * USDC)


def _hedgers(cast: Cast, config: DemoConfig, rng: Random, holdings: Holdings) -> Iterator[Agent]:
    for index in range(config.hedgers):
        master = cast.open(rng.randint(5_000, 40_000))
        sub = cast.open(rng.randint(5_000, 40_000), parent=master)
        long_market = 1 + index % len(INSTRUMENTS)
        yield Hedger(master, sub, long_market, 1 + long_market % len(INSTRUMENTS), holdings)


def _liquidators(cast: Cast, config: DemoConfig, holdings: Holdings) -> Iterator[Agent]:
    for index in range(config.liquidators):
        account = cast.open(50_000)
        cast.appointed.append(SetLiquidator(account, registered=True))
        yield Liquidator(account, holdings, edge_ppm=10_000 + 5_000 * index)


def _makers(cast: Cast, config: DemoConfig, rng: Random, holdings: Holdings) -> Iterator[Maker]:
    for index in range(config.makers * len(INSTRUMENTS)):
        market = 1 + index % len(INSTRUMENTS)
        amount = rng.choice((2_000, 5_000, 20_000, 100_000, 400_000))
        clip = INSTRUMENTS[market - 1].clip * rng.randint(1, 3)
        yield Maker(cast.open(amount), market, holdings, clip, patience=rng.randint(1, 2))
