"""A branch without a change is its parent again; with one, what follows from it and nothing else is otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossbook import Venue
from crossbook.commands import Cancel, Deposit, Origin, command_tag
from crossbook.counterfactual import Change, Insert, Parent, Patch, branch
from crossbook.errors import CrossbookError
from crossbook.events import Event, Rejected
from crossbook.journal import JournalReader, verify
from crossbook.policies.catalogue import configuration
from crossbook.policies.execution.hedger import Hedger
from crossbook.replay import replay
from crossbook.wire import decode_events
from tests.counterfactual.history import PATRON, TAKER, Afternoon
from tests.counterfactual.players import Quoter
from tests.policies.stage import USDC
from tests.python.worlds import make_venue, session_commands


def events_of(path: Path) -> list[Event]:
    """Every event of a session; the exec marks are checked on the way."""
    found: list[Event] = []
    replay(path, on_events=lambda data: found.extend(decode_events(data)))
    return found


def said(path: Path, kind: str) -> list[Any]:
    """Every event of one type."""
    return [event for event in events_of(path) if type(event).__name__ == kind]


def test_the_afternoon_is_what_the_scenarios_need(afternoon: Afternoon) -> None:
    kinds = [type(event).__name__ for event in afternoon.events]
    assert kinds.count("AuctionOpened") == 1
    assert kinds.count("PositionMoved") == 1
    assert [event.command for event in afternoon.events if isinstance(event, Rejected)] == [command_tag(Cancel)]


def test_an_unchanged_branch_has_the_events_and_the_state_of_its_parent(parent: Parent, tmp_path: Path) -> None:
    made = branch(parent, tmp_path / "b", check_invariants=True)
    assert events_of(tmp_path / "b") == events_of(parent.path)
    assert (made.state_root, made.event_digest) == (parent.state_root, parent.event_digest)
    assert (made.same_events, made.seq, made.inside) == (True, parent.seq, parent.inside_count)
    assert (made.newly_refused, made.newly_accepted, made.unresolved, made.faults) == (0, 0, 0, ())
    with JournalReader(tmp_path / "b") as reader:
        of = reader.branch
    assert of is not None
    assert (of.parent, of.parent_seq, of.parent_hash) == (parent.session, parent.seq, parent.head_hash.hex())
    assert verify(tmp_path / "b").ok


def test_another_policy_acts_where_the_parents_did(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    made = branch(parent, tmp_path / "b", Change(policies={"liquidation": "closer"}), check_invariants=True)
    kinds = [type(event).__name__ for event in events_of(tmp_path / "b")]
    assert (kinds.count("AuctionOpened"), kinds.count("LiquidationEnded")) == (0, 1)
    # The bid names an auction that never was, and the desk's order ids are one further on.
    assert (made.same_events, made.newly_refused, made.unresolved) == (False, 1, 1)
    assert verify(tmp_path / "b").ok


def test_nobody_may_play(parent: Parent, tmp_path: Path) -> None:
    made = branch(parent, tmp_path / "b", Change(policies={"liquidation": None, "mark": None}))
    kinds = {type(event).__name__ for event in events_of(tmp_path / "b")}
    assert not {"AuctionOpened", "PoolLocked"} & kinds
    assert len(said(tmp_path / "b", "MarkSet")) == 2  # those of the configuration
    assert made.inside == parent.inside_count - len(said(parent.path, "MarkSet")) - 2 - 2 * 2 + 2


def test_ids_that_inside_commands_moved_mean_what_they_meant(parent: Parent, tmp_path: Path) -> None:
    """With two bids for each wish, what the patron cancels is the first bid and its own order, as in the parent."""
    made = branch(parent, tmp_path / "b", Change(policies={"liquidity": Quoter(copies=2)}))
    bids = [event for event in said(tmp_path / "b", "OrderAccepted") if event.account == PATRON]
    cancelled = said(tmp_path / "b", "OrderCancelled")
    assert [event.price for event in bids] == [100_000, 100_000, 100_002, 100_002, 100_004]
    assert [event.order for event in cancelled[:2]] == [bids[0].order, bids[4].order]
    assert (made.newly_refused, made.unresolved) == (0, 0)


def test_without_the_policy_its_orders_cannot_be_cancelled(
    parent: Parent, afternoon: Afternoon, tmp_path: Path
) -> None:
    made = branch(parent, tmp_path / "b", Change(policies={"liquidity": None}))
    refused = said(tmp_path / "b", "Rejected")
    assert [event.explain().partition(" ")[0] for event in refused] == ["UnknownAuthor", "UnknownOrder", "UnknownOrder"]
    assert (made.newly_refused, made.unresolved) == (2, 2)


def test_a_configuration_value_is_set_from_the_beginning(parent: Parent, tmp_path: Path) -> None:
    tiers = [{"lower_bound": 0, "initial_rate": "0.5", "maintenance_rate": "0.25"}]
    made = branch(parent, tmp_path / "b", Change(sets={"market.BTC-PERP.tiers": tiers}))
    state = replay(tmp_path / "b").view
    (tier,) = state.market("BTC-PERP").tiers
    assert (str(tier.initial_rate), str(tier.maintenance_rate)) == ("0.5", "0.25")
    assert len(state.market("ETH-PERP").tiers) == 2
    # 10,000 carry no 180,000 at a half: the taker is refused, and nobody is liquidated.
    assert made.newly_refused == 2
    assert said(tmp_path / "b", "AuctionOpened") == []


def test_a_field_that_the_parent_never_set_is_set_once_the_venue_is_configured(parent: Parent, tmp_path: Path) -> None:
    sets = {"asset.USDC.liquidation.cooldown_ns": 7, "asset.USDC.liquidation.fee_rate": "0.01"}
    branch(parent, tmp_path / "b", Change(sets=sets))
    asset = replay(tmp_path / "b").view.asset("USDC")
    assert (asset.liquidation.cooldown_ns, str(asset.liquidation.fee_rate)) == (7, "0.01")
    assert len(said(tmp_path / "b", "LiquidationSet")) == 1


def test_a_field_of_a_policy_is_set(parent: Parent, tmp_path: Path) -> None:
    branch(parent, tmp_path / "b", Change(sets={"policy.liquidity.shade": 9, "policy.mark.clamp_rate": 10**9}))
    bids = [event.price for event in said(tmp_path / "b", "OrderAccepted") if event.account == PATRON]
    assert bids == [99_991, 99_993, 100_004]
    assert [event.price for event in said(tmp_path / "b", "MarkSet")][2:] == [115_200, 119_000]


def test_a_policy_that_must_be_told_something_is_told_by_a_setting(parent: Parent, tmp_path: Path) -> None:
    change = Change(
        policies={"execution": "hedger"}, sets={"policy.execution.account": PATRON, "policy.execution.market": 1}
    )
    made = branch(parent, tmp_path / "b", change)
    with JournalReader(tmp_path / "b") as reader:
        written = reader.change()
    assert written is not None
    assert made.faults == ()
    assert written.policies["execution"] == {"policy": "hedger"} | configuration(Hedger(account=PATRON, market=1))


def test_an_outside_command_is_dropped(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    made = branch(parent, tmp_path / "b", Change(drops=((afternoon.seqs["fall"],) * 2,)))
    assert (made.dropped, made.kept) == (1, parent.seq - parent.inside_count - 1)
    assert said(tmp_path / "b", "AuctionOpened") == []
    assert made.newly_refused == 1


def test_a_range_drops_what_is_outside_in_it(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    made = branch(parent, tmp_path / "b", Change(drops=((afternoon.seqs["fall"], afternoon.seqs["recovery"]),)))
    assert made.dropped == 3


def test_a_command_is_inserted(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    rescue = Insert(afternoon.seqs["take"], Deposit(TAKER, USDC, 5_000_000_000))
    made = branch(parent, tmp_path / "b", Change(inserts=(rescue,)))
    assert (made.inserted, made.kept) == (1, parent.seq - parent.inside_count)
    assert said(tmp_path / "b", "AuctionOpened") == []


def test_an_inserted_command_names_ids_of_the_parent(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    quoted = [event.order for event in afternoon.events if type(event).__name__ == "OrderAccepted"][1]
    cancel = Insert(afternoon.seqs["amend the own"], Cancel(PATRON, quoted), Origin.CLIENT)
    change = Change(policies={"liquidity": Quoter(copies=3)}, inserts=(cancel,))
    made = branch(parent, tmp_path / "b", change)
    assert made.newly_refused == 0
    assert len(said(tmp_path / "b", "OrderCancelled")) == 3


def test_a_field_is_patched(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    patches = (Patch(afternoon.seqs["take"], "lots", 100), Patch(afternoon.seqs["own"], "side", "sell"))
    branch(parent, tmp_path / "b", Change(patches=patches))
    assert said(tmp_path / "b", "AuctionOpened") == []
    sold = [event for event in said(tmp_path / "b", "Traded") if event.lots == 100]
    assert len(sold) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda seqs: Change(drops=((seqs["fall"] + 1,) * 2,)), "inside_seq"),
        (lambda seqs: Change(patches=(Patch(seqs["fall"] + 1, "price", 5),)), "inside_seq"),
        (lambda seqs: Change(inserts=(Insert(seqs["fall"] + 1, Deposit(1, 1, 1)),)), "inside_seq"),
        (lambda seqs: Change(drops=((99_999, 99_999),)), "unknown_seq"),
        (lambda seqs: Change(drops=((2, 2),)), "creates_an_id"),
        (lambda seqs: Change(patches=(Patch(seqs["take"], "colour", 5),)), "unknown_field"),
        (lambda seqs: Change(patches=(Patch(seqs["take"], "lots", "many"),)), "value_type"),
        (lambda seqs: Change(sets={"market.DOGE-PERP.tiers": []}), "unknown_market"),
        (lambda seqs: Change(sets={"market.BTC-PERP.colour": 1}), "unknown_setting"),
        (lambda seqs: Change(sets={"asset.USDC.liquidation.colour": 1}), "setting_invalid"),
        (lambda seqs: Change(sets={"policy.liquidation.colour": 1}), "policy_config"),
        (lambda seqs: Change(sets={"policy.fees.colour": 1}), "unknown_setting"),
        (lambda seqs: Change(policies={"liquidation": "tickle"}), "unknown_policy"),
        (lambda seqs: Change(inserts=(Insert(seqs["take"], Deposit(1, 1, 1), time_ns=5),)), "time_backwards"),
    ],
)
def test_a_change_that_cannot_be_made_leaves_nothing_behind(
    parent: Parent, afternoon: Afternoon, tmp_path: Path, change: Any, code: str
) -> None:
    with pytest.raises(CrossbookError) as refused:
        branch(parent, tmp_path / "b", change(afternoon.seqs))
    assert (refused.value.code, bool(refused.value.hint)) == (code, True)
    assert not (tmp_path / "b").exists()


def test_a_branch_of_a_session_without_policies_engages_them_when_the_venue_is_configured(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        venue.submit(session_commands(300))
    same = branch(tmp_path / "venue", tmp_path / "same")
    assert same.same_events
    made = branch(tmp_path / "venue", tmp_path / "b", Change(policies={"liquidation": "closer"}))
    assert (made.kept, made.faults) == (same.kept, ())
    registered = said(tmp_path / "b", "AuthorRegistered")
    assert [event.name for event in registered] == ["crossbook.loop", "liquidation.closer"]
    # Right after the configuration, before the first account, though all of it has one stamped time.
    assert registered[-1].seq < said(tmp_path / "b", "AccountCreated")[0].seq


def test_a_branch_of_a_branch(parent: Parent, tmp_path: Path) -> None:
    first = branch(parent, tmp_path / "a", Change(policies={"liquidation": "closer"}))
    second = branch(tmp_path / "a", tmp_path / "b")
    assert (second.same_events, second.parent) == (True, first.session)


def test_a_branch_is_opened_and_goes_on_like_any_venue(parent: Parent, tmp_path: Path) -> None:
    branch(parent, tmp_path / "b", Change(policies={"liquidation": "closer"}))
    with Venue.open(tmp_path / "b") as venue:
        assert {one.slot: one.policy.name for one in venue.policies.engaged()}["liquidation"] == "closer"
        venue.deposit(account=1, asset="USDC", amount=1)
    assert verify(tmp_path / "b").ok
