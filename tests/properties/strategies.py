"""Sessions as hypothesis draws them: short, over a tiny venue, every field from a small range, now and then an extreme.

Records are drawn independently of one another but for the open order that an amend or a cancel points at, so that a
failing session shrinks to the few records that matter.
"""

from __future__ import annotations

from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.model import commands as c
from tests.model.state import Order
from tests.model.world import World
from tests.properties.hostile import FIELD_TYPES, RANGES, STRINGS, TEXTS

START = 1_000
ACCOUNTS = 4
MARK = 100
FEES = ((0, 0), (-2_000_000, 3_000_000), (1_000_000, 2_000_000), (333_333, -1))
TIERS = (
    (c.Tier(0, 100_000_000, 50_000_000),),
    (c.Tier(0, 10_000_000, 5_000_000), c.Tier(500, 200_000_000, 100_000_000), c.Tier(2_000, 999_999_999, 100_000_000)),
    (c.Tier(0, 0, 0),),
)
BAD_TIERS: tuple[tuple[c.Tier, ...], ...] = (
    (),
    (c.Tier(1, 0, 0),),
    (c.Tier(0, 2, 1), c.Tier(5, 1, 1)),
    (c.Tier(0, 2, 1), c.Tier(0, 2, 1)),
    (c.Tier(0, 1, 2),),
    tuple(c.Tier(bound, 5, 5) for bound in range(17)),
)

accounts = st.integers(1, ACCOUNTS)
markets = st.sampled_from((1, 1, 1, 2))
sides = st.sampled_from((c.BUY, c.SELL))
assets = st.integers(1, 2)
amounts = st.integers(0, 3_000)
prices = st.integers(MARK - 4, MARK + 4)
lots = st.integers(1, 30)
rates = st.integers(-2, 10) | st.sampled_from((50_000_000, 10**8, 10**9, 10**9 + 1, 2**63 - 1))

# kind and time in force
FORMS = (
    *((c.LIMIT, c.GTC),) * 8,
    *((c.LIMIT, c.IOC), (c.MARKET, c.IOC), (c.LIMIT, c.GTD)) * 2,
    (c.LIMIT, c.FOK),
    (c.MARKET, c.FOK),
    (c.MARKET, c.GTC),
)
# post_only, reduce_only
FLAGS = (*((False, False),) * 12, (True, False), (True, True), (False, True))


@st.composite
def places(draw: st.DrawFn) -> c.Place:
    """An order whose flags mostly go together."""
    kind, force = draw(st.sampled_from(FORMS))
    post_only, reduce_only = draw(st.sampled_from(FLAGS))
    return c.Place(
        account=draw(accounts),
        market=draw(markets),
        side=draw(sides),
        kind=kind,
        price=draw(prices if kind == c.LIMIT else st.just(0) | prices),
        lots=draw(lots),
        time_in_force=force,
        self_trade=draw(st.integers(0, 4)),
        post_only=post_only and force in (c.GTC, c.GTD),
        reduce_only=reduce_only,
        client_order=draw(st.sampled_from((0, 0, 0, 1, 2))),
        expires_at=draw(st.integers(START, START + 60)) if force == c.GTD else 0,
    )


@st.composite
def order_commands(draw: st.DrawFn, orders: list[Order]) -> c.Command:
    """Amends or cancels one of the open orders, by its id or by its client order id."""
    order = draw(st.sampled_from(orders))
    by_client_order = order.client_order != 0 and draw(st.booleans())
    ids = (0, order.client_order) if by_client_order else (order.order, 0)
    if draw(st.sampled_from((False, False, True))):
        return c.Cancel(order.account, *ids)
    return c.Amend(order.account, *ids, price=draw(st.just(0) | prices), lots=draw(st.just(0) | lots))


