"""Funding by epochs once more, from outside: a published example, and every epoch recomputed in fractions."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from crossbook.commands import RATE_ONE, Grade, Side
from crossbook.events import Noted
from crossbook.policies import notes
from crossbook.policies.funding.records import EPOCH, EpochClosed
from tests.policies.floor import ORACLE, Floor
from tests.policies.stage import BTC

FIRST_END = 2_800
AGED = {"policy": "epochs", "oracle_age_ms_max": 10**9}


def test_the_published_example(tmp_path: Path) -> None:
    """Impact bid 10,100 on an oracle of 10,000: ten long pay 118.75 an hour, an eighth of (1 % − 0.05 %)."""
    floor = Floor(tmp_path, {"funding": AGED})
    floor.oracle(1, 10_000)
    floor.quotes(2, 10_100, 10_150, lots=5_000)
    floor.order(3, Side.BUY, 10_150, 10, taking=True)
    before = floor.view.pool(floor.taker, 1)
    floor.advance(FIRST_END)
    after = floor.view.pool(floor.taker, 1)
    assert before is not None
    assert after is not None
    # One tick of one lot is 500 minor units, so 118.75 ticks of a lot are 59,375 of them.
    assert Fraction(before.equity - after.equity, 500) == Fraction("118.75")


def exact_premium(floor: Floor) -> int | None:
    """The premium of the present book by the page's words, in fractions; None where there is none to be had."""
    row = floor.row
    if not row.oracle.price or row.oracle.grade < Grade.THIN:
        return None
    impact = []
    for levels in floor.view.book(BTC, 50):
        wanted, lots = Fraction(20_000_000_000, row.tick_value), Fraction(0)
        for price, available, _orders in levels:
            part = min(Fraction(available), wanted / price)
            wanted, lots = wanted - part * price, lots + part
        if wanted:
            return None
        impact.append(Fraction(20_000_000_000, row.tick_value) / lots)
    bid, ask = impact[0].__floor__(), impact[1].__ceil__()
    oracle = row.oracle.price
    return int(Fraction(max(bid - oracle, 0) - max(oracle - ask, 0), oracle) * RATE_ONE)


def exact_rate(premiums: list[int]) -> int:
    """An eighth of the average, pulled towards 0.01 % by at most 0.05 %, within 4 %; each division cut."""
    average = int(Fraction(sum(premiums), len(premiums)))
    pulled = average + max(-500_000, min(100_000 - average, 500_000))
    return int(Fraction(max(-40_000_000, min(pulled, 40_000_000)), 8))


@pytest.mark.parametrize("seed", range(3))
def test_every_epoch_can_be_recomputed_from_what_was_there(tmp_path: Path, seed: int) -> None:
    """Books of several levels that come and go, oracles that move and fail: two minutes at a time, three epochs."""
    rng = random.Random(seed)
    floor = Floor(tmp_path, {"funding": AGED | {"interval_ms": 120_000, "retry_ms": 60_000}})
    price, premiums, expected = ORACLE, [], []
    for second in range(5, 405, 5):
        action = rng.random()
        price += rng.randint(-150, 150)
        if action < 0.4:
            floor.oracle(second - 2, price, Grade.GOOD if rng.random() < 0.8 else Grade.STALE)
        elif action < 0.5:
            floor.withdraw_quotes(second - 2)
        else:
            floor.quotes(
                second - 2, price - rng.randint(-100, 60), price + rng.randint(101, 300), rng.randint(100, 400)
            )
            floor.order(second - 1.5, Side.BUY, price - 200, rng.randint(50, 500))
            floor.order(second - 1, Side.SELL, price + 400, rng.randint(50, 500))
        floor.advance(second)
        premium = exact_premium(floor)
        premiums += [] if premium is None else [premium]
        # A scenario begins 800 s after an hour, 40 s before the end of two minutes.
        if (second + 800) % 120 == 0:
            expected.append((len(premiums), exact_rate(premiums) if premiums else 0))
            premiums = []
    told = (notes.read(event, EPOCH, EpochClosed) for event in floor.said(Noted))
    found = [(body.samples, body.rate) for body in told if body is not None]
    assert found == expected
    assert len([samples for samples, _ in found if samples > 3]) >= 3
