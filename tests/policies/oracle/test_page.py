"""What `docs/policies_oracle.md` says in tables is what the code has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from crossbook.policies import catalogue
from crossbook.policies.oracle import chain, words
from crossbook.policies.oracle.feeds import Feed, Source, Thresholds
from crossbook.policies.oracle.gates import Gates
from tests.policies.oracle.faults import ACTIONS, FAULTS, Fault
from tests.policies.oracle.quotes import SOURCES

PAGE = (Path(__file__).parents[3] / "docs" / "policies_oracle.md").read_text()


def row(fault: Fault) -> str:
    """A fault as the page has it."""
    names = {source.source: source.name for source in SOURCES}
    aside = ", ".join(f"{names[source]} {reason}" for source, reason in fault.reasons.items())
    price = f"{fault.price:,.1f}".removesuffix(".0")
    marks = ["●" if action in fault.allowed else "○" for action in ACTIONS]
    return f"| {' | '.join([fault.name, fault.story, fault.grade.name.lower(), price, aside, *marks])} |".replace(
        "  ", " "
    )


def test_the_faults_of_the_page_are_those_that_are_played() -> None:
    section = PAGE.split("## Faults")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [row(fault) for fault in FAULTS]


def test_the_thresholds_of_the_page_are_the_defaults() -> None:
    section = PAGE.split("| threshold | default |")[1].split("\n\n")[0]
    written = {
        name: int(value.replace(",", ""))
        for name, value in re.findall(r"^\| (\w+) \| ([\d,]+) \|", section, re.MULTILINE)
    }
    assert written == {name: getattr(Thresholds(), name) for name in Thresholds.__struct_fields__}


def test_the_gates_of_the_page_are_those_of_the_chain_in_their_order() -> None:
    section = PAGE.split("## Gates")[1].split("| threshold |")[0]
    written = [name for name in re.findall(r"^\| (\w+) \|", section, re.MULTILINE) if name != "gate"]
    assert written == [gate.__name__ for gate in (*chain.INTAKE, *chain.GATES)]


def test_every_reason_and_topic_is_on_the_page() -> None:
    topics = [words.REJECTED, words.RESTORED, words.GRADED]
    assert [word for word in (*words.REASONS, *topics) if f"`{word}`" not in PAGE] == []


def test_fifty_feeds_of_three_named_sources_fit_one_engagement() -> None:
    sources = (Source(1, "alpha"), Source(2, "beta"), Source(3, "gamma"))
    feeds = tuple(Feed(market, sources, 2, market=market, name=f"BTC-USD-{market}") for market in range(1, 51))
    assert len(json.dumps(catalogue.configuration(Gates(feeds)))) < 16_384 - 500, "the note says a little more"
