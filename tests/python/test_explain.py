"""The term tree: an account in trouble, worked out by hand, with where each number comes from."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tests.python.worlds import make_venue

from crossbook import Venue
from crossbook.commands import AddAsset, MarginMode
from crossbook.errors import NotFound
from crossbook.events import Standing, StandingChanged
from crossbook.views import TermKind

K = TermKind


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """Account 2 bought 2 at 64,000 from account 1; each has 10,000. Initial margin 2 %, maintenance 1 %."""
    with make_venue(tmp_path / "venue") as venue:
        venue.set_fees(market="BTC-PERP", maker_rate=0, taker_rate=0).raise_if_rejected()
        venue.place(account=1, market="BTC-PERP", side="sell", price=64_000, size=2).raise_if_rejected()
        venue.place(account=2, market="BTC-PERP", side="buy", price=64_000, size=2).raise_if_rejected()
        yield venue


def test_each_number_is_a_sum_and_each_term_says_where_it_is_from(venue: Venue) -> None:
    marked = venue.set_mark(market="BTC-PERP", price=62_000).seq
    traded = marked - 1
    pool = venue.explain(2).pool("USDC")
    assert [(term.kind, term.entity, term.amount) for term in pool.equity] == [
        (K.CASH, "USDC", 10_000),
        (K.UNREALISED, "BTC-PERP", -4_000),
    ]
    assert pool.equity.amount == 6_000
    # 2 at 62,000 are 124,000: 2 % and 1 % of it.
    assert [(term.kind, term.amount) for term in pool.requirement] == [(K.TIER, 2_480)]
    assert [(term.kind, term.amount) for term in pool.maintenance] == [(K.MAINTENANCE, 1_240)]
    unrealised = pool.equity.terms[1]
    assert unrealised.seqs == (traded, marked)
    assert venue.receipt(unrealised.seqs[0]).trades[0].taker == 2
    assert pool.standing is Standing.HEALTHY


def test_a_liquidation_price_is_the_first_mark_below_maintenance(venue: Venue) -> None:
    (price,) = venue.explain(2).pool("USDC").liquidation_prices
    # 10,000 + 2 * (P - 64,000) = 1 % of 2 * P: P = 118,000 / 1.98.
    assert (price.market, price.exact) == ("BTC-PERP", Fraction(11_800_000, 198))
    assert price.price == Decimal("59595.5")
    assert not venue.set_mark(market="BTC-PERP", price=59_596).all(StandingChanged)
    (changed,) = venue.set_mark(market="BTC-PERP", price=price.price).all(StandingChanged)
    assert (changed.account, changed.standing) == (2, Standing.LIQUIDATABLE)
    pool = venue.explain(2).pool("USDC")
    assert pool.standing is Standing.LIQUIDATABLE
    assert pool.equity.amount < pool.maintenance.amount
    assert pool.liquidation_prices[0].price == price.price
    assert venue.explain(1).pool("USDC").liquidation_prices[0].price > 64_000


def test_funding_collateral_and_isolation_are_terms(venue: Venue) -> None:
    venue.submit(AddAsset("EURC", 2)).raise_if_rejected()
    venue.set_collateral(asset="EURC", settlement="USDC", haircut_rate="0.1", account_cap=1_000, total_cap=10_000)
    venue.set_collateral_price(asset="EURC", price="1.1").raise_if_rejected()
    venue.deposit(account=2, asset="EURC", amount=500).raise_if_rejected()
    settled = venue.settle_funding(market="BTC-PERP", price=64_000, rate="0.0001").raise_if_rejected().seq
    terms = {term.kind: term for term in venue.explain(2).pool("USDC").equity}
    assert terms[K.COLLATERAL].amount == 495  # 500 at 1.1, less 10 %
    assert terms[K.FUNDING].amount == Decimal("-12.8")
    assert settled in terms[K.FUNDING].seqs
    assert venue.market("BTC-PERP").funding.index == Decimal("0.0064")
    venue.isolate(account=2, market="BTC-PERP", amount=3_000).raise_if_rejected()
    cross, isolated = venue.explain(2).pools
    assert (cross.market, isolated.market, isolated.name) == (None, "BTC-PERP", "isolated BTC-PERP")
    assert [(term.kind, term.amount) for term in isolated.equity] == [(K.MARGIN, 3_000), (K.UNREALISED, 0)]
    assert cross.equity.amount == 10_000 - Decimal("12.8") - 3_000 + 495
    assert venue.account(2).pool("USDC", "BTC-PERP").balance == 3_000


def test_levels_and_floors_are_terms_too(venue: Venue) -> None:
    venue.set_levels(asset="USDC", initial_rate="1.5", buffer_rate="0.5", account_floor=3_000).raise_if_rejected()
    pool = venue.explain(2).pool("USDC")
    assert [(term.kind, term.amount) for term in pool.requirement] == [(K.TIER, 2_560), (K.FLOOR, 440)]
    assert (pool.placing_level, pool.recovered_level, pool.transfer_level) == (4_500, 1_920, 12_800)


def test_a_portfolio_shows_its_scenario_and_its_worst_losses(venue: Venue) -> None:
    venue.set_group(market="BTC-PERP", group=3).raise_if_rejected()
    venue.set_scenarios(market="BTC-PERP", moves=[-1_000, 500]).raise_if_rejected()
    venue.set_portfolio(asset="USDC", maintenance_rate="0.5").raise_if_rejected()
    venue.set_margin_mode(account=2, mode="portfolio").raise_if_rejected()
    explained = venue.explain(2)
    pool = explained.pool("USDC")
    assert explained.mode is MarginMode.PORTFOLIO
    assert [(term.kind, term.amount) for term in pool.requirement] == [(K.SCENARIO, 2_000)]
    assert [(term.kind, term.amount) for term in pool.maintenance] == [(K.SCENARIO, 2_000), (K.RELIEF, -1_000)]
    assert [(worst.group, worst.sign, worst.loss, worst.scenario) for worst in pool.losses] == [
        ("group 3", 1, 2_000, 1)
    ]
    assert pool.liquidation_prices[0].exact is None
    assert "    group 3 loses 2000 in scenario 1" in repr(explained).splitlines()
    venue.set_scenarios(market="BTC-PERP", moves=[500]).raise_if_rejected()
    assert "    group 3 loses nothing in any scenario" in repr(venue.explain(2)).splitlines()


def test_it_prints_as_a_tree(venue: Venue) -> None:
    explained = venue.explain(2)
    lines = repr(explained).splitlines()
    assert lines[0] == "account 2, standard margin"
    assert lines[1] == "  cross USDC: healthy"
    assert lines[2] == "    equity 10000 USDC"
    assert lines[3].startswith("      cash USDC 10000  (seq ")
    assert lines[-1] == "    liquidated at BTC-PERP 59595.5, exactly 5900000/99"
    shown = explained._repr_html_()
    assert shown.count("<ul>") == shown.count("</ul>") > 3
    assert "unrealised BTC-PERP" in shown


def test_nobody_is_not_explained(venue: Venue) -> None:
    for nobody in (0, 99, 2**40):
        with pytest.raises(NotFound) as caught:
            venue.explain(nobody)
        assert caught.value.code == "unknown_account"
