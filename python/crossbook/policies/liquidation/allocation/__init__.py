"""Allocation rules for deleveraging: `queue`, `pro_rata`, `water_filling`, and those of other packages."""

from crossbook.policies.liquidation.allocation.contract import GROUP, Allocator, Claim, allocator, names

__all__ = ["GROUP", "Allocator", "Claim", "allocator", "names"]
