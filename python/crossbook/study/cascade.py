"""One crash, every liquidation policy under every allocation rule: the same market, the same path, the same quotes.

The market is that of `crossbook.study.cascade_market`. From outside come marks and makers' quotes, for all runs alike;
liquidators bid by a rule (`crossbook.study.bidders`), since what is on auction depends on the policy. Everything else
is the policy's doing. What came of it is measured by `crossbook.outcomes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from crossbook.commands import (
    RATE_ONE,
    Command,
    CreateAccount,
    Deposit,
    FundInsurance,
    MarginMode,
    SetAgent,
    SetLevels,
    SetLiquidation,
    SetLiquidator,
    SetMarginMode,
    SetMark,
    SetPortfolio,
    SetVault,
)
from crossbook.demo.market import venue_config
from crossbook.outcomes import Outcome
from crossbook.policies import catalogue
from crossbook.replay import Progress
from crossbook.scenarios import Offsets, Underlying, portfolio_commands
from crossbook.study.bidders import Bidders
from crossbook.study.cascade_market import (
    ETH,
    FUTURE,
    MARKETS,
    PERPETUAL,
    STEP_NS,
    USDC,
    VINTAGES,
    Kind,
    Population,
    path,
    quotes,
    start_marks,
    trade,
    vintage_marks,
)
from crossbook.study.rehearsal import Rehearsal

SEED: Final = 7
ACCOUNTS: Final = 1_200
POLICIES: Final = ("ladder", "market", "dutch", "backstop")
RULES: Final = ("queue", "pro_rata", "water_filling")

_USDC: Final = 1
_START_NS: Final = 1_767_225_600_000_000_000
_QUIET_NS: Final = 600 * 10**9
"""How long the venue is left alone after the path."""
INSURANCE_PER_ACCOUNT: Final = 150 * USDC
VAULTS: Final = 2
VAULT_CASH_PER_ACCOUNT: Final = 4_000 * USDC
VAULT_EXPOSURE_PER_ACCOUNT: Final = 12_000 * USDC
DEPTH_PER_ACCOUNT: Final = 1_500 * USDC
BUFFER_RATE: Final = RATE_ONE // 10
FEE_RATE: Final = RATE_ONE // 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """One policy under one rule, and what came of it."""

    policy: str
    rule: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Cascade:
    """What was found; amounts in minor units. `hedged` accounts were delta-neutral to begin with."""

    seed: int
    accounts: int
    hedged: int
    open_interest: int
    runs: tuple[Run, ...]


def cascade(
    *,
    seed: int = SEED,
    accounts: int = ACCOUNTS,
    policies: Sequence[str] = POLICIES,
    rules: Sequence[str] = RULES,
    progress: Progress | None = None,
) -> Cascade:
    """Runs the study: every policy under every rule."""
    runs: list[Run] = []
    population, open_interest = Population(accounts, seed), 0
    pairs = [(policy, rule) for policy in policies for rule in rules]
    for number, (policy, rule) in enumerate(pairs):
        if progress is not None:
            progress(number, len(pairs))
        rehearsal = Rehearsal()
        now = _open(rehearsal, population)
        open_interest = sum(row.open_interest * row.mark * row.tick_value for row in rehearsal.view.markets())
        runs.append(Run(policy, rule, _crash(rehearsal, population, now, policy, rule, seed)))
    hedged = len(population.of(Kind.BASIS, Kind.BASIS_PORTFOLIO))
    return Cascade(seed, len(population.holders), hedged, open_interest, tuple(runs))


def _open(rehearsal: Rehearsal, population: Population) -> int:
    """The venue, everybody's money, and the trades of every vintage; returns the stamped time."""
    now = _START_NS
    config = venue_config(MARKETS)
    free = [replace(market, maker_rate=0, taker_rate=0) for market in config.markets]
    rehearsal.do(now, replace(config, markets=free).commands(), must=True)
    rehearsal.do(now, _rules(), must=True)
    rehearsal.do(now, _money(population), must=True)
    for vintage, percent in enumerate(VINTAGES):
        now += STEP_NS
        marks = vintage_marks(percent)
        rehearsal.do(now, [SetMark(market, mark) for market, mark in enumerate(marks, start=1)], must=True)
        for market, mark in enumerate(marks, start=1):
            for buyer, seller, lots in population.trades(vintage, market):
                rehearsal.do(now, trade(market, mark, buyer, seller, lots), must=True)
    return now


