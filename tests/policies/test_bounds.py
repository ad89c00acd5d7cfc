"""A policy of risk that could not work is refused before it is engaged, by a table or as an object."""

from __future__ import annotations

from typing import Any

import pytest

from crossbook.errors import InputError
from crossbook.policies import catalogue
from crossbook.policies.breakers.settings import VelocityGuard
from crossbook.policies.insurance.target import TargetSize

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("breakers.guards", {"velocity": {"window_ns": 0}}, "window_ns is 0"),
    ("breakers.guards", {"depth": {"notional_min": -1}}, "notional_min is -1"),
    ("breakers.guards", {"depth": {}}, "notional_min"),
    ("breakers.guards", {"velocity": {"action": "panic"}}, "panic"),
    ("breakers.guards", {"calm_ns": -1}, "calm_ns is -1"),
    ("breakers.velocity", {"halt_ns": 0}, "halt_ns is 0"),
    ("margin.volatility", {"sample_ns": 0}, "sample_ns is 0"),
    ("margin.volatility", {"samples_min": 1}, "samples_min is 1"),
    ("margin.volatility", {"samples_min": 50, "samples_max": 49}, "samples_max is 49, it must be in 50"),
    ("margin.volatility", {"pace": {"floor_rate": 2, "ceiling_rate": 1}}, "ceiling_rate is 1, it must be in 2"),
    ("insurance.target", {"interval_ns": 0}, "interval_ns is 0"),
    ("insurance.target", {"share_min_rate": 10**9 + 1}, "share_min_rate"),
    ("insurance.share", {"share_rate": -1}, "share_rate is -1"),
    ("fees.volume_tiers", {"volumes": [2, 1]}, "volumes do not fall"),
    ("fees.volume_tiers", {"days": 0}, "days is 0"),
    ("fees.maker_share", {"rebates": [{"share_rate": 1, "rebate_rate": -1}]}, "rebate_rate is -1"),
    ("stress.shocks", {"interval_ns": 0}, "interval_ns is 0"),
    ("stress.shocks", {"funding": [{"name": "too much", "rate": 100_000_001}]}, "rate is 100000001"),
]


@pytest.mark.parametrize(("key", "fields", "says"), WRONG, ids=[f"{key} {fields}" for key, fields, _ in WRONG])
def test_a_table_that_could_not_work_is_refused_by_name(key: str, fields: dict[str, Any], says: str) -> None:
    role, _, name = key.partition(".")
    with pytest.raises(InputError) as caught:
        catalogue.build(role, {"policy": name} | fields)
    assert caught.value.code == "policy_config"
    assert says in caught.value.message


def test_and_so_is_an_object() -> None:
    with pytest.raises(ValueError, match="window_ns is 0, it must be in 1 to"):
        VelocityGuard(window_ns=0)
    with pytest.raises(ValueError, match="fall_rate is -1"):
        TargetSize(fall_rate=-1)
