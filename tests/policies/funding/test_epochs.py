"""Funding by epochs on a real venue: what is sampled, what is paid, what is missing, and that all of it is on record.

A scenario begins 800 s after the hour, so that its first epoch ends 2,800 s in, and the next 6,400 s in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook import formulas
from crossbook.commands import RATE_ONE, Grade, SetGrades, Side
from crossbook.errors import InputError
from crossbook.events import FundingSettled, Noted, Rejected
from crossbook.policies import catalogue, notes
from crossbook.policies.funding.epochs import Epochs, EpochsState, Running, forecast
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from tests.policies.floor import ORACLE, Floor
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC

FIRST_END, SECOND_END = 2_800, 6_400
PLAIN = Epochs(interest_rate=0, band_rate=0, rate_divisor=1, oracle_age_ms_max=10**9)
"""Pays the average premium itself, every hour; an oracle may be old."""


def floor_with(path: Path, **changes: Any) -> Floor:
    """A floor with `PLAIN` changed so."""
    fields = catalogue.configuration(PLAIN) | changes
    return Floor(path, {"funding": catalogue.configured(Epochs, fields)})


def closed(floor: Floor) -> list[EpochClosed]:
    """The epochs that ended, in order."""
    found = (notes.read(event, EPOCH, EpochClosed) for event in floor.said(Noted))
    return [body for body in found if body is not None]


def deferred(floor: Floor) -> list[DeferredPayment]:
    """What became of payments that had to wait, in order."""
    found = (notes.read(event, DEFERRED, DeferredPayment) for event in floor.said(Noted))
    return [body for body in found if body is not None]


def running(floor: Floor) -> Running:
    """The epoch of BTC-PERP that runs."""
    state = floor.venue.policies.state("funding")
    assert isinstance(state, EpochsState)
    return state.markets[BTC]


def settled(floor: Floor) -> list[tuple[int, int]]:
    """Price and rate of every payment, in order."""
    return [(event.price, event.rate) for event in floor.said(FundingSettled)]


def test_a_book_above_the_oracle_makes_longs_pay(tmp_path: Path) -> None:
    """Bid 120,120 on an oracle of 120,000 ticks for an hour: 0.1 % of notional."""
    floor = floor_with(tmp_path)
    oracle = floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.order(3, Side.BUY, ORACLE + 140, 10, taking=True)
    before = floor.venue.account(floor.taker).pools[0].equity
    floor.advance(FIRST_END)
    assert settled(floor) == [(ORACLE, 1_000_000)]
    paid = before - floor.venue.account(floor.taker).pools[0].equity
    # 10 lots · 120,000 ticks · 500 minor units · 0.001 = 600,000 minor units; the mark did not move.
    assert paid * 10**6 == 600_000
    (body,) = closed(floor)
    assert body == EpochClosed(BTC, BEGIN_NS + FIRST_END * SECOND, 1_000_000, 1_000_000, 560, 0, False, False, "asked")
    note, payment = floor.said(Noted)[-1], floor.said(FundingSettled)[-1]
    assert (floor.cause(payment.seq), floor.cause(note.seq)) == (oracle, oracle), "the oracle it was paid on"


def test_a_premium_is_sampled_every_five_seconds_of_stamped_time(tmp_path: Path) -> None:
    """Half of the samples at +120 ticks, half at −60: the average is a quarter of a thousandth."""
    floor = floor_with(tmp_path)
    floor.oracle(0.5, ORACLE)
    floor.quotes(1, ORACLE + 120, ORACLE + 140)
    floor.advance(2_800)
    floor.quotes(2_801, ORACLE + 120, ORACLE + 140)
    floor.advance(4_600)
    assert (running(floor).samples, running(floor).premium_sum) == (360, 360 * 1_000_000)
    floor.quotes(4_601, ORACLE - 90, ORACLE - 60)
    floor.advance(SECOND_END)
    body = closed(floor)[1]
    assert (body.average_premium, body.samples, body.missed) == (250_000, 720, 0)
    assert running(floor).premium == -500_000


def test_the_default_is_an_eighth_of_the_premium_pulled_towards_the_interest(tmp_path: Path) -> None:
    """0.1 % premium, interest 0.01 %, band 0.05 %: (0.1 − 0.05) / 8 %, paid hourly."""
    floor = Floor(tmp_path, {"funding": {"policy": "epochs", "oracle_age_ms_max": 10**9}})
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(FIRST_END)
    (body,) = closed(floor)
    assert (body.rate, body.clamped, body.capped) == (62_500, True, False)
    floor.quotes(FIRST_END + 1, ORACLE - 12, ORACLE + 60)
    floor.advance(SECOND_END)
    body = closed(floor)[1]
    assert (body.average_premium, body.rate, body.clamped) == (0, 12_500, False), "within the band it is the interest"


@pytest.mark.parametrize(("premium_ticks", "rate"), [(6_000, 40_000_000), (-6_000, -40_000_000)])
def test_a_rate_is_capped_before_it_is_divided(tmp_path: Path, premium_ticks: int, rate: int) -> None:
    floor = floor_with(tmp_path, rate_divisor=4)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + premium_ticks - 20, ORACLE + premium_ticks)
    floor.advance(FIRST_END)
    (body,) = closed(floor)
    assert (body.rate, body.capped) == (rate // 4, True)


def test_eight_hours_at_once(tmp_path: Path) -> None:
    """The epoch of eight hours in which the scenarios begin ends 6,400 s in."""
    floor = floor_with(tmp_path, interval_ms=28_800_000)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(SECOND_END + 28_800)
    assert [(body.samples, body.rate) for body in closed(floor)] == [(1_280, 1_000_000), (5_760, 1_000_000)]
    assert [body.ended_ns % (28_800 * SECOND) for body in closed(floor)] == [0, 0]


def test_what_cannot_be_sampled_is_missed_and_counted(tmp_path: Path) -> None:
    """A thousand seconds without a book, five hundred of a bad oracle, the rest good."""
    floor = floor_with(tmp_path)
    floor.oracle(0.5, ORACLE)
    floor.advance(1_000)
    floor.quotes(1_001, ORACLE + 120, ORACLE + 140)
    floor.oracle(1_501, ORACLE * 2, Grade.STALE)
    floor.oracle(2_001, ORACLE, Grade.THIN)
    floor.advance(FIRST_END)
    (body,) = closed(floor)
    assert (body.samples, body.missed, body.average_premium) == (100 + 160, 200 + 100, 1_000_000)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_book_with_one_side_gives_no_sample(tmp_path: Path, side: Side) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.order(2, side, ORACLE, 1_000)
    floor.advance(100)
    assert running(floor).samples == 0


def test_a_book_that_holds_less_than_the_notional_gives_no_sample(tmp_path: Path) -> None:
    """20,000 at 60,000 is a third of a unit: 334 lots hold it, 333 do not."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE - 10, ORACLE + 10, lots=333)
    floor.advance(100)
    assert running(floor).samples == 0
    floor.quotes(101, ORACLE - 10, ORACLE + 10, lots=334)
    floor.advance(105)
    assert running(floor).samples == 1


