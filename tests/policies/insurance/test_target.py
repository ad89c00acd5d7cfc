"""The default insurance: the target, the share of the fees that rises and falls slowly, the limit on what it pays."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import Origin
from crossbook.events import InsuranceFunded, InsuranceSet
from crossbook.policies import notes
from crossbook.policies.insurance.target import TARGET, TargetReport, TargetSize
from crossbook.policies.stress.report import REPORT, FundNeed, StressReport
from tests.policies.scenes import MILLION, fund, tell, told, trade, view
from tests.policies.stage import BEGIN_NS, BTC, ETH, SECOND, USDC, Stage, config

HOUR = 3_600
FIRST = HOUR - BEGIN_NS // SECOND % HOUR
"""The first full hour, in seconds after the beginning."""


def stage(path: Path, policy: TargetSize) -> Stage:
    return Stage(path / "venue", {"insurance": policy}, config=config(maker_rate="0.0001", taker_rate="0.0005"))


def needs(*amounts: tuple[int, int]) -> StressReport:
    return StressReport(0, (), tuple(FundNeed(USDC, market, need, 0, "fall") for market, need in amounts), 0, (), ())


def earn(stage: Stage, seconds: float) -> None:
    """Two new accounts trade 1 BTC at 60,000: 30 USDC from the taker and 6 from the maker."""
    buyer, seller = stage.account(seconds, 100_000), stage.account(seconds + 0.1, 100_000)
    trade(stage, seconds + 0.2, BTC, buyer=buyer, seller=seller, ticks=120_000, lots=1_000)


def funded(stage: Stage) -> list[tuple[int, int]]:
    return [(event.market, event.amount) for event in stage.said(InsuranceFunded) if event.account == 0]


def test_the_share_rises_step_by_step_while_the_fund_is_short(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize(loss_rate=0))
    tell(scene, 1, REPORT, needs((0, 1_000 * MILLION)))
    for hour in range(3):
        earn(scene, 10 + hour * HOUR)
    scene.advance(FIRST + 2 * HOUR)
    # 36 USDC an hour, of which 2 %, 4 % and 6 %.
    assert funded(scene) == [(0, 720_000), (0, 1_440_000), (0, 2_160_000)]
    assert [report.share_rate for report in told(scene, TARGET, TargetReport)] == [20_000_000, 40_000_000, 60_000_000]


def test_the_share_falls_more_slowly_than_it_rose_once_the_fund_is_there(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize(loss_rate=0))
    tell(scene, 1, REPORT, needs((0, 100 * MILLION)))
    scene.advance(FIRST + HOUR)
    fund(scene, FIRST + HOUR + 1, 100)
    scene.advance(FIRST + 6 * HOUR)
    rates = [report.share_rate // 10_000_000 for report in told(scene, TARGET, TargetReport)]
    assert rates == [2, 4, 3, 2, 1, 0]


def test_the_share_stays_within_its_bounds(tmp_path: Path) -> None:
    policy = TargetSize(share_min_rate=10_000_000, share_max_rate=30_000_000, loss_rate=0)
    scene = stage(tmp_path, policy)
    tell(scene, 1, REPORT, needs((0, 10**6 * MILLION)))
    scene.advance(FIRST + 4 * HOUR)
    assert [report.share_rate for report in told(scene, TARGET, TargetReport)] == [30_000_000]


def test_half_a_shortage_asks_for_half_of_the_way_between_the_bounds(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize(rise_rate=500_000_000, loss_rate=0))
    fund(scene, 1, 500)
    tell(scene, 2, REPORT, needs((0, 1_000 * MILLION)))
    scene.advance(FIRST)
    (report,) = told(scene, TARGET, TargetReport)
    assert (report.target, report.funds, report.share_rate) == (1_000 * MILLION, 500 * MILLION, 250_000_000)


def test_fees_are_shared_among_the_funds_by_what_they_are_short_of(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize(rise_rate=500_000_000, loss_rate=0))
    fund(scene, 1, 250)
    tell(scene, 2, REPORT, needs((0, 1_000 * MILLION), (ETH, 250 * MILLION)))
    earn(scene, 3)
    scene.advance(FIRST)
    # Short of 750 and 250 out of 1,250: the share is 40 % of 36 USDC, three quarters of it for the cross pools.
    assert funded(scene) == [(0, 10_800_000), (ETH, 3_600_000)]


def test_without_a_report_the_target_is_a_part_of_the_open_interest(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize())
    earn(scene, 1)
    scene.advance(FIRST)
    (report,) = told(scene, TARGET, TargetReport)
    assert report == TargetReport(USDC, 600 * MILLION, 0, 20_000_000, "open_interest", 0)


def test_a_report_that_is_too_old_does_not_hold(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize(report_age_ns=HOUR * SECOND))
    tell(scene, 1, REPORT, needs((0, 1_000 * MILLION)))
    scene.advance(FIRST + HOUR)
    assert [report.source for report in told(scene, TARGET, TargetReport)] == ["stress", "open_interest"]


def test_a_clients_report_is_no_report(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize())
    client = scene.account(1, 100)
    scene.at(2, notes.note(REPORT, needs((0, 10**9 * MILLION)), account=client), origin=Origin.CLIENT)
    scene.advance(FIRST)
    assert told(scene, TARGET, TargetReport) == []


def test_what_is_paid_in_a_day_is_bounded_by_half_of_the_target_or_of_the_fund_if_that_is_more(tmp_path: Path) -> None:
    scene = stage(tmp_path, TargetSize())
    tell(scene, 1, REPORT, needs((0, 1_000 * MILLION)))
    scene.advance(FIRST + HOUR)
    fund(scene, FIRST + HOUR + 1, 1_050)  # half of 1,050 is not a tenth more than half of 1,000
    scene.advance(FIRST + 2 * HOUR)
    fund(scene, FIRST + 2 * HOUR + 1, 1_000)
    scene.advance(FIRST + 3 * HOUR)
    day = 24 * HOUR * SECOND
    assert [(event.loss_max, event.interval_ns) for event in scene.said(InsuranceSet)] == [
        (500 * MILLION, day),
        (1_025 * MILLION, day),
    ]


def test_fees_from_before_are_not_shared_and_money_only_moves(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", config=config(maker_rate="0.0001", taker_rate="0.0005"))
    earn(scene, 1)
    scene.venue.policies.engage("insurance", TargetSize(), time_ns=scene.now_ns + SECOND)
    scene.venue.policies.settle()
    scene.advance(FIRST)
    assert funded(scene) == []
    earn(scene, FIRST + 1)
    scene.advance(FIRST + HOUR)
    row = view(scene).asset(USDC)
    assert row.fees + row.insurance == 72 * MILLION
    assert row.insurance == 1_440_000  # the second step of the share
