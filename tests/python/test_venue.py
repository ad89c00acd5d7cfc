"""The venue from the outside: open, trade, look, close, open again."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest
from tests.python.worlds import SECOND_NS, START_NS, Clock, config, make_venue, market, session_commands

from crossbook import Venue
from crossbook.commands import Cancel, Deposit, Origin, SetMark, Side, Tick, TimeInForce
from crossbook.errors import InputError, NotFound, Refused, VenueClosed
from crossbook.events import (
    CancelReason,
    CheckpointTaken,
    Deposited,
    MarkSet,
    OrderAccepted,
    OrderCancelled,
    OrderRested,
    Rejected,
    Traded,
)
from crossbook.journal import JournalReader
from crossbook.journal.errors import JournalExists, JournalLocked, JournalNotFound
from crossbook.session import Envelope


def test_a_trade_as_both_sides_see_it(venue: Venue) -> None:
    resting = venue.place(account=1, market="BTC-PERP", side="sell", price="64000.5", size="0.1")
    taking = venue.place(account=2, market="BTC-PERP", side="buy", price=64_001, size="0.04")
    assert [type(event) for event in resting] == [OrderAccepted, OrderRested]
    assert [type(event) for event in taking] == [OrderAccepted, Traded]
    assert (resting.order, taking.order) == (1, 2)
    (trade,) = taking.trades
    assert (trade.price, trade.lots, trade.maker, trade.taker) == (128_001, 40, 1, 2)
    assert (trade.taker_fee, trade.maker_fee) == (1_280_010, -256_002)
    assert [str(level.price) + " x " + str(level.size) for level in venue.book("BTC-PERP").asks] == ["64000.5 x 0.06"]
    assert venue.order(1).filled == Decimal("0.04")
    assert [order.order for order in venue.orders(1)] == [1]
    assert [order.order for order in venue.queue("BTC-PERP", "sell", "64000.5")] == [1]
    assert [position.size for position in venue.positions(2)] == [Decimal("0.04")]
    assert venue.market(1).last == Decimal("64000.5")


def test_the_terms_of_an_account_sum_to_its_margin(venue: Venue) -> None:
    venue.place(account=1, market="BTC-PERP", side="sell", price="64000.5", size="0.1")
    venue.place(account=2, market="BTC-PERP", side="buy", price=64_001, size="0.04")
    venue.set_mark(market="BTC-PERP", price=64_500)
    for account in (1, 2):
        pool = venue.account(account).pool("USDC")
        *terms, total = pool.terms()
        assert sum(equity for _, equity, _ in terms) == pool.equity == total[1]
        assert sum(requirement for _, _, requirement in terms) == pool.requirement == total[2]
        for position in pool.positions:
            assert position.unrealised == position.size * position.mark - position.cost
            assert position.worst_size == max(abs(position.size + position.buys), abs(position.size - position.sells))
            assert position.worst_notional == position.worst_size * position.mark
    assert venue.account(1).pool("USDC").equity == Decimal("10000.256002") - Decimal("19.98")
    assert venue.account(2).positions[0].entry_price == Decimal("64000.5")


def test_everything_prints(venue: Venue) -> None:
    venue.place(account=1, market="BTC-PERP", side="sell", price=64_001, size="0.1", time_in_force="gtc")
    shown = (venue.book("BTC-PERP"), venue.account(1), venue.orders(1), venue.positions(1), venue.markets())
    for view in shown:
        assert "64001" in repr(view) or "BTC-PERP" in repr(view)
        assert view._repr_html_().count("<tr>") >= 2
    assert repr(venue.account(2).pool("USDC")).startswith("cross USDC: healthy")
    asset = venue.asset("USDC")
    assert ["symbol", "USDC"] in [line.split() for line in repr(asset).splitlines()]
    assert ["scaling.size_rate", "0"] in [line.split() for line in repr(venue.market("BTC-PERP")).splitlines()]
    assert asset._repr_html_().count("<tr>") > 10
    assert repr(venue.orders(2)) == "(none)"
    assert "<em>none</em>" in venue.orders(2)._repr_html_()
    assert "sell" in repr(venue.orders(1))
    assert "serving" in repr(venue)
    assert "Deposited" in repr(venue.deposit(account=1, asset="USDC", amount=1))


def test_one_or_many_commands_and_their_events_by_seq(venue: Venue) -> None:
    seq = venue.seq
    one = venue.submit(Deposit(1, 1, 5))
    assert (one.seq, one.last_seq, len(one), one.one(Deposited).amount) == (seq + 1, seq + 1, 1, 5)
    many = venue.submit([Deposit(1, 1, 5), Deposit(9, 1, 5), SetMark(1, 128_200)])
    assert [[type(event) for event in many[index]] for index in range(3)] == [[Deposited], [Rejected], [MarkSet]]
    assert list(many.by_seq()) == [seq + 2, seq + 3, seq + 4]
    assert many[-1] == many[2]
    assert [reject.seq for reject in many.rejected] == [seq + 3]
    assert not many.ok
    with pytest.raises(IndexError):
        many[3]
    with pytest.raises(NotFound):
        one.one(Traded)
    assert len({many.block_hash, one.block_hash, venue.head_hash}) == 2


def test_a_refusal_can_be_raised_with_code_values_and_hint(venue: Venue) -> None:
    receipt = venue.place(account=1, market="BTC-PERP", side="buy", price=64_000, size=900)
    with pytest.raises(Refused) as caught:
        receipt.raise_if_rejected()
    assert caught.value.code == "margin_insufficient"
    assert caught.value.values == {
        "seq": receipt.seq,
        "command": "Place",
        "account": 1,
        "reject": 414,
        "required": 2_850_000_000_000,
        "equity": 10_000_000_000,
    }
    assert "MarginInsufficient (414)" in str(receipt.rejected[0])
    with pytest.raises(Refused):
        receipt.one(OrderAccepted)


def test_the_default_origin_is_the_least_privileged_and_any_other_can_be_given(venue: Venue) -> None:
    assert venue.submit(Tick()).ok
    assert venue.submit(SetMark(1, 128_000)).ok
    assert venue.submit(SetMark(1, 128_000), origin=Origin.CLIENT).rejected[0].code == 101
    assert venue.submit(Envelope(Deposit(1, 1, 1), origin=Origin.ORACLE)).rejected[0].a == Origin.ORACLE


def test_provenance_is_journaled(venue: Venue, tmp_path: Path) -> None:
    author = venue.register_author(acts_as="policy", name="hedger", version="2").events[0].author
    mark = venue.set_mark(market="BTC-PERP", price=64_100, origin=Origin.POLICY, author=author)
    venue.submit(Cancel(1, 7), origin=Origin.POLICY, author=author, cause=mark.seq)
    assert venue.submit(Tick(), cause=10**6).rejected[0].code == 103
    assert venue.submit(Tick(), author=9).rejected[0].code == 102


def test_a_duplicate_nonce_is_refused_with_the_seq_of_the_original_answer(venue: Venue) -> None:
    original = venue.place(account=1, market="BTC-PERP", side="sell", price=64_001, size="0.1", nonce=42)
    retry = venue.place(account=1, market="BTC-PERP", side="sell", price=64_001, size="0.1", nonce=42)
    (refused,) = retry.rejected
    assert (refused.code, refused.a, refused.b) == (106, 42, original.seq)
    found = venue.receipt(refused.b)
    assert found.events == original.events
    assert (found.seq, found.time_ns, found.block_hash) == (original.seq, original.time_ns, original.block_hash)
    with pytest.raises(NotFound) as caught:
        venue.receipt(venue.seq + 1)
    assert caught.value.code == "unknown_seq"
    with pytest.raises(InputError) as many:
        venue.submit([Tick(), Tick()], nonce=7)
    assert many.value.code == "nonce_for_many"


def test_orders_of_every_kind_are_built(venue: Venue) -> None:
    venue.place(account=1, market="BTC-PERP", side=Side.SELL, price=64_010, size="0.2")
    bought = venue.place(account=2, market=1, side="BUY", size="0.1")
    assert bought.trades
    assert venue.place(account=2, market="BTC-PERP", side="sell", price=63_999, size="0.05", reduce_only=True).ok
    gtd = venue.place(
        account=1, market="BTC-PERP", side="buy", price=63_000, size="0.01", expires_at=START_NS + 10**6 * SECOND_NS
    )
    assert venue.order(gtd.order).time_in_force is TimeInForce.GTD
    client = venue.place(
        account=1, market="BTC-PERP", side="buy", price=63_000, size="0.02", client_order=5, post_only=True
    )
    assert venue.order(client.order).client_order == 5
    assert venue.amend(account=1, market="BTC-PERP", client_order=5, size="0.01").events[0].kept_priority
    assert venue.cancel(account=1, client_order=5).one(OrderCancelled).reason is CancelReason.REQUESTED
    assert venue.mass_cancel(account=1, market="BTC-PERP", side="buy").all(OrderCancelled)[0].order == gtd.order
    assert venue.mass_cancel(account=2).ok
    with pytest.raises(InputError) as caught:
        venue.place(account=1, market="BTC-PERP", side="bid", price=1, size=1)
    assert (caught.value.code, caught.value.hint) == ("unknown_choice", "one of: buy, sell")


def test_money_moves_between_accounts_of_one_master(venue: Venue) -> None:
    sub = venue.create_account(parent=1).account
    venue.transfer(source=1, destination=sub, asset="USDC", amount="2500.25").raise_if_rejected()
    venue.withdraw(account=sub, asset="USDC", amount="0.25").raise_if_rejected()
    assert venue.account(sub).cash == {"USDC": Decimal(2500)}
    assert (venue.account(sub).master, venue.account(1).master) == (1, None)
    assert venue.assets()[0].net_deposits == Decimal("19999.75")
    venue.set_fees(market="BTC-PERP", maker_rate=0, taker_rate="0.001").raise_if_rejected()
    venue.set_tiers(market="BTC-PERP", tiers=[(0, "0.1", "0.05")]).raise_if_rejected()
    assert (venue.market("BTC-PERP").taker_rate, len(venue.market("BTC-PERP").tiers)) == (Decimal("0.001"), 1)


def test_orders_expire_by_the_stamped_time_only(venue: Venue) -> None:
    expires = START_NS + 100 * SECOND_NS
    order = venue.place(account=1, market="BTC-PERP", side="buy", price=63_000, size="0.01", expires_at=expires).order
    assert not venue.tick(time_ns=expires - 1).all(OrderCancelled)
    (expired,) = venue.tick(time_ns=expires).all(OrderCancelled)
    assert (expired.order, expired.reason) == (order, CancelReason.EXPIRED)


def test_stamps_never_go_backwards_even_if_the_clock_does(tmp_path: Path) -> None:
    times = iter([50, 40, 30, 60, 70, 80, 90])
    with Venue.create(tmp_path / "venue", config(), durability="volatile", clock=lambda: next(times)) as venue:
        assert [venue.tick().time_ns, venue.tick().time_ns, venue.tick().time_ns] == [50, 50, 60]
        with pytest.raises(InputError) as caught:
            venue.submit(Tick(), time_ns=49)
        assert caught.value.code == "time_backwards"


def test_what_was_closed_is_found_again(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue", durability="durable") as venue:
        venue.submit(session_commands(500))
        before = (venue.book("BTC-PERP"), venue.orders(1))
        receipt = venue.tick()
        assert receipt.durable
    with JournalReader(tmp_path / "venue") as reader:
        assert reader.head().next_seq == receipt.seq + 2
    with Venue.open(tmp_path / "venue", clock=Clock(START_NS + 10**15)) as venue:
        assert venue.receipt(venue.seq).one(CheckpointTaken)
        assert (venue.book("BTC-PERP"), venue.orders(1)) == before
        root = venue.state_root
    with Venue.open(tmp_path / "venue") as venue:
        assert venue.seq == receipt.seq + 1, "nothing ran, so no checkpoint was added"
        assert venue.state_root == root


def test_a_closed_venue_says_so(tmp_path: Path) -> None:
    venue = make_venue(tmp_path / "venue")
    venue.close()
    venue.close()
    for use in (venue.tick, venue.snapshot, lambda: venue.receipt(1), venue.sync):
        with pytest.raises(VenueClosed) as caught:
            use()
        assert caught.value.code == "venue_closed"
    assert "closed" in repr(venue)


def test_several_venues_live_side_by_side_in_one_process(tmp_path: Path) -> None:
    with make_venue(tmp_path / "one") as one, make_venue(tmp_path / "two", market("ETH-PERP", mark=3_000)) as two:
        one.place(account=1, market="BTC-PERP", side="buy", price=63_000, size="0.1")
        two.place(account=1, market="ETH-PERP", side="buy", price=2_900, size=1)
        assert [view.symbol for view in one.markets()] == ["BTC-PERP"]
        assert two.book("ETH-PERP").bids[0].price == 2_900
        assert one.state_root != two.state_root
        with pytest.raises(NotFound) as caught:
            two.market("BTC-PERP")
        assert caught.value.hint == "this venue has: ETH-PERP"


def test_no_venue_starts_a_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    for durability in ("durable", "pipelined", "volatile"):
        with make_venue(tmp_path / durability, durability=durability) as venue:
            venue.submit(session_commands(100))
            venue.snapshot()
            assert threading.active_count() == before


def test_the_same_commands_at_the_same_times_make_the_same_venue(tmp_path: Path) -> None:
    roots = set()
    for name, durability in (("a", "durable"), ("b", "volatile"), ("c", "pipelined")):
        with make_venue(tmp_path / name, durability=durability) as venue:
            venue.submit(session_commands(300))
            roots.add((venue.state_root, venue.event_digest))
    assert len(roots) == 1


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue"):
        with pytest.raises(JournalLocked) as locked:
            Venue.open(tmp_path / "venue")
        with pytest.raises((JournalExists, JournalLocked)):
            Venue.create(tmp_path / "venue", config())
    assert locked.value.hint
    with pytest.raises(JournalExists):
        Venue.create(tmp_path / "venue", config())
    with pytest.raises(JournalNotFound):
        Venue.open(tmp_path / "nothing")


def test_an_unknown_durability_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Venue.create(tmp_path / "venue", config(), durability="eventually")
    assert (caught.value.code, caught.value.values["value"]) == ("unknown_choice", "eventually")
    assert not (tmp_path / "venue").exists()


def test_a_pipelined_venue_becomes_durable_by_sync(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue", durability="pipelined") as venue:
        receipt = venue.tick()
        assert not receipt.durable
        venue.sync()
        with JournalReader(tmp_path / "venue") as reader:
            assert reader.head().head_hash == receipt.block_hash
