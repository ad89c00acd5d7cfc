"""The page of the risk policies says what their fields and defaults are."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from crossbook.policies import catalogue
from crossbook.policies.breakers import records, settings
from crossbook.policies.fees.maker_share import MakerShare
from crossbook.policies.insurance.target import TargetReport
from crossbook.policies.margin.scaling import Pace
from crossbook.policies.margin.volatility import MarginEstimate
from crossbook.policies.stress.report import StressReport

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies_risk.md").read_text()
ROLES = ("breakers", "margin", "insurance", "fees", "stress")
POLICIES = [key for key in catalogue.BUILT_IN if key.partition(".")[0] in ROLES]
PARTS = [
    settings.VelocityGuard,
    settings.BandGuard,
    settings.OracleGuard,
    settings.SilenceGuard,
    settings.DepthGuard,
    settings.InsuranceGuard,
    settings.ShortfallGuard,
    Pace,
]
TOPICS = {
    "breakers.trip": records.Trip,
    "breakers.resumed": records.Resumed,
    "breakers.resume": records.Resume,
    "margin.estimate": MarginEstimate,
    "insurance.target": TargetReport,
    "stress.report": StressReport,
}


def section(heading: str) -> str:
    """What stands under a heading, up to the next one of any kind."""
    (found,) = re.findall(rf"^#+ `{re.escape(heading)}`\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found


def documented(heading: str) -> list[tuple[str, str]]:
    return re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section(heading), re.MULTILINE)


def shown(field: FieldInfo) -> str:
    """A default as the page shows it."""
    value: Any = field.default
    if value is NODEFAULT:
        return "required"
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return several(value)
    if isinstance(value, Struct):
        return "on" if type(value).__name__.endswith("Guard") else "see below"
    if field.name.endswith("_ns"):
        return f"{value // 10**9:,} s"
    if field.name.endswith(("_rate", "_step")):
        return f"{value / 10**7:g} %"
    return f"{value:,}"


def several(values: tuple[Any, ...]) -> str:
    if not values:
        return "none"
    if isinstance(values[0], int):
        return "; ".join(f"{one:,}" for one in values)
    return "see below" if type(values[0]).__name__ == "Rebate" else str(len(values))


@pytest.mark.parametrize("key", POLICIES)
def test_every_field_of_a_policy_is_on_the_page_with_its_default(key: str) -> None:
    kind = catalogue.find(*key.split("."))
    assert [(field.name, shown(field)) for field in fields(kind)] == documented(key)


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_and_so_is_every_field_of_what_a_policy_is_made_of(kind: type[Struct]) -> None:
    assert [(field.name, shown(field)) for field in fields(kind)] == documented(kind.__name__)


def test_the_rebates_are_those_of_the_default() -> None:
    rows = re.findall(r"^\| ([\d.]+) % \| ([\d.]+) % \|$", section("fees.maker_share"), re.MULTILINE)
    assert [(float(share), float(rebate)) for share, rebate in rows] == [
        (one.share_rate / 10**7, one.rebate_rate / 10**7) for one in MakerShare().rebates
    ]


def test_the_topics_name_the_members_of_their_bodies() -> None:
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \| [\w. ]+ \| (.*) \|$", PAGE, re.MULTILINE))
    assert set(rows) == set(TOPICS)
    for topic, kind in TOPICS.items():
        missing = [name for name in kind.__struct_fields__ if not re.search(rf"\b{name}\b", rows[topic])]
        assert missing == [], topic
