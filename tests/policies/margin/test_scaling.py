"""How margin follows volatility: quickly up, slowly down, within bounds."""

from __future__ import annotations

from crossbook.commands import RATE_ONE, Tier
from crossbook.policies.margin.scaling import Pace, held_next, scaled_tiers
from crossbook.rows import TierRow

PERCENT = 10_000_000
PACE = Pace()
TIERS = [TierRow(0, 50_000_000, 25_000_000), TierRow(10**12, 100_000_000, 50_000_000)]
BOUNDS = RATE_ONE, 5 * RATE_ONE


def walk(held: int, estimates: list[int]) -> list[int]:
    """What is held after each of these estimates, all in percent."""
    found = [held * PERCENT]
    for estimated in estimates:
        found.append(held_next(found[-1], estimated * PERCENT, PACE, step=PERCENT))
    return [one // PERCENT for one in found[1:]]


def test_it_rises_by_half_and_falls_by_a_twentieth_at_most() -> None:
    assert walk(60, [100, 100, 100]) == [90, 100, 100]
    assert walk(100, [60, 60, 60, 60]) == [95, 90, 85, 80]


def test_a_small_difference_moves_nothing() -> None:
    assert walk(60, [63, 57]) == [60, 60]
    assert walk(60, [64]) == [64]


def test_it_stays_between_floor_and_ceiling() -> None:
    assert walk(200, [1_000, 1_000]) == [300, 300]
    assert walk(31, [1, 1, 1]) == [31, 31, 31]  # the floor of 30 is less than a twentieth away
    assert walk(40, [1] * 6) == [38, 36, 34, 32, 30, 30]


def test_the_initial_rate_grows_with_volatility_and_maintenance_stays() -> None:
    scaled = scaled_tiers(TIERS, 90 * PERCENT, base_rate=60 * PERCENT, bounds=BOUNDS, maintenance_share_rate=0)
    assert scaled == (Tier(0, 75_000_000, 25_000_000), Tier(10**12, 150_000_000, 50_000_000))


def test_a_part_of_the_growth_may_reach_maintenance() -> None:
    scaled = scaled_tiers(
        TIERS, 90 * PERCENT, base_rate=60 * PERCENT, bounds=BOUNDS, maintenance_share_rate=500_000_000
    )
    assert [tier.maintenance_rate for tier in scaled] == [31_250_000, 62_500_000]


def test_in_calm_times_tiers_are_the_operators_unless_the_bounds_say_otherwise() -> None:
    calm = scaled_tiers(TIERS, 30 * PERCENT, base_rate=60 * PERCENT, bounds=BOUNDS, maintenance_share_rate=0)
    assert [tier.initial_rate for tier in calm] == [50_000_000, 100_000_000]
    lower = scaled_tiers(TIERS, 15 * PERCENT, base_rate=60 * PERCENT, bounds=(0, RATE_ONE), maintenance_share_rate=0)
    assert [tier.initial_rate for tier in lower] == [25_000_000, 50_000_000]  # never below maintenance


def test_rates_end_at_one_and_are_rounded_up() -> None:
    steep = [TierRow(0, 333_333_333, 1)]
    assert scaled_tiers(
        steep, 70 * PERCENT, base_rate=60 * PERCENT, bounds=BOUNDS, maintenance_share_rate=RATE_ONE
    ) == (Tier(0, 388_888_889, 2),)
    assert scaled_tiers(steep, 600 * PERCENT, base_rate=60 * PERCENT, bounds=BOUNDS, maintenance_share_rate=0) == (
        Tier(0, RATE_ONE, 1),
    )
