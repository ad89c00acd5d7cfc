"""Previews: one order, several legs, an order that is too large; worked out by hand, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tests.python.worlds import make_venue, market

from crossbook import Venue
from crossbook.errors import InputError, NotFound, VenueClosed
from crossbook.events import CancelReason
from crossbook.rejects import RejectCode


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """Account 1 offers 1 at 64,010 and 3 at 64,030 and bids 63,990; two markets, 10,000 each, 2 % initial margin."""
    eth = market("ETH-PERP", tick_size="0.1", lot_size="0.01", mark=3_000)
    with make_venue(tmp_path / "venue", market(), eth) as venue:
        for price, size in ((64_010, 1), (64_030, 3)):
            venue.place(account=1, market="BTC-PERP", side="sell", price=price, size=size).raise_if_rejected()
        venue.place(account=1, market="BTC-PERP", side="buy", price=63_990, size=1).raise_if_rejected()
        yield venue


def test_one_order_shows_fills_slippage_and_margin(venue: Venue) -> None:
    order = venue.draft.place(account=2, market="BTC-PERP", side="buy", size=2)
    foreseen = venue.preview(order)
    (command,) = foreseen.commands
    assert [(fill.price, fill.size, fill.fee) for fill in command.fills] == [
        (64_010, 1, Decimal("32.005")),
        (64_030, 1, Decimal("32.015")),
    ]
    assert command.average_price == 64_020
    assert command.against_mark is not None
    assert (command.against_mark.reference, command.against_mark.amount) == (64_000, 40)
    assert command.against_mark.rate == Fraction(20, 64_000)
    assert command.against_mid is not None
    assert (command.against_mid.reference, command.against_mid.price) == (64_000, 20)
    assert (command.filled, command.resting, command.cut) == (2, 0, None)
    assert foreseen.before is not None
    assert foreseen.after is not None
    assert foreseen.before.pool("USDC").equity.amount == 10_000
    after = foreseen.after.pool("USDC")
    assert after.equity.amount == 10_000 - 40 - Decimal("64.02")
    assert after.requirement.amount == 2_560
    assert command.binding is not None
    assert command.binding.code is RejectCode.MARGIN_INSUFFICIENT
    assert (command.binding.value, command.binding.limit, command.binding.holds) == (2_560, 10_000, True)
    receipt = venue.submit(order)
    assert receipt.events == foreseen.events
    assert venue.explain(2) == foreseen.after


def test_nothing_is_done(venue: Venue) -> None:
    before = (venue.seq, venue.state_root, venue.event_digest, venue.head_hash, venue.book("BTC-PERP"))
    venue.preview([venue.draft.place(account=2, market="BTC-PERP", side="buy", size=2), venue.draft.tick()])
    assert (venue.seq, venue.state_root, venue.event_digest, venue.head_hash, venue.book("BTC-PERP")) == before


def test_a_sale_receives_less_than_the_mark(venue: Venue) -> None:
    (command,) = venue.preview(venue.draft.place(account=2, market="BTC-PERP", side="sell", size=2)).commands
    assert (command.average_price, command.filled, command.cut) == (63_990, 1, CancelReason.IMMEDIATE_OR_CANCEL)
    assert command.against_mark is not None
    assert command.against_mark.amount == 10


def test_the_legs_of_a_batch_see_each_other(venue: Venue) -> None:
    legs = [
        venue.draft.place(account=2, market="BTC-PERP", side="buy", size=4, price=64_030),
        venue.draft.place(account=2, market="ETH-PERP", side="sell", size=100, price=3_000),
    ]
    foreseen = venue.preview(legs)
    # 4 BTC ask for 5,120 of 9,800 or so; 100 ETH would ask for 6,000 more. Alone they pass.
    assert [command.reject is None for command in foreseen.commands] == [True, False]
    assert foreseen.binding is not None
    assert (foreseen.binding.code, foreseen.binding.value) == (RejectCode.MARGIN_INSUFFICIENT, 11_120)
    assert not foreseen.ok
    assert venue.preview(legs[1]).ok
    assert venue.submit(legs).events == foreseen.events


def test_a_very_large_order_names_what_stops_it(venue: Venue) -> None:
    venue.set_caps(market="BTC-PERP", open_interest_max=1_000, concentration_rate="0.1", concentration_floor=50)
    names = []
    for size in (1_001, 51, 20, 1):
        order = venue.draft.place(account=2, market="BTC-PERP", side="buy", price=64_000, size=size)
        binding = venue.preview(order).binding
        assert binding is not None
        names.append((binding.code.name, binding.holds))
    assert names == [
        ("ORDER_TOO_LARGE", False),
        ("CONCENTRATION_CAP", False),
        ("MARGIN_INSUFFICIENT", False),
        ("MARGIN_INSUFFICIENT", True),
    ]


def test_fill_or_kill_names_what_could_be_filled(venue: Venue) -> None:
    order = venue.draft.place(account=2, market="BTC-PERP", side="buy", price=64_030, size=5, time_in_force="fok")
    (command,) = venue.preview(order).commands
    assert command.binding is not None
    assert (command.binding.code, command.binding.value, command.binding.limit) == (
        RejectCode.FILL_OR_KILL_UNFILLED, 5, 4,
    )  # fmt: skip


def test_an_amend_and_any_other_command_can_be_previewed(venue: Venue) -> None:
    amended = venue.preview(venue.draft.amend(account=1, market="BTC-PERP", order=3, size="0.5"))
    assert amended.ok
    assert amended.after is not None
    assert amended.before is not None
    assert amended.after.pool("USDC").requirement == amended.before.pool("USDC").requirement  # the worst side is short
    marked = venue.preview(venue.draft.set_mark(market="BTC-PERP", price=65_000), account=1)
    assert marked.account == 1
    assert marked.after is not None
    assert marked.after.pool("USDC").requirement.amount == 4 * 65_000 * Decimal("0.02")
    opened = venue.preview([venue.draft.create_account(), venue.draft.deposit(account=3, asset="USDC", amount=5)])
    assert opened.before is None
    assert opened.after is not None
    assert opened.after.pool("USDC").equity.amount == 5
    refused = venue.preview(venue.draft.withdraw(account=1, asset="USDC", amount=10_001))
    assert [reject.code for reject in refused.rejected] == [RejectCode.INSUFFICIENT_BALANCE]
    assert refused.binding is None


def test_it_prints(venue: Venue) -> None:
    shown = repr(venue.preview(venue.draft.place(account=2, market="BTC-PERP", side="buy", size=2)))
    for part in ("fills 2 at 64020 on average", "costs 40 against the mark 64000", "MarginInsufficient"):
        assert part in shown
    assert "cross USDC BTC-PERP liquidated at" in shown
    assert repr(venue.preview(venue.draft.tick())) == "Tick"  # nobody's margin to show
    filled = venue.draft.place(account=2, market="BTC-PERP", side="buy", size=2)
    alone = venue.preview([filled, venue.draft.isolate(account=2, market="BTC-PERP", amount=5_000)])
    assert "\nisolated BTC-PERP liquidated at" in repr(alone)
    refused = venue.preview(venue.draft.place(account=2, market="BTC-PERP", side="buy", size=500, price=64_000))
    assert "refused" in repr(refused)
    assert refused._repr_html_().startswith("<pre>")


def test_what_cannot_be_tried_says_why(venue: Venue) -> None:
    with pytest.raises(NotFound):
        venue.preview(venue.draft.tick(), account=99)
    with pytest.raises(InputError) as caught:
        venue.preview([venue.draft.tick()], nonce=3)
    assert caught.value.code == "nonce_for_many"
    draft = venue.draft.tick()
    venue.close()
    with pytest.raises(VenueClosed):
        venue.preview(draft)
