"""Who closes in a deleveraging: the published examples through the policy, and what every rule keeps to."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossbook.commands import RATE_ONE, SetMark
from crossbook.events import MoveReason, PositionMoved, Standing
from crossbook.policies.liquidation.allocation import Claim, allocator, names
from crossbook.policies.liquidation.allocation.pro_rata import capped
from crossbook.policies.liquidation.allocation.water_filling import Vessel, filled
from crossbook.receipt import Receipt
from crossbook.rows import HolderRow
from tests.flow.scene import PERCENT, Scene, flat, liquidation
from tests.flow.shared import shared
from tests.flow.test_vectors import leverage, near, waterfilled


def published(group: str) -> Any:
    return json.loads(shared("vectors.json").read_text(), parse_float=Decimal)[group]


def deleveraged(scene: Scene, *_outside: Receipt) -> dict[int, tuple[int, int]]:
    """Lots and value by who closed, of what the policy did since it was last asked."""
    moves = [event for one in scene.venue.policies.drain() for event in one.all(PositionMoved)]
    assert all(event.reason == MoveReason.DELEVERAGE for event in moves)
    return {event.destination: (event.lots, event.value) for event in moves}


def engaged(scene: Scene, allocation: str | dict[str, Any]) -> None:
    scene.venue.policies.engage("liquidation", {"policy": "ladder", "allocation": allocation, "deleverage_after_ns": 0})


def test_bitmex_adl(tmp_path: Path) -> None:
    """The two of the highest rank close 10 each at 650; here the rank comes from the leverage of equal profits."""
    vector = published("bitmex_adl")
    with Scene(tmp_path) as scene:
        scene.market(700, flat(5 * PERCENT, 5 * PERCENT))
        failing = scene.account(20 * (700 - vector["px"]))
        scene.trade_at_mark(failing, vector["need"], 700)
        # The higher the rank, the less there is behind each contract.
        shorts = {name: scene.account(lots * (2_000 - 100 * rank)) for name, (lots, rank) in vector["accounts"].items()}
        for name, account in shorts.items():
            scene.trade(account, -vector["accounts"][name][0], 700)
        engaged(scene, "queue")
        moved = deleveraged(scene, scene.do(SetMark(1, vector["px"] + 5)))
        assert moved == {shorts[name]: (lots, lots * vector["px"]) for name, lots in vector["closed"].items()}
        assert scene.equity(failing) == 0


def test_adl_waterfill(tmp_path: Path) -> None:
    """The three most levered come down to one factor leverage; factors are `v` over price, in parts per 10^9."""
    vector = published("adl_waterfill")
    with Scene(tmp_path, decimals=6) as scene:
        for price in vector["p"]:
            scene.market(price, flat(PERCENT, PERCENT), lot_e12=10**6)
        accounts = [waterfilled(scene, vector, which) for which in range(4)]
        owing = scene.account(10 * 3_000 * 10**6)
        scene.trade_at_mark(owing, 10 * 10**6, vector["p"][0] + 3_000)
        scene.do(*(SetMark(market, price) for market, price in reversed(list(enumerate(vector["p"], 1)))))
        factors = [
            [market, int(v / price * RATE_ONE)]
            for market, (v, price) in enumerate(zip(vector["v"], vector["p"], strict=True), 1)
        ]
        scene.do(liquidation())
        scene.venue.policies.engage(
            "liquidation",
            {
                "policy": "ladder",
                "take_over": ["deleverage"],
                "bankrupt": ["deleverage"],
                "deleverage_after_ns": 0,
                "allocation": {"rule": "water_filling", "factors": factors},
            },
        )
        moved = {account: lots for account, (lots, _) in deleveraged(scene).items()}
        assert moved
        assert [near(leverage(scene, vector, account), vector["eta"]) for account in accounts] == [True] * 3 + [False]


@pytest.mark.parametrize("mark", [180])
def test_loss_sharing(tmp_path: Path, mark: int) -> None:
    """1 sells 100 to 2 at 100 with 5,000; 3 sells 100 to 2 at 180: 1 owes 8,000 and has 5,000, 2 is 3,000 short."""
    with Scene(tmp_path) as scene:
        scene.market(100, flat(10 * PERCENT, 5 * PERCENT))
        first, second, third = scene.account(5_000), scene.account(50_000), scene.account(50_000)
        scene.trade(first, -100, 100, partner=second)
        engaged(scene, "queue")
        moved = deleveraged(scene, scene.do(SetMark(1, mark)))
        assert moved == {second: (-100, 100 * mark - 3_000)}
        scene.trade(third, -100, mark, partner=second)
        assert (scene.equity(first), scene.equity(second), scene.equity(third)) == (0, 55_000, 50_000)


def test_vega_socialise(tmp_path: Path) -> None:
    """What was collected is shared by claim: 5,080 of 80 and 8,000 due are 50 and 5,030."""
    (vector,) = published("vega_socialise")
    due, paid = vector["due"], vector["paid"]
    mark, lots = due[0], [claim // due[0] for claim in due]
    with Scene(tmp_path) as scene:
        scene.market(2 * mark, flat(50 * PERCENT, 50 * PERCENT))
        owing = scene.account(sum(due) + sum(due) - vector["collected"])
        others = [scene.account(10 * claim) for claim in due]
        for other, size in zip(others, lots, strict=True):
            scene.trade(owing, size, 2 * mark, partner=other)
        scene.do(liquidation())
        engaged(scene, "pro_rata")
        moved = deleveraged(scene, scene.do(SetMark(1, mark)))
        assert [value for _, value in moved.values()] == paid
        assert scene.equity(owing) == 0


# --- what every rule keeps to -----------------------------------------------------------------------------------------


class NoView:
    """Of a venue with one market, on which nobody holds anything else."""

    def markets(self) -> list[Any]:
        return [type("Row", (), {"mark": 100, "tick_value": 1, "settlement": 1})()]

    def account(self, _account: int) -> None:
        return None


@st.composite
def holders(draw: st.DrawFn) -> list[HolderRow]:
    found = []
    for account in range(1, draw(st.integers(1, 12)) + 1):
        lots = draw(st.integers(1, 500))
        cost, equity = -lots * draw(st.integers(50, 150)), draw(st.integers(0, 10**6))
        found.append(HolderRow(account, False, -lots, cost, -lots * 100 - cost, Standing.HEALTHY, equity, 0, 0))
    return found


@pytest.mark.parametrize("name", ["queue", "pro_rata", "water_filling"])
@given(candidates=holders(), wanted=st.integers(1, 3_000))
def test_every_rule_gives_whole_lots_of_those_who_have_them(
    name: str, candidates: list[HolderRow], wanted: int
) -> None:
    rule, held = allocator(name), {one.account: -one.lots for one in candidates}
    claim = Claim(market=1, lots=wanted, mark=100, tick_value=1)
    given_lots = rule.allocate(claim, candidates, NoView())  # type: ignore[arg-type]
    assert sum(one.lots for one in given_lots) == min(wanted, sum(held.values()))
    assert len({one.account for one in given_lots}) == len(given_lots)
    assert all(1 <= one.lots <= held[one.account] for one in given_lots)
    assert given_lots == rule.allocate(claim, candidates, NoView())  # type: ignore[arg-type]


def test_the_cap_of_pro_rata_leaves_the_rest_for_another_time() -> None:
    rule = allocator({"rule": "pro_rata", "cap_rate": RATE_ONE // 4})
    two = [HolderRow(one, False, -100, -12_000, 2_000, Standing.HEALTHY, 5_000, 0, 0) for one in (1, 2)]
    claim = Claim(market=1, lots=80, mark=100, tick_value=1)
    assert [(one.account, one.lots) for one in rule.allocate(claim, two, NoView())] == [(1, 25), (2, 25)]  # type: ignore[arg-type]


def test_shares_are_floored_and_what_is_left_goes_to_the_largest_remainders() -> None:
    assert capped(10, [1, 1, 1], [9, 9, 9]) == [4, 3, 3]
    assert capped(1, [10, 90], [10, 90]) == [0, 1]
    assert capped(3, [10, 90, 50], [10, 90, 50]) == [0, 2, 1]
    assert capped(10, [1, 1, 1], [2, 9, 9]) == [2, 4, 4]
    assert capped(5, [100, 1], [5, 5]) == [5, 0]


def test_water_fills_to_one_level_and_no_further() -> None:
    """Leverage 3, 2 and 1 on equity of 100, and 100 lots are worth one of leverage."""
    three = [Vessel(one, 1_000, 100, 100 * (4 - one)) for one in (1, 2, 3)]
    assert filled(three, 100, 1) == [100, 0, 0]
    assert filled(three, 200, 1) == [150, 50, 0]
    assert filled(three, 300, 1) == [200, 100, 0]
    assert filled(three, 303, 1) == [201, 101, 1]


def test_the_rules_that_come_with_crossbook() -> None:
    assert {"pro_rata", "queue", "water_filling"} <= set(names())
