"""Recorded observations into a venue: by call and by command, with the policies running, whatever the batches."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook import Venue
from crossbook.cli import main
from crossbook.errors import ConfigError, InputError
from crossbook.observations.files import read_observations
from crossbook.observations.quotes import FeedBook
from crossbook.observations.replay import book_from, replay_observations
from crossbook.policies.oracle.feeds import Feed, Source
from crossbook.policies.oracle.gates import Gates
from crossbook.replay import replay
from tests.policies.stage import BEGIN_NS, SECOND, config

FEEDS = (Feed(7, (Source(1, "alpha"), Source(2, "beta")), 2, market=1, name="BTC"),)
FEEDS_TOML = """
[[feeds]]
feed = 7
name = "BTC"
market = 1
decimals = 2
sources = [{ source = 1, name = "alpha" }, { source = 2, name = "beta" }]
"""


def recorded(path: Path, *, begin: int = 1, end: int = 21) -> Path:
    """Two sources that climb a dollar a second, each twice a second; beta stops half way."""
    lines = ["feed,source,price,confidence,observed_at,received_at"]
    for half in range(2 * begin, 2 * end):
        at = BEGIN_NS + half * SECOND // 2
        speaking = ("alpha", "beta") if half < begin + end else ("alpha",)
        lines += [f"BTC,{name},{60_000 + half // 2}.5,1,{at},{at}" for name in speaking]
    path.write_text("\n".join(lines) + "\n")
    return path


def venue(path: Path) -> Venue:
    """A venue with the default oracle policy, in recorded time."""
    made = Venue.create(path, config(), durability="volatile", clock=lambda: BEGIN_NS)
    made.policies.engage("oracle", Gates(FEEDS), time_ns=BEGIN_NS + 1)
    return made


def test_a_file_is_heard_and_graded(tmp_path: Path) -> None:
    with venue(tmp_path / "venue") as made:
        file = recorded(tmp_path / "o.csv")
        done = replay_observations(made, read_observations(file, FeedBook.of(made)))
        assert (done.observations, done.grades, done.refused) == (60, {"good": 20}, {})
        assert made.market("BTC-PERP").oracle.price == Decimal("60015.5")


def test_the_command_does_the_same_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    venue(tmp_path / "venue").close()
    first, second = recorded(tmp_path / "a.csv"), recorded(tmp_path / "b.csv", begin=21, end=41)
    documents = []
    for file in (first, second):
        result = CliRunner().invoke(main, ["observe", str(tmp_path / "venue"), str(file), "--json"])
        assert result.exit_code == 0, result.output
        documents.append(json.loads(result.stdout))
    assert [document["observations"] for document in documents] == [60, 60]
    assert documents[1]["first_time_ns"] == BEGIN_NS + 21 * SECOND
    assert documents[1]["refused"] == {}
    assert replay(tmp_path / "venue").view.market("BTC-PERP").oracle.price > 60_030


def test_the_command_tells_people(tmp_path: Path) -> None:
    venue(tmp_path / "venue").close()
    result = CliRunner().invoke(main, ["observe", str(tmp_path / "venue"), str(recorded(tmp_path / "o.csv"))])
    assert result.exit_code == 0
    assert "observations  60, 2023-11-14T22:13:21.000000000Z to 2023-11-14T22:13:40.500000000Z" in result.stdout
    assert "prices        20 good" in result.stdout
    assert "hint: " in result.stderr


def test_a_bad_row_ends_it_and_what_came_before_is_journaled(tmp_path: Path) -> None:
    venue(tmp_path / "venue").close()
    file = recorded(tmp_path / "o.csv")
    file.write_text(file.read_text() + f"BTC,omega,1,1,{BEGIN_NS},{BEGIN_NS + 21 * SECOND}\n")
    result = CliRunner().invoke(main, ["observe", str(tmp_path / "venue"), str(file)])
    assert result.exit_code == 2
    assert "o.csv, line 62: feed BTC has no source 'omega' [bad_row]" in result.stderr


def test_a_venue_without_an_oracle_policy_needs_the_feeds_named(tmp_path: Path) -> None:
    Venue.create(tmp_path / "venue", config(), durability="volatile", clock=lambda: BEGIN_NS).close()
    file = recorded(tmp_path / "o.csv")
    call = ["observe", str(tmp_path / "venue"), str(file)]
    refused = CliRunner().invoke(main, call)
    assert (refused.exit_code, "[no_feeds]" in refused.stderr) == (2, True)
    (tmp_path / "feeds.toml").write_text(FEEDS_TOML)
    done = CliRunner().invoke(main, [*call, "--feeds", str(tmp_path / "feeds.toml"), "--json"])
    assert json.loads(done.stdout)["observations"] == 60
    assert json.loads(done.stdout)["grades"] == {}


def test_feeds_from_a_file_are_those_of_the_policy(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(FEEDS_TOML)
    assert book_from(tmp_path / "feeds.toml").feeds == FEEDS
    (tmp_path / "feeds.toml").write_text("[[feeds]]\nfeed = 'x'\n")
    with pytest.raises(ConfigError, match="feeds_config"):
        book_from(tmp_path / "feeds.toml")


def test_observations_of_the_past_are_refused(tmp_path: Path) -> None:
    with venue(tmp_path / "venue") as made:
        file = recorded(tmp_path / "o.csv")
        replay_observations(made, read_observations(file, FeedBook.of(made)))
        with pytest.raises(InputError, match="time_backwards"):
            replay_observations(made, read_observations(file, FeedBook.of(made)))


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_any_split_at_any_place_makes_one_journal(tmp_path: Path, size: int) -> None:
    file = recorded(tmp_path / "o.csv")
    roots = []
    for name, length in (("one", 1_000), ("many", size)):
        with venue(tmp_path / name) as made:
            observations = list(read_observations(file, FeedBook.of(made)))
            for begin in range(0, len(observations), length):
                made.submit(observations[begin : begin + length])
            made.policies.settle()
            roots.append((made.seq, made.state_root, made.session.kernel.event_digest()))
    assert roots[0] == roots[1]


def test_the_policy_remembers_the_same_after_a_stop(tmp_path: Path) -> None:
    with venue(tmp_path / "venue") as made:
        replay_observations(made, read_observations(recorded(tmp_path / "o.csv"), FeedBook.of(made)))
        before = made.policies.state("oracle")
    with Venue.open(tmp_path / "venue", clock=lambda: BEGIN_NS) as again:
        assert again.policies.state("oracle") == before
