"""Worked examples of margin, funding and loss sharing that anybody can check with a pencil, through the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from crossbook import formulas
from crossbook.commands import (
    RATE_ONE,
    Allocation,
    CoverLoss,
    Deleverage,
    FundInsurance,
    SetMark,
    SettleFunding,
    Side,
    Socialise,
    Tier,
)
from crossbook.events import FundingPaid, LossSocialised, PositionMoved
from tests.flow.scene import ASSET, PERCENT, Scene, flat, liquidation, reduced

PARTY_1, PARTY_2, PARTY_3 = 2, 3, 4
PARTIES = (PARTY_1, PARTY_2, PARTY_3)


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[Scene]:
    """1 sold 100 to 2 at 100 with 5,000; then 3 sold 100 to 2 at 180, where the mark is: 1 owes 8,000."""
    with Scene(tmp_path) as scene:
        scene.market(100, flat(10 * PERCENT, 5 * PERCENT))
        assert tuple(scene.account(money) for money in (5_000, 50_000, 50_000)) == PARTIES
        scene.trade(PARTY_1, -100, 100, partner=PARTY_2)
        scene.do(SetMark(1, 180))
        scene.trade(PARTY_3, -100, 180, partner=PARTY_2)
        assert worth(scene) == (-3_000, 58_000, 50_000)
        yield scene


def worth(scene: Scene) -> tuple[int, ...]:
    """What the parties are worth."""
    return tuple(scene.equity(party) for party in PARTIES)


def test_a_loss_is_shared_by_deleveraging(parties: Scene) -> None:
    """2 closes what it has won from 1 for what 1 has: 5,000 instead of 8,000."""
    (moved,) = parties.do(Deleverage(PARTY_1, 1, 100, (Allocation(PARTY_2, 100),))).all(PositionMoved)
    assert (moved.value, moved.source_realised) == (15_000, -5_000)
    assert worth(parties) == (0, 55_000, 50_000)
    assert sum(worth(parties)) == 105_000
    assert [parties.lots(party) for party in PARTIES] == [0, 100, -100]


def test_a_loss_is_shared_by_socialising_it(parties: Scene) -> None:
    """1 is closed at the market and owes 3,000; the long side, 2 alone, pays them with its next settlement."""
    parties.trade(PARTY_1, 100, 180, partner=PARTY_2)
    (shared,) = parties.do(Socialise(PARTY_1, 1, Side.BUY, 0)).all(LossSocialised)
    assert shared.amount == 3_000
    assert worth(parties) == (0, 55_000, 50_000)
    settled = parties.trade(PARTY_2, -100, 180, partner=PARTY_3).all(FundingPaid)
    assert [(event.account, event.loss) for event in settled] == [(PARTY_2, 3_000)]
    assert worth(parties) == (0, 55_000, 50_000)


def test_the_insurance_pays_before_anybody_shares(parties: Scene) -> None:
    """With 2,000 in the fund the winners are short 1,000."""
    parties.do(FundInsurance(ASSET, 0, parties.house, 2_000))
    parties.trade(PARTY_1, 100, 180, partner=PARTY_2)
    refused = parties.venue.submit(Socialise(PARTY_1, 1, Side.BUY, 0)).rejected
    assert [(event.code, event.a) for event in refused] == [(523, 2_000)]
    parties.do(CoverLoss(PARTY_1, ASSET, 0, 0), Socialise(PARTY_1, 1, Side.BUY, 0))
    assert worth(parties) == (0, 57_000, 50_000)


def test_pro_rata_sharing(tmp_path: Path) -> None:
    """Collected 100, claims of 60 and 90: 40 and 60. Remainders go to the last."""
    assert formulas.shares(100, (60, 90)) == [40, 60]
    assert formulas.shares(100, (1, 1, 1)) == [33, 33, 34]
    with Scene(tmp_path) as scene:
        scene.market(60, flat(50 * PERCENT, 50 * PERCENT))
        owing = scene.account(200)
        scene.trade(owing, 5, 60)
        claims = [(scene.account(1_000), lots) for lots in (2, 3)]
        for account, lots in claims:
            scene.trade(account, -lots, 60)
        scene.do(liquidation(), SetMark(1, 30))
        assert scene.equity(owing) == 60 + 90 - 100
        moves = scene.do(Deleverage(owing, 1, 5, tuple(Allocation(*claim) for claim in claims))).all(PositionMoved)
        assert [move.value for move in moves] == [40, 60]


def test_the_size_of_a_partial_liquidation(tmp_path: Path) -> None:
    """Shortage 10 at 100, maintenance 10 %, fees of 1 % and 1 %: 1.25 of the base."""
    assert reduced(tmp_path, 10, fee_rate=2 * PERCENT) == 125 * 10**8


@pytest.mark.parametrize(
    ("lower_rate", "funding_rate", "payment"), [(-RATE_ONE // 10, -0.025, -25), (-5_000_000, -0.005, -5)]
)
def test_funding_of_an_average_below_the_reference(
    tmp_path: Path, lower_rate: int, funding_rate: float, payment: int
) -> None:
    """An average of 990 against 1,000, scaled by 2.5: longs get 25 a unit, or 5 where the rate is bounded."""
    premium = formulas.premium(impact_bid=990, impact_ask=990, oracle=1_000)
    rate = formulas.funding_rate(premium, scaling_rate=25 * RATE_ONE // 10, lower_rate=lower_rate)
    assert rate / RATE_ONE == funding_rate
    with Scene(tmp_path) as scene:
        scene.market(1_000, flat(10 * PERCENT, 5 * PERCENT))
        long = scene.account(10_000)
        scene.trade(long, 1, 1_000)
        scene.do(SettleFunding(1, 1_000, rate))
        settled = scene.trade(long, -1, 1_000).all(FundingPaid)
        assert {event.account: event.funding for event in settled} == {long: payment, scene.house: -payment}


@pytest.mark.parametrize("size", [30, -30])
@pytest.mark.parametrize("money", [900, 1_100, 2_000])
def test_the_liquidation_price_of_a_cross_pool(tmp_path: Path, size: int, money: int) -> None:
    """`mark - side * (account value - maintenance) / (|size| * (1 - mmr * side))`, a position elsewhere included."""
    with Scene(tmp_path) as scene:
        scene.market(100, flat(10 * PERCENT, 3 * PERCENT))
        scene.market(7, flat(10 * PERCENT, 5 * PERCENT))
        account = scene.account(money)
        scene.trade(account, size, 100)
        scene.trade(account, 40, 7, market=2)
        side, mmr = (1 if size > 0 else -1), Fraction(3, 100)
        maintenance = mmr * 3_000 + Fraction(5, 100) * 280
        assert scene.maintenance(account) == maintenance
        expected = 100 - side * (money - maintenance) / (abs(size) * (1 - mmr * side))
        assert scene.liquidation_root(account) == expected


def test_the_liquidation_price_uses_the_tier_that_holds_there(tmp_path: Path) -> None:
    """Long 2,000 at 100,000 with 60 M: 70,886.08. By the tier that holds at the mark it would be 71,202.53."""
    million = 10**6
    forty, twenty = (
        Tier(0, 25 * PERCENT // 10, 125 * PERCENT // 100),
        Tier(150 * million, 5 * PERCENT, 25 * PERCENT // 10),
    )
    with Scene(tmp_path) as scene:
        scene.market(100_000, forty, twenty)
        account = scene.account(60 * million)
        scene.trade(account, 2_000, 100_000)
        root = scene.liquidation_root(account)
        assert root == Fraction(140 * million, 1_975)
        assert f"{float(root):,.2f}" == "70,886.08"
