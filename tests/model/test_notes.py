"""Notes: words on record, with who said them, which change nothing."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.refusals import Code
from tests.model.test_refusal_precedence import ENVELOPE_FAULTS, Chain, play, use_nonce

BODY_MAX = 16_384


def seen(desk: Desk) -> list[object]:
    """What there is to see of the venue."""
    return [desk.engine.assets(), desk.engine.markets(), *(desk.engine.account(account) for account in range(1, 6))]


def test_a_note_says_what_was_said_and_who_said_it_and_changes_nothing(desk: Desk) -> None:
    desk.do(c.RegisterAuthor(c.POLICY, "funding", "1.0"))
    before = seen(desk)
    told = desk.do(c.Note(2, "funding.report", '{"rate":12}'), origin=c.POLICY, author=1)
    assert told == ["""Noted account=2 origin=2 author=1 topic='funding.report' body='{"rate":12}'"""]
    told = desk.do(c.Note(0, "feed", "late"), origin=c.ORACLE)
    assert told == ["Noted account=0 origin=1 author=0 topic='feed' body='late'"]
    told = desk.do(c.Note(1, "request", ""), origin=c.CLIENT)
    assert told == ["Noted account=1 origin=0 author=0 topic='request' body=''"]
    assert seen(desk) == before


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 4_096, BODY_MAX])
def test_a_body_is_recorded_whole(desk: Desk, size: int) -> None:
    body = "x" * size
    assert desk.send(c.Note(1, "t", body))[0][-1] == body


def test_the_longest_topic_and_body_count_in_bytes(desk: Desk) -> None:
    topic, body = "ä" * 32, "€" * (BODY_MAX // 3) + "x"
    assert len(body.encode()) == BODY_MAX
    assert desk.send(c.Note(1, topic, body))[0][-2:] == (topic, body)


def test_a_topic_is_needed(desk: Desk) -> None:
    assert desk.refusal(c.Note(1, "", "x")) == (Code.NoteInvalid, 0, 0)
    desk.do(c.Note(1, " ", ""))


def test_a_client_speaks_for_an_account_and_others_need_none(desk: Desk) -> None:
    note = c.Note(0, "t", "x")
    assert desk.refusal(note, origin=c.CLIENT) == (Code.OriginNotPermitted, c.CLIENT, 0)
    for origin in (c.ORACLE, c.POLICY, c.OPERATOR):
        desk.do(note, origin=origin)
        assert desk.refusal(note._replace(account=6), origin=origin) == (Code.UnknownAccount, 6, 0)
        assert desk.refusal(note, origin=origin, nonce=1) == (Code.NonceWithoutAccount, 1, 0)


def test_a_note_uses_its_account_s_nonce_even_when_it_is_refused(desk: Desk) -> None:
    desk.do(c.Note(1, "t", "x"), nonce=3)
    refused = desk.send(c.Note(1, "", "x"), nonce=4)[0]
    assert refused[3:5] == (1, Code.NoteInvalid)
    assert desk.refusal(c.Note(1, "t", "x"), nonce=4) == (Code.DuplicateNonce, 4, refused[1])
    desk.do(c.Note(2, "t", "x"), nonce=4)


def test_a_policy_speaks_of_any_account_without_being_its_agent(desk: Desk) -> None:
    desk.do(c.RegisterAuthor(c.POLICY, "margin", "1.0"))
    desk.do(c.Note(1, "margin.report", "{}"), origin=c.POLICY, author=1)


def test_the_order_of_refusals(desk: Desk) -> None:
    use_nonce(desk, 1)
    chain: Chain = [
        (Code.OriginNotPermitted, {"account": 9}),
        (Code.UnknownAuthor, {"author": 0}),
        (Code.CauseNotEarlier, {"cause": 0}),
        (Code.UnknownAccount, {"account": 1}),
        (Code.DuplicateNonce, {"nonce": 0}),
        (Code.NoteInvalid, {"topic": "t"}),
    ]
    play(desk, c.Note(0, "", ""), chain, **(ENVELOPE_FAULTS | {"origin": c.CLIENT, "nonce": 7}))
