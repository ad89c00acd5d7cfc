"""The whole life of an order: every fill, every place in the queue, every reason."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook.events import CancelReason, OrderAccepted, OrderCancelled, Rejected, Traded
from crossbook.replay import state_at
from journal_tools import replaying
from journal_tools.grammar import Moment
from journal_tools.journal import Journal
from journal_tools.past.life import REASONS
from journal_tools.past.life import live as life_of
from journal_tools.vocabulary import fields_of
from tests.journal_tools.conftest import journal


def events_of(path: Path) -> list[Any]:
    """Every event of a session."""
    return [event for _, events in replaying.events(path) for event in events]


def orders_by_end(path: Path) -> dict[CancelReason, int]:
    """The first order of a session that ended for each reason."""
    ends: dict[CancelReason, int] = {}
    for event in events_of(path):
        if isinstance(event, OrderCancelled):
            ends.setdefault(event.reason, event.order)
    return ends


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(map(int, CancelReason))


def test_the_life_of_an_order_of_the_market(demo: Path, snapshot: SnapshotAssertion) -> None:
    """It rests, is filled five times, and its owner takes back the rest."""
    said = journal("order", demo, 3_161)
    assert (said.code, said.out) == (0, snapshot)
    assert journal("order", demo, 3_161, "--json").out == snapshot


def test_an_order_for_every_reason_there_is(golden: Path, trouble: Path, snapshot: SnapshotAssertion) -> None:
    shown = 0
    for path in (golden, trouble):
        for reason, order in sorted(orders_by_end(path).items()):
            said = journal("order", path, order, "--json").json
            assert said["state"] == f"cancelled: {REASONS[reason]}"
            assert said["steps"][-1] == snapshot(name=f"{path.parent.name} {reason.name.lower()}")
            shown += 1
    assert shown >= len(CancelReason)


def test_lives_come_to_what_the_events_say(golden: Path) -> None:
    """Of every twentieth order: lots are all accounted for, and fees are those of its trades."""
    filled: Counter[int] = Counter()
    fees: Counter[int] = Counter()
    orders = []
    for event in events_of(golden):
        if isinstance(event, OrderAccepted):
            orders.append(event.order)
        elif isinstance(event, Traded):
            for order, fee in ((event.maker_order, event.maker_fee), (event.taker_order, event.taker_fee)):
                filled[order] += event.lots
                fees[order] += fee
    source = Journal.open(golden)
    for order in orders[::20]:
        life = life_of(source, order, source.last_seq)
        assert life.filled == filled[order]
        assert sum(step.fee or 0 for step in life.trades) == fees[order]
        assert life.ended or life.left > 0


@pytest.mark.parametrize("order", [3_161, 891, 1_983])
def test_places_in_the_queue_are_those_of_the_book(demo: Path, order: int) -> None:
    said = journal("order", demo, order, "--json").json
    for step in said["steps"]:
        if step["position"] is None:
            continue
        state = state_at(demo, seq=step["seq"] - (step["step"] == "traded"))
        row = state.order(order)
        queue = [other.order for other in state.queue(row.market, row.side, row.price)]
        assert queue[step["position"] - 1] == order
        ahead = state.queue(row.market, row.side, row.price)[: step["position"] - 1]
        assert Decimal(step["ahead"]) == sum(other.size for other in ahead)


def test_an_order_of_the_waterfall_says_so(demo: Path, snapshot: SnapshotAssertion) -> None:
    ended = next(event for event in events_of(demo) if type(event).__name__ == "LiquidationEnded" and event.filled)
    said = journal("order", demo, ended.order)
    assert "sent by Liquidate" in said.out
    assert said.out == snapshot


def test_by_the_id_its_owner_gave_it(golden: Path) -> None:
    said = journal("order", golden, "--account", 6, "--client-order", 2, "--at", 2_017, "--json").json
    assert said["order"] == 289
    assert 289 not in said["other_orders_of_that_name"]
    plain = journal("order", golden, 289, "--at", 2_017, "--json").json
    assert plain == {name: value for name, value in said.items() if name != "other_orders_of_that_name"}


def test_its_life_up_to_a_moment(demo: Path) -> None:
    said = journal("order", demo, 3_161, "--at", 5_002, "--json").json
    assert (said["state"], said["open"], len(said["steps"])) == ("open", "0.076", 4)


def test_a_change_that_was_refused_is_part_of_it(golden: Path, snapshot: SnapshotAssertion) -> None:
    """An amend that changes nothing, of an order that is open."""
    refused = next(
        event
        for event in events_of(golden)
        if isinstance(event, Rejected) and event.command == 13 and event.code == 419
    )
    record, _ = Journal.open(golden).record(refused.seq)
    named = fields_of(record.command)
    (order,) = [
        row.order
        for row in replaying.state_at(golden, Moment(refused.seq, None)).orders(refused.account)
        if row.order == named["order"] or (row.client_order and row.client_order == named["client_order"])
    ]
    steps = journal("order", golden, order, "--json").json["steps"]
    assert [step for step in steps if step["seq"] == refused.seq] == snapshot


def test_an_order_that_was_only_refused_has_no_life_but_a_reason(golden: Path) -> None:
    source = Journal.open(golden)
    accepted: set[tuple[int, int]] = set()
    refused: dict[tuple[int, int], int] = {}
    for seq, events in replaying.events(golden):
        for event in events:
            if isinstance(event, OrderAccepted):
                accepted.add((event.account, event.client_order))
            elif isinstance(event, Rejected) and event.command == 12:
                client_order = fields_of(source.record(seq)[0].command)["client_order"]
                refused.setdefault((event.account, client_order), seq)
    accounts = replaying.kernel_at(golden).account_count()
    account, client_order = next(key for key in refused if key not in accepted and key[1] and key[0] <= accounts)
    said = journal("order", golden, "--account", account, "--client-order", client_order)
    assert said.code == 2
    assert "[order_refused]" in said.err


def test_an_order_of_a_venue_that_is_open(live: Path) -> None:
    said = journal("order", live, 1, "--json")
    assert said.code == 0
    assert said.json["steps"][0]["step"] == "accepted"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["999999"], "unknown_order"),
        (["3161", "--at", "4000"], "unknown_order"),
        ([], "order_missing"),
        (["--client-order", "7"], "order_missing"),
        (["--client-order", "7", "--account", "92"], "unknown_account"),
        (["--client-order", "7", "--account", "10"], "unknown_order"),
        (["3161", "--at", "99999999"], "unknown_seq"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(demo: Path, arguments: list[str], code: str) -> None:
    said = journal("order", demo, *arguments)
    assert said.code == 2
    assert f"[{code}]" in said.err
    assert "hint: " in said.err
