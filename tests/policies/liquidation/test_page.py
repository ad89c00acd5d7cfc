"""docs/policies_liquidation.md says what the policies are configured to."""

from __future__ import annotations

import re
from pathlib import Path

from crossbook.policies.liquidation import terms, words
from crossbook.policies.liquidation.allocation import names
from crossbook.policies.liquidation.backstop import BackstopFirst
from crossbook.policies.liquidation.dutch import DutchFirst
from crossbook.policies.liquidation.ladder import Ladder
from crossbook.policies.liquidation.market import MarketClose
from crossbook.policies.liquidation.waterfall import RUNGS
from tests.policies.liquidation.trouble import PERCENT

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "policies_liquidation.md").read_text()
SECOND = 10**9


def cells(name: str) -> list[list[str]]:
    """The rows of a table whose first cell is this name."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return [row for row in rows if row[0].split(" ")[0].strip("`,") == name]


def test_the_orders_of_the_rungs() -> None:
    for policy in (Ladder(), MarketClose(), DutchFirst(), BackstopFirst()):
        (row,) = cells(policy.name)
        shown = [tuple(re.findall(r"\b[a-z_]+\b", cell)) if "(" not in cell else () for cell in row[1:]]
        assert shown == [policy.liquidatable, policy.take_over, policy.bankrupt]


def test_the_defaults() -> None:
    ladder = Ladder()
    (fields,) = [part for part in PAGE.split("## ") if part.startswith("The policies")]
    named = set(re.findall(r"^\| (`.*?`) \|", fields, re.MULTILINE))
    documented = {name for cell in named for name in re.findall(r"`([a-z_]+)`", cell)}
    assert set(ladder.__struct_fields__) <= documented
    shares = [
        (stage.below_rate // PERCENT, stage.share_rate // PERCENT, stage.cooldown_ns // SECOND)
        for stage in ladder.stages
    ]
    assert shares == [(200, 50, 10), (90, 100, 5), (80, 100, 3)]
    assert "50 % and 10 s; below 90 % of maintenance 100 % and 5 s; below 80 % 100 % and 3 s" in PAGE
    assert cells("reductions_max")[0][1] == str(ladder.reductions_max)
    auction = (ladder.auction_start_rate // PERCENT, ladder.auction_end_rate // PERCENT, ladder.auction_ns // SECOND)
    assert cells("auction_start_rate")[0][1] == "{} %, {} %, {} s".format(*auction)
    for name in ("auction_rest_ns", "deleverage_after_ns", "retry_ns", "call_repeat_ns"):
        assert cells(name)[0][1] == f"{getattr(ladder, name) // SECOND:,} s"
    assert cells("steps_max")[0][1] == str(ladder.steps_max)
    assert cells("proposals_max")[0][1] == f"{ladder.proposals_max:,}, {ladder.relief_ns // 10**6} ms"
    assert (cells("allocation")[0][1], MarketClose().deleverage_after_ns) == ("`queue`", 0)


def test_every_rung_rule_and_topic_has_its_place() -> None:
    assert [name for name in RUNGS if f"`{name}`" not in PAGE] == []
    assert [name for name in ("queue", "pro_rata", "water_filling") if name not in names() or not cells(name)] == []
    bodies = {words.CALL: words.MarginCall, words.STEP: words.StepTaken, words.WAIT: words.Waiting}
    for topic, body in bodies.items():
        assert cells(topic)[0][2] == ", ".join(body.__struct_fields__)
    assert Ladder().retry_ns > terms.RETRY_NS_MIN
