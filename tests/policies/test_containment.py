"""A policy that goes wrong is contained: on record, taken off, money safe, and the journal whole without it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from crossbook.commands import MarketMode
from crossbook.errors import PolicyDivergence, VenueHalted
from crossbook.events import (
    Deposited,
    LiquidationStarted,
    MarketModeSet,
    Noted,
    PoolLocked,
    Rejected,
    Traded,
    Withdrawn,
)
from crossbook.policies import catalogue, notes
from crossbook.policies.guard import Limits
from crossbook.policies.mark.median import MedianMark
from crossbook.policies.rerun import rerun
from crossbook.rejects import RejectCode as Code
from crossbook.replay import replay
from tests.policies import zoo
from tests.policies.stage import BTC, SECOND, USDC, Stage

SOON = Limits(turn_seconds=0.2)


def play(path: Path, policy: Any, *, limits: Limits = SOON) -> Stage:
    """A client with money, a policy, and two marks: at the first the policy shows what it is."""
    stage = Stage(path, limits=limits)
    stage.account(1, 10_000)
    stage.venue.policies.engage(policy.role, policy, time_ns=stage.now_ns + SECOND)
    stage.mark(5, BTC, 120_100)
    stage.mark(6, BTC, 120_200)
    return stage


def faults(stage: Stage) -> list[notes.Fault]:
    found = (notes.read(event, notes.FAULT, notes.Fault) for event in stage.said(Noted))
    return [fault for fault in found if fault is not None]


def sound(stage: Stage) -> None:
    """The client has what he brought, and the journal replays to the same state with no policy installed."""
    root, digest = stage.venue.state_root, stage.venue.event_digest
    assert stage.venue.account(1).cash == {"USDC": 10_000}
    stage.venue.close()
    replayed = replay(stage.venue.path, check_invariants=True, seq=stage.events[-1].seq)
    assert (replayed.state_root, replayed.event_digest) == (root, digest)


CASES = [
    ("raised", zoo.Raises()),
    *(("garbage", zoo.Garbage(kind)) for kind in ("none", "list", "bare", "state", "past", "cause", "wide", "float")),
    ("time", zoo.Hangs()),
    ("time", zoo.Hangs(waits=True)),
    ("time", zoo.Stubborn()),
    ("flood", zoo.Floods()),
    ("flood", zoo.Echoes()),
    ("unlicensed", zoo.Steals()),
    ("raised", zoo.Tampers(deep=True)),
]


@pytest.mark.parametrize(("fault", "policy"), CASES, ids=lambda value: getattr(value, "name", value))
def test_a_policy_that_fails_is_taken_off_and_the_default_takes_over(
    tmp_path: Path, fault: str, policy: zoo.Animal
) -> None:
    stage = play(tmp_path / "venue", policy)
    (found,) = faults(stage)
    assert ("breakers", fault, "fallback") == (found.slot, found.fault, found.action)
    assert stage.venue.policies["breakers"].name == "guards"
    sound(stage)


def test_the_default_of_a_role_that_fails_halts_every_market(tmp_path: Path) -> None:
    class Broken(zoo.Raises, frozen=True):
        name = "guards"

    stage = play(tmp_path / "venue", Broken())
    (found,) = faults(stage)
    assert found.action == "halt"
    assert [(e.market, e.mode) for e in stage.said(MarketModeSet)] == [(1, MarketMode.HALTED), (2, MarketMode.HALTED)]
    assert "breakers" not in stage.venue.policies
    sound(stage)


def test_an_order_for_an_account_that_entrusted_nobody_is_refused(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.Forges())
    assert [event.code for event in stage.said(Rejected)] == [Code.AGENT_NOT_GRANTED] * 2
    assert stage.said(Traded) == []
    sound(stage)


def test_a_healthy_account_is_not_liquidated_whatever_a_policy_proposes(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.Hunts())
    assert [event.code for event in stage.said(Rejected)] == [Code.POOL_HEALTHY] * 4
    assert stage.said(LiquidationStarted) + stage.said(PoolLocked) == []
    sound(stage)


def test_refusals_without_end_are_a_fault(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.Echoes(), limits=Limits(refusals_max=5))
    assert [fault.fault for fault in faults(stage)] == ["refused"]
    sound(stage)


def test_changing_what_it_sees_changes_nothing(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.Tampers())
    assert faults(stage) == []
    assert stage.venue.account(1).pool("USDC").equity == 10_000
    sound(stage)


def test_a_state_changed_behind_the_journal_halts_the_venue_and_the_journal_is_whole(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "venue")
    stage.account(1, 10_000)
    stage.venue.policies.engage("breakers", zoo.Breaks(), time_ns=stage.now_ns + SECOND)
    with pytest.raises(VenueHalted, match="not in the journal"):
        stage.mark(5, BTC, 120_100)
    stage.venue.close()
    with Venue.open(tmp_path / "venue", policies={"breakers": None}) as venue:
        assert venue.market("BTC-PERP").mark * 2 == 120_100
        assert venue.account(1).cash == {"USDC": 10_000}


def test_a_policy_that_looks_at_the_wall_clock_is_found_out_by_running_it_again(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.WallClock())
    stage.venue.close()
    with pytest.raises(PolicyDivergence) as caught:
        rerun(tmp_path / "venue", {"breakers": zoo.WallClock()})
    assert "topic='clock'" in caught.value.values["recorded"]
    with pytest.raises(PolicyDivergence):
        Venue.open(tmp_path / "venue", policies={"breakers": zoo.WallClock()})
    with Venue.open(tmp_path / "venue", policies={"breakers": "guards"}) as venue:  # engaged anew, it goes on
        assert venue.policies["breakers"].name == "guards"


@pytest.mark.parametrize(("fault", "policy"), CASES[:1] + CASES[-7:], ids=lambda value: getattr(value, "name", value))
def test_a_fault_on_record_is_not_run_again(tmp_path: Path, fault: str, policy: zoo.Animal) -> None:
    stage = play(tmp_path / "venue", policy)
    engaged = stage.venue.policies.engaged()
    stage.venue.close()
    found = rerun(tmp_path / "venue", {"breakers": policy})
    assert [("breakers", fault)] == [(one.slot, one.fault) for one in found.faults]
    with Venue.open(tmp_path / "venue") as venue:  # the one that failed plays no more, so nobody asks for it
        assert [(one.slot, one.policy, one.author) for one in engaged] == [
            (one.slot, one.policy, one.author) for one in venue.policies.engaged()
        ]


def test_a_turn_without_end_is_contained_outside_the_main_thread_too(tmp_path: Path) -> None:
    found: list[str] = []

    def run() -> None:
        stage = play(tmp_path / "venue", zoo.Hangs())
        found.extend(fault.fault for fault in faults(stage))
        stage.venue.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert found == ["time"]


def test_no_money_moved_while_policies_failed(tmp_path: Path) -> None:
    stage = play(tmp_path / "venue", zoo.Raises())
    assert [event.amount for event in stage.said(Deposited) if event.asset == USDC] == [10_000 * 10**6]
    assert stage.said(Withdrawn) == []


def test_the_default_that_takes_over_is_configured_like_the_one_that_failed(tmp_path: Path) -> None:
    class Hasty(zoo.Raises, frozen=True):
        role = "mark"
        clamp_rate: int = 20_000_000
        patience: int = 3

    stage = play(tmp_path / "venue", Hasty(clamp_rate=9_000_000))
    assert catalogue.configuration(MedianMark(clamp_rate=9_000_000)) == catalogue.configuration(
        stage.venue.policies["mark"]
    )
