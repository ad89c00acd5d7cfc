"""Scenarios of single refusals: the values they name, nonces, capacity, origins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model import commands as c
from tests.model.common_checks import ORIGINS
from tests.model.desk import NOW, Desk
from tests.model.refusals import Code

I64_MAX = 2**63 - 1


def test_a_nonce_works_once_and_the_refusal_names_the_seq(desk: Desk) -> None:
    first = desk.send(c.Deposit(1, 1, 5), nonce=42)[0][1]
    assert desk.refusal(c.Deposit(1, 1, 5), nonce=42) == (Code.DuplicateNonce, 42, first)
    assert desk.refusal(c.Deposit(2, 1, 5), nonce=42) is None  # each account counts for itself
    assert desk.cash(1) == 10_005


def test_a_refused_command_uses_up_its_nonce_only_from_step_5_on(desk: Desk) -> None:
    assert desk.refusal(c.Deposit(1, 1, 5), nonce=42, author=9) == (Code.UnknownAuthor, 9, 0)
    refused = desk.send(c.Deposit(1, 9, 5), nonce=42)[0]
    assert refused[4] == Code.UnknownAsset
    assert desk.refusal(c.Deposit(1, 1, 5), nonce=42) == (Code.DuplicateNonce, 42, refused[1])


def test_an_unknown_destination_does_not_use_up_the_nonce(desk: Desk) -> None:
    assert desk.send(c.Transfer(1, 9, 1, 5), nonce=42)[0][2:] == (1, 10, 1, Code.UnknownAccount, 9, 0)[1:]
    assert desk.refusal(c.Transfer(1, 5, 1, 5), nonce=42) is None


def test_the_highest_128_nonces_are_remembered(desk: Desk) -> None:
    for nonce in (900, 8, *range(10, 136)):
        assert desk.refusal(c.MassCancel(1, 0, 0), nonce=nonce) is None
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=7) == (Code.NonceTooOld, 7, 8)
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=9) is None  # 8 is forgotten
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=8) == (Code.NonceTooOld, 8, 9)
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=1_000) is None  # 9 is forgotten
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=9) == (Code.NonceTooOld, 9, 10)
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=1_001) is None  # 10 is forgotten
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=10) == (Code.NonceTooOld, 10, 11)
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=500) is None  # between: 11 is forgotten
    assert desk.refusal(c.MassCancel(1, 0, 0), nonce=11) == (Code.NonceTooOld, 11, 12)
    refusal = desk.refusal(c.MassCancel(1, 0, 0), nonce=12)
    assert refusal is not None
    assert refusal[:2] == (Code.DuplicateNonce, 12)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"symbol": "x" * 24}, None),
        ({"symbol": "x" * 25}, Code.SymbolInvalid),
        ({"symbol": "A-z_0.9/:"}, None),
        ({"symbol": "É"}, Code.SymbolInvalid),
        ({"tick_size_e12": 2**40}, None),
        ({"tick_size_e12": 2**40 + 1}, Code.TickValueNotExact),
        ({"price_max": 2**31 - 1}, None),
        ({"price_max": 2**31}, Code.PriceMaxOutOfRange),
        ({"price_max": 2**30, "position_max": 2**28}, None),
        ({"price_max": 2**30, "position_max": 2**28 + 1}, Code.NotionalLimit),
    ],
)
def test_the_edges_of_a_market(desk: Desk, fields: dict[str, Any], code: Code | None) -> None:
    desk.do(c.AddAsset("PICO", 12))
    market = c.AddMarket("X", 2, 1, 10**12, 1, 1)._replace(**fields)
    refusal = desk.refusal(market)
    assert (refusal and refusal[0]) == code


def test_values_beyond_the_wire_are_capped(desk: Desk) -> None:
    assert desk.refusal(c.Tick(), cause=2**64 - 1) == (Code.CauseNotEarlier, I64_MAX, 0)
    assert desk.refusal(c.Cancel(1, 2**64 - 1, 0)) == (Code.UnknownOrder, I64_MAX, 0)
    huge = c.AddMarket("X", 1, 2**64 - 1, 0, 1, 1)
    assert desk.refusal(huge) == (Code.SizeOutOfRange, I64_MAX, 0)
    desk.do(c.AddAsset("WEI", 18))
    biggest = c.AddMarket("X", 2, 10**18, 10**18, 1, 1)  # 10^30 a tick
    assert desk.refusal(biggest) == (Code.TickValueNotExact, 0, 0)


@pytest.mark.parametrize("command", [kind.__name__ for kind in ORIGINS])
def test_each_origin_may_send_what_the_table_says(desk: Desk, command: str) -> None:
    kind = next(kind for kind in ORIGINS if kind.__name__ == command)
    blank = {"str": "", "bool": False, "int": 1}
    types = [kind.__annotations__[field].__forward_arg__ for field in kind._fields]  # type: ignore[attr-defined]
    sample = kind(*(blank.get(name, ()) for name in types))
    if kind is c.FundInsurance:
        sample = sample._replace(account=0)  # out of an account it is the operator's alone
    for origin in (c.CLIENT, c.ORACLE, c.POLICY, c.OPERATOR):
        refusal = desk.refusal(sample, origin=origin)
        permitted = refusal is None or refusal[0] != Code.OriginNotPermitted
        assert permitted == (origin in ORIGINS[kind])


@pytest.mark.parametrize(
    ("tiers", "number"),
    [
        ((), 0),
        (tuple(c.Tier(bound, 1, 1) for bound in range(17)), 0),
        ((c.Tier(1, 2, 1),), 1),
        ((c.Tier(0, 1, 2),), 1),
        ((c.Tier(0, 10**9 + 1, 1),), 1),
        ((c.Tier(0, 1, -1),), 1),
        ((c.Tier(0, 2, 1), c.Tier(0, 2, 1)), 2),
        ((c.Tier(0, 2, 1), c.Tier(5, 1, 1)), 2),
        ((c.Tier(0, 2, 1), c.Tier(5, 2, 1), c.Tier(6, 2, 0)), 3),
    ],
)
def test_tiers_name_the_first_that_breaks_the_rule(desk: Desk, tiers: tuple[c.Tier, ...], number: int) -> None:
    assert desk.refusal(c.SetTiers(1, tiers)) == (Code.TiersInvalid, number, 0)


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({"kind": c.MARKET, "time_in_force": c.GTC}, Code.TimeInForceInvalid),
        ({"kind": c.MARKET, "time_in_force": c.GTD, "expires_at": NOW + 5}, Code.TimeInForceInvalid),
        ({"kind": c.MARKET, "time_in_force": c.IOC, "post_only": True}, Code.TimeInForceInvalid),
        ({"time_in_force": c.IOC, "post_only": True}, Code.TimeInForceInvalid),
        ({"time_in_force": c.FOK, "post_only": True}, Code.TimeInForceInvalid),
        ({"time_in_force": c.GTC, "expires_at": NOW + 5}, Code.TimeInForceInvalid),
        ({"time_in_force": c.IOC, "expires_at": NOW + 5}, Code.TimeInForceInvalid),
        ({"time_in_force": c.GTD}, Code.AlreadyExpired),
        ({"time_in_force": c.GTD, "expires_at": NOW}, Code.AlreadyExpired),
        ({"time_in_force": c.GTD, "expires_at": NOW + 1, "post_only": True}, None),
        ({"kind": c.MARKET, "time_in_force": c.IOC}, None),
    ],
)
def test_what_goes_together(desk: Desk, flags: dict[str, int], code: Code | None) -> None:
    refusal = desk.refusal(desk.order(1, c.BUY, 1, 100, **flags))
    assert (refusal and refusal[0]) == code


def test_the_band_is_inclusive_and_does_not_bind_a_default_bound(desk: Desk) -> None:
    desk.do(c.SetLimits(1, 0, 100, 50_000_000, 200_000_000))
    desk.buy(1, 1, 105)
    desk.buy(1, 1, 95)
    assert desk.refusal(desk.order(1, c.BUY, 1, 106)) == (Code.PriceOutsideBand, 106, 100)
    assert desk.refusal(desk.order(1, c.SELL, 1, 94)) == (Code.PriceOutsideBand, 94, 100)
    market = {"kind": c.MARKET, "time_in_force": c.IOC}
    assert desk.refusal(desk.order(2, c.BUY, 1, 106, **market)) == (Code.PriceOutsideBand, 106, 100)
    assert desk.refusal(desk.order(2, c.BUY, 1, 0, **market)) is None  # bound 120


def test_the_band_binds_an_amend_that_keeps_its_price(desk: Desk) -> None:
    desk.do(c.SetLimits(1, 0, 100, 100_000_000, 50_000_000))
    desk.buy(1, 5, 90)
    desk.mark(101)
    assert desk.refusal(c.Amend(1, 1, 0, 0, 6)) == (Code.PriceOutsideBand, 90, 101)
    assert desk.refusal(c.Amend(1, 1, 0, 0, 4)) is None  # to shrink is always allowed


def test_open_orders_are_limited_but_orders_that_never_rest_are_not(desk: Desk) -> None:
    desk.do(c.SetParameters(2, 1, 0))
    desk.buy(1, 1, 90)
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 1_000))
    desk.do(c.SetTiers(2, (c.Tier(0, 0, 0),)))
    desk.mark(100, market=2)
    desk.buy(1, 1, 90, market=2)
    assert desk.refusal(desk.order(1, c.BUY, 1, 90)) == (Code.OpenOrdersLimit, 2, 2)
    assert desk.refusal(desk.order(1, c.BUY, 1, 90, time_in_force=c.IOC)) is None


def test_capacity_of_assets_and_authors(desk: Desk) -> None:
    for number in range(2, 65):
        desk.do(c.AddAsset(f"A{number}", 0))
    assert desk.refusal(c.AddAsset("B", 0)) == (Code.CapacityReached, 64, 0)
    assert desk.refusal(c.AddAsset("B", 19)) == (Code.DecimalsOutOfRange, 19, 0)
    for _ in range(1_024):
        desk.do(c.RegisterAuthor(c.POLICY, "fund", "1"))
    assert desk.refusal(c.RegisterAuthor(c.POLICY, "fund", "1")) == (Code.CapacityReached, 1_024, 0)
    assert desk.refusal(c.RegisterAuthor(c.POLICY, "", "1")) == (Code.AuthorInvalid, 0, 0)


def test_an_author_speaks_under_any_origin(desk: Desk) -> None:
    assert desk.refusal(c.Tick(), author=1) == (Code.UnknownAuthor, 1, 0)
    desk.do(c.RegisterAuthor(c.POLICY, "fund", "1"))
    desk.do(c.Tick(), author=1, origin=c.CLIENT)


def test_an_order_of_another_account_is_unknown(desk: Desk) -> None:
    desk.buy(1, 1, 90, client_order=5)
    assert desk.refusal(c.Cancel(2, 1, 0)) == (Code.UnknownOrder, 1, 0)
    assert desk.refusal(c.Cancel(2, 0, 5)) == (Code.UnknownOrder, 0, 5)
    assert desk.refusal(c.Cancel(1, 1, 5)) == (Code.OrderReferenceInvalid, 0, 0)
