"""Every value of a configuration can be set in a branch, and takes the place of what the parent said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from crossbook.commands import SetLiquidation
from crossbook.counterfactual import Change, Parent, branch, read_parent
from crossbook.counterfactual.settings import (
    ASSET_SECTIONS,
    ASSET_VALUES,
    MARKET_SECTIONS,
    MARKET_VALUES,
    setting,
)
from crossbook.events import Rejected
from crossbook.replay import replay
from crossbook.wire import decode_events
from tests.policies.stage import config

RATES = [{"maker_rate": "0.0002", "taker_rate": "0.0004"}]
VALUES: dict[str, Any] = {
    "market.BTC-PERP.position_max": 400,
    "market.BTC-PERP.price_max": 900_000,
    "market.BTC-PERP.tiers": [{"lower_bound": 0, "initial_rate": "0.1", "maintenance_rate": "0.05"}],
    "market.BTC-PERP.maker_rate": "0.0001",
    "market.BTC-PERP.taker_rate": "0.0005",
    "market.BTC-PERP.order_min_notional": 10,
    "market.BTC-PERP.order_max": 100,
    "market.BTC-PERP.price_band_rate": "0.1",
    "market.BTC-PERP.market_bound_rate": "0.02",
    "market.BTC-PERP.mark": 61_000,
    "market.BTC-PERP.fee_tiers": RATES,
    "market.BTC-PERP.mode": "reduce_only",
    "market.BTC-PERP.exposure_max": 1_000_000,
    "market.BTC-PERP.group": 1,
    "market.BTC-PERP.scenarios": [-3_000, 3_000],
    "market.BTC-PERP.scaling.size_rate": "0.001",
    "market.BTC-PERP.caps.open_interest_max": 900,
    "market.BTC-PERP.insurance.loss_max": 1_000,
    "market.BTC-PERP.concentration.rate": "0.1",
    "market.BTC-PERP.grades.funding": "stale",
    "asset.USDC.exposure_max": 5_000_000,
    "asset.USDC.levels.initial_rate": "1.5",
    "asset.USDC.liquidation": {"first_call_rate": "1.3", "second_call_rate": "1.1"},
    "asset.USDC.insurance.interval_ns": 1_000,
    "asset.USDC.gate.closed": True,
    "asset.USDC.portfolio.funding_epochs": 3,
    "asset.EURC.collateral.haircut_rate": "0.2",
    "parameters.open_orders_max": 77,
}
"""A value for each name that can be set; scenarios need their group."""


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Parent:
    """A venue with two assets that says nothing beyond what it must."""
    settings = config()
    settings["assets"].append({"symbol": "EURC", "decimals": 6})
    path = tmp_path_factory.mktemp("parent") / "venue"
    with Venue.create(path, settings, clock=lambda: 1_700_000_000_000_000_000) as venue:
        venue.create_account()
    return read_parent(path)


def test_every_name_has_its_value_here() -> None:
    markets = {path.split(".")[1:][1] for path in VALUES if path.startswith("market.")}
    assets = {path.split(".")[2] for path in VALUES if path.startswith("asset.")}
    assert markets == {*MARKET_VALUES, *MARKET_SECTIONS}
    assert assets == {*ASSET_VALUES, *ASSET_SECTIONS}


@pytest.mark.parametrize("path", VALUES)
def test_a_value_is_accepted_from_the_beginning(parent: Parent, tmp_path: Path, path: str) -> None:
    sets = {path: VALUES[path]}
    if path.endswith("scenarios"):
        sets = {path.replace("scenarios", "group"): 1} | sets
    if ".collateral." in path:
        sets |= {"asset.EURC.collateral.account_cap": 1_000, "asset.EURC.collateral.total_cap": 1_000_000}
    made = branch(parent, tmp_path / "b", Change(sets=sets), check_invariants=True)
    events = []
    replay(tmp_path / "b", on_events=lambda data: events.extend(decode_events(data)))
    assert [event.explain() for event in events if isinstance(event, Rejected)] == []
    assert made.state_root != parent.state_root


def test_later_commands_of_the_same_kind_are_set_too(parent: Parent, tmp_path: Path) -> None:
    with Venue.create(tmp_path / "venue", config(), clock=lambda: 1_700_000_000_000_000_000) as venue:
        venue.create_account()
        venue.set_fees(market="BTC-PERP", maker_rate="0", taker_rate="0.001")
        venue.set_mark(market="BTC-PERP", price=62_000)
    branch(tmp_path / "venue", tmp_path / "b", Change(sets={"market.BTC-PERP.taker_rate": "0.0007"}))
    assert str(replay(tmp_path / "b").view.market("BTC-PERP").taker_rate) == "0.0007"
    branch(tmp_path / "venue", tmp_path / "c", Change(sets={"market.BTC-PERP.mark": 59_000}))
    assert replay(tmp_path / "c").view.market("BTC-PERP").mark == 62_000  # only the first price is configuration


def test_a_smaller_position_is_a_smaller_order_unless_orders_were_limited_by_themselves(
    parent: Parent, tmp_path: Path
) -> None:
    branch(parent, tmp_path / "b", Change(sets={"market.BTC-PERP.position_max": 400}))
    market = replay(tmp_path / "b").view.market("BTC-PERP")
    assert (market.position_max, market.order_max) == (400, 400)
    sets = {"market.BTC-PERP.order_max": 7, "market.BTC-PERP.position_max": 400}
    branch(parent, tmp_path / "c", Change(sets=sets))
    assert replay(tmp_path / "c").view.market("BTC-PERP").order_max == 7


def test_two_fields_that_the_parent_never_set_are_one_command(parent: Parent, tmp_path: Path) -> None:
    sets = {"market.ETH-PERP.caps.open_interest_max": 50, "market.ETH-PERP.caps.concentration_rate": "0.5"}
    made = branch(parent, tmp_path / "b", Change(sets=sets))
    assert made.seq == parent.seq + 1
    caps = replay(tmp_path / "b").view.market("ETH-PERP").caps
    assert (str(caps.open_interest_max), str(caps.concentration_rate)) == ("50", "0.5")


def test_a_setting_says_which_command_it_is(parent: Parent) -> None:
    found = setting("asset.USDC.liquidation.cooldown_ns", 5, parent)
    assert (type(found.command), found.fields) == (SetLiquidation, ("cooldown_ns",))
    whole = setting("asset.USDC.insurance", {"loss_max": 1, "interval_ns": 2}, parent)
    assert whole.fields == ("loss_max", "interval_ns")
