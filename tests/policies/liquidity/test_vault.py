"""A vault in the book: what it quotes, when it stops, and that it changes no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossbook.commands import (
    Grade,
    MarketMode,
    OrderKind,
    Origin,
    Place,
    SetAgent,
    SetMark,
    SetMarketMode,
    Side,
)
from crossbook.errors import InputError
from crossbook.events import OrderAccepted, OrderCancelled, Rejected
from crossbook.policies import catalogue
from crossbook.policies.liquidity.curves import ConstantProduct
from crossbook.policies.liquidity.vault import Vault
from tests.policies.liquidity.pool import ALICE, TRADER, VAULT, Pool
from tests.policies.stage import BTC, ETH, SECOND

CALM = ([(119_940, 10), (119_880, 10), (119_820, 10)], [(120_060, 10), (120_120, 10), (120_180, 10)])
"""The default curve at an oracle of 120,000 ticks: a half spread of 0.05 % and steps of as much."""
NOTHING: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
THOUSAND = 1_000_000_000
"""1,000 USDC, in minor units: 16 lots at 60,000. A vault of 4,000 may hold 66 lots."""


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """A vault with 4,000 USDC of Alice's."""
    stage = Pool(tmp_path / "venue")
    stage.join(1, ALICE, 4 * THOUSAND)
    return stage


def test_the_curve_stands_in_the_book(pool: Pool) -> None:
    assert pool.book() == CALM
    assert pool.said(Rejected) == []


def test_without_shares_nothing_is_quoted(tmp_path: Path) -> None:
    assert Pool(tmp_path / "venue").book() == NOTHING


def test_what_the_vault_may_hold_cuts_its_quotes(tmp_path: Path) -> None:
    small = Pool(tmp_path / "small")
    small.join(1, ALICE, THOUSAND)
    assert small.book() == ([(119_940, 10), (119_880, 6)], [(120_060, 10), (120_120, 6)])
    capped = Pool(tmp_path / "capped", exposure_max=300_000_000)
    capped.join(1, ALICE, THOUSAND)
    assert capped.book() == ([(119_940, 5)], [(120_060, 5)])


def test_after_a_fill_only_what_changed_is_replaced(tmp_path: Path) -> None:
    """Without a lean, a bought level comes back at its price and the others keep their place."""
    upright = Pool(tmp_path / "venue", curve={"type": "linear", "skew_rate": 0})
    upright.join(1, ALICE, 4 * THOUSAND)
    before = {order.price: order.order for order in upright.view.orders(VAULT)}
    upright.take(2, Side.SELL, 119_940, 4)
    upright.take(3, Side.SELL, 119_940, 10)
    assert upright.book() == CALM
    after = {order.price: order.order for order in upright.view.orders(VAULT)}
    # After 4 lots the order was filled up to 10 again; after 10 more it was gone, and a new one was placed.
    assert [price for price in before if before[price] != after[price]] == [119_940]
    assert len(upright.said(OrderAccepted)) == 6 + 2 + 1
    assert upright.said(OrderCancelled) == []


def test_the_quotes_lean_against_the_inventory(pool: Pool) -> None:
    pool.take(2, Side.SELL, 119_820, 30)
    # Long 30 of at most 66: the centre is 0.0227272 % lower.
    assert pool.book() == (
        [(119_912, 10), (119_852, 10), (119_792, 10)],
        [(120_033, 10), (120_093, 10), (120_153, 10)],
    )


def test_at_its_cap_the_vault_quotes_only_what_reduces(tmp_path: Path) -> None:
    stage = Pool(tmp_path / "venue", exposure_max=1_200_000_000, curve={"type": "linear", "skew_rate": 0})
    stage.join(1, ALICE, 4 * THOUSAND)
    stage.take(2, Side.BUY, 120_120, 20)
    assert stage.book() == ([(119_940, 10), (119_880, 10), (119_820, 10)], [])
    stage.take(3, Side.SELL, 119_940, 5)
    assert stage.book()[1] == [(120_060, 5)]


def test_the_quotes_follow_the_oracle(pool: Pool) -> None:
    pool.price(2, 121_000)
    assert pool.book()[0][0] == (120_939, 10)
    assert pool.book()[1][0] == (121_061, 10)


def test_a_moving_oracle_widens_the_spread(pool: Pool) -> None:
    pool.price(4, 121_200)  # 1 % up
    pool.advance(5)  # variance 0.06 · 1 %², which is a standard deviation of 0.2449489 %
    assert pool.venue.policies.state("liquidity").volatility.rate == 2_449_489
    assert pool.book()[0][0] == (120_842, 10)
    assert pool.book()[1][0] == (121_558, 10)


