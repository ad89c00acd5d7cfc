"""A hedger: within the band it sleeps, beyond it one order, and then it waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook.commands import (
    MarketMode,
    MassCancel,
    OrderKind,
    Origin,
    Place,
    SetGroup,
    SetMarketMode,
    Side,
    TimeInForce,
)
from crossbook.events import OrderAccepted, Rejected
from crossbook.policies.execution import topics
from tests.policies.execution.desk import CLIENT, MAKER, Desk
from tests.policies.stage import BTC, ETH

DOLLAR = 1_000_000
"""One USDC, in minor units. A lot of BTC-PERP is worth 60 of them, a lot of ETH-PERP 30."""


def desk(path: Path, **changes: Any) -> Desk:
    """What is bought in BTC-PERP is hedged in ETH-PERP, to within 300 USDC."""
    fields = {"account": CLIENT, "market": ETH, "markets": [BTC], "band": 300 * DOLLAR}
    stage = Desk(path / "venue", policy="hedger", **(fields | changes))
    stage.rest(0.5, Side.SELL, 1_000)
    stage.rest(0.6, Side.BUY, 1_000)
    stage.rest(0.7, Side.SELL, 1_000, market=ETH)
    stage.rest(0.8, Side.BUY, 1_000, market=ETH)
    return stage


def trade(stage: Desk, seconds: float, side: Side, lots: int) -> None:
    stage.at(seconds, Place(CLIENT, BTC, side, OrderKind.MARKET, 0, lots, TimeInForce.IOC))


def hedges(stage: Desk) -> list[int]:
    """The lots of every order in the hedge market, negative if sold."""
    placed = [event for event in stage.said(OrderAccepted) if (event.account, event.market) == (CLIENT, ETH)]
    return [event.lots if event.side == Side.BUY else -event.lots for event in placed]


def test_within_the_band_nothing_is_done(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    trade(stage, 1, Side.BUY, 5)  # worth 300
    stage.advance(60)
    assert hedges(stage) == []


def test_beyond_it_delta_is_brought_to_the_target(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    trade(stage, 1, Side.BUY, 6)
    assert (hedges(stage), stage.lots(ETH)) == ([-12], -12)
    trade(stage, 20, Side.SELL, 16)
    assert (hedges(stage), stage.lots(ETH)) == ([-12, 32], 20)


def test_a_move_of_the_mark_is_hedged_too(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    trade(stage, 1, Side.BUY, 100)
    stage.mark(10, BTC, 130_000)  # 100 lots are worth 6,500 now, of which 6,000 are hedged
    assert hedges(stage) == [-200, -16]


def test_the_target_and_the_whole_lots_decide_how_much(tmp_path: Path) -> None:
    stage = desk(tmp_path, target=100 * DOLLAR)
    trade(stage, 1, Side.BUY, 10)  # 500 above the target: 16 lots and two thirds
    assert hedges(stage) == [-16]


def test_a_large_gap_is_closed_in_steps_with_a_cooldown(tmp_path: Path) -> None:
    stage = desk(tmp_path, lots_max=15)
    trade(stage, 1, Side.BUY, 20)
    assert hedges(stage) == [-15]
    trade(stage, 2, Side.BUY, 1)
    stage.advance(5.9)
    assert hedges(stage) == [-15]
    stage.advance(6)
    assert hedges(stage) == [-15, -15]
    stage.advance(60)
    assert hedges(stage) == [-15, -15, -12]
    assert stage.lots(ETH) == -42


def test_a_group_counts_as_a_whole(tmp_path: Path) -> None:
    stage = desk(tmp_path, markets=[], group=4)
    trade(stage, 1, Side.BUY, 10)
    assert hedges(stage) == []
    stage.at(2, SetGroup(BTC, 4), origin=Origin.OPERATOR)
    stage.mark(3, BTC, 120_000)
    assert hedges(stage) == [-20]


def test_without_the_grant_it_says_so_once(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    stage.grant(0.9, granted=False)
    trade(stage, 1, Side.BUY, 10)
    trade(stage, 2, Side.BUY, 10)
    stage.advance(60)
    (said,) = stage.heard(topics.HEDGER_REFUSED, topics.HedgerRefused)
    assert said == topics.HedgerRefused(CLIENT, ETH, 600 * DOLLAR, "not_granted", 0)
    assert (hedges(stage), stage.said(Rejected)) == ([], [])
    stage.grant(61, granted=True)
    assert hedges(stage) == [-40]


def test_a_refused_hedge_is_tried_again_after_the_cooldown_and_reported_once(tmp_path: Path) -> None:
    """24,999 lots of BTC-PERP need 99,994 of the 100,000 USDC there are, and 20 of ETH-PERP another 30."""
    stage = desk(tmp_path)
    stage.at(0.95, Place(CLIENT, BTC, Side.BUY, OrderKind.LIMIT, 119_000, 24_989))
    trade(stage, 1, Side.BUY, 10)
    stage.advance(12)
    assert [event.code for event in stage.said(Rejected)] == [414] * 3
    (said,) = stage.heard(topics.HEDGER_REFUSED, topics.HedgerRefused)
    assert (said.delta, said.reason, said.code) == (600 * DOLLAR, "margin_insufficient", 414)
    stage.at(13, MassCancel(CLIENT, BTC))
    stage.advance(16)
    assert hedges(stage) == [-20]


def test_a_market_that_takes_no_orders_is_not_asked(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    stage.at(1, SetMarketMode(ETH, MarketMode.HALTED), origin=Origin.OPERATOR)
    trade(stage, 2, Side.BUY, 10)
    stage.advance(40)
    assert (hedges(stage), stage.said(Rejected)) == ([], [])
    stage.at(41, SetMarketMode(ETH, MarketMode.CONTINUOUS), origin=Origin.OPERATOR)
    assert hedges(stage) == [-20]


def test_when_nobody_takes_the_other_side_it_asks_once_a_cooldown(tmp_path: Path) -> None:
    stage = desk(tmp_path)
    stage.at(0.9, MassCancel(MAKER, ETH))
    trade(stage, 1, Side.BUY, 10)
    stage.advance(12)
    assert (hedges(stage), stage.lots(ETH)) == ([-20, -20, -20], 0)


@pytest.mark.parametrize("lots", [1, 7])
def test_lots_of_other_markets_do_not_count(tmp_path: Path, lots: int) -> None:
    stage = desk(tmp_path, markets=[], band=0)
    trade(stage, 1, Side.BUY, lots)
    assert hedges(stage) == []