def _rules() -> list[Command]:
    marks = start_marks()
    underlyings = [
        Underlying(1, "0.55", {PERPETUAL: marks[PERPETUAL - 1], FUTURE: marks[FUTURE - 1]}, "0.01"),
        Underlying(2, "0.75", {ETH: marks[ETH - 1]}),
    ]
    return [
        *portfolio_commands(underlyings, correlation=(("1", "0.85"), ("0.85", "1")), offsets=Offsets(cap="0.8")),
        SetPortfolio(_USDC, RATE_ONE * 8 // 10, 1),
        SetLevels(_USDC, RATE_ONE, RATE_ONE, BUFFER_RATE, 0),
        SetLiquidation(
            asset=_USDC,
            first_call_rate=2 * RATE_ONE,
            second_call_rate=RATE_ONE * 13 // 10,
            take_over_rate=666_666_667,
            adjustment_rate=RATE_ONE,
            spread_rate=RATE_ONE,
            partial_rate=RATE_ONE,
            partial_notional=0,
            cooldown_ns=0,
            fee_rate=FEE_RATE,
        ),
    ]


def _money(population: Population) -> list[Command]:
    """Accounts and deposits; after them the vaults, and whoever pays for the insurance."""
    size = len(population.holders)
    commands: list[Command] = [CreateAccount(0) for _ in range(size + VAULTS + 1)]
    commands += [Deposit(holder.account, _USDC, holder.deposit) for holder in population.holders]
    portfolios = population.of(Kind.BASIS_PORTFOLIO, Kind.PORTFOLIO)
    commands += [SetMarginMode(holder.account, MarginMode.PORTFOLIO) for holder in portfolios]
    commands += [SetLiquidator(holder.account, True) for holder in population.of(Kind.LIQUIDATOR)]
    for vault in range(size + 1, size + VAULTS + 1):
        commands.append(Deposit(vault, _USDC, VAULT_CASH_PER_ACCOUNT * size // VAULTS))
        commands.append(SetVault(vault, _USDC, VAULT_EXPOSURE_PER_ACCOUNT * size // VAULTS))
    payer, amount = size + VAULTS + 1, INSURANCE_PER_ACCOUNT * size
    return [*commands, Deposit(payer, _USDC, amount), FundInsurance(_USDC, 0, payer, amount)]


def _crash(rehearsal: Rehearsal, population: Population, now: int, policy: str, rule: str, seed: int) -> Outcome:
    """Engages the policy and the bidders, and walks the path."""
    now += STEP_NS
    chosen = catalogue.build("liquidation", {"policy": policy, "allocation": rule})
    liquidators = tuple(holder.account for holder in population.of(Kind.LIQUIDATOR))
    rehearsal.engage("liquidation", chosen, now)
    author = rehearsal.engage("liquidity.bidders", Bidders(accounts=liquidators), now)
    rehearsal.do(now, [SetAgent(account, author, True) for account in liquidators], must=True)
    depth = DEPTH_PER_ACCOUNT * len(population.holders) // len(MARKETS)
    makers = population.of(Kind.MAKER)
    for step, marks in enumerate(path(seed)):
        now += STEP_NS
        rehearsal.do(now, quotes(step, marks, makers, depth))
        rehearsal.advance(now)
    rehearsal.advance(now + _QUIET_NS)
    assert rehearsal.engaged("liquidation"), "the policy was taken off"
    return rehearsal.finish()
