"""The grade rules, held against what the kernel shows from outside: who asks for which grade, and what is refused.

What a command asks for is worked out from the command and from the views before it, in whatever session: nothing here
knows how a rule is checked, or who sent the command.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

from crossbook._kernel import Kernel
from tests.model import commands as c
from tests.model import events as e
from tests.model.refusals import Code
from tests.model.wire import decode
from tests.properties.agreement import apply_block
from tests.properties.sessions import Session
from tests.properties.trouble_sessions import TroubleSession

SEEDS = range(6)
COMMANDS = 900
EXERCISED_AT_LEAST = 5
MARGIN, LIQUIDATION, FUNDING = range(3)
STEPS = (c.Liquidate, c.Hedge, c.OpenAuction, c.TakeOver, c.Deleverage, c.Socialise)


class Asked(NamedTuple):
    """The grade of a market's price, and the least one for an action."""

    action: int
    grade: int
    least: int


def market_rows(kernel: Kernel) -> dict[int, list[Any]]:
    """What is shown of each market."""
    return {row[0]: row for row in decode(kernel.markets())}


def asked(kernel: Kernel, command: c.Command) -> list[Asked]:
    """What a command asks of the oracle prices, in order."""
    shown = market_rows(kernel)
    action = FUNDING if isinstance(command, c.SettleFunding) else MARGIN
    markets: list[int] = []
    if isinstance(command, c.Place):
        markets = [] if command.reduce_only else [command.market]
    elif isinstance(command, c.Amend):
        markets = amended(kernel, command)
    elif isinstance(command, c.Withdraw | c.Transfer | c.Draw):
        markets = behind(kernel, command.account if isinstance(command, c.Withdraw) else command.source, command.asset)
    elif isinstance(command, c.SettleFunding):
        markets = [command.market]
    elif isinstance(command, c.Bid):
        action = LIQUIDATION
        markets = [row[2] for row in decode(kernel.auctions()) if row[0] == command.auction]
    elif isinstance(command, STEPS):
        action, markets = LIQUIDATION, [command.market]
    return [Asked(action, shown[market][-2][2], shown[market][-1][action]) for market in markets if market in shown]


def amended(kernel: Kernel, command: c.Amend) -> list[int]:
    """The market of an order, unless it can only reduce or would only shrink."""
    for order, _, market, _, price, lots, filled, _, _, _, reduce_only, client_order, _ in decode(
        kernel.orders(command.account)
    ):
        if command.order == order or (command.client_order and command.client_order == client_order):
            shrinks = command.price in (0, price) and command.lots < lots + filled
            return [] if reduce_only or (shrinks and command.lots != 0) else [market]
    return []


def behind(kernel: Kernel, account: int, asset: int) -> list[int]:
    """The markets in which the pool behind a balance has lots: neither isolated nor of another settlement asset."""
    row = decode(kernel.account(account))
    if row is None:
        return []
    backs = {asset: asset} | {found[0]: found[9][0] for found in decode(kernel.assets()) if found[9] is not None}
    settled = {market: shown[2] for market, shown in market_rows(kernel).items()}
    return [
        position[0]
        for position in row[5]
        if position[1] != 0 and not position[12] and settled[position[0]] == backs[asset]
    ]


def check(kernel: Kernel, record: c.Record, seen: Counter[str]) -> None:
    """Runs a record, and asserts that it was stopped by a grade only where one it asks for is too low, and by that."""
    wanted = asked(kernel, record.command)
    lacking = [one for one in wanted if one.grade < one.least]
    last = apply_block(kernel, [record])[-1]
    if last[0] != e.REJECTED:
        assert lacking == [], record.command
        seen.update(f"done, action {one.action}" for one in wanted if one.least > 0)
    elif last[4] == Code.OracleGrade:
        assert lacking, record.command
        assert last[5:] == lacking[0][1:], record.command
        seen[f"stopped, action {lacking[0].action}"] += 1


def test_a_grade_stops_what_asks_for_it_and_nothing_else() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for kind in (Session, TroubleSession):
            session, kernel = kind(random.Random(seed)), Kernel()
            for _ in range(COMMANDS):
                check(kernel, session.step()[0], seen)
    wanted = {f"{what}, action {action}" for what in ("done", "stopped") for action in range(3)}
    assert {name: seen[name] for name in wanted if seen[name] < EXERCISED_AT_LEAST} == {}
