"""What a run of the demo came to, for the screen and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossbook.counterfactual import Comparison
from crossbook.demo.comparison import POLICIES_COMPARED
from crossbook.demo.config import DemoConfig, time_of
from crossbook.demo.market import INSTRUMENTS
from crossbook.demo.proof import Conservation, Debt, JournalFacts, Proof, Strain
from crossbook.demo.tally import MarketTally, Tally
from crossbook.state import StateView


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything the screen shows.

    `strain` is how the accounts stood at the bottom of the crash, `debts` who is left below zero at the end, and
    `comparison` what another liquidation policy would have made of the same outside commands.
    """

    path: Path
    config: DemoConfig
    durability: str
    tally: Tally
    view: StateView
    accounts: int
    bottom_seq: int
    bottom_time_ns: int
    strain: Strain
    debts: list[Debt]
    conservation: Conservation
    journal: JournalFacts
    proof: Proof
    comparison: Comparison

    @property
    def proved(self) -> bool:
        """Whether the replays came to the same state, and money is conserved."""
        return self.proof.equal and self.conservation.holds

    def document(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        tally = self.tally
        return {
            "path": self.path,
            "seed": self.config.seed,
            "accounts": self.accounts,
            "commands": self.journal.commands,
            "inside": tally.inside,
            "blocks": self.journal.blocks,
            "events": self.proof.events,
            "orders": tally.orders,
            "trades": sum(market.trades for market in tally.markets),
            "refused": dict(tally.refused),
            "cancelled": {reason.name.lower(): count for reason, count in tally.cancelled.items()},
            "makers_cancelled": tally.makers_cancelled,
            "bottom_seq": self.bottom_seq,
            "bottom_time_ns": self.bottom_time_ns,
            "steps": dict(tally.steps),
            "moved": dict(tally.moved),
            "grades": {name: _grades(market) for name, market in _by_symbol(tally)},
            "breakers": {"trips": dict(tally.trips), "resumed": dict(tally.resumed)},
            "funding": {"epochs": tally.epochs, "settled": tally.settled, "payments": dict(tally.payments)},
            "strain": self.strain._asdict(),
            "debts": [debt._asdict() for debt in self.debts],
            "conservation": self.conservation._asdict() | {"holds": self.conservation.holds},
            "state_root": self.proof.state_root,
            "event_digest": self.proof.event_digest,
            "replayed_from_genesis": self.proof.genesis.state_root,
            "replayed_from_snapshot": self.proof.snapshot.state_root,
            "replayed_in_other_blocks": self.proof.recut.state_root,
            "policies_run_again": {"commands": self.proof.policies.commands, "turns": self.proof.policies.turns},
            "snapshot_seq": self.proof.snapshot.started_at,
            "proved": self.proved,
            "comparison": comparison_document(self.comparison),
        }


def comparison_document(found: Comparison) -> dict[str, Any]:
    """The comparison without its accounts: where the branch is, who was liquidated, and each measure of both."""
    outcomes = found.a.outcome, found.b.outcome
    return {
        "branch": found.b.path,
        "policies": POLICIES_COMPARED,
        "liquidated": [len(outcome.liquidated) for outcome in outcomes],
        "deleveraged": [len(outcome.deleveraged) for outcome in outcomes],
        "only_in_branch": found.liquidated,
        "spared_in_branch": found.spared,
        "time_to_solvency_ns": found.time_to_solvency_ns,
        "measures": {found.symbols[asset][0]: measures for asset, measures in found.measures.items()},
    }


def _by_symbol(tally: Tally) -> list[tuple[str, MarketTally]]:
    return [(instrument.symbol, market) for instrument, market in zip(INSTRUMENTS, tally.markets, strict=True)]


def _grades(market: MarketTally) -> list[dict[str, Any]]:
    return [{"time_ns": time_of(number), "grade": grade.name.lower()} for number, grade in market.grades]
