"""docs/policies_mark_funding.md says what is so: its tables are read and compared with the policies."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from crossbook.policies.funding.epochs import Epochs
from crossbook.policies.funding.records import DEFERRED, EPOCH, DeferredPayment, EpochClosed
from crossbook.policies.funding.twap import TwapFunding
from crossbook.policies.mark.ema import DECAY_ONE, decay
from crossbook.policies.mark.median import Legs, MedianMark, PerpFeed

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies_mark_funding.md").read_text()


def tables(heading: str) -> list[list[str]]:
    """The cells of every table row under a heading."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]


@pytest.mark.parametrize(
    ("heading", "policy"),
    [("Mark: `median`", MedianMark()), ("Funding: `epochs`", Epochs()), ("Funding: `twap`", TwapFunding())],
)
def test_the_fields_and_their_defaults(heading: str, policy: Struct) -> None:
    written = {row[0].strip("`"): row[1] for row in tables(heading) if re.fullmatch(r"`[a-z_]+`", row[0])}
    assert written == {name: _shown(getattr(policy, name)) for name in policy.__struct_fields__}


def _shown(value: Any) -> str:
    return str(int(value)) if isinstance(value, int) else str(value)


def test_the_fields_of_a_feed_are_named() -> None:
    (row,) = [row for row in tables("Mark: `median`") if row[0] == "`feeds`"]
    assert re.findall(r"`(\w+)`", row[2]) == list(PerpFeed.__struct_fields__)


def test_what_the_mark_goes_towards() -> None:
    """Prices far apart, so that every row of the table has a number of its own."""
    prices = {"anchored": 1_000, "book": 1_310, "perps": 1_105, "smoothed": 1_203}
    means = {
        "their median": 1_105,
        "the median of anchored, book and smoothed": 1_203,
        "the median of book, perps and smoothed": 1_203,
        "their mean, halves away from zero": 1_053,
        "nowhere: it stays": None,
    }
    rows = [row for row in tables("Mark: `median`") if set(row[0].split(", ")) <= {*prices, "nothing"}]
    assert len(rows) == 8
    for there, target in rows:
        names = [*there.split(", "), *(["smoothed"] if "book" in there else [])]
        legs = Legs(**{name: prices[name] if name in names else None for name in Legs.__struct_fields__})
        assert legs.target == means.get(target, prices.get(target)), there


def test_the_bounds() -> None:
    """What a sample weighs after an interval and after the longest gap, of the 5 % it may be off."""
    policy = MedianMark()

    def percent(elapsed_ms: int, tau_ms: int) -> str:
        weight = Decimal(DECAY_ONE - decay(elapsed_ms, tau_ms)) / DECAY_ONE
        return str((weight * policy.sample_rate / 10**7).quantize(Decimal("0.001")))

    def settled_percent(elapsed_ms: int, tau_ms: int) -> str:
        """After a gap the sample weighs more than an interval's, against sums of regular samples."""
        regular = Decimal(policy.interval_ms) / (1 - Decimal(decay(policy.interval_ms, tau_ms)) / DECAY_ONE)
        kept = regular * decay(elapsed_ms, tau_ms) / DECAY_ONE
        return str((elapsed_ms / (kept + elapsed_ms) * policy.sample_rate / 10**7).quantize(Decimal("0.001")))

    every, gap = policy.interval_ms, policy.gap_ms_max
    assert f"| {percent(every, policy.book_ms)} % of the oracle: 5 %" in PAGE
    assert f"| {percent(every, policy.distance_ms)} %: 5 %" in PAGE
    assert f"{settled_percent(gap, policy.book_ms)} % and {settled_percent(gap, policy.distance_ms)} %" in PAGE


@pytest.mark.parametrize(("topic", "body"), [(EPOCH, EpochClosed), (DEFERRED, DeferredPayment)])
def test_the_notes(topic: str, body: type[Struct]) -> None:
    (row,) = [row for row in tables("Funding: `epochs`") if row[0] == f"`{topic}`"]
    named = [re.split(r"[ ,]", field)[0] for field in re.sub(r" `.*?(?=, [a-z]|$)", "", row[1]).split(", ")]
    assert named == list(body.__struct_fields__)
