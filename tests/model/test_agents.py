"""Agents: a policy acts for an account only if the account has entrusted itself to it."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code
from tests.model.test_refusal_precedence import (
    ENVELOPE_CHAIN,
    ENVELOPE_FAULTS,
    USED_NONCE_CHAIN,
    Chain,
    play_on,
    use_nonce,
)
from tests.model.trouble import in_trouble

MAKER, HEDGER = 1, 2
FOR_AN_ACCOUNT = {c.Place, c.Amend, c.Cancel, c.MassCancel, c.Draw, c.AdjustMargin, c.Bid}


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """The desk with two authors: 1, registered as a policy, and 2, as a client."""
    desk.do(c.RegisterAuthor(c.POLICY, "maker", "1.0"))
    desk.do(c.RegisterAuthor(c.CLIENT, "hedger", "2.0"))
    return desk


def agents(desk: Desk, account: int) -> list[int]:
    """The agents of an account."""
    row = desk.engine.account(account)
    assert isinstance(row[-1], list)
    return row[-1]


def situation(engine: Engine) -> tuple[Desk, list[c.Command]]:
    """A venue in which each command that speaks for account 4 would be taken in this order, and these commands."""
    desk = in_trouble(engine, 9_300)
    desk.do(c.RegisterAuthor(c.POLICY, "maker", "1.0"))
    desk.do(c.CreateAccount(4))
    desk.do(c.Deposit(6, 1, 1_000))
    desk.do(c.SetAllowance(6, 4, 1, 100))
    desk.do(c.SetPositionMode(4, 1, True, 0))
    desk.do(c.SetLiquidator(4, True))
    desk.do(c.OpenAuction(1, 1, 10, 0, 0, 1))
    return desk, [
        c.Draw(4, 6, 1, 100),
        c.AdjustMargin(4, 1, 500_000),
        c.Bid(4, 1, 1, 0),
        desk.order(4, c.BUY, 10, 9_000, client_order=7),
        c.Amend(4, 0, 7, 0, 9),
        c.Cancel(4, 0, 7),
        c.MassCancel(4, 0, 0),
    ]


def test_a_policy_does_for_an_account_what_it_was_granted_and_nothing_before_or_after(engine: Engine) -> None:
    desk, wanted = situation(engine)
    assert {type(command) for command in wanted} == FOR_AN_ACCOUNT
    for command in wanted:
        assert desk.refusal(command, origin=c.POLICY, author=MAKER) == (Code.AgentNotGranted, MAKER, 4)
        desk.do(c.SetAgent(4, MAKER, True))
        desk.do(command, origin=c.POLICY, author=MAKER)
        desk.do(c.SetAgent(4, MAKER, False))
        assert desk.refusal(command, origin=c.POLICY, author=MAKER) == (Code.AgentNotGranted, MAKER, 4)


@pytest.mark.parametrize("origin", [c.CLIENT, c.OPERATOR])
def test_whoever_does_not_speak_as_a_policy_needs_no_grant(engine: Engine, origin: int) -> None:
    desk, wanted = situation(engine)
    for author, command in enumerate(wanted):
        desk.do(command, origin=origin, author=author % 2)


def test_who_has_no_name_cannot_be_an_agent(staffed: Desk) -> None:
    staffed.do(c.SetAgent(1, MAKER, True))
    assert staffed.refusal(c.MassCancel(1, 0, 0), origin=c.POLICY) == (Code.AgentNotGranted, 0, 1)
    assert staffed.refusal(c.SetAgent(1, 0, True)) == (Code.UnknownAuthor, 0, 0)


def test_a_grant_is_one_author_s_and_one_account_s(staffed: Desk) -> None:
    granted = staffed.do(c.SetAgent(1, HEDGER, True), origin=c.CLIENT)
    assert granted == ["AgentSet account=1 author=2 granted=True"]
    staffed.do(c.MassCancel(1, 0, 0), origin=c.POLICY, author=HEDGER)
    for author, account in ((MAKER, 1), (HEDGER, 5), (HEDGER, 2)):  # 5 is a sub-account of 1
        refusal = staffed.refusal(c.MassCancel(account, 0, 0), origin=c.POLICY, author=author)
        assert refusal == (Code.AgentNotGranted, author, account)


def test_to_draw_is_the_drawer_s_and_not_the_giver_s_to_entrust(staffed: Desk) -> None:
    staffed.do(c.SetAllowance(1, 5, 1, 100))
    staffed.do(c.SetAgent(1, MAKER, True))
    draw = c.Draw(5, 1, 1, 100)
    assert staffed.refusal(draw, origin=c.POLICY, author=MAKER) == (Code.AgentNotGranted, MAKER, 5)
    staffed.do(c.SetAgent(5, MAKER, True))
    staffed.do(draw, origin=c.POLICY, author=MAKER)


def test_what_is_no_account_s_own_needs_no_grant(engine: Engine) -> None:
    desk = in_trouble(engine, 9_100)
    desk.do(c.RegisterAuthor(c.POLICY, "waterfall", "1.0"))
    steps: list[c.Command] = [
        c.SetOracle(1, 9_100, 0, c.GOOD, 0),
        c.SetMark(1, 9_100),
        c.SetExposureCap(1, c.BY_MARKET, 1, 10**9),
        c.SetAccountFees(1, 0, 0),
        c.Lock(1, 1, 0),
        c.CancelIncreasing(1, 1, 0),
        c.Liquidate(1, 1, 1, 0),
        c.Note(1, "waterfall.report", "{}"),
    ]
    for author in (0, 1):
        for step in steps:
            refusal = desk.refusal(step, origin=c.POLICY, author=author)
            assert refusal is None or refusal[0] == Code.LockUnchanged, step


def test_what_an_agent_left_in_the_book_stays_when_it_is_no_longer_one(staffed: Desk) -> None:
    staffed.do(c.SetAgent(1, MAKER, True))
    staffed.do(staffed.order(1, c.BUY, 10, 100), origin=c.POLICY, author=MAKER)
    staffed.do(c.SetAgent(1, MAKER, False))
    staffed.sell(2, 10, 100)
    assert staffed.position(1)[0] == 10


def test_agents_stand_by_their_ids(staffed: Desk) -> None:
    assert agents(staffed, 1) == []
    staffed.do(c.SetAgent(1, HEDGER, True))
    staffed.do(c.SetAgent(1, MAKER, True))
    assert agents(staffed, 1) == [MAKER, HEDGER]
    staffed.do(c.SetAgent(1, MAKER, False))
    assert agents(staffed, 1) == [HEDGER]


def test_authors_are_listed_as_they_were_registered(staffed: Desk) -> None:
    assert staffed.engine.authors() == [[1, c.POLICY, "maker", "1.0"], [2, c.CLIENT, "hedger", "2.0"]]


def test_an_account_has_sixteen_agents_at_most(desk: Desk) -> None:
    for number in range(17):
        desk.do(c.RegisterAuthor(c.POLICY, f"policy {number}", "1"))
    for author in range(1, 17):
        desk.do(c.SetAgent(1, author, True))
    assert desk.refusal(c.SetAgent(1, 17, True)) == (Code.AgentsLimit, 16, 0)
    assert desk.refusal(c.SetAgent(1, 17, False)) == (Code.AgentUnchanged, 17, 0)
    assert desk.refusal(c.SetAgent(1, 16, True)) == (Code.AgentUnchanged, 16, 0)
    assert desk.refusal(c.SetAgent(1, 18, True)) == (Code.UnknownAuthor, 18, 0)
    desk.do(c.SetAgent(1, 3, False))
    desk.do(c.SetAgent(1, 17, True))
    assert agents(desk, 1) == [author for author in range(1, 18) if author != 3]
    desk.do(c.SetAgent(2, 3, True))  # each account has its own


def test_the_order_of_refusals(staffed: Desk) -> None:
    use_nonce(staffed, 1)
    chain: Chain = [*ENVELOPE_CHAIN, (Code.UnknownAccount, {"account": 1}), *USED_NONCE_CHAIN]
    faults = ENVELOPE_FAULTS | {"nonce": 7}
    assert play_on(staffed, c.SetAgent(9, 3, True), chain, **faults) == Code.UnknownAuthor
    staffed.do(c.SetAgent(1, MAKER, True))
    assert staffed.refusal(c.SetAgent(1, MAKER, True)) == (Code.AgentUnchanged, MAKER, 0)


@pytest.mark.parametrize(
    ("command", "after"),
    [
        (c.Amend(9, 1, 0, 0, 1), Code.UnknownOrder),
        (c.Cancel(9, 1, 0), Code.UnknownOrder),
        (c.MassCancel(9, 9, 0), Code.UnknownMarket),
        (c.AdjustMargin(9, 9, 0), Code.UnknownMarket),
        (c.Bid(9, 1, 1, 0), Code.UnknownAuction),
        (c.Draw(9, 9, 9, 0), Code.UnknownAsset),
    ],
)
def test_a_grant_is_asked_for_right_after_the_account(staffed: Desk, command: c.Command, after: Code) -> None:
    use_nonce(staffed, 1)
    source: Chain = [(Code.UnknownAccount, {"source": 1})] if isinstance(command, c.Draw) else []
    chain: Chain = [
        (Code.OriginNotPermitted, {"origin": c.POLICY}),
        (Code.UnknownAuthor, {"author": MAKER}),
        (Code.CauseNotEarlier, {"cause": 0}),
        (Code.UnknownAccount, {"account": 1}),
        *source,
        (Code.AgentNotGranted, [c.SetAgent(1, MAKER, True)]),
        (Code.DuplicateNonce, {"nonce": 0}),
    ]
    assert play_on(staffed, command, chain, **(ENVELOPE_FAULTS | {"nonce": 7})) == after


def test_who_is_not_an_agent_uses_up_no_nonce(staffed: Desk) -> None:
    order = staffed.order(1, c.BUY, 1, 90)
    for _ in range(2):
        refusal = staffed.refusal(order, origin=c.POLICY, author=MAKER, nonce=5)
        assert refusal == (Code.AgentNotGranted, MAKER, 1)
    staffed.do(c.SetAgent(1, MAKER, True))
    used = staffed.send(order, origin=c.POLICY, author=MAKER, nonce=5)[0][1]
    assert staffed.refusal(order, nonce=5) == (Code.DuplicateNonce, 5, used)
