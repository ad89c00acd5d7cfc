"""How margin follows volatility: up quickly, down slowly, in steps; and what that makes of a market's tiers."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from crossbook.commands import RATE_ONE, Tier
from crossbook.policies.bounds import FACTOR, PART, check
from crossbook.rows import TierRow


class Pace(Struct, frozen=True):
    """How a held volatility follows what is estimated (all in parts per 10^9).

    Attributes:
        floor_rate, ceiling_rate: the bounds of what is held.
        rise_rate, fall_rate: how much of itself it rises or falls in one update at most.
        change_rate: by how much of itself it must be off before it moves at all.
    """

    floor_rate: int = 300_000_000
    ceiling_rate: int = 3_000_000_000
    rise_rate: int = 500_000_000
    fall_rate: int = 50_000_000
    change_rate: int = 50_000_000

    def __post_init__(self) -> None:
        check(self, floor_rate=(1, FACTOR[1]), ceiling_rate=(self.floor_rate, FACTOR[1]))
        check(self, rise_rate=FACTOR, fall_rate=PART, change_rate=PART)


def held_next(held: int, estimated: int, pace: Pace, *, step: int) -> int:
    """The volatility to hold after one more update, in whole steps except where it meets a bound or the estimate."""
    wanted = min(max(estimated, pace.floor_rate), pace.ceiling_rate)
    if abs(wanted - held) * RATE_ONE <= held * pace.change_rate:
        return held
    if wanted > held:
        return min(wanted, _up(held + held * pace.rise_rate // RATE_ONE, step))
    return max(wanted, (held - held * pace.fall_rate // RATE_ONE) // step * step)


def scaled_tiers(
    tiers: Sequence[TierRow], held: int, *, base_rate: int, bounds: tuple[int, int], maintenance_share_rate: int
) -> tuple[Tier, ...]:
    """Tiers with their initial rates times `held / base_rate`, rounded up, never beyond one.

    The scale stays within `bounds` (parts per 10^9). Maintenance moves by `maintenance_share_rate` of what the scale
    moves, and stays at most the initial rate.
    """
    scale = min(max(held * RATE_ONE // base_rate, bounds[0]), bounds[1])
    maintenance_scale = RATE_ONE + (scale - RATE_ONE) * maintenance_share_rate // RATE_ONE
    scaled = []
    for tier in tiers:
        maintenance = min(_scale(tier.maintenance_rate, maintenance_scale), RATE_ONE)
        initial = min(max(_scale(tier.initial_rate, scale), maintenance), RATE_ONE)
        scaled.append(Tier(tier.lower_bound, initial, maintenance))
    return tuple(scaled)


def _scale(rate: int, scale: int) -> int:
    return -(-rate * scale // RATE_ONE)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step
