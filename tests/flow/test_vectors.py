"""Published numbers of other venues, played through this one: equal to the digit, or the difference is named.

`vectors.json` has money in whole units; each scene chooses lots and minor units in which its numbers are whole.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from crossbook import formulas
from crossbook.commands import (
    RATE_ONE,
    Allocation,
    Deleverage,
    Liquidate,
    SetMark,
    SetScaling,
    SettleFunding,
)
from crossbook.events import FundingPaid, LiquidationStarted, PositionMoved, Standing, StandingChanged
from crossbook.policies.arithmetic import median
from crossbook.receipt import Receipt
from tests.flow.scene import PERCENT, Scene, flat, liquidation, rate, reduced
from tests.flow.shared import shared

PLAYED = {
    "hl_funding",
    "cross_liq",
    "bitmex_adl",
    "adl_waterfill",
    "dydx_bankruptcy",
    "dydx_fillable",
    "dydx_imf",
    "dydx_rounding",
    "drift_liq_base",
    "vega_socialise",
    "median_half_away",
}

LAST_RECORDED_DIGIT = 10
"""Recorded rates have eight decimals."""


def published(group: str) -> Any:
    """One group of the vectors, numbers as they are written."""
    return json.loads(shared("vectors.json").read_text(), parse_float=Decimal)[group]


def moved(receipt: Receipt) -> dict[int, tuple[int, int]]:
    """Lots and value of each move, by the account that received them."""
    return {event.destination: (event.lots, event.value) for event in receipt.all(PositionMoved)}


def test_every_group_is_played() -> None:
    assert set(json.loads(shared("vectors.json").read_text())) == PLAYED


def test_hl_funding(tmp_path: Path) -> None:
    """An eighth of the eight-hour rate on size times oracle, every hour."""
    vector = published("hl_funding")
    oracle = vector["oracle"]
    premium = formulas.premium(impact_bid=vector["impact_bid"], impact_ask=vector["impact_bid"] + 1, oracle=oracle)
    terms = {"interest_rate": rate(vector["interest"]), "band_rate": rate(vector["clamp"])}
    assert formulas.funding_rate(premium, **terms) == rate(vector["F8h"])
    hourly = formulas.funding_rate(premium, **terms, epochs=8)
    with Scene(tmp_path, decimals=2) as scene:
        scene.market(oracle, flat(10 * PERCENT, 5 * PERCENT))
        long = scene.account(10**9)
        scene.trade(long, 10, oracle)
        scene.do(SettleFunding(1, oracle, hourly))
        assert Decimal(10**9 - scene.equity(long)) / 100 == vector["hourly_payment_long_10"]
        settled = scene.trade(long, -10, oracle).all(FundingPaid)
        assert {event.account: Decimal(event.funding) / 100 for event in settled} == {
            long: vector["hourly_payment_long_10"],
            scene.house: -vector["hourly_payment_long_10"],
        }


def test_the_recorded_funding_of_a_venue() -> None:
    """Real settlements of BTC, each with its premium, under the three rules it had in turn; one row follows none."""
    recorded = shared("hyperliquid", "fundingHistory_BTC_2023-05-12_to_2023-07-17.json")
    drawn = {"interest_rate": RATE_ONE // 10_000, "band_rate": 3 * RATE_ONE // 10_000}
    rules: tuple[dict[str, int], ...] = (drawn, {"epochs": 8}, drawn | {"epochs": 8})
    followed = [0, 0, 0]
    rows = json.loads(recorded.read_text())["response"]
    for row in rows:
        paid, premium = rate(row["fundingRate"]), rate(row["premium"])
        ways = (formulas.funding_rate(premium, **rule) for rule in rules)
        matching = [index for index, way in enumerate(ways) if abs(paid - way) <= LAST_RECORDED_DIGIT]
        for index in matching:
            followed[index] += 1
        assert len(matching) <= 1
    assert (followed, len(rows)) == ([82, 677, 278], 82 + 677 + 278 + 1)


def test_cross_liq(tmp_path: Path) -> None:
    """One long of 1 beside maintenance of 4 elsewhere: equity 5 at the mark of 100 is gone at 99.3975903614..."""
    vector = published("cross_liq")
    ticks, cents = 10**7, 10**7
    with Scene(tmp_path, decimals=7) as scene:
        mark = vector["mark"] * ticks
        first = scene.market(mark, flat(PERCENT, rate(vector["mmr"])), tick_e12=10**5, price_max=2 * mark)
        other = scene.market(100, flat(4 * PERCENT, 4 * PERCENT))
        account = scene.account(vector["equity"] * cents)
        scene.trade(account, vector["size"], mark, market=first)
        scene.trade(account, 1, 100, market=other)
        assert scene.maintenance(account) == (vector["mmr"] * 100 + vector["other_mm"]) * cents
        root = scene.liquidation_root(account, first)
        assert root == Fraction(99 * 1000, 996)
        assert float(root) == float(vector["liq"])
        # Liquidatable is below maintenance: the first tick under the root is the price, the one above it is not.
        below = int(root * ticks)
        assert scene.do(SetMark(first, below + 1)).all(StandingChanged) == ()
        (change,) = scene.do(SetMark(first, below)).all(StandingChanged)
        assert (change.account, change.standing) == (account, Standing.LIQUIDATABLE)


def dydx(tmp_path: Path, size: Decimal, usdc: Decimal, maintenance_rate: int) -> tuple[Scene, int]:
    """An account with a position of `size` lots of 0.1 at the mark of 50,000, and this much quote; cents."""
    scene = Scene(tmp_path, decimals=2)
    scene.market(50_000, flat(maintenance_rate, maintenance_rate), lot_e12=5 * 10**10)
    lots = int(size / Decimal("0.05"))
    entry = 60_000 if lots > 0 else 40_000
    account = scene.account(int((usdc + size * entry) * 100))
    scene.trade_at_mark(account, lots, entry)
    scene.do(liquidation(), SetMark(1, 50_000))
    assert scene.equity(account) == (usdc + size * 50_000) * 100
    return scene, account


@pytest.mark.parametrize("which", [0, 1])
def test_dydx_bankruptcy(tmp_path: Path, which: int) -> None:
    """Who takes the position over pays what leaves its owner with his share of what he has."""
    vector = published("dydx_bankruptcy")[which]
    scene, account = dydx(tmp_path, vector["pos"], Decimal(vector["usdc"]), rate(vector["mm"]))
    with scene:
        lots = int(scene.lots(account) * vector["close"])
        receipt = scene.do(Deleverage(account, 1, lots, (Allocation(scene.house, lots),)))
        assert moved(receipt) == {scene.house: (lots, vector["quote"] * 100)}


@pytest.mark.parametrize("which", [0, 1, 2])
def test_dydx_fillable(tmp_path: Path, which: int) -> None:
    """A reduction may be sent no further from the mark than the missing share of maintenance."""
    vector = published("dydx_fillable")[which]
    scene, account = dydx(tmp_path, vector["pos"], Decimal(vector["usdc"]), 10 * PERCENT)
    with scene:
        settings = {"adjustment_rate": vector["ba"] * RATE_ONE, "spread_rate": rate(vector["smmr"])}
        scene.do(liquidation(**settings))
        (started,) = scene.do(Liquidate(account, 1, 0, 0)).all(LiquidationStarted)
        assert started.price == vector["px"]


def test_dydx_imf(tmp_path: Path) -> None:
    """Open interest scales the initial rate. dYdX floors it to a millionth; this kernel to a thousandth of that."""
    (vector,) = published("dydx_imf")
    base = vector["base_ppm"] * 1_000
    assert formulas.interest_rate(
        base_rate=base, open_interest=vector["oi"], lower=vector["lo"], upper=vector["hi"]
    ) // 1_000 == Fraction(271_393)
    with Scene(tmp_path) as scene:
        scene.market(1, flat(base, base))
        account, rest = scene.account(10**9), vector["oi"] - vector["notional"]
        scene.trade(account, vector["notional"], 1)
        scene.trade(scene.account(rest), rest, 1)
        scene.do(SetScaling(1, 0, vector["lo"], vector["hi"]))
        assert scene.requirement(account) == vector["im"]
        assert scene.maintenance(account) == vector["notional"] * vector["base_ppm"] // 10**6, "is not scaled"


def test_dydx_rounding(tmp_path: Path) -> None:
    """Both requirements are rounded up. Here maintenance has a rate of its own, the product of dYdX's two."""
    (vector,) = published("dydx_rounding")
    with Scene(tmp_path) as scene:
        maintenance_ppm = vector["im_ppm"] * vector["mf_ppm"] // 10**6
        scene.market(1, flat(vector["im_ppm"] * 1_000, maintenance_ppm * 1_000))
        account = scene.account(10**12)
        scene.trade(account, vector["notional"], 1)
        assert (scene.requirement(account), scene.maintenance(account)) == (vector["im"], vector["mm"])


