"""Insurance by a fixed part of the fees, whatever the funds hold."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from crossbook.commands import RATE_ONE, FundInsurance
from crossbook.events import Event
from crossbook.policies.bounds import PART, TIME, check
from crossbook.policies.contract import Proposal, Reaction, Turn
from crossbook.policies.insurance.earnings import earned, settlement_assets

SECOND_NS = 1_000_000_000


class ShareState(Struct):
    """Fees at the last sharing, by asset, and when the next is due (ns since the epoch)."""

    shared: dict[int, int] = field(default_factory=dict)
    due_ns: int = 0


class FixedShare(Struct, frozen=True):
    """Pays `share_rate` (parts per 10^9) of the fees into the cross pools' fund at each full `interval_ns`."""

    role: ClassVar[str] = "insurance"
    name: ClassVar[str] = "share"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Struct]] = ShareState

    share_rate: int = 100_000_000
    interval_ns: int = 3_600 * SECOND_NS

    def __post_init__(self) -> None:
        check(self, share_rate=PART, interval_ns=TIME)

    def react(self, state: ShareState, turn: Turn) -> Reaction[ShareState]:
        """Shares what was earned since the last interval."""
        is_due = state.due_ns and turn.time_ns >= state.due_ns
        proposals = []
        rows = turn.view.assets()
        for asset in settlement_assets(turn.view):
            fees = rows[asset - 1].fees
            came_in = earned(state.shared.setdefault(asset, fees), fees)
            amount = came_in * self.share_rate // RATE_ONE if is_due else 0
            if amount:
                proposals.append(Proposal(FundInsurance(asset, 0, 0, amount), turn.seq))
            if is_due and came_in:
                state.shared[asset] = fees - amount
        state.due_ns = (turn.time_ns // self.interval_ns + 1) * self.interval_ns
        return Reaction(state, tuple(proposals), state.due_ns)
