"""Concentration: one master that is most of a market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossbook.policies.surveillance.windows import Tally, Window
from tests.policies.stage import BTC
from tests.policies.surveillance.floor import ANN, BEN, CLEO, DAN, EVE, SUB, Floor

THOUSAND_LOTS = 60_000_000_000
"""What 1,000 lots are worth, in minor units."""


def floor(path: Path, **limits: Any) -> Floor:
    """Open interest from 1,000 lots on and volume from 2,000 lots on say something."""
    least = {"interest_notional_min": THOUSAND_LOTS, "volume_notional_min": 2 * THOUSAND_LOTS}
    return Floor(path / "venue", concentration=least | limits)


def test_half_of_the_open_interest_is_a_finding(tmp_path: Path) -> None:
    stage = floor(tmp_path)
    stage.trade(1, BEN, ANN, 500)
    stage.trade(2, CLEO, DAN, 300)
    stage.trade(3, BEN, EVE, 200)
    stage.advance(100)
    told = [(found.accounts, found.measure, found.values) for found in stage.findings("interest_share")]
    assert told == [
        ((ANN,), 500_000_000, {"long": 500, "short": 0, "open_interest": 1_000}),
        ((BEN,), 700_000_000, {"long": 0, "short": 700, "open_interest": 1_000}),
    ]


def test_the_accounts_of_a_master_are_added_up(tmp_path: Path) -> None:
    stage = floor(tmp_path)
    stage.trade(1, BEN, ANN, 300)
    stage.trade(2, CLEO, SUB, 200)
    stage.trade(3, EVE, DAN, 499)
    stage.trade(4, CLEO, DAN, 1)
    stage.advance(100)
    assert [found.accounts for found in stage.findings("interest_share")] == [(ANN,), (DAN,)]


def test_less_than_half_is_none(tmp_path: Path) -> None:
    stage = floor(tmp_path)
    stage.trade(1, BEN, ANN, 499)
    stage.trade(2, CLEO, DAN, 300)
    stage.trade(3, CLEO, EVE, 201)
    stage.advance(100)
    assert [found.accounts for found in stage.findings("interest_share")] == [(CLEO,)]


def test_a_share_of_little_says_nothing(tmp_path: Path) -> None:
    stage = floor(tmp_path)
    stage.trade(1, BEN, ANN, 999)
    stage.advance(400)
    assert stage.findings() == []


def test_nine_tenths_of_the_volume_is_a_finding(tmp_path: Path) -> None:
    stage = floor(tmp_path, interest_rate=2_000_000_000)
    for second, other in enumerate((BEN, CLEO, DAN, EVE, BEN, CLEO)):
        stage.trade(1 + second, ANN, other, 300)
    stage.trade(9, BEN, CLEO, 200)
    stage.advance(100)
    (found,) = stage.findings()
    assert (found.kind, found.accounts, found.market, found.measure) == ("volume_share", (ANN,), BTC, 900_000_000)
    assert found.values == {"lots": 1_800, "volume": 2_000}


def test_a_lot_less_is_none(tmp_path: Path) -> None:
    stage = floor(tmp_path, interest_rate=2_000_000_000)
    stage.trade(1, ANN, BEN, 1_799)
    stage.trade(9, BEN, CLEO, 201)
    stage.advance(100)
    assert [found.accounts for found in stage.findings()] == [(BEN,)]


def test_a_window_remembers_two_halves_and_so_many_keys() -> None:
    window = Window(keys_max=2)
    window.at("a").add(1, lots=5)
    window.at("b").add(2, lots=1)
    window.at("c").add(3, lots=9)
    assert (window.sum("a").lots, window.sum("c").lots, window.missed) == (5, 0, 1)
    window.roll(1)
    window.at("a").add(4, lots=7)
    assert window.sum("a") == Tally(lots=12, first_seq=1, last_seq=4, seqs=[1, 4])
    window.roll(1)
    assert (window.sum("a").lots, window.sum("b").lots) == (7, 0)
    window.roll(2)
    assert window.keys() == []
