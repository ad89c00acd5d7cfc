"""The order of refusals: a command starts with everything wrong at once and is repaired one fault at a time.

Each chain lists what the command is refused with, and the repair that removes just that fault. A repair is a change of
the command's fields or of its envelope, or another command that changes the venue. In the end nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.model import commands as c
from tests.model.desk import NOW, Desk
from tests.model.refusals import Code

Repair = dict[str, Any] | Sequence[c.Command]
Chain = Sequence[tuple[Code, Repair]]
ENVELOPE = ("origin", "author", "cause", "nonce")
FAR_AHEAD = 10**6

# Steps 1 to 3, as every command that only the operator may send meets them.
ENVELOPE_FAULTS: dict[str, int] = {"origin": c.ORACLE, "author": 9, "cause": FAR_AHEAD}
ENVELOPE_CHAIN: list[tuple[Code, Repair]] = [
    (Code.OriginNotPermitted, {"origin": c.OPERATOR}),
    (Code.UnknownAuthor, {"author": 0}),
    (Code.CauseNotEarlier, {"cause": 0}),
]
NONCE_CHAIN: list[tuple[Code, Repair]] = [(Code.NonceWithoutAccount, {"nonce": 0})]
USED_NONCE_CHAIN: list[tuple[Code, Repair]] = [(Code.DuplicateNonce, {"nonce": 0})]


def play(desk: Desk, command: c.Command, chain: Chain, **envelope: int) -> None:
    """Repairs a command along the chain and expects it to be accepted at the end."""
    assert play_on(desk, command, chain, **envelope) is None


def play_on(desk: Desk, command: c.Command, chain: Chain, **envelope: int) -> Code | None:
    """Repairs a command along the chain; returns what it is refused with at the end."""
    for code, repair in chain:
        refusal = desk.refusal(command, **envelope)
        assert refusal is not None, f"accepted, expected {code.name}"
        assert refusal[0] == code, f"{refusal[0].name}, expected {code.name}"
        if isinstance(repair, dict):
            fields = {name: value for name, value in repair.items() if name not in ENVELOPE}
            command = command._replace(**fields)
            envelope |= {name: value for name, value in repair.items() if name in ENVELOPE}
        else:
            for other in repair:
                desk.do(other)
    refusal = desk.refusal(command, **envelope)
    return refusal and refusal[0]


def use_nonce(desk: Desk, account: int) -> None:
    """Uses nonce 7 of an account."""
    desk.do(c.MassCancel(account, 0, 0), nonce=7)


def test_add_asset(desk: Desk) -> None:
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.SymbolInvalid, {"symbol": "USD"}),
        (Code.SymbolTaken, {"symbol": "EUR"}),
        (Code.DecimalsOutOfRange, {"decimals": 18}),
    ]
    play(desk, c.AddAsset("US D", 19), chain, **ENVELOPE_FAULTS, nonce=1)


def test_add_market(desk: Desk) -> None:
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.UnknownAsset, {"settlement": 1}),
        (Code.SymbolInvalid, {"symbol": "BTC-PERP"}),
        (Code.SymbolTaken, {"symbol": "ETH-PERP"}),
        (Code.SizeOutOfRange, {"tick_size_e12": 1}),
        (Code.SizeOutOfRange, {"lot_size_e12": 10**12}),
        (Code.TickValueNotExact, {"tick_size_e12": 10**12}),
        (Code.PriceMaxOutOfRange, {"price_max": 2**31 - 1}),
        (Code.PositionMaxOutOfRange, {"position_max": 2**28}),
        (Code.NotionalLimit, {"position_max": 2**27}),
    ]
    play(desk, c.AddMarket("", 9, 0, 0, 0, 0), chain, **ENVELOPE_FAULTS, nonce=1)


def test_set_tiers(desk: Desk) -> None:
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 1}),
        (Code.TiersInvalid, {"tiers": (c.Tier(0, 1, 1),)}),
    ]
    play(desk, c.SetTiers(9, ()), chain, **ENVELOPE_FAULTS, nonce=1)


def test_set_fees(desk: Desk) -> None:
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 1}),
        (Code.FeesOutOfRange, {"maker_rate": -1}),
    ]
    play(desk, c.SetFees(9, -2, 1), chain, **ENVELOPE_FAULTS, nonce=1)


def test_set_limits_names_the_first_bad_field(desk: Desk) -> None:
    bad = c.SetLimits(1, -1, 10_001, -1, 0)
    assert desk.refusal(bad) == (Code.LimitsInvalid, 1, 0)
    assert desk.refusal(bad._replace(order_min_notional=0)) == (Code.LimitsInvalid, 2, 0)
    assert desk.refusal(bad._replace(order_min_notional=0, order_max_lots=10_000)) == (Code.LimitsInvalid, 3, 0)
    better = bad._replace(order_min_notional=0, order_max_lots=10_000, price_band_rate=0)
    assert desk.refusal(better) == (Code.LimitsInvalid, 4, 0)
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 1}),
        (Code.LimitsInvalid, {"market_bound_rate": 1}),
    ]
    play(desk, better._replace(market=9), chain, **ENVELOPE_FAULTS, nonce=1)


def test_set_parameters(desk: Desk) -> None:
    assert desk.refusal(c.SetParameters(0, 0, 0)) == (Code.ParametersInvalid, 1, 0)
    assert desk.refusal(c.SetParameters(1, 0, 0)) == (Code.ParametersInvalid, 2, 0)
    chain = [*ENVELOPE_CHAIN, *NONCE_CHAIN, (Code.ParametersInvalid, {"open_orders_max": 10**6})]
    play(desk, c.SetParameters(10**6 + 1, 1, 0), chain, **ENVELOPE_FAULTS, nonce=1)


def test_create_account(desk: Desk) -> None:
    use_nonce(desk, 5)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"parent": 5}),
        *USED_NONCE_CHAIN,
        (Code.ParentIsSubAccount, {"parent": 1}),
    ]
    play(desk, c.CreateAccount(9), chain, **ENVELOPE_FAULTS, nonce=7)


def test_deposit(desk: Desk) -> None:
    use_nonce(desk, 1)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.UnknownAsset, {"asset": 1}),
        (Code.AmountNotPositive, {"amount": 2**60}),
        (Code.SupplyLimit, {"amount": 1}),
    ]
    play(desk, c.Deposit(9, 9, 0), chain, **ENVELOPE_FAULTS, nonce=7)


def test_withdraw(desk: Desk) -> None:
    use_nonce(desk, 1)
    desk.buy(1, 10, 100)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.UnknownAsset, {"asset": 1}),
        (Code.AmountNotPositive, {"amount": 10_001}),
        (Code.InsufficientBalance, {"amount": 10_000}),
        (Code.WithdrawalMargin, {"amount": 1}),
    ]
    play(desk, c.Withdraw(9, 9, 0), chain, **ENVELOPE_FAULTS, nonce=7)


def test_transfer(desk: Desk) -> None:
    use_nonce(desk, 1)
    desk.buy(1, 10, 100)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"source": 1}),
        (Code.UnknownAccount, {"destination": 1}),
        *USED_NONCE_CHAIN,
        (Code.UnknownAsset, {"asset": 1}),
        (Code.AmountNotPositive, {"amount": 10_001}),
        (Code.SameAccount, {"destination": 2}),
        (Code.NotSameMaster, {"destination": 5}),
        (Code.InsufficientBalance, {"amount": 10_000}),
        (Code.WithdrawalMargin, {"amount": 1}),
    ]
    play(desk, c.Transfer(9, 9, 9, 0), chain, **ENVELOPE_FAULTS, nonce=7)


def test_set_mark(desk: Desk) -> None:
    chain = [
        (Code.OriginNotPermitted, {"origin": c.ORACLE}),
        *ENVELOPE_CHAIN[1:],
        *NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 1}),
        (Code.PriceOutOfRange, {"price": 100_000}),
    ]
    play(desk, c.SetMark(9, 100_001), chain, **(ENVELOPE_FAULTS | {"origin": c.CLIENT}), nonce=1)


def market_with_limits(desk: Desk) -> None:
    """Market 2: at most 10 lots a position, 8 an order, notional from 1,000, a band of 10 %; no tiers, no mark."""
    desk.do(c.AddMarket("ETH-PERP", 1, 10**12, 10**12, 1_000, 10))
    desk.do(c.SetLimits(2, 1_000, 8, 100_000_000, 50_000_000))


def test_place(desk: Desk) -> None:
    market_with_limits(desk)
    desk.do(c.SetParameters(1, 1, 0))
    use_nonce(desk, 1)
    desk.buy(1, 1, 1, client_order=5)
    faulty = desk.order(
        9, c.BUY, 0, -1, market=9, kind=c.MARKET, time_in_force=c.GTD, client_order=5, expires_at=NOW
    )  # fmt: skip
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 2}),
        (Code.LotsNotPositive, {"lots": 9}),
        (Code.PriceOutOfRange, {"price": 111}),
        (Code.TimeInForceInvalid, {"kind": c.LIMIT}),
        (Code.AlreadyExpired, {"expires_at": NOW + 1}),
        (Code.MarketNotReady, [c.SetTiers(2, (c.Tier(0, 10**9, 10**9),))]),
        (Code.MarketNotReady, [c.SetMark(2, 100)]),
        (Code.DuplicateClientOrder, {"client_order": 0}),
        (Code.OpenOrdersLimit, [c.SetParameters(9, 1, 0)]),
        (Code.OrderTooLarge, {"lots": 8}),
        (Code.NotionalTooSmall, [c.SetLimits(2, 880, 8, 100_000_000, 50_000_000)]),
        (Code.PriceOutsideBand, {"price": 110}),
    ]
    play(desk, faulty, chain, **ENVELOPE_FAULTS, nonce=7)


def test_place_new_exposure(desk: Desk) -> None:
    """Band, position limit, post-only, margin; the open buys of account 1 leave room for two lots."""
    market_with_limits(desk)
    desk.do(c.SetTiers(2, (c.Tier(0, 10**9, 10**9),)))
    desk.mark(100, market=2)
    desk.do(c.SetLimits(2, 0, 8, 100_000_000, 50_000_000))
    desk.sell(2, 1, 105, market=2)
    desk.buy(1, 8, 100, market=2)
    desk.do(c.Withdraw(1, 1, 9_200))
    chain: Chain = [
        (Code.PriceOutsideBand, {"price": 110}),
        (Code.PositionLimit, {"lots": 2}),
        (Code.PostOnlyWouldCross, {"post_only": False, "time_in_force": c.FOK}),
        (Code.MarginInsufficient, [c.Deposit(1, 1, 200)]),
        (Code.FillOrKillUnfilled, {"lots": 1}),
    ]
    play(desk, desk.order(1, c.BUY, 3, 111, market=2, post_only=True), chain)


def test_place_reduce_only(desk: Desk) -> None:
    market_with_limits(desk)
    desk.do(c.SetTiers(2, (c.Tier(0, 10**9, 10**9),)))
    desk.mark(100, market=2)
    desk.do(c.SetLimits(2, 600, 8, 100_000_000, 50_000_000))
    desk.sell(2, 6, 105, market=2)
    opened: list[c.Command] = [
        desk.order(3, c.BUY, 8, 104, market=2),
        desk.order(1, c.SELL, 8, 104, market=2),  # 1 is short 8
    ]
    chain: Chain = [
        (Code.OrderTooLarge, {"lots": 5}),  # 555 is below the minimum, which binds only those who open
        (Code.PriceOutsideBand, {"price": 106}),
        (Code.WouldNotReduce, opened),
        (Code.PostOnlyWouldCross, {"post_only": False, "time_in_force": c.FOK}),
    ]
    play(desk, desk.order(1, c.BUY, 9, 111, market=2, reduce_only=True, post_only=True), chain)


def test_amend(desk: Desk) -> None:
    use_nonce(desk, 1)
    desk.do(c.SetLimits(1, 200, 50, 100_000_000, 50_000_000))
    desk.buy(1, 10, 100, client_order=3)
    desk.sell(2, 2, 100)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.OrderReferenceInvalid, {"client_order": 0}),
        (Code.UnknownOrder, {"order": 1}),
        (Code.LotsNotPositive, {"lots": 2}),
        (Code.PriceOutOfRange, {"price": 100}),
        (Code.AmendBelowFilled, {"lots": 10}),
        (Code.AmendChangesNothing, {"lots": 51, "price": 111}),
        (Code.OrderTooLarge, {"lots": 3}),
        (Code.NotionalTooSmall, {"lots": 4}),
        (Code.PriceOutsideBand, {"price": 110}),
    ]
    play(desk, c.Amend(9, 8, 8, 100_001, -1), chain, **ENVELOPE_FAULTS, nonce=7)


def test_amend_new_exposure(desk: Desk) -> None:
    market_with_limits(desk)
    desk.do(c.SetTiers(2, (c.Tier(0, 10**9, 10**9),)))
    desk.mark(100, market=2)
    desk.do(c.SetLimits(2, 0, 8, 100_000_000, 50_000_000))
    desk.sell(2, 1, 105, market=2)
    desk.buy(1, 6, 90, market=2)
    desk.buy(1, 1, 90, market=2, post_only=True)
    desk.do(c.Withdraw(1, 1, 9_300))
    chain: Chain = [
        (Code.PriceOutsideBand, {"price": 105}),
        (Code.PositionLimit, {"lots": 4}),
        (Code.PostOnlyWouldCross, {"price": 104}),
        (Code.MarginInsufficient, {"lots": 1}),
    ]
    play(desk, c.Amend(1, 3, 0, 111, 5), chain)


def test_cancel(desk: Desk) -> None:
    use_nonce(desk, 1)
    desk.buy(1, 1, 90)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.OrderReferenceInvalid, {"client_order": 0}),
        (Code.UnknownOrder, {"order": 1}),
    ]
    play(desk, c.Cancel(9, 8, 8), chain, **ENVELOPE_FAULTS, nonce=7)


def test_mass_cancel(desk: Desk) -> None:
    use_nonce(desk, 1)
    chain = [
        *ENVELOPE_CHAIN,
        (Code.UnknownAccount, {"account": 1}),
        *USED_NONCE_CHAIN,
        (Code.UnknownMarket, {"market": 0}),
    ]
    play(desk, c.MassCancel(9, 9, 0), chain, **ENVELOPE_FAULTS, nonce=7)


def test_authors_and_rulesets(desk: Desk) -> None:
    chain = [
        *ENVELOPE_CHAIN,
        *NONCE_CHAIN,
        (Code.AuthorInvalid, {"name": "fund"}),
        (Code.AuthorInvalid, {"version": "1"}),
    ]
    play(desk, c.RegisterAuthor(c.POLICY, "", ""), chain, **ENVELOPE_FAULTS, nonce=1)
    chain = [*ENVELOPE_CHAIN, *NONCE_CHAIN, (Code.RulesetNotSupported, {"ruleset": 1})]
    play(desk, c.ActivateRuleset(2), chain, **ENVELOPE_FAULTS, nonce=1)
