"""What a run of the demo came to, for the screen and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossbook.demo.proof import Conservation, JournalFacts, Proof, Strain
from crossbook.demo.session import DemoConfig, Tally
from crossbook.state import StateView


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything the screen shows. `strain` is how the accounts stood at the bottom of the crash."""

    path: Path
    config: DemoConfig
    durability: str
    tally: Tally
    view: StateView
    accounts: int
    bottom_seq: int
    bottom_time_ns: int
    strain: Strain
    conservation: Conservation
    journal: JournalFacts
    proof: Proof

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
            "blocks": self.journal.blocks,
            "events": self.proof.events,
            "orders": tally.orders,
            "trades": sum(market.trades for market in tally.markets),
            "refused": dict(tally.refused),
            "cancelled": {reason.name.lower(): count for reason, count in tally.cancelled.items()},
            "makers_cancelled": tally.makers_cancelled,
            "bottom_seq": self.bottom_seq,
            "bottom_time_ns": self.bottom_time_ns,
            "strain": self.strain._asdict(),
            "conservation": self.conservation._asdict() | {"holds": self.conservation.holds},
            "state_root": self.proof.state_root,
            "event_digest": self.proof.event_digest,
            "replayed_from_genesis": self.proof.genesis.state_root,
            "replayed_from_snapshot": self.proof.snapshot.state_root,
            "snapshot_seq": self.proof.snapshot.started_at,
            "proved": self.proved,
        }
