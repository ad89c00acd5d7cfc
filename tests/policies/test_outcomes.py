"""What is measured of a session, against scenarios that can be reckoned by hand."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import SetGroup
from crossbook.events import Standing
from crossbook.outcomes import Outcome, inversions, measure, spared
from crossbook.rows import HolderRow
from tests.policies.liquidation.trouble import BTC, ETH, UNIT, USDC, Trouble


def measured(scene: Trouble) -> Outcome:
    scene.venue.close()
    return measure(scene.venue.path)


def test_a_quiet_session_has_nothing_to_show(tmp_path: Path) -> None:
    scene = Trouble(tmp_path)
    scene.long(3_000)
    outcome = measured(scene)
    assert (outcome.liquidated, outcome.deleveraged, outcome.broken, outcome.rank_inversions) == ([], [], [], 0)
    assert (outcome.first_trouble_ns, outcome.time_to_solvency_ns) == (None, 0)
    assert outcome.assets[USDC].margin_used == 2 * 3_000 * UNIT, "her 3,000 and that of the house"
    assert outcome.assets[USDC].bad_debt == 0


def test_who_paid_for_what_alice_could_not(tmp_path: Path) -> None:
    """1,000 of debt: 300 from the fund, the rest from those who won; her 56,000 of notional went to the vault."""
    scene = Trouble(tmp_path)
    scene.vault(100_000, 500_000)
    scene.insured(300)
    alice = scene.long(3_000)
    scene.falls(BTC, 56_000)
    outcome = measured(scene)
    usdc = outcome.assets[USDC]
    assert outcome.liquidated == [alice]
    assert (usdc.insurance_paid, usdc.insurance_left, usdc.socialised) == (300 * UNIT, 0, 700 * UNIT)
    assert (usdc.bad_debt, usdc.negative_equity, usdc.adl_notional) == (1_000 * UNIT, 0, 0)
    assert (usdc.liquidated_notional, usdc.accounts[alice].forced) == (56_000 * UNIT, 56_000 * UNIT)
    assert (outcome.time_to_solvency_ns, spared(outcome, outcome)) == (0, [])


def test_what_deleveraging_took_from_whom(tmp_path: Path) -> None:
    """At 56,500 Alice owes 500 and goes at once; Carol has 500 left of 4,000 and goes after two minutes."""
    scene = Trouble(tmp_path)
    bob, alice, carol = scene.funded(10_000), scene.funded(3_000), scene.funded(4_000)
    scene.trade(alice, BTC, 1_000, 60_000, partner=bob)
    scene.trade(carol, BTC, 1_000, 60_000)
    scene.falls(BTC, 56_500)
    scene.passes(120)
    outcome = measured(scene)
    usdc = outcome.assets[USDC]
    assert outcome.liquidated == [alice, carol]
    assert (usdc.adl_notional, usdc.adl_forgone) == (113_000 * UNIT, (500 - 500) * UNIT)
    assert usdc.accounts[bob].forgone == 500 * UNIT
    assert usdc.accounts[scene.house].forgone == -500 * UNIT
    assert outcome.time_to_solvency_ns is not None
    assert outcome.time_to_solvency_ns // 10**9 == 120


def test_a_hedge_is_broken_when_one_leg_is_taken(tmp_path: Path) -> None:
    """Bob is short 1 BTC against Alice and long 20 ETH, the same notional on the same underlying."""
    scene = Trouble(tmp_path)
    scene.do(SetGroup(BTC, 1), SetGroup(ETH, 1))
    bob, alice = scene.funded(20_000), scene.funded(3_000)
    scene.trade(alice, BTC, 1_000, 60_000, partner=bob)
    scene.trade(bob, ETH, 2_000, 3_000)
    scene.falls(ETH, 2_800)
    scene.falls(BTC, 56_000)
    outcome = measured(scene)
    assert (outcome.deleveraged, outcome.broken) == ([bob], [bob])
    assert outcome.assets[USDC].broken_notional == 56_000 * UNIT


def holder(account: int, lots: int, *, cost: int, equity: int) -> HolderRow:
    """Who has lots at a mark of 100 in a market of tick value 1."""
    unrealised = lots * 100 - cost
    return HolderRow(account, False, lots, cost, unrealised, Standing.HEALTHY, equity, 0, 0)


def test_an_inversion_is_a_pair_in_which_the_higher_ranked_closed_less() -> None:
    """Ranked 1, 2, 3 by leverage. Of 100 lots each the second closes 50, the third 10, the first none: two pairs."""
    three = [holder(account, -100, cost=-12_000, equity=1_000 * account) for account in (1, 2, 3)]
    assert inversions(three, {2: 50, 3: 10}, 100) == 2
    assert inversions(three, {1: 100, 2: 50, 3: 10}, 100) == 0
    assert inversions(three, {1: 33, 2: 33, 3: 35}, 100) == 0, "a lot more for one and less for the other"
    assert inversions(three, {1: 33, 2: 33, 3: 36}, 100) == 2
