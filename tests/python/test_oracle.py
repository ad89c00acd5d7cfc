"""Outside prices, agents and notes, as an embedding program sees them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.python.worlds import START_NS, make_venue

from crossbook import Venue
from crossbook.cli import main
from crossbook.commands import TEXT_BYTES_MAX, Grade, Note, Observe, Origin, Place, Side
from crossbook.errors import InputError, NotFound
from crossbook.events import Noted, Observed, OracleSet, Standing
from crossbook.session import Envelope
from crossbook.views import AuthorView, GradesView, OracleView


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    with make_venue(tmp_path / "venue") as venue:
        yield venue


def trade(venue: Venue, size: str = "0.1") -> None:
    """Account 1 buys of account 2 at 64,000."""
    for account, side in ((2, "sell"), (1, "buy")):
        venue.place(account=account, market="BTC-PERP", side=side, price=64_000, size=size).raise_if_rejected()


def test_a_market_shows_the_price_it_accepted_and_how_good_it_must_be(venue: Venue) -> None:
    before = venue.market("BTC-PERP")
    assert (before.oracle, before.grades) == (None, GradesView(Grade.NONE, Grade.NONE, Grade.NONE))
    receipt = venue.set_oracle(
        market="BTC-PERP", price="63999.5", confidence="12.5", grade="ageing", observed_at=START_NS
    )
    set_at = venue.time_ns
    venue.set_grades(market="BTC-PERP", margin="good", funding=Grade.THIN).raise_if_rejected()
    shown = venue.market("BTC-PERP")
    assert shown.oracle == OracleView(Decimal("63999.5"), Decimal("12.5"), Grade.AGEING, START_NS, set_at, receipt.seq)
    assert shown.grades == GradesView(Grade.GOOD, Grade.NONE, Grade.THIN)
    assert shown.mark == 64_000
    (told,) = receipt.events
    assert told == OracleSet(receipt.seq, 1, 127_999, 25, Grade.AGEING, START_NS, 0, Grade.NONE)


def test_an_order_waits_for_a_better_price(venue: Venue) -> None:
    venue.set_grades(market="BTC-PERP", margin="ageing")
    order = {"account": 1, "market": "BTC-PERP", "side": "buy", "price": 63_000, "size": "0.01"}
    assert "OracleGrade (434): the market's oracle is not good enough for this (grade 0, least_grade 5)" in str(
        venue.place(**order).rejected[0]
    )
    assert not venue.preview(venue.draft.place(**order)).ok
    venue.set_oracle(market="BTC-PERP", price=64_000, grade="good", observed_at=1)
    assert venue.place(**order).ok


def test_a_policy_trades_only_for_accounts_that_let_it(venue: Venue) -> None:
    author = venue.register_author(acts_as="policy", name="maker", version="1").events[0].author
    order = Envelope(Place(1, 1, Side.BUY, 1, 120_000, 5), origin=Origin.POLICY, author=author)
    refused = venue.submit(order).rejected[0]
    assert (refused.code, refused.a, refused.b) == (110, author, 1)
    venue.set_agent(account=1, agent=author).raise_if_rejected()
    assert venue.account(1).agents == (author,)
    assert venue.submit(order).ok
    venue.set_agent(account=1, agent=author, granted=False).raise_if_rejected()
    assert venue.account(1).agents == ()
    assert venue.submit(order).rejected[0].code == 110


def test_authors_are_listed(venue: Venue) -> None:
    assert list(venue.authors()) == []
    venue.register_author(acts_as="oracle", name="feeds", version="2")
    venue.register_author(acts_as=Origin.POLICY, name="hedger", version="0.1")
    assert list(venue.authors()) == [
        AuthorView(1, Origin.ORACLE, "feeds", "2"),
        AuthorView(2, Origin.POLICY, "hedger", "0.1"),
    ]


def test_holders_are_listed_with_the_pool_that_their_position_is_in(venue: Venue) -> None:
    assert list(venue.holders("BTC-PERP")) == []
    trade(venue)
    venue.place(account=1, market="BTC-PERP", side="buy", price=60_000, size="0.1").raise_if_rejected()
    venue.isolate(account=2, market="BTC-PERP", amount=200).raise_if_rejected()
    venue.set_mark(market="BTC-PERP", price=65_000)
    long, short = venue.holders("BTC-PERP")
    for holder, market in ((long, None), (short, "BTC-PERP")):
        pool = venue.account(holder.account).pool("USDC", market)
        (position,) = pool.positions
        assert (holder.isolated, holder.size, holder.cost, holder.unrealised) == (
            market is not None, position.size, position.cost, position.unrealised,
        )  # fmt: skip
        assert (holder.standing, holder.equity, holder.requirement, holder.maintenance) == (
            pool.standing, pool.equity, pool.requirement, pool.maintenance,
        )  # fmt: skip
    assert (long.size, short.size, long.unrealised) == (Decimal("0.1"), Decimal("-0.1"), 100)
    assert (long.standing, short.standing) == (Standing.HEALTHY, Standing.HEALTHY)
    with pytest.raises(NotFound):
        venue.holders("DOGE-PERP")


@pytest.mark.parametrize("body", ["", "x", "é" * 100, "é" * (TEXT_BYTES_MAX // 2)], ids=len)
def test_words_come_back_as_they_were_noted(venue: Venue, body: str) -> None:
    receipt = venue.note(account=1, topic="request", body=body)
    assert receipt.events == (Noted(receipt.seq, 1, Origin.CLIENT, 0, "request", body),)
    nobodys = venue.note(topic="é" * 32, body=body)
    assert nobodys.events == (Noted(nobodys.seq, 0, Origin.OPERATOR, 0, "é" * 32, body),)
    assert venue.receipt(receipt.seq).events == receipt.events


@pytest.mark.parametrize(
    ("topic", "body", "code", "field", "size"),
    [
        ("t", "x" * (TEXT_BYTES_MAX + 1), "text_too_long", "body", TEXT_BYTES_MAX + 1),
        ("t", "é" * (TEXT_BYTES_MAX // 2 + 1), "text_too_long", "body", TEXT_BYTES_MAX + 2),
        ("t", "x" * 10**6, "text_too_long", "body", 10**6),
        ("x" * 65, "", "string_too_long", "topic", 65),
    ],
    ids=["a byte over", "a character over", "more than a block", "topic"],
)
def test_words_that_are_too_many_are_named(
    venue: Venue, topic: str, body: str, code: str, field: str, size: int
) -> None:
    with pytest.raises(InputError) as caught:
        venue.note(topic=topic, body=body)
    assert caught.value.code == code
    assert {"command": "Note", "field": field, "bytes": size}.items() <= caught.value.values.items()
    assert str(TEXT_BYTES_MAX if field == "body" else 64) in caught.value.hint


def test_words_that_are_no_text_are_refused(venue: Venue) -> None:
    for body in ("\ud800", b"bytes", 5, None):
        with pytest.raises(InputError) as caught:
            venue.submit(Note(1, "t", body))  # type: ignore[arg-type]
        assert caught.value.code == "value_type"
    assert "NoteInvalid" in str(venue.note(topic="").rejected[0])


def test_the_source_of_an_observation_is_no_account(venue: Venue) -> None:
    said = Observe(1, 1, 64_000, 0, 1)
    assert venue.preview(said).account == 0
    assert venue.submit(said).events == (Observed(venue.seq, 1, 1, 64_000, 0, 1),)
    path = venue.path
    venue.close()
    shown = CliRunner().invoke(main, ["events", str(path), "--account", "1"])
    assert shown.exit_code == 0
    assert "Deposited" in shown.output
    assert "Observed" not in shown.output


def test_a_venue_that_is_opened_again_knows_it_all(venue: Venue) -> None:
    venue.register_author(acts_as="policy", name="maker", version="1")
    venue.set_agent(account=2, agent=1)
    venue.set_oracle(market=1, price=64_000, grade="thin", observed_at=9)
    venue.set_grades(market=1, liquidation="stale")
    venue.note(topic="report", body="{}")
    path, kept = venue.path, (venue.market(1), venue.account(2), list(venue.authors()), venue.state_root)
    venue.snapshot()
    venue.close()
    with Venue.open(path, durability="volatile") as again:
        assert (again.market(1), again.account(2), list(again.authors())) == kept[:3]
    for snapshot in (path / "snapshots").iterdir():
        snapshot.unlink()
    with Venue.open(path, durability="volatile") as replayed:
        assert (replayed.market(1), replayed.account(2), list(replayed.authors())) == kept[:3]
