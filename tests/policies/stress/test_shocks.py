"""Shocks on a copy of the present: what they would cost, by exact numbers, and that they change nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crossbook.commands import TEXT_BYTES_MAX, Deposit, Grade, Origin, SetGrades, SetPositionMode
from crossbook.events import MarkSet, Noted
from crossbook.policies.stress.report import (
    REPORT,
    Concentration,
    Endangered,
    FundLoss,
    FundNeed,
    ShockResult,
    StressReport,
    note,
)
from crossbook.policies.stress.shocks import FundingShock, Gap, Outage, Shocks
from tests.policies.scenes import MILLION, fund, told, trade, view
from tests.policies.stage import BTC, ETH, SECOND, USDC, Stage, config

HOUR = 3_600
TENTH = -100_000_000


def fall() -> Shocks:
    return Shocks(gaps=(Gap("fall", (TENTH,)),), funding=(), outages=())


def report(stage: Stage) -> StressReport:
    return told(stage, REPORT, StressReport)[-1]


def leveraged(stage: Stage) -> tuple[int, int]:
    """One account long 1 BTC at 60,000 with 4,000 USDC, the other short with 100,000."""
    long, short = stage.account(1, 4_000), stage.account(2, 100_000)
    trade(stage, 3, BTC, buyer=long, seller=short, ticks=120_000, lots=1_000)
    return long, short


def test_a_gap_leaves_a_loss_beyond_equity_and_says_whose(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"stress": fall()})
    long, _ = leveraged(scene)
    fund(scene, 4, 500)
    before = view(scene).seq
    scene.advance(HOUR)
    found = report(scene)
    # 1 BTC falls by 6,000: 2,000 more than there is. At 54,000 its maintenance is 2.5 %: 1,350.
    assert found == StressReport(
        seq=before,
        shocks=(ShockResult("fall", "gap", before, (FundLoss(USDC, 0, 2_000 * MILLION),), 1, 0, 0),),
        needs=(FundNeed(USDC, 0, 2_000 * MILLION, 500 * MILLION, "fall"),),
        in_danger=1,
        endangered=(Endangered(long, USDC, 0, "fall", -2_000 * MILLION, 1_350 * MILLION),),
        concentration=(Concentration(BTC, long, 1_000, 1_000_000_000),),
    )


def test_nothing_happens_but_the_note(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"stress": "shocks"})
    leveraged(scene)
    marks = len(scene.said(MarkSet))
    done = scene.advance(HOUR)
    assert [type(event) for event in done] == [Noted]
    assert len(scene.said(MarkSet)) == marks
    assert view(scene).market(BTC).mark == 120_000


def test_a_report_comes_at_every_full_hour_of_stamped_time(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"stress": "shocks"})
    leveraged(scene)
    scene.advance(HOUR * 3)
    assert len(told(scene, REPORT, StressReport)) == 3
    assert (scene.now_ns - HOUR * SECOND) % (HOUR * SECOND) != 0  # the hours are those of the clock, not of the start


def test_the_worst_shock_of_a_fund_is_its_need(tmp_path: Path) -> None:
    gaps = (Gap("small", (TENTH,)), Gap("large", (2 * TENTH,)), Gap("up", (-TENTH,)))
    scene = Stage(tmp_path / "venue", {"stress": Shocks(gaps=gaps, funding=(), outages=())})
    leveraged(scene)
    scene.advance(HOUR)
    assert [shock.losses for shock in report(scene).shocks] == [
        (FundLoss(USDC, 0, 2_000 * MILLION),),
        (FundLoss(USDC, 0, 8_000 * MILLION),),
        (),
    ]
    assert report(scene).needs == (FundNeed(USDC, 0, 8_000 * MILLION, 0, "large"),)


def test_a_gap_moves_each_market_by_its_own_rate(tmp_path: Path) -> None:
    gaps = (Gap("apart", (TENTH, -TENTH)), Gap("together", (TENTH, TENTH)))
    scene = Stage(tmp_path / "venue", {"stress": Shocks(gaps=gaps, funding=(), outages=())})
    hedged, other = scene.account(1, 6_000), scene.account(2, 100_000)
    trade(scene, 3, BTC, buyer=hedged, seller=other, ticks=120_000, lots=1_000)
    trade(scene, 4, ETH, buyer=other, seller=hedged, ticks=60_000, lots=2_000)  # 20 ETH at 3,000
    scene.advance(HOUR)
    apart, together = report(scene).shocks
    assert apart.losses == (FundLoss(USDC, 0, 6_000 * MILLION),)
    assert (together.losses, together.in_danger) == ((), 0)


def test_collateral_falls_with_the_marks_if_a_gap_says_so(tmp_path: Path) -> None:
    settings = config()
    collateral = {"settlement": "USDC", "haircut_rate": "0", "account_cap": "100", "total_cap": "1000"}
    settings["assets"].append({"symbol": "ETH", "decimals": 6, "collateral": collateral | {"price": "3000"}})
    gaps = (Gap("marks", (TENTH,)), Gap("both", (TENTH,), collateral_rate=2 * TENTH))
    scene = Stage(tmp_path / "venue", {"stress": Shocks(gaps=gaps, funding=(), outages=())}, config=settings)
    long, short = scene.account(1, 1_000), scene.account(2, 100_000)
    scene.at(2.5, Deposit(long, 2, 2 * MILLION), origin=Origin.OPERATOR)  # 2 ETH, worth 6,000
    trade(scene, 3, BTC, buyer=long, seller=short, ticks=120_000, lots=1_000)
    scene.advance(HOUR)
    marks, both = report(scene).shocks
    assert (marks.losses, marks.in_danger) == ((), 1)  # 7,000 less 6,000 is 1,000, and 1,350 are asked for
    assert both.losses == (FundLoss(USDC, 0, 200 * MILLION),)  # 1,200 less
    assert view(scene).asset(2).collateral.price == 3_000_000_000_000


def test_an_isolated_position_falls_on_the_fund_of_its_market(tmp_path: Path) -> None:
    scene = Stage(tmp_path / "venue", {"stress": fall()})
    long, short = scene.account(1, 10_000), scene.account(2, 100_000)
    scene.at(2.5, SetPositionMode(long, BTC, True, 4_000 * MILLION))
    trade(scene, 3, BTC, buyer=long, seller=short, ticks=120_000, lots=1_000)
    scene.advance(HOUR)
    assert report(scene).shocks[0].losses == (FundLoss(USDC, BTC, 2_000 * MILLION),)


def test_a_funding_shock_is_paid_out_of_equity(tmp_path: Path) -> None:
    funding = (FundingShock("longs pay", 100_000_000), FundingShock("and again", 100_000_000, 2))
    scene = Stage(tmp_path / "venue", {"stress": Shocks(gaps=(), funding=funding, outages=())})
    leveraged(scene)
    scene.advance(HOUR)
    once, twice = report(scene).shocks
    assert once == ShockResult("longs pay", "funding", once.seq, (FundLoss(USDC, 0, 2_000 * MILLION),), 1, 0, 0)
    assert twice.losses == (FundLoss(USDC, 0, 8_000 * MILLION),)


def test_in_an_outage_pools_are_withheld_where_liquidation_needs_a_grade(tmp_path: Path) -> None:
    shocks = Shocks(gaps=(), funding=(), outages=(Outage("unseen", (TENTH,)),))
    scene = Stage(tmp_path / "venue", {"stress": shocks})
    leveraged(scene)
    scene.advance(HOUR)
    assert (report(scene).shocks[0].in_danger, report(scene).shocks[0].withheld) == (1, 0)
    scene.at(HOUR + 1, SetGrades(BTC, Grade.NONE, Grade.UNCERTAIN, Grade.NONE), origin=Origin.OPERATOR)
    scene.advance(2 * HOUR)
    assert (report(scene).shocks[0].in_danger, report(scene).shocks[0].withheld) == (1, 1)


def test_the_list_of_accounts_is_bounded_and_worst_first(tmp_path: Path) -> None:
    shocks = Shocks(gaps=(Gap("fall", (TENTH,)),), funding=(), outages=(), accounts_max=2)
    scene = Stage(tmp_path / "venue", {"stress": shocks})
    rich = scene.account(1, 10**6)
    longs = [scene.account(2 + index, 4_000 + 100 * index) for index in range(3)]
    for index, long in enumerate(longs):
        trade(scene, 10 + index, BTC, buyer=long, seller=rich, ticks=120_000, lots=1_000)
    scene.advance(HOUR)
    found = report(scene)
    assert found.in_danger == 3
    assert [one.account for one in found.endangered] == longs[:2]
    assert found.concentration == (Concentration(BTC, rich, -3_000, 1_000_000_000),)


def test_what_is_over_the_budget_comes_in_the_next_run(tmp_path: Path) -> None:
    gaps = (Gap("small", (TENTH,)), Gap("large", (2 * TENTH,)), Gap("up", (-TENTH,)))
    scene = Stage(tmp_path / "venue", {"stress": Shocks(gaps=gaps, funding=(), outages=(), budget=4)})
    leveraged(scene)
    scene.advance(HOUR)
    assert [shock.name for shock in report(scene).shocks] == ["small", "large"]  # two accounts, so two shocks
    first = report(scene).seq
    scene.advance(2 * HOUR)
    found = report(scene)
    assert [(shock.name, shock.seq) for shock in found.shocks] == [
        ("small", found.seq),
        ("large", first),
        ("up", found.seq),
    ]
    assert found.needs == (FundNeed(USDC, 0, 8_000 * MILLION, 0, "large"),)


def test_a_report_fits_a_note_however_long_its_lists_are() -> None:
    endangered = tuple(Endangered(account, 1, 0, "fall of a tenth", -(10**15), 10**15) for account in range(1, 2_001))
    long = StressReport(1, (), (), 2_000, endangered, ())
    body = note(long).body
    assert len(body) <= TEXT_BYTES_MAX
    kept = msgspec.json.decode(body, type=StressReport)
    assert kept.in_danger == 2_000
    assert kept.endangered == endangered[: len(kept.endangered)]
    assert len(kept.endangered) == 125