def test_too_few_samples_pay_nothing(tmp_path: Path) -> None:
    floor = floor_with(tmp_path, samples_min=100)
    floor.oracle(1, ORACLE)
    floor.advance(FIRST_END - 301)
    floor.quotes(FIRST_END - 300, ORACLE + 120, ORACLE + 140)
    floor.advance(FIRST_END)
    (body,) = closed(floor)
    assert (body.samples, body.rate, body.payment, settled(floor)) == (61, 0, "none", [])


def test_a_market_without_an_oracle_has_no_funding_and_no_notes(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(SECOND_END)
    assert [body.market for body in closed(floor)] == [BTC, BTC]


def test_each_epoch_of_a_long_silence_ends_at_its_own_time_without_payment(tmp_path: Path) -> None:
    """Nobody says anything for three days: the oracle is old after a minute, and every hour has its note."""
    floor = floor_with(tmp_path, oracle_age_ms_max=60_000)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(72 * 3_600)
    first, *rest = closed(floor)
    assert (first.samples, first.missed, first.payment) == (12, 548, "deferred")
    assert {(body.samples, body.missed, body.rate, body.payment) for body in rest} == {(0, 720, 0, "none")}
    assert [body.ended_ns for body in rest] == [BEGIN_NS + (FIRST_END + 3_600 * n) * SECOND for n in range(1, 72)]
    assert settled(floor) == []
    assert [body.outcome for body in deferred(floor)] == ["expired"]
    turns = floor.venue.policies.engaged()[0].turns
    assert turns < 300, "and it is woken for the ends of epochs alone, not for samples that cannot be had"


def test_a_payment_waits_for_an_oracle_and_is_late(tmp_path: Path) -> None:
    """The oracle fails just before the hour and is back four minutes after it: paid then, on its price of then."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.oracle(FIRST_END - 7, ORACLE, Grade.VOLATILE)
    floor.advance(FIRST_END + 200)
    assert (closed(floor)[0].payment, settled(floor)) == ("deferred", [])
    seq = floor.oracle(FIRST_END + 240, ORACLE - 600)
    assert settled(floor) == [(ORACLE - 600, 1_000_000)]
    (late,) = deferred(floor)
    assert late == DeferredPayment(BTC, BEGIN_NS + FIRST_END * SECOND, 1_000_000, "late")
    assert floor.cause(floor.said(FundingSettled)[0].seq) == seq
    floor.advance(SECOND_END)
    assert len(settled(floor)) == 2, "the next hour is its own"


def test_a_payment_that_waited_too_long_is_given_up(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.oracle(FIRST_END - 7, ORACLE, Grade.VOLATILE)
    floor.advance(FIRST_END + 601)
    assert [body.outcome for body in deferred(floor)] == ["expired"]
    floor.oracle(FIRST_END + 700, ORACLE)
    assert settled(floor) == []


def test_a_market_may_ask_for_a_better_oracle_than_the_policy_does(tmp_path: Path) -> None:
    floor = floor_with(tmp_path)
    floor.at(0.5, SetGrades(BTC, Grade.NONE, Grade.NONE, Grade.GOOD))
    floor.oracle(1, ORACLE, Grade.AGEING)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(100)
    assert running(floor).samples == 0
    floor.at(101, SetGrades(BTC, Grade.NONE, Grade.NONE, Grade.AGEING))
    floor.advance(110)
    assert running(floor).samples == 2


def test_what_the_kernel_refuses_is_on_record_and_not_asked_again(tmp_path: Path) -> None:
    """A rate beyond 10 % is refused: that is noted, with its code, and the next epoch is asked for on its own."""
    floor = floor_with(tmp_path, cap_rate=RATE_ONE)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE * 125 // 100, ORACLE * 126 // 100)
    floor.advance(SECOND_END)
    assert settled(floor) == []
    refused = [event for event in floor.said(Rejected) if event.code == 431]
    assert len(refused) == 2
    assert [(body.outcome, body.code) for body in deferred(floor)] == [("refused", 431)] * 2
    said = [event for event in floor.said(Noted) if event.topic == DEFERRED]
    assert [floor.cause(event.seq) for event in said] == [event.seq for event in refused]


def test_what_an_epoch_would_come_to_can_be_read_at_any_time(tmp_path: Path) -> None:
    floor = floor_with(tmp_path, band_rate=500_000, interest_rate=100_000, rate_divisor=8)
    floor.oracle(1, ORACLE)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(1_000)
    policy = floor.venue.policies["funding"]
    assert isinstance(policy, Epochs)
    told = forecast(policy, running(floor), time_ns=floor.now_ns)
    # Samples at 5 s, 10 s, … 1,000 s; the one at the beginning of the scenario was before the policy.
    assert (told.samples, told.missed, told.average_premium, told.rate) == (200, 0, 1_000_000, 62_500)
    assert (told.clamped, told.capped, told.enough) == (True, False, True)
    assert told.ends_ns == BEGIN_NS + FIRST_END * SECOND
    assert told.rate == formulas.funding_rate(1_000_000, interest_rate=100_000, band_rate=500_000, epochs=8)
    floor.advance(FIRST_END)
    assert settled(floor) == [(ORACLE, 62_500)], "and so it came"


def test_two_slots_serve_two_markets_on_terms_of_their_own(tmp_path: Path) -> None:
    terms = {"policy": "epochs", "oracle_age_ms_max": 10**9, "band_rate": 0, "interest_rate": 0, "rate_divisor": 1}
    floor = Floor(tmp_path, {"funding.btc": terms | {"markets": [1]}, "funding.eth": terms | {"markets": [2]}})
    floor.oracle(1, ORACLE)
    floor.oracle(1.5, 60_000, market=2)
    floor.quotes(2, ORACLE + 120, ORACLE + 140)
    floor.advance(FIRST_END)
    assert [(body.market, body.payment) for body in closed(floor)] == [(1, "asked"), (2, "none")]


def test_payments_sum_to_nothing_but_dust(tmp_path: Path) -> None:
    """Three hours of odd rates on odd positions: what longs paid, shorts received, and dust is what rounding took."""
    floor = floor_with(tmp_path)
    floor.oracle(1, ORACLE)
    for hour in range(3):
        floor.quotes(10 + 3_600 * hour, ORACLE + 17 + hour, ORACLE + 31)
        floor.order(11 + 3_600 * hour, Side.BUY, ORACLE + 31, 7 + hour, taking=True)
        floor.advance(FIRST_END + 3_600 * hour)
    (asset,) = floor.view.assets()
    accounts = [floor.view.account(account) for account in (floor.maker, floor.taker)]
    cash = sum(balance[1] for account in accounts if account is not None for balance in account.balances)
    assert asset.asset == USDC
    assert cash + asset.fees + asset.insurance + asset.dust == asset.net_deposits


@pytest.mark.parametrize(
    "fields",
    [
        {"sample_ms": 7_000},
        {"sample_ms": 0},
        {"samples_min": 0},
        {"retry_ms": 3_600_000},
        {"retry_ms": 0},
        {"band_rate": -1},
        {"rate_divisor": 0},
    ],
)
def test_what_epochs_cannot_be_configured_as(fields: dict[str, int]) -> None:
    with pytest.raises(InputError) as refused:
        catalogue.build("funding", {"policy": "epochs"} | fields)
    assert refused.value.code == "policy_config"
