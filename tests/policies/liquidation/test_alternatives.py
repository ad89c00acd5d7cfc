"""The same trouble under each policy: an order of rungs, and what it changes.

Alice is long 1 BTC from 60,000 with 3,000 USDC: at a mark of m she has m − 57,000, and must keep 2.5 % of m. There is a
bid of 5 BTC at the mark, a liquidator and a vault.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook.commands import RATE_ONE, Bid, Side
from crossbook.errors import InputError
from crossbook.events import AuctionOpened, LiquidationStarted, MoveReason, PositionMoved
from crossbook.policies import catalogue
from tests.policies.liquidation.trouble import BTC, ETH, PERCENT, UNIT, Trouble


def crowd(path: Path, policy: str | dict[str, Any], mark: int, **terms: int) -> tuple[Trouble, int]:
    scene = Trouble(path, policy, **terms)
    scene.liquidator(100_000)
    scene.vault(100_000, 500_000)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, mark, 5_000)
    return scene, alice


# --- below maintenance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "reduced", "offered", "left"),
    [("ladder", [42], 0, 958), ("market", [42], 0, 958), ("dutch", [], 1, 1_000), ("backstop", [], 0, 1_000)],
)
def test_a_little_below_maintenance(tmp_path: Path, policy: str, reduced: list[int], offered: int, left: int) -> None:
    """At 58,400 she lacks 60 of 1,460: sold into the book, offered to liquidators, or left alone under lock."""
    scene, alice = crowd(tmp_path, policy, 58_400)
    scene.falls(BTC, 58_400)
    assert [event.lots for event in scene.said(LiquidationStarted)] == reduced
    assert len(scene.said(AuctionOpened)) == offered
    assert scene.lots(alice) == left
    assert scene.is_locked(alice) is (left == 1_000)


@pytest.mark.parametrize(
    ("policy", "way", "value"),
    [("ladder", MoveReason.TAKE_OVER, 57_000), ("backstop", MoveReason.TAKE_OVER, 57_000)],
)
def test_failing_pools_go_to_the_vault(tmp_path: Path, policy: str, way: MoveReason, value: int) -> None:
    """At 57,600 she has 600 of 1,440."""
    scene, alice = crowd(tmp_path, policy, 57_600)
    scene.falls(BTC, 57_600)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.value) == (way, value * UNIT)
    assert scene.equity(alice) == 0


def test_the_market_takes_failing_pools_at_once_and_alice_keeps_what_is_left(tmp_path: Path) -> None:
    """At 57,600 all of it is sold at the mark, and she keeps 600: the bid was kind, and the vault earned nothing."""
    scene, alice = crowd(tmp_path, "market", 57_600)
    scene.falls(BTC, 57_600)
    (started,) = scene.said(LiquidationStarted)
    assert (started.lots, scene.lots(alice), scene.equity(alice)) == (584, 416, 600 * UNIT)
    assert scene.said(PositionMoved) == []
    assert not scene.is_locked(alice)


def test_market_close_without_a_book_deleverages_at_once(tmp_path: Path) -> None:
    scene = Trouble(tmp_path, "market")
    scene.vault(100_000, 500_000)
    alice = scene.long(3_000)
    scene.falls(BTC, 57_600)
    (moved,) = scene.said(PositionMoved)
    assert (moved.reason, moved.destination) == (MoveReason.DELEVERAGE, scene.house)
    assert scene.equity(alice) == 0


def test_a_dutch_auction_runs_on_while_the_pool_fails_and_then_the_vault_takes_it(tmp_path: Path) -> None:
    scene, alice = crowd(tmp_path, "dutch", 50_000)
    scene.falls(BTC, 58_400)
    scene.falls(BTC, 57_600)
    assert scene.said(PositionMoved) == []
    scene.passes(30)
    (moved,) = scene.said(PositionMoved)
    assert moved.reason == MoveReason.TAKE_OVER
    assert scene.equity(alice) == 0


def test_a_dutch_auction_that_is_taken_leaves_the_book_alone(tmp_path: Path) -> None:
    scene, alice = crowd(tmp_path, "dutch", 58_400)
    scene.falls(BTC, 58_400)
    (opened,) = scene.said(AuctionOpened)
    scene.do(Bid(scene.view.liquidators()[0], opened.auction, 100, 0), after=0.01)
    assert (scene.lots(alice), scene.is_locked(alice)) == (900, False)
    assert scene.said(LiquidationStarted) == []


def test_a_pool_in_debt_is_closed_at_the_mark_where_the_book_takes_it(tmp_path: Path) -> None:
    """No vault, 1,000 of debt: the book pays the mark, the fund the debt, and nobody is deleveraged."""
    scene = Trouble(tmp_path)
    scene.insured(5_000)
    alice = scene.long(3_000)
    scene.quote(scene.house, BTC, Side.BUY, 56_000, 5_000)
    scene.falls(BTC, 56_000)
    assert [step.rung for step in scene.steps()] == ["cover"]
    assert (scene.lots(alice), scene.equity(alice), scene.said(PositionMoved)) == (0, 0, [])
    assert scene.view.assets()[0].insurance == 4_000 * UNIT


def test_what_market_close_does_to_a_hedge(tmp_path: Path) -> None:
    """Only one leg has a book. The ladder leaves the pair alone, market close sells the leg it can."""
    lots = {}
    for policy in ("ladder", "market"):
        scene = Trouble(tmp_path / policy, policy)
        scene.portfolios()
        alice = scene.funded(6_500)
        scene.trade(alice, BTC, 1_000, 60_000)
        scene.trade(alice, ETH, -2_000, 3_000)
        scene.quote(scene.house, BTC, Side.BUY, 56_000, 5_000)
        scene.falls(BTC, 56_000)
        lots[policy] = scene.lots(alice, BTC), scene.lots(alice, ETH)
    assert lots == {"ladder": (1_000, -2_000), "market": (714, -2_000)}


# --- configuration ----------------------------------------------------------------------------------------------------


def test_an_order_of_rungs_is_configuration(tmp_path: Path) -> None:
    """Somebody's own: vaults only, then winners at once."""
    own = {"policy": "ladder", "take_over": ["take_over", "deleverage"], "deleverage_after_ns": 0}
    scene = Trouble(tmp_path, own)
    scene.long(3_000)
    scene.falls(BTC, 57_600)
    assert [event.reason for event in scene.said(PositionMoved)] == [MoveReason.DELEVERAGE]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"liquidatable": ["reduce", "cover"]}, "no rung 'cover'"),
        ({"stages": []}, "at least one stage"),
        ({"retry_ns": 0}, "must not spin"),
        ({"auction_ns": 0}, "take some time"),
        ({"auction_start_rate": 2, "auction_end_rate": 1}, "does not fall"),
        ({"allocation": "lottery"}, "no allocation rule 'lottery'"),
        ({"allocation": {"rule": "pro_rata", "cap": 1}}, "unknown field"),
        ({"patience": 3}, "no field 'patience'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_engaged(table: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        catalogue.build("liquidation", {"policy": "ladder", **table})


def test_the_fields_that_are_journaled_make_the_same_policy() -> None:
    for name in ("ladder", "market", "dutch", "backstop"):
        table = {"policy": name, "allocation": {"rule": "pro_rata", "cap_rate": 50 * PERCENT}, "auction_ns": RATE_ONE}
        policy = catalogue.build("liquidation", table)
        again = catalogue.configured(type(policy), catalogue.configuration(policy))
        assert again == policy