money: SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Deposit, accounts, assets, amounts),
    st.builds(c.Withdraw, accounts, assets, amounts, st.just(0)),
    st.builds(c.Transfer, accounts, accounts, assets, amounts),
)
symbols = st.sampled_from(("USD", "EUR", "A", "B", "", "not this", "x" * 25))
sizes = st.sampled_from((10**12, 1, 0, 10**18, 2**64 - 1))
administration: SearchStrategy[c.Command] = st.one_of(
    st.builds(c.AddAsset, symbols, st.sampled_from((0, 18, 19))),
    st.builds(c.AddMarket, symbols, assets, sizes, sizes, st.just(1_000), st.just(1_000)),
    st.builds(c.SetTiers, markets, st.sampled_from(TIERS + BAD_TIERS)),
    st.builds(c.SetFees, markets, rates, rates),
    st.builds(c.SetLimits, markets, rates, st.integers(0, 60), rates, rates),
    st.builds(c.SetParameters, st.integers(0, 6), st.integers(0, 3), st.integers(0, 3)),
    st.builds(c.CreateAccount, st.integers(0, ACCOUNTS + 1)),
    st.builds(c.RegisterAuthor, st.integers(0, 3), st.sampled_from(("", "fund")), st.sampled_from(("", "1"))),
    st.builds(c.Repair, st.just(1), st.just(1), symbols),
    st.builds(c.ActivateRuleset, st.integers(0, 2)),
    st.sampled_from((c.Tick(), c.Checkpoint())),
)
marks = st.builds(c.SetMark, markets, st.integers(MARK - 25, MARK + 25))
grades = st.integers(c.NO_GRADE, c.GOOD)
oracle: SearchStrategy[c.Command] = st.one_of(
    st.builds(c.Observe, st.just(1), st.integers(0, 3), prices, st.integers(0, 2), st.just(START)),
    st.builds(c.SetOracle, markets, prices, st.integers(-1, 2), grades, st.just(START)),
    st.builds(c.SetGrades, markets, grades, grades, grades),
    st.builds(c.SetAgent, accounts, st.integers(0, 3), st.booleans()),
    st.builds(c.Note, st.integers(0, ACCOUNTS), st.sampled_from(("", "report")), st.sampled_from(TEXTS)),
)
mass_cancels = st.builds(c.MassCancel, accounts, st.integers(0, 3), st.integers(0, 2))


@st.composite
def spoiled(draw: st.DrawFn, command: c.Command) -> c.Command:
    """The command with one field replaced by an edge of what the wire carries."""
    types = FIELD_TYPES[type(command)].split()
    index = draw(st.sampled_from(range(len(types)))) if types else 0
    if not types or types[index] in ("-", "tiers"):
        return command
    strings = {"str": STRINGS, "text": TEXTS}
    value: Any = draw(st.sampled_from(strings.get(types[index]) or edges(types[index])))
    make: Any = type(command)
    return cast("c.Command", make(*command[:index], value, *command[index + 1 :]))


def edges(wire_type: str) -> list[int]:
    """The values at the ends of a type and around zero."""
    low, high = RANGES[wire_type]
    return sorted({low, max(low, -1), 0, high - 1, high})


@st.composite
def next_commands(draw: st.DrawFn, orders: list[Order]) -> c.Command:
    """The next command, given the orders that are open."""
    dice = draw(st.integers(0, 20))
    if dice < 11 or (dice < 15 and not orders):
        command: c.Command = draw(places())
    elif dice < 15:
        command = draw(order_commands(orders))
    else:
        command = draw((money, marks, marks, mass_cancels, administration, oracle)[dice - 15])
    return draw(spoiled(command)) if draw(st.integers(0, 19)) == 19 else command


envelopes = st.tuples(
    st.sampled_from((c.OPERATOR, c.OPERATOR, c.CLIENT, c.POLICY, c.ORACLE)),
    st.integers(0, 2),
    st.sampled_from((0, 1, 40, 2**64 - 1)),
    st.integers(0, 8),
)


def opening(fees: tuple[int, int], tiers: tuple[c.Tier, ...], deposit: int) -> list[c.Command]:
    """A venue of two assets, two markets and four accounts, of which 3 is a sub-account of 1."""
    return [
        c.AddAsset("USD", 0),
        c.AddAsset("EUR", 0),
        c.AddMarket("A", 1, 10**12, 10**12, 1_000, 60),
        c.AddMarket("B", 1, 10**12, 3 * 10**12, 1_000, 60),
        *(c.CreateAccount(parent) for parent in (0, 0, 1, 0)),
        *(c.SetTiers(market, tiers) for market in (1, 2)),
        *(c.SetFees(market, *fees) for market in (1, 2)),
        *(c.SetMark(market, MARK) for market in (1, 2)),
        *(c.Deposit(account, 1, deposit) for account in (1, 2, 3, 4)),
        *(c.RegisterAuthor(c.POLICY, name, "1") for name in ("maker", "hedger")),
        *(c.SetAgent(account, 1, True) for account in (1, 2)),
    ]


@st.composite
def sessions(draw: st.DrawFn) -> list[c.Record]:
    """A whole session: the opening, then some tens of random records. The model runs along to know what is open."""
    deposit = draw(st.sampled_from((300, 1_500, 20_000)))
    first = opening(draw(st.sampled_from(FEES)), draw(st.sampled_from(TIERS)), deposit)
    records = [c.Record(START, c.OPERATOR, 0, 0, 0, command) for command in first]
    world = World()
    for record in records:
        world.apply(record)
    time = START
    for _ in range(draw(st.integers(1, 50))):
        orders = [order for account in world.state.accounts.values() for order in account.orders.values()]
        command = draw(next_commands(orders))
        time += draw(st.sampled_from((0, 0, 1, 7)))
        envelope = draw(envelopes) if draw(st.integers(0, 9)) == 9 else (c.OPERATOR, 0, 0, 0)
        records.append(c.Record(time, *envelope, command))
        world.apply(records[-1])
    return records
