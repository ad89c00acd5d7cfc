"""Funding by time-weighted averages on a real venue: the rule book's worked example, and what does not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook.commands import RATE_ONE, Grade, SetMark, Side
from crossbook.errors import InputError
from crossbook.events import FundingSettled, Noted
from crossbook.policies import catalogue, notes
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from crossbook.policies.funding.twap import TwapFunding, TwapState, forecast
from tests.policies.floor import Floor
from tests.policies.stage import BEGIN_NS, BTC, SECOND

FIRST_END = 2_800
SCALED = {"scaling_rate": 5 * RATE_ONE // 2, "lower_rate": -RATE_ONE // 10, "upper_rate": RATE_ONE // 10}
BOUNDED = SCALED | {"lower_rate": -RATE_ONE // 200}


def floor_with(path: Path, **changes: Any) -> Floor:
    """A floor with the policy so changed; an oracle may be old."""
    return Floor(path, {"funding": {"policy": "twap", "oracle_age_ms_max": 10**9} | changes})


def closed(floor: Floor) -> list[EpochClosed]:
    """The epochs that ended, in order."""
    found = (notes.read(event, EPOCH, EpochClosed) for event in floor.said(Noted))
    return [body for body in found if body is not None]


@pytest.mark.parametrize(("terms", "rate", "payment"), [(SCALED, -25_000_000, -25), (BOUNDED, -5_000_000, -5)])
def test_the_worked_example(tmp_path: Path, terms: dict[str, int], rate: int, payment: int) -> None:
    """TWAP 990 against 1,000, scaling 2.5: the long is paid 25, a rate of −0.025; with a lower bound of −0.005, 5."""
    floor = floor_with(tmp_path, **terms)
    floor.oracle(0.5, 1_000)
    floor.at(0.6, SetMark(BTC, 1_000))
    floor.order(0.7, Side.SELL, 1_000, 1)
    floor.order(0.8, Side.BUY, 1_000, 1, taking=True)
    floor.advance(FIRST_END)
    floor.at(FIRST_END + 1_200, SetMark(BTC, 970))
    floor.at(FIRST_END + 2_400, SetMark(BTC, 1_000))
    before = floor.view.pool(floor.taker, 1)
    floor.advance(FIRST_END + 3_600)
    after = floor.view.pool(floor.taker, 1)
    assert before is not None
    assert after is not None
    assert floor.said(FundingSettled)[-1].rate == rate
    assert floor.said(FundingSettled)[-1].price == 1_000
    # One lot; a tick of it is 500 minor units.
    assert before.equity - after.equity == payment * 500
    body = closed(floor)[-1]
    assert (body.average_premium, body.samples, body.missed) == (-10_000_000, 3_600_000, 0)
    assert body.capped == (payment == -5)


def test_a_spike_counts_for_the_time_it_lasts(tmp_path: Path) -> None:
    """3,600 ticks off for one second of an hour are one tick of the average, wherever in the hour."""
    floor = floor_with(tmp_path)
    floor.oracle(0.5, 100_000)
    floor.at(0.6, SetMark(BTC, 100_000))
    floor.advance(FIRST_END)
    floor.at(FIRST_END + 17.25, SetMark(BTC, 103_600))
    floor.at(FIRST_END + 18.25, SetMark(BTC, 100_000))
    floor.advance(FIRST_END + 3_600)
    assert closed(floor)[-1].average_premium == 10_000


def test_time_without_a_good_oracle_counts_for_neither_average(tmp_path: Path) -> None:
    """The mark runs away while the oracle is out: what is left of the epoch decides."""
    floor = floor_with(tmp_path)
    floor.oracle(0.5, 100_000)
    floor.at(0.6, SetMark(BTC, 100_100))
    floor.advance(FIRST_END)
    floor.oracle(FIRST_END + 600, 100_000, Grade.UNCERTAIN)
    floor.at(FIRST_END + 700, SetMark(BTC, 150_000))
    floor.at(FIRST_END + 1_700, SetMark(BTC, 100_100))
    floor.oracle(FIRST_END + 1_800, 100_000)
    floor.advance(FIRST_END + 3_600)
    body = closed(floor)[-1]
    assert (body.average_premium, body.samples, body.missed) == (1_000_000, 2_400_000, 1_200_000)


def test_an_oracle_counts_until_it_is_old(tmp_path: Path) -> None:
    floor = floor_with(tmp_path, oracle_age_ms_max=60_000, covered_ms_min=60_001)
    floor.oracle(0.5, 100_000)
    floor.at(0.6, SetMark(BTC, 100_100))
    floor.advance(FIRST_END)
    (body,) = closed(floor)
    assert (body.samples, body.missed) == (60_000, 2_740_000)
    assert (body.payment, body.rate) == ("none", 0), "a millisecond less than is asked for"


def test_what_an_epoch_would_come_to_can_be_read_at_any_time(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(0.5, 100_000)
    floor.at(1, SetMark(BTC, 100_200))
    floor.at(1_001, SetMark(BTC, 100_000))
    policy, state = floor.venue.policies["funding"], floor.venue.policies.state("funding")
    assert isinstance(policy, TwapFunding)
    assert isinstance(state, TwapState)
    told = forecast(policy, state.markets[BTC], time_ns=floor.now_ns)
    # Half a second at the first mark of 120,000, then a thousand seconds 200 ticks above.
    exact = (20_000 * 500 + 200 * 1_000_000) * RATE_ONE // (100_000 * 1_000_500)
    assert (told.average_premium, told.samples, told.enough) == (exact, 1_000_500, True)
    assert told.ends_ns == BEGIN_NS + FIRST_END * SECOND


def test_a_payment_that_waits_is_made_on_the_average_of_its_epoch(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(0.5, 100_000)
    floor.at(0.6, SetMark(BTC, 100_100))
    floor.oracle(FIRST_END - 1, 100_000, Grade.NONE)
    floor.advance(FIRST_END + 10)
    assert (closed(floor)[0].payment, floor.said(FundingSettled)) == ("deferred", [])
    floor.oracle(FIRST_END + 20, 90_000)
    (paid,) = floor.said(FundingSettled)
    assert paid.price == 100_000
    found = [notes.read(event, DEFERRED, DeferredPayment) for event in floor.said(Noted)]
    assert [body.outcome for body in found if body is not None] == ["late"]


def test_a_payment_that_waited_too_long_is_given_up(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(0.5, 100_000)
    floor.oracle(FIRST_END - 1, 100_000, Grade.NONE)
    floor.advance(FIRST_END + 600)
    found = [notes.read(event, DEFERRED, DeferredPayment) for event in floor.said(Noted)]
    assert [body.outcome for body in found if body is not None] == ["expired"]


def test_what_it_cannot_be_configured_as() -> None:
    for fields in ({"lower_rate": 1, "upper_rate": 0}, {"interval_ms": 0}, {"retry_ms": 3_600_000}, {"band_rate": -1}):
        with pytest.raises(InputError) as refused:
            catalogue.build("funding", {"policy": "twap"} | fields)
        assert refused.value.code == "policy_config"
