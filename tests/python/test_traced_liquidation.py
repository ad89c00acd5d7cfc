"""One liquidation with odd numbers, traced: every figure by hand from the rules, every seq to the command it names."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.python.worlds import Clock, config, market

from crossbook import Venue
from crossbook.events import (
    CollateralPriceSet,
    CollateralSet,
    Event,
    FundingPaid,
    FundingSettled,
    LiquidationEnded,
    LiquidationStarted,
    MarkSet,
    PositionMoved,
    Standing,
    StandingChanged,
    TiersSet,
    Traded,
)
from crossbook.views import PoolTerms, TermKind

MAKER, ALICE, VAULT = 1, 2, 3


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """2 bought 1.037 at 64,000 with 1,800.123457 USDC and 1,234.57 EURC; one funding payment is owed."""
    usdc = {
        "symbol": "USDC",
        "decimals": 6,
        "levels": {"buffer_rate": "0.15"},
        "liquidation": {
            "fee_rate": "0.0013",
            "adjustment_rate": "2.5",
            "spread_rate": "0.7",
            "partial_rate": "0.3",
        },
    }
    eurc = {
        "symbol": "EURC",
        "decimals": 2,
        "collateral": {
            "settlement": "USDC",
            "haircut_rate": "0.137",
            "account_cap": 5_000,
            "total_cap": 90_000,
            "price": "1.0837",
        },
    }
    tiers = [
        {"lower_bound": 0, "initial_rate": "0.02", "maintenance_rate": "0.01"},
        {"lower_bound": 50_000, "initial_rate": "0.05", "maintenance_rate": "0.025"},
    ]
    with Venue.create(
        tmp_path / "venue", config(market(tiers=tiers)) | {"assets": [usdc, eurc]}, clock=Clock()
    ) as venue:
        for amount in (500_000, "1800.123457", 500_000):
            venue.deposit(account=venue.create_account().account, asset="USDC", amount=amount)
        venue.deposit(account=ALICE, asset="EURC", amount="1234.57")
        venue.place(account=MAKER, market="BTC-PERP", side="sell", size=3, price=64_000)
        venue.place(account=ALICE, market="BTC-PERP", side="buy", size="1.037", price=64_001).raise_if_rejected()
        venue.settle_funding(market="BTC-PERP", price="64012.5", rate="0.000123457").raise_if_rejected()
        yield venue


def amounts(pool: PoolTerms) -> dict[TermKind, Decimal]:
    return {term.kind: term.amount for term in pool.equity}


def named(venue: Venue, pool: PoolTerms, kind: TermKind, *events: type[Event]) -> bool:
    """Whether the commands that a term names, one by one, did what it comes from."""
    (term,) = (term for term in pool.terms() if term.kind is kind)
    return len(term.seqs) == len(events) and all(
        venue.receipt(seq).all(event) for seq, event in zip(term.seqs, events, strict=True)
    )


def test_every_term_is_worked_out_by_hand_and_names_its_commands(venue: Venue) -> None:
    venue.set_mark(market="BTC-PERP", price="62503.5")
    pool = venue.explain(ALICE).pool("USDC")
    assert amounts(pool) == {
        # 1,800.123457 less the fee of 0.05 % of 66,368.
        TermKind.CASH: Decimal("1766.939457"),
        # 1.037 · (62,503.5 − 64,000)
        TermKind.UNREALISED: Decimal("-1551.8705"),
        # ceil(1,037 lots · 128,025 ticks · 500 · 0.000123457) minor units: 8,195,194.48…
        TermKind.FUNDING: Decimal("-8.195195"),
        # floor(floor(1,234.57 · 1.0837) · 0.863): 1,337.903509 and 1,154.610728…
        TermKind.COLLATERAL: Decimal("1154.610728"),
    }
    # 64,816.1295: 2 % and 1 % of the first 50,000, 5 % and 2.5 % of the rest, rounded up.
    assert (pool.requirement.amount, pool.maintenance.amount) == (Decimal("1740.806475"), Decimal("870.403238"))
    for number in (pool.equity, pool.requirement, pool.maintenance):
        assert number.amount == sum(term.amount for term in number)
    assert named(venue, pool, TermKind.CASH, Traded)
    assert named(venue, pool, TermKind.UNREALISED, Traded, MarkSet)
    assert named(venue, pool, TermKind.FUNDING, Traded, FundingSettled)
    assert named(venue, pool, TermKind.TIER, Traded, MarkSet, TiersSet)
    assert named(venue, pool, TermKind.MAINTENANCE, Traded, MarkSet, TiersSet)
    (collateral,) = (term for term in pool.equity if term.kind is TermKind.COLLATERAL)
    deposited, priced, set_up = (venue.receipt(seq) for seq in collateral.seqs)
    assert deposited.events[0].amount == 123_457
    assert (priced.one(CollateralPriceSet).asset, set_up.one(CollateralSet).asset) == (2, 2)


def test_a_reduction_and_a_take_over_are_worked_out_by_hand(venue: Venue) -> None:
    (changed,) = venue.set_mark(market="BTC-PERP", price="61903.5").all(StandingChanged)
    # 1,766.939457 − 2,174.0705 − 8.195195 + 1,154.610728, and 500 + 2.5 % of 14,193.9295
    assert (changed.equity, changed.maintenance) == (739_284_490, 854_848_238)
    venue.place(account=MAKER, market="BTC-PERP", side="buy", size=2, price=61_895).raise_if_rejected()
    answer = venue.liquidate(account=ALICE, market="BTC-PERP").raise_if_rejected()
    started, ended = answer.one(LiquidationStarted), answer.one(LiquidationEnded)
    assert (started.equity, started.maintenance) == (changed.equity, changed.maintenance)
    # To recover, 1.15 · M − E = 243.790984 of 983.075475 − 83.452109 that all lots free: 282; three tenths were 312.
    # abr = 2.5 · (M − E) / M = 0.337965684; 0.7 · abr · M over 1,037 lots: 390 ticks from the mark at 123,807.
    assert (started.lots, started.price, started.mark) == (282, 123_417, 123_807)
    # What longs pay is rounded up for whoever pays, and down for whoever receives it.
    assert [(paid.account, paid.funding) for paid in answer.all(FundingPaid)] == [
        (MAKER, -8_195_194),
        (ALICE, 8_195_195),
    ]
    traded = answer.one(Traded)
    # 282 lots from 128,000 to 123,790 ticks; 0.05 % of 17,454.39 is the taker's fee, 0.13 % the insurance's.
    assert (traded.taker_realised, traded.taker_fee) == (-593_610_000, 8_727_195)
    assert (ended.filled, ended.value, ended.fee) == (282, 17_454_390_000, 22_690_707)
    assert (ended.equity, ended.maintenance) == (705_469_588, 467_371_425)
    assert venue.asset("USDC").insurance == Decimal("22.690707")
    pool = venue.explain(ALICE).pool("USDC")
    assert (pool.equity.amount, pool.maintenance.amount) == (Decimal("705.469588"), Decimal("467.371425"))
    assert amounts(pool)[TermKind.CASH] == Decimal("1133.71636")
    assert all(term.seqs[0] == answer.seq for term in pool.terms() if term.kind is not TermKind.COLLATERAL)

    venue.set_vault(account=VAULT, asset="USDC", exposure_max=500_000).raise_if_rejected()
    (changed,) = venue.set_mark(market="BTC-PERP", price=61_300).all(StandingChanged)
    assert (changed.standing, changed.equity) == (Standing.TAKE_OVER, 249_827_088)
    moved = venue.take_over(account=ALICE, market="BTC-PERP", vault=VAULT, size="0.333").raise_if_rejected()
    (event,) = moved.all(PositionMoved)
    # The maintenance of 755 lots is 462.815, of the 422 that stay 258.686. What is freed takes its share of the equity,
    # 249.827088 · 204.129 / 462.815, rounded up to 110.188637, along with lots that are worth 20,412.9.
    assert event.value == 20_412_900_000 - 110_188_637
    assert event.source_realised == event.value - 21_312_000_000  # 333 lots at 64,000
    assert amounts(venue.explain(ALICE).pool("USDC"))[TermKind.CASH] == Decimal("124.427723")
    gained = venue.explain(VAULT).pool("USDC")
    assert amounts(gained)[TermKind.UNREALISED] == Decimal("110.188637")
    assert named(venue, gained, TermKind.UNREALISED, PositionMoved, MarkSet)
