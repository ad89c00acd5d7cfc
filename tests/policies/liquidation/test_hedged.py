"""Pools that are hedged: what is naked is hedged or reduced first, and what covers itself goes together or not at all.

Both markets are on one underlying, with scenarios of 10 % either way: 1 BTC at 60,000 against 20 ETH at 3,000.
"""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import SetBasis, SetGroup, Side
from crossbook.events import (
    LiquidationEnded,
    LiquidationKind,
    LiquidationStarted,
    MoveReason,
    PositionMoved,
    Rejected,
)
from tests.policies.liquidation.trouble import BTC, ETH, PERCENT, UNIT, Trouble

FIVE_PERCENT = 5 * PERCENT


def basis_trade(scene: Trouble) -> int:
    """A portfolio, long 1 BTC and short 20 ETH; all it must keep is the basis charge, 5 % of the smaller leg."""
    scene.portfolios()
    scene.do(SetBasis(1, FIVE_PERCENT))
    account = scene.portfolio(12_500)
    scene.trade(account, BTC, 1_000, 60_000)
    scene.trade(account, ETH, -2_000, 3_000)
    return account


def test_a_naked_portfolio_is_hedged_where_it_costs_least(tmp_path: Path) -> None:
    """At 59,000 it has 5,500 and must keep 6,000. A bid for ETH a dollar under the mark: 168 lots take 504 off."""
    scene = Trouble(tmp_path)
    scene.portfolios()
    alice = scene.portfolio(6_500)
    scene.trade(alice, BTC, 1_000, 60_000)
    scene.quote(scene.house, ETH, Side.BUY, 2_999, 5_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_800, 5_000)
    scene.falls(BTC, 59_000)
    (started,) = scene.said(LiquidationStarted)
    assert (started.kind, started.market, started.side, started.lots) == (LiquidationKind.HEDGE, ETH, Side.SELL, 168)
    assert (scene.lots(alice, BTC), scene.lots(alice, ETH)) == (1_000, -168)
    assert (scene.equity(alice), scene.is_locked(alice)) == (5_498_320_000, False)


def test_without_a_book_there_its_own_leg_is_sold(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    scene.portfolios()
    alice = scene.portfolio(6_500)
    scene.trade(alice, BTC, 1_000, 60_000)
    scene.quote(scene.house, BTC, Side.BUY, 58_900, 5_000)
    scene.falls(BTC, 59_000)
    (ended,) = scene.said(LiquidationEnded)
    assert (ended.market, ended.filled, scene.lots(alice)) == (BTC, 85, 915)
    assert not scene.is_locked(alice)


def test_both_legs_go_to_the_vault_in_one_submission(tmp_path: Path) -> None:
    """At 48,500 there are 1,000 left of 12,500, and 2,425 needed: each leg takes its half of what is left with it."""
    scene = Trouble(tmp_path)
    vault, alice = scene.vault(200_000, 500_000), basis_trade(scene)
    scene.quote(scene.house, BTC, Side.BUY, 48_500, 5_000)
    scene.falls(BTC, 48_500)
    first, second = scene.said(PositionMoved)
    assert [event.reason for event in (first, second)] == [MoveReason.TAKE_OVER] * 2
    assert ((first.market, first.lots), (second.market, second.lots)) == ((BTC, 1_000), (ETH, -2_000))
    assert second.seq == first.seq + 1
    assert (first.value, second.value) == (48_052_995_391, 60_552_995_391)
    assert scene.equity(alice) == 0
    assert (scene.lots(vault, BTC), scene.lots(vault, ETH)) == (1_000, -2_000)
    assert scene.equity(vault) == 201_000 * UNIT


def test_both_legs_are_deleveraged_in_one_submission(tmp_path: Path) -> None:
    """No vault: after two minutes of failing, both legs at their bankruptcy values."""
    scene = Trouble(tmp_path)
    alice = basis_trade(scene)
    scene.falls(BTC, 48_500)
    assert scene.said(PositionMoved) == []
    scene.passes(120)
    first, second = scene.said(PositionMoved)
    assert (first.market, second.market, second.seq) == (BTC, ETH, first.seq + 1)
    assert (scene.equity(alice), scene.lots(alice, BTC), scene.lots(alice, ETH)) == (0, 0, 0)
    assert scene.troubled() == []


def test_a_hedge_that_cannot_be_closed_on_both_legs_stays_whole(tmp_path: Path) -> None:
    """A little below maintenance, and only BTC has a book: nothing is sold, and the reason is stated."""
    scene = Trouble(tmp_path)
    alice = basis_trade(scene)
    scene.quote(scene.house, BTC, Side.BUY, 49_900, 5_000)
    scene.falls(BTC, 49_900)
    assert scene.said(LiquidationStarted) == []
    assert scene.waits()[0].reasons[:2] == ["hedge: nothing_to_hedge", "reduce: nothing_fillable"]
    assert (scene.lots(alice, BTC), scene.lots(alice, ETH)) == (1_000, -2_000)


def two_legs(scene: Trouble) -> int:
    """A standard cross account with the same two legs: 6,500 for what needs 6,000, and keeps 3,000."""
    scene.do(SetGroup(BTC, 1), SetGroup(ETH, 1))
    account = scene.funded(6_500)
    scene.trade(account, BTC, 1_000, 60_000)
    scene.trade(account, ETH, -2_000, 3_000)
    scene.quote(scene.house, BTC, Side.BUY, 56_000, 5_000)
    scene.quote(scene.house, ETH, Side.SELL, 3_000, 5_000)
    return account


def test_the_legs_of_a_standard_account_are_reduced_by_one_share(tmp_path: Path) -> None:
    """At 56,000 it has 2,500 of 2,900: it takes 400 / 2,900 of both legs, 13.8 %, to restore it."""
    scene = Trouble(tmp_path)
    alice = two_legs(scene)
    scene.falls(BTC, 56_000)
    first, second = scene.said(LiquidationStarted)
    assert (first.market, first.lots, second.market, second.lots) == (BTC, 138, ETH, 276)
    assert second.seq == first.seq + 1
    assert (scene.lots(alice, BTC), scene.lots(alice, ETH)) == (862, -1_724)
    assert not scene.is_locked(alice)


def test_under_a_cooldown_of_the_kernel_the_larger_leg_goes_first(tmp_path: Path) -> None:
    scene = Trouble(tmp_path, cooldown_ns=10**9)
    alice = two_legs(scene)
    scene.falls(BTC, 56_000)
    (started,) = scene.said(LiquidationStarted)
    assert (started.market, scene.said(Rejected)) == (ETH, [])
    assert scene.lots(alice, BTC) == 1_000
