"""The same outside commands under another liquidation policy: a branch, and what it has otherwise.

Nobody in a branch acts on what happens there: the agents do what they did. So the bids of liquidators, in auctions that
the branch does not hold, are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from crossbook.counterfactual import Change, Comparison, branch, compare

OTHER: Final = "market"
"""The liquidation policy of the branch: all that the kernel allows goes into the book at once."""

POLICIES_COMPARED: Final = ("ladder", OTHER)


def branch_path(path: Path) -> Path:
    """Where the branch of a session is kept."""
    return path.with_name(f"{path.name}-{OTHER}")


def compared(path: Path) -> Comparison:
    """Run a closed session again with the other policy, and compare the two."""
    other = branch_path(path)
    branch(path, other, Change(policies={"liquidation": OTHER}))
    return compare(path, other)