def test_a_price_that_is_not_fresh_enough_ends_the_quotes(pool: Pool) -> None:
    pool.price(2, 120_000, Grade.THIN)
    assert pool.book() == NOTHING
    pool.price(3, 120_000, Grade.AGEING)
    assert pool.book()[0][0] == (119_880, 10)  # half a step wider than at grade good
    pool.price(4, 120_000)
    assert pool.book() == CALM


def test_a_price_that_nobody_renews_ends_the_quotes(tmp_path: Path) -> None:
    stage = Pool(tmp_path / "venue", age_ns_max=60 * SECOND)
    stage.join(1, ALICE, 4 * THOUSAND)
    stage.advance(60)
    assert stage.book() == CALM
    stage.advance(66)
    assert stage.book() == NOTHING


def test_a_market_without_an_oracle_is_quoted_around_its_mark_if_the_vault_may(tmp_path: Path) -> None:
    careful = Pool(tmp_path / "careful", market=ETH)
    careful.join(1, ALICE, 4 * THOUSAND)
    assert careful.view.orders(VAULT, ETH) == []
    daring = Pool(tmp_path / "daring", market=ETH, least_grade=0, curve={"type": "linear", "grade_rate": 0})
    daring.join(1, ALICE, 4 * THOUSAND)
    assert [order.price for order in daring.view.orders(VAULT, ETH)] == [59_970, 59_940, 59_910, 60_030, 60_060, 60_090]
    daring.at(2, SetMark(ETH, 61_000), origin=Origin.ORACLE)
    assert daring.view.orders(VAULT, ETH)[0].price == 60_969


def test_nothing_is_proposed_for_an_account_that_has_not_granted_it(pool: Pool) -> None:
    orders = len(pool.said(OrderAccepted))
    pool.at(2, SetAgent(VAULT, pool.author, False))
    pool.price(3, 121_000)
    pool.advance(60)
    assert len(pool.said(OrderAccepted)) == orders
    assert pool.said(Rejected) == []
    pool.at(61, SetAgent(VAULT, pool.author, True))
    # The move of 0.8333333 % is in the volatility, eleven refreshes old: 0.1452437 % are added to the spread.
    assert pool.venue.policies.state("liquidity").volatility.rate == 1_452_437
    assert pool.book()[0][0] == (120_763, 10)


def test_a_halted_market_is_left_alone_and_a_closing_one_is_left(pool: Pool) -> None:
    pool.at(2, SetMarketMode(BTC, MarketMode.HALTED), origin=Origin.OPERATOR)
    assert pool.book() == CALM
    pool.at(3, SetMarketMode(BTC, MarketMode.CANCEL_ONLY), origin=Origin.OPERATOR)
    assert pool.book() == NOTHING
    pool.at(4, SetMarketMode(BTC, MarketMode.CONTINUOUS), origin=Origin.OPERATOR)
    assert pool.book() == CALM
    assert pool.said(Rejected) == []


def test_the_vault_never_takes(pool: Pool) -> None:
    """Somebody bids above the vault's ask: it moves its ask behind the bid instead of selling into it."""
    pool.at(2, Place(TRADER, BTC, Side.BUY, OrderKind.LIMIT, 120_100, 40))
    assert pool.view.position(VAULT, BTC).lots == -10  # type: ignore[union-attr]
    assert pool.book()[1] == [(120_101, 10), (120_130, 10), (120_190, 10)]
    pool.price(4, 119_000)
    assert pool.book()[1] == [(120_101, 30)]
    assert pool.said(Rejected) == []


def test_a_constant_product_pool_in_the_book(tmp_path: Path) -> None:
    """Reserves of 1,000 lots, slices of 20: what is taken moves the pool's price along the curve."""
    curve = {"type": "constant_product", "level_count": 2, "lots": 20, "reserve_lots": 1_000, "fee_rate": 1_000_000}
    stage = Pool(tmp_path / "venue", curve=curve)
    stage.join(1, ALICE, 4 * THOUSAND)
    assert stage.book() == ([(117_529, 20), (113_009, 20)], [(122_572, 20), (127_679, 20)])
    stage.take(2, Side.BUY, 122_572, 20)
    # The reserve is 980 lots; the slice back to 1,000 is the one just sold, at the pool's price less the fee.
    assert stage.book() == ([(122_326, 20), (117_529, 20)], [(127_679, 20), (133_112, 20)])


def test_a_vault_is_configured_by_name_and_tells_its_configuration() -> None:
    built = catalogue.build(
        "liquidity", {"policy": "vault", "account": 1, "market": 1, "curve": {"type": "constant_product"}}
    )
    assert built == Vault(1, 1, ConstantProduct())
    assert catalogue.configured(Vault, catalogue.configuration(built)) == built
    with pytest.raises(InputError, match="policy_config"):
        catalogue.build("liquidity", {"policy": "vault", "account": 1, "market": 1, "refresh_ns": 0})
