"""Every builder, by the command it builds: whole units in, ticks, lots, minor units and rates out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.python.worlds import make_venue

from crossbook import Envelope, Venue, commands
from crossbook.commands import COMMAND_TYPES, MarginMode, MarketMode, Scope, Side
from crossbook.errors import InputError

USDC = 10**6
RATE = 10**9

BTC = {"market": "BTC-PERP"}
BUILT: list[tuple[str, dict[str, Any], commands.Command]] = [
    ("place", BTC | {"account": 1, "side": "buy", "size": "0.5", "price": 64_000},
     commands.Place(1, 1, Side.BUY, commands.OrderKind.LIMIT, 128_000, 500)),
    ("amend", BTC | {"account": 1, "order": 3, "price": 1}, commands.Amend(1, 3, 0, 2, 0)),
    ("cancel", {"account": 1, "client_order": 3}, commands.Cancel(1, 0, 3)),
    ("mass_cancel", BTC | {"account": 1, "side": "sell"}, commands.MassCancel(1, 1, 2)),
    ("create_account", {"parent": 1}, commands.CreateAccount(1)),
    ("deposit", {"account": 1, "asset": "USDC", "amount": "1.5"}, commands.Deposit(1, 1, 1_500_000)),
    ("withdraw", {"account": 1, "asset": "USDC", "amount": 2, "destination": 9},
     commands.Withdraw(1, 1, 2 * USDC, 9)),
    ("transfer", {"source": 1, "destination": 2, "asset": 1, "amount": 2}, commands.Transfer(1, 2, 1, 2 * USDC)),
    ("set_allowance", {"source": 1, "destination": 2, "asset": 1, "amount": 0}, commands.SetAllowance(1, 2, 1, 0)),
    ("draw", {"account": 2, "source": 1, "asset": 1, "amount": 1}, commands.Draw(2, 1, 1, USDC)),
    ("set_permissions", {"account": 1, "no_withdraw": True, "markets": ["BTC-PERP"], "destinations": [8, 7]},
     commands.SetPermissions(1, False, True, False, (1,), (7, 8))),
    ("set_mark", BTC | {"price": "64000.5"}, commands.SetMark(1, 128_001)),
    ("set_fees", BTC | {"maker_rate": "-0.0001", "taker_rate": "0.0005"}, commands.SetFees(1, -100_000, 500_000)),
    ("set_tiers", BTC | {"tiers": [(0, "0.02", "0.01")]},
     commands.SetTiers(1, (commands.Tier(0, 20_000_000, 10_000_000),))),
    ("set_limits", BTC | {"order_max": 5, "order_min_notional": 10, "price_band_rate": "0.1"},
     commands.SetLimits(1, 10 * USDC, 5_000, RATE // 10, RATE // 20)),
    ("set_fee_tiers", BTC | {"tiers": [(0, "0.0004")]}, commands.SetFeeTiers(1, (commands.FeeTier(0, 400_000),))),
    ("set_account_fees", {"account": 1, "tier": 2, "maker_rebate_rate": "0.0001"},
     commands.SetAccountFees(1, 2, 100_000)),
    ("set_market_mode", BTC | {"mode": "reduce_only"}, commands.SetMarketMode(1, MarketMode.REDUCE_ONLY)),
    ("set_scaling", BTC | {"size_rate": "0.0001", "open_interest_upper": 100},
     commands.SetScaling(1, 100_000, 0, 100_000)),
    ("set_caps", BTC | {"open_interest_max": 3, "concentration_rate": "0.25", "concentration_floor": 1},
     commands.SetCaps(1, 3_000, RATE // 4, 1_000)),
    ("set_exposure_cap", {"account": 1, "market": "BTC-PERP", "notional_max": 5},
     commands.SetExposureCap(1, Scope.MARKET, 1, 5 * USDC)),
    ("set_exposure_cap", {"group": 7, "asset": "USDC", "notional_max": 5},
     commands.SetExposureCap(0, Scope.GROUP, 7, 5 * USDC)),
    ("set_exposure_cap", {"asset": "USDC", "notional_max": 0}, commands.SetExposureCap(0, Scope.ASSET, 1, 0)),
    ("set_levels", {"asset": "USDC", "initial_rate": "1.1", "buffer_rate": "0.2", "account_floor": 20},
     commands.SetLevels(1, 11 * RATE // 10, RATE, RATE // 5, 20 * USDC)),
    ("set_collateral", {"asset": "EUR", "settlement": 1, "haircut_rate": "0.1", "account_cap": 10, "total_cap": 90},
     commands.SetCollateral(2, 1, RATE // 10, 1_000, 9_000, 9)),
    ("set_collateral_price", {"asset": "EURC", "price": "1.0825", "depeg_rate": "0.99"},
     # 1.0825 USDC are 1,082,500 minor units for 100 of EURC's: times 10^4.
     commands.SetCollateralPrice(3, 108_250_000, 990_000_000)),
    ("set_withdrawal_gate", {"asset": 1, "interval_ns": 60, "amount_max": 5},
     commands.SetWithdrawalGate(1, False, 60, 5 * USDC)),
    ("set_margin_mode", {"account": 1, "mode": "portfolio"}, commands.SetMarginMode(1, MarginMode.PORTFOLIO)),
    ("isolate", BTC | {"account": 1, "amount": 5}, commands.SetPositionMode(1, 1, True, 5 * USDC)),
    ("join", BTC | {"account": 1}, commands.SetPositionMode(1, 1, False, 0)),
    ("adjust_margin", BTC | {"account": 1, "amount": "-2.5"}, commands.AdjustMargin(1, 1, -2_500_000)),
    ("set_leverage", BTC | {"account": 1, "initial_rate": "0.1"}, commands.SetLeverage(1, 1, RATE // 10)),
    ("set_stress", BTC | {"active": True}, commands.SetStress(1, True)),
    ("settle_funding", BTC | {"price": 64_000, "rate": "-0.0001"}, commands.SettleFunding(1, 128_000, -100_000)),
    ("set_group", BTC | {"group": 3}, commands.SetGroup(1, 3)),
    ("set_basis", {"group": 3, "basis_rate": "0.01"}, commands.SetBasis(3, RATE // 100)),
    ("set_scenarios", BTC | {"moves": [-100, "0.5", 0]}, commands.SetScenarios(1, (-200, 1, 0))),
    ("set_concentration", BTC | {"threshold": 100, "rate": "0.01"},
     commands.SetConcentration(1, 100 * USDC, RATE // 100)),
    ("set_correlations", {"pairs": [(1, 2, "-0.5", "0.25")], "towards_one_rate": "0.2"},
     commands.SetCorrelations(RATE // 5, 0, (commands.Correlation(1, 2, -RATE // 2, RATE // 4),))),
    ("set_portfolio", {"asset": 1, "maintenance_rate": "0.8", "funding_epochs": 3},
     commands.SetPortfolio(1, 8 * RATE // 10, 3)),
    ("set_liquidation", {"asset": 1, "first_call_rate": "1.5", "partial_rate": "0.2", "partial_notional": 7},
     commands.SetLiquidation(1, 15 * RATE // 10, 0, 666_666_667, RATE, RATE, RATE // 5, 7 * USDC, 0, 0)),
    ("set_vault", {"account": 2, "asset": 1, "exposure_max": 9}, commands.SetVault(2, 1, 9 * USDC)),
    ("set_liquidator", {"account": 2}, commands.SetLiquidator(2, True)),
    ("set_insurance", {"asset": 1, "loss_max": 5, "interval_ns": 9}, commands.SetInsurance(1, 0, 5 * USDC, 9)),
    ("fund_insurance", BTC | {"amount": 5}, commands.FundInsurance(1, 1, 0, 5 * USDC)),
    ("lock", {"account": 1, "asset": "USDC"}, commands.Lock(1, 1, 0)),
    ("release", BTC | {"account": 1}, commands.Release(1, 1, 1)),
    ("cancel_increasing", {"account": 1, "asset": 1}, commands.CancelIncreasing(1, 1, 0)),
    ("liquidate", BTC | {"account": 1}, commands.Liquidate(1, 1, 0, 0)),
    ("hedge", BTC | {"account": 1, "side": "sell", "size": 1}, commands.Hedge(1, 1, Side.SELL, 1_000, 0)),
    ("open_auction", BTC | {"account": 1, "size": 1, "discount_start_rate": 0, "discount_end_rate": "0.05",
                            "duration_ns": 9}, commands.OpenAuction(1, 1, 1_000, 0, RATE // 20, 9)),
    ("bid", BTC | {"account": 2, "auction": 4, "size": 1, "price": 64_000}, commands.Bid(2, 4, 1_000, 128_000)),
    ("close_auction", {"auction": 4}, commands.CloseAuction(4)),
    ("take_over", BTC | {"account": 1, "vault": 2}, commands.TakeOver(1, 1, 0, 2)),
    ("cover_loss", {"account": 1, "asset": 1}, commands.CoverLoss(1, 1, 0, 0)),
    ("convert_collateral", {"account": 1, "asset": "EUR", "amount": 1}, commands.ConvertCollateral(1, 2, 100)),
    ("deleverage", BTC | {"account": 1, "counterparties": [(2, 1), (3, "0.5")]},
     commands.Deleverage(1, 1, 1_500, (commands.Allocation(2, 1_000), commands.Allocation(3, 500)))),
    ("socialise", BTC | {"account": 1, "side": "sell"}, commands.Socialise(1, 1, Side.SELL, 0)),
    ("register_author", {"acts_as": "policy", "name": "funding", "version": "1"},
     commands.RegisterAuthor(commands.Origin.POLICY, "funding", "1")),
    ("tick", {}, commands.Tick()),
    ("observe", {"feed": 3, "source": 2, "price": -5, "observed_at": 7, "confidence": 1},
     commands.Observe(3, 2, -5, 1, 7)),
    ("set_oracle", BTC | {"price": 64_000, "grade": "good", "observed_at": 7, "confidence": "0.5"},
     commands.SetOracle(1, 128_000, 1, commands.Grade.GOOD, 7)),
    ("set_grades", BTC | {"margin": "ageing", "funding": commands.Grade.GOOD},
     commands.SetGrades(1, commands.Grade.AGEING, commands.Grade.NONE, commands.Grade.GOOD)),
    ("set_agent", {"account": 1, "agent": 2}, commands.SetAgent(1, 2, True)),
    ("note", {"account": 1, "topic": "request", "body": "{}"}, commands.Note(1, "request", "{}")),
]  # fmt: skip
# What a venue starts with or keeps its journal with, and what its configuration is for.
WITHOUT_BUILDER = {"AddAsset", "AddMarket", "SetParameters", "Checkpoint", "Repair", "ActivateRuleset"}


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    with make_venue(tmp_path_factory.mktemp("builders") / "venue") as venue:
        for symbol in ("EUR", "EURC"):
            venue.submit(commands.AddAsset(symbol, 2)).raise_if_rejected()
        venue.set_collateral(
            asset="EURC", settlement="USDC", haircut_rate=0, account_cap=1, total_cap=1, price_decimals=4
        ).raise_if_rejected()
        yield venue


@pytest.mark.parametrize(("name", "arguments", "command"), BUILT, ids=lambda value: value if type(value) is str else "")
def test_a_builder_builds(venue: Venue, name: str, arguments: dict[str, Any], command: commands.Command) -> None:
    assert getattr(venue.draft, name)(**arguments, author=3) == Envelope(command, author=3)


def test_an_account_pays_into_a_fund_by_the_operators_word(venue: Venue) -> None:
    draft = venue.draft.fund_insurance(market="BTC-PERP", account=1, amount=5)
    assert draft == Envelope(commands.FundInsurance(1, 1, 1, 5 * USDC), origin=commands.Origin.OPERATOR)
    assert venue.preview(draft).ok
    assert not venue.preview(
        venue.draft.fund_insurance(market="BTC-PERP", account=1, amount=5, origin=commands.Origin.POLICY)
    ).ok


def test_every_command_has_a_builder() -> None:
    built = {type(command) for _, _, command in BUILT}
    assert {kind.__name__ for kind in set(COMMAND_TYPES) - built} == WITHOUT_BUILDER


def test_what_is_built_is_submitted_and_answered(venue: Venue) -> None:
    receipt = venue.set_levels(asset="USDC", buffer_rate="0.1")
    assert receipt.ok
    assert venue.asset("USDC").levels.buffer_rate * 10 == 1
    assert venue.submit([venue.draft.tick(), venue.draft.set_leverage(account=1, market=1, initial_rate="0.1")]).ok


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("adjust_margin", BTC | {"account": 1, "amount": 0.5}, "float_refused"),
        ("adjust_margin", BTC | {"account": 1, "amount": "0.0000001"}, "amount_too_fine"),
        ("set_scenarios", BTC | {"moves": ["0.3"]}, "price_off_tick"),
        ("set_levels", {"asset": 1, "account_floor": -1}, "not_positive"),
        ("set_collateral_price", {"asset": "USDC", "price": 1}, "not_collateral"),
        ("set_collateral_price", {"asset": "EURC", "price": "1.000000001"}, "price_too_fine"),
        ("set_exposure_cap", {"notional_max": 1}, "scope_unclear"),
        ("set_exposure_cap", BTC | {"asset": 1, "notional_max": 1}, "scope_unclear"),
        ("lock", {"account": 1}, "pool_unclear"),
        ("set_market_mode", BTC | {"mode": "open"}, "unknown_choice"),
    ],
)
def test_what_cannot_be_built_says_why(venue: Venue, name: str, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        getattr(venue.draft, name)(**arguments)
    assert caught.value.code == code
    assert caught.value.hint