@pytest.mark.parametrize("which", [0, 1])
def test_drift_liq_base(tmp_path: Path, which: int) -> None:
    """What is reduced restores the pool; the fees of a liquidation are one rate here, and a part of a lot is a lot."""
    vector = published("drift_liq_base")[which]
    assert (vector["price"], vector["mr"]) == (100, Decimal("0.1")), "what `reduced` sets up"
    fees = rate(vector["liq_fee"]) + rate(vector["if_fee"])
    assert reduced(tmp_path, vector["shortage"], fee_rate=fees) == least_lots(Decimal(vector["base"]))


def least_lots(base: Decimal) -> int:
    """The least lots of 10^-10 not below what ten decimals of an endless fraction begin with."""
    lots = base * 10**10
    return int(lots) if base == round(base, 1) else int(lots) + 1


def test_vega_socialise(tmp_path: Path) -> None:
    """What was collected is shared by claim, each floored, and what is left goes to the last."""
    (vector,) = published("vega_socialise")
    due, paid = vector["due"], vector["paid"]
    assert formulas.shares(vector["collected"], due) == paid
    mark, lots = due[0], [claim // due[0] for claim in due]
    with Scene(tmp_path) as scene:
        scene.market(2 * mark, flat(50 * PERCENT, 50 * PERCENT))
        # Bought at twice the mark: what was not collected of all that is due at the mark is what it still has.
        owing = scene.account(sum(due) + sum(due) - vector["collected"])
        scene.trade(owing, sum(lots), 2 * mark)
        others = [scene.account(10 * claim) for claim in due]
        for other, size in zip(others, lots, strict=True):
            scene.trade(other, -size, 2 * mark)
        scene.do(liquidation(), SetMark(1, mark))
        allocation = tuple(Allocation(other, size) for other, size in zip(others, lots, strict=True))
        receipt = scene.do(Deleverage(owing, 1, sum(lots), allocation))
        assert [value for _, value in moved(receipt).values()] == paid
        assert (sum(paid), scene.equity(owing)) == (vector["collected"], 0)


def test_bitmex_adl(tmp_path: Path) -> None:
    """The two of the highest rank close 10 each at the bankruptcy price; nobody else is touched."""
    vector = published("bitmex_adl")
    with Scene(tmp_path) as scene:
        scene.market(700, flat(5 * PERCENT, 5 * PERCENT))
        failing = scene.account(20 * (700 - vector["px"]))
        scene.trade_at_mark(failing, vector["need"], 700)
        shorts = {name: scene.account(10**6) for name in vector["accounts"]}
        for name, account in shorts.items():
            scene.trade(account, -vector["accounts"][name][0], 700)
        scene.do(SetMark(1, vector["px"] + 5))
        allocation = tuple(Allocation(shorts[name], lots) for name, lots in vector["closed"].items())
        receipt = scene.do(Deleverage(failing, 1, vector["need"], allocation))
        assert moved(receipt) == {shorts[name]: (lots, lots * vector["px"]) for name, lots in vector["closed"].items()}
        assert scene.equity(failing) == 0
        for name, account in shorts.items():
            assert -scene.lots(account) == vector["accounts"][name][0] - vector["closed"].get(name, 0)


def test_adl_waterfill(tmp_path: Path) -> None:
    """Deleveraging that leaves all who give at one leverage: the allocation is a policy's, the kernel executes it."""
    vector = published("adl_waterfill")
    given = [int(share * 10**6) for share in vector["x"]]
    assert sum(given) == vector["Q"][0] * 10**6
    with Scene(tmp_path, decimals=6) as scene:
        for price in vector["p"]:
            scene.market(price, flat(PERCENT, PERCENT), lot_e12=10**6)
        accounts = [waterfilled(scene, vector, which) for which in range(4)]
        owing = scene.account(10 * 3_000 * 10**6)
        scene.trade_at_mark(owing, 10 * 10**6, vector["p"][0] + 3_000)
        scene.do(liquidation(), *(SetMark(market, price) for market, price in enumerate(vector["p"], 1)))
        assert [Decimal(scene.equity(a)) / 10**6 for a in accounts] == [Decimal(e) for e in vector["equity"]]
        before = [leverage(scene, vector, account) for account in accounts]
        assert all(near(*pair) for pair in zip(before, vector["leverage_before"], strict=True))
        allocation = tuple(Allocation(a, lots) for a, lots in zip(accounts, given, strict=True) if lots)
        receipt = scene.do(Deleverage(owing, 1, 10 * 10**6, allocation))
        assert sum(lots for lots, _ in moved(receipt).values()) == 10 * 10**6
        assert scene.lots(owing) == 0
        ends = [leverage(scene, vector, a) for a, lots in zip(accounts, given, strict=True) if lots]
        assert all(near(end, vector["eta"]) for end in ends)
        assert leverage(scene, vector, accounts[3]) == before[3]


def waterfilled(scene: Scene, vector: dict[str, Any], which: int) -> int:
    """An account with its margin and its two positions, each opened at its entry price."""
    account = scene.account(int(Decimal(vector["m"][which]) * 10**6))
    for market in (1, 2):
        short, entry = Decimal(vector["q"][which][market - 1]), vector["entry"][which][market - 1]
        scene.trade_at_mark(account, int(-short * 10**6), entry, market=market)
    return account


def leverage(scene: Scene, vector: dict[str, Any], account: int) -> Decimal:
    """What a move of the one factor costs the account, over its equity."""
    short = [Decimal(-scene.lots(account, market)) / 10**6 for market in (1, 2)]
    exposure = sum((v * q for v, q in zip(vector["v"], short, strict=True)), Decimal(0))
    return exposure / (Decimal(scene.equity(account)) / 10**6)


@pytest.mark.parametrize("which", [0, 1])
def test_median_half_away(which: int) -> None:
    """Of an even count the mean of the middle two, halves away from zero: how oracle policies agree on a price."""
    values, middle = published("median_half_away")[which]
    assert median(values) == middle


def near(measured: Decimal, printed: Decimal) -> bool:
    """Equal to a unit of the sixth decimal: sizes and exposures are published with fewer digits than were used."""
    return abs(measured - printed) < Decimal("0.000001")
