"""The configuration: read strictly, converted exactly, journaled as the first commands."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.python.worlds import config, make_venue, market

from crossbook import Venue
from crossbook.commands import (
    AddAsset,
    AddMarket,
    RegisterAuthor,
    SetFees,
    SetLimits,
    SetMark,
    SetParameters,
    SetTiers,
    Tier,
)
from crossbook.config import VenueConfig, load
from crossbook.errors import ConfigError, InputError, Refused
from crossbook.journal import JournalReader
from crossbook.wire import decode_body

TOML = """
authors = [{ origin = "policy", name = "funding", version = "1" }]

[parameters]
open_orders_max = 50

[[assets]]
symbol = "USDC"
decimals = 6

[[markets]]
symbol = "BTC-PERP"
settlement = "USDC"
tick_size = 0.5
lot_size = 0.001
price_max = 1000000
position_max = 10
maker_rate = -0.0001
taker_rate = "0.0005"
order_min_notional = 10
order_max = 5
price_band_rate = 0.1
mark = 64000
tiers = [
    { lower_bound = 0, initial_rate = 0.02, maintenance_rate = 0.01 },
    { lower_bound = 1_000_000, initial_rate = 0.05, maintenance_rate = 0.025 },
]
"""

COMMANDS = [
    SetParameters(50, 262_144, 60_000_000_000),
    RegisterAuthor(2, "funding", "1"),
    AddAsset("USDC", 6),
    AddMarket("BTC-PERP", 1, 500_000_000_000, 1_000_000_000, 2_000_000, 10_000),
    SetTiers(1, (Tier(0, 20_000_000, 10_000_000), Tier(10**12, 50_000_000, 25_000_000))),
    SetFees(1, -100_000, 500_000),
    SetLimits(1, 10_000_000, 5_000, 100_000_000, 50_000_000),
    SetMark(1, 128_000),
]


def test_toml_becomes_commands_exactly(tmp_path: Path) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(TOML)
    assert load(path).commands() == COMMANDS


RISK = {
    "assets": [
        {
            "symbol": "USDC",
            "decimals": 6,
            "levels": {"initial_rate": "1.1", "buffer_rate": "0.2", "account_floor": 20},
            "liquidation": {"first_call_rate": "1.5", "second_call_rate": "1.2", "fee_rate": "0.01"},
            "insurance": {"loss_max": 1_000, "interval_ns": 3_600_000_000_000},
            "gate": {"interval_ns": 86_400_000_000_000, "amount_max": 5_000},
            "portfolio": {"maintenance_rate": "0.8", "funding_epochs": 3},
            "exposure_max": 1_000_000,
        },
        {
            "symbol": "EURC",
            "decimals": 2,
            "collateral": {
                "settlement": "USDC", "haircut_rate": "0.1", "account_cap": 1_000, "total_cap": 9_000,
                "price": "1.0825",
            },
        },
    ],
    "markets": [
        market(
            fee_tiers=[{"maker_rate": 0, "taker_rate": "0.0004"}],
            scaling={"size_rate": "0.0001"},
            caps={"open_interest_max": 500},
            insurance={"loss_max": 10, "interval_ns": 1},
            exposure_max=700_000,
            group=1,
            scenarios=[-6_400, 6_400],
            concentration={"threshold": 100_000, "rate": "0.01"},
            grades={"margin": "ageing", "funding": "good"},
            mode="reduce_only",
        ),
        market("ETH-PERP", tick_size="0.1", lot_size="0.01", mark=3_000, group=2, scenarios=["-450.5", 450]),
    ],
    "groups": [{"group": 1, "basis_rate": "0.01"}],
    "correlations": {
        "towards_one_rate": "0.2",
        "pairs": [{"group_a": 1, "group_b": 2, "correlation_rate": "0.7", "offset_cap_rate": "0.5"}],
    },
}  # fmt: skip


def test_the_tables_of_risk_become_commands_that_the_kernel_takes(tmp_path: Path) -> None:
    names = [type(command).__name__ for command in load(RISK).commands()]
    risk = [name for name in names if name not in {"SetParameters", "AddAsset", "AddMarket", "SetTiers", "SetFees",
                                                   "SetLimits", "SetMark"}]  # fmt: skip
    assert risk == [
        "SetLevels", "SetLiquidation", "SetInsurance", "SetWithdrawalGate", "SetPortfolio", "SetExposureCap",
        "SetCollateral", "SetCollateralPrice", "SetScaling", "SetCaps", "SetInsurance", "SetGrades", "SetFeeTiers",
        "SetExposureCap", "SetMarketMode", "SetGroup", "SetScenarios", "SetConcentration", "SetGroup",
        "SetScenarios", "SetBasis", "SetCorrelations",
    ]  # fmt: skip
    with Venue.create(tmp_path / "venue", RISK, durability="volatile") as venue:
        usdc, eurc = venue.asset("USDC"), venue.asset("EURC")
        assert (usdc.levels.account_floor, usdc.liquidation.first_call_rate) == (20, Decimal("1.5"))
        assert (usdc.limits.loss_max, usdc.gate.amount_max, usdc.portfolio.funding_epochs) == (1_000, 5_000, 3)
        assert eurc.collateral is not None
        assert (eurc.collateral.settlement, eurc.collateral.price) == ("USDC", Decimal("1.0825"))
        btc, eth = venue.markets()
        assert (btc.mode.name, btc.caps.open_interest_max, btc.fee_tiers[0].taker_rate) == (
            "REDUCE_ONLY", 500, Decimal("0.0004"),
        )  # fmt: skip
        assert (btc.grades.margin.name, btc.grades.liquidation.name, btc.grades.funding.name) == (
            "AGEING", "NONE", "GOOD",
        )  # fmt: skip
        assert (btc.scenarios.moves, eth.scenarios.moves) == ((-6_400, 6_400), (Decimal("-450.5"), 450))
        assert venue.groups().basis_rates == {1: Decimal("0.01")}
        assert venue.groups().correlations[0].correlation_rate == Decimal("0.7")


def test_the_configuration_is_the_first_commands_of_the_journal(tmp_path: Path) -> None:
    (tmp_path / "venue.toml").write_text(TOML)
    with Venue.create(tmp_path / "venue", tmp_path / "venue.toml", durability="volatile") as venue:
        assert venue.seq == len(COMMANDS)
        shown = venue.market("BTC-PERP")
        assert (shown.tick_size, shown.taker_rate, shown.mark) == (Decimal("0.5"), Decimal("0.0005"), 64_000)
        assert [tier.lower_bound for tier in shown.tiers] == [0, 1_000_000]
        assert venue.parameters().open_orders_max == 50
    with JournalReader(tmp_path / "venue") as reader:
        block = next(reader.blocks())
    assert [record.command for record in decode_body(block.body, block.count)] == COMMANDS


def test_keywords_and_a_mapping_and_a_struct_are_the_same() -> None:
    assert load(config()) == load(load(config()))
    assert load(config()) == VenueConfig(**{f: getattr(load(config()), f) for f in VenueConfig.__struct_fields__})


@pytest.mark.parametrize(
    ("source", "code", "field"),
    [
        (config(market(tick_size=0.5)), "float_refused", "markets[0].tick_size"),
        (config(market(tik_size="1")), "config_invalid", "markets[0]"),
        ({"assets": [{"symbol": "USDC"}]}, "config_invalid", "assets[0]"),
        ({"assets": [{"symbol": "USDC", "decimals": 19}]}, "config_invalid", "assets[0].decimals"),
        ({}, "config_invalid", "the top level"),
        (config(market(settlement="EUR")), "unknown_asset", "markets[0].settlement"),
        (config(market(price_max="0.7")), "price_off_tick", "markets[0].price_max"),
        (config(market(), market("ETH-PERP", lot_size="1e-9")), "tick_value_not_exact", "markets[1].lot_size"),
        (config(market(taker_rate="0.00000000001")), "rate_too_fine", "markets[0].taker_rate"),
        (config(market(tiers=[{"lower_bound": -1, "initial_rate": 1, "maintenance_rate": 1}])),
         "not_positive", "markets[0].tiers[0].lower_bound"),
        (config() | {"parameters": {"open_orders_max": 0}}, "config_invalid", "parameters.open_orders_max"),
        (config() | {"authors": [{"origin": "nobody", "name": "x", "version": "1"}]},
         "config_invalid", "authors[0].origin"),
        (config(market(scenarios=["0.3"], group=1)), "price_off_tick", "markets[0].moves[0]"),
        (config(market(caps={"open_interest_max": "0.0005"})), "size_off_lot", "markets[0].caps.open_interest_max"),
        (config(market(mode="open")), "unknown_choice", "markets[0].mode"),
        (config(market(grades={"funding": "best"})), "unknown_choice", "markets[0].grades.funding"),
        ({"assets": [{"symbol": "USDC", "decimals": 6, "levels": {"account_floor": -1}}]},
         "not_positive", "assets[0].levels.account_floor"),
        ({"assets": [{"symbol": "USDC", "decimals": 6, "levels": {"floor": 1}}]}, "config_invalid", "assets[0].levels"),
        ({"assets": [{"symbol": "EURC", "decimals": 2, "collateral": {
            "settlement": "USDC", "haircut_rate": 0, "account_cap": 1, "total_cap": 1}}]},
         "unknown_asset", "assets[0].collateral"),
    ],
)  # fmt: skip
def test_an_error_names_the_path_of_its_field(source: dict[str, Any], code: str, field: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Venue.create(tmp_path / "venue", source)
    assert (caught.value.code, caught.value.values["field"]) == (code, field)
    assert caught.value.hint
    assert not (tmp_path / "venue").exists()


def test_unreadable_files_say_so(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("assets = [")
    with pytest.raises(ConfigError) as broken:
        load(tmp_path / "broken.toml")
    with pytest.raises(ConfigError) as missing:
        load(tmp_path / "missing.toml")
    assert (broken.value.code, missing.value.code) == ("config_syntax", "config_unreadable")


def test_a_configuration_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Venue.create(tmp_path / "venue", config(), assets=[])
    assert caught.value.code == "config_twice"


def test_what_only_the_kernel_can_refuse_is_raised_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        make_venue(tmp_path / "venue", market(maker_rate="-0.001"))
    assert caught.value.code == "fees_out_of_range"
    assert caught.value.values["maker_rate"] == -1_000_000
