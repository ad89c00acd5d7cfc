"""What an asset's fees have earned since they were last shared."""

from __future__ import annotations

from crossbook.policies.view import PolicyView


def settlement_assets(view: PolicyView) -> list[int]:
    """The assets that markets settle in, by id."""
    return sorted({row.settlement for row in view.markets()})


def earned(before: int, fees: int) -> int:
    """What came in on top of what was left when fees were last shared (minor units), not below 0.

    Rebates that exceed the fees are made up for before anything counts as earned.
    """
    return max(0, fees - before)
