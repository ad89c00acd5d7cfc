"""Feeds that value collateral: never above what was accepted, and less than that off the peg."""

from __future__ import annotations

from pathlib import Path

from crossbook.commands import RATE_ONE, Observe, Origin
from crossbook.events import CollateralPriceSet, Noted
from crossbook.policies import notes
from crossbook.policies.oracle import words
from crossbook.policies.oracle.feeds import Feed, Source
from crossbook.policies.oracle.gates import Gates
from tests.policies.stage import BEGIN_NS, SECOND, Stage, config

PEGGED = 2
FEED = Feed(3, (Source(1), Source(2)), 7, asset=PEGGED, name="USDX", peg=10_000_000)


def stage(path: Path) -> Stage:
    """A venue that takes USDX, of eight decimals, for USDC, of six, at prices of four."""
    settings = config()
    settings["assets"].append(
        {"symbol": "USDX", "decimals": 8}
        | {"collateral": {"settlement": "USDC", "haircut_rate": "0.05", "account_cap": "1000000"}
        | {"total_cap": "5000000", "price_decimals": 6, "price": "1"}}
    )  # fmt: skip
    return Stage(path, {"oracle": Gates((FEED,))}, config=settings)


def say(stage: Stage, seconds: int, price: int) -> None:
    """Both sources, in ten-millionths."""
    at = BEGIN_NS + seconds * SECOND
    stage.at(seconds, *(Observe(3, source, price, 0, at) for source in (1, 2)), origin=Origin.ORACLE)


def test_a_price_is_rounded_down_and_the_peg_kept_within_its_tolerance(tmp_path: Path) -> None:
    venue = stage(tmp_path)
    say(venue, 1, 9_999_999)
    say(venue, 2, 9_950_000)
    say(venue, 3, 9_949_999)
    told = [(event.price, event.depeg_rate) for event in venue.said(CollateralPriceSet)]
    assert told == [(9_999, RATE_ONE), (9_950, RATE_ONE), (9_949, 994_999_900)]


def test_what_ages_is_on_record_by_grade(tmp_path: Path) -> None:
    """The kernel keeps no grade of collateral, so whoever wants to act on one listens to the note."""
    venue = stage(tmp_path)
    say(venue, 1, 10_000_000)
    venue.advance(400)
    graded = [notes.read(event, words.GRADED, words.GradedFeed) for event in venue.said(Noted)]
    assert [body.grade for body in graded if body] == ["good", "ageing", "stale", "none"]
    assert len(venue.said(CollateralPriceSet)) == 1, "the last price stands"
