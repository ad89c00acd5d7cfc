"""Two ways to liquidate one account, reckoned by hand: an auction in the parent, an order in the book in the branch.

The taker is long 3 BTC from 60,000 with 10,000 of cash. In the parent a liquidator takes 1 BTC nine seconds into the
auction, at 0.3 % below the mark of 57,600: 57,427. In the branch 1.007 BTC are sold to the maker's bid of 57,200. The
mark ends at 59,500.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crossbook.cli import main
from crossbook.commands import Deposit, Note, Origin
from crossbook.counterfactual import Change, Comparison, Insert, Parent, branch, compare
from tests.counterfactual.history import LIQUIDATOR, MAKER, TAKER, Afternoon

UNIT, MILLI = 10**6, 10**3
"""Minor units of one USDC, and of a thousandth: of one lot at a price of one."""
USDC = 1


@pytest.fixture(scope="module")
def closed(parent: Parent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The branch in which positions are closed in the book."""
    made = branch(parent, tmp_path_factory.mktemp("closed") / "b", Change(policies={"liquidation": "closer"}))
    assert made.faults == ()
    return made.path


@pytest.fixture(scope="module")
def found(parent: Parent, closed: Path) -> Comparison:
    return compare(parent.path, closed)


def test_where_they_part(found: Comparison) -> None:
    """Who plays is no divergence: the first is what the policy did when the pool was in need."""
    assert found.relation == "branch"
    assert found.divergence is not None
    a, b = found.divergence.a, found.divergence.b
    assert a is not None
    assert b is not None
    assert (a.command, a.event, b.command, b.event) == (
        "OpenAuction",
        "AuctionOpened",
        "Liquidate",
        "LiquidationStarted",
    )
    assert (a.seq, a.time_ns, a.fields["account"], b.fields["account"]) == (b.seq, b.time_ns, TAKER, TAKER)


def test_who_was_liquidated_and_what_it_took(found: Comparison) -> None:
    assert (found.a.outcome.liquidated, found.b.outcome.liquidated) == ([TAKER], [TAKER])
    assert (found.liquidated, found.spared, found.deleveraged, found.broken) == ([], [], [], [])
    measures = found.measures[USDC]
    assert measures["liquidated_notional"] == (57_600 * UNIT, 1_007 * 57_200 * MILLI)
    assert measures["bad_debt"] == measures["insurance_paid"] == measures["adl_notional"] == (0, 0)
    # 5 % of 59,500 on what is held at the end, on both sides, and on the bid of two lots that still rests.
    assert measures["margin_used"] == ((2_000 + 1_000 + 3_000 + 2) * 2_975 * MILLI, (2 * 1_993 + 2) * 2_975 * MILLI)


def test_who_paid(found: Comparison) -> None:
    equities = {one.account: one.equity for one in found.accounts}
    assert equities == {
        TAKER: ((10_000 - 2_573 - 2 * 500) * UNIT, (10_000_000 - 1_007 * 2_800 - 1_993 * 500) * MILLI),
        MAKER: ((1_000_000 + 3 * 500) * UNIT, (1_000_000_000 + 1_007 * 2_800 + 1_993 * 500) * MILLI),
        LIQUIDATOR: ((1_000_000 + 59_500 - 57_427) * UNIT, 1_000_000 * UNIT),
    }
    assert sum(b - a for a, b in equities.values()) == 0
    assert {one.account: one.forced for one in found.accounts}[TAKER] == (57_600 * UNIT, 57_600_400 * MILLI)


def test_spared_by_a_deposit(parent: Parent, afternoon: Afternoon, tmp_path: Path) -> None:
    rescue = Change(inserts=(Insert(afternoon.seqs["take"], Deposit(TAKER, USDC, 5_000 * UNIT)),))
    rescued = compare(parent.path, branch(parent, tmp_path / "b", rescue).path)
    assert (rescued.spared, rescued.liquidated) == ([TAKER], [])
    assert rescued.measures[USDC]["liquidated_notional"] == (57_600 * UNIT, 0)
    back = compare(tmp_path / "b", parent.path)
    assert (back.relation, back.liquidated) == ("parent", [TAKER])


def test_words_of_an_outsider_are_a_divergence_and_remarks_of_policies_are_not(
    parent: Parent, afternoon: Afternoon, tmp_path: Path
) -> None:
    said = branch(
        parent,
        tmp_path / "b",
        Change(inserts=(Insert(afternoon.seqs["word"], Note(0, "desk.word", "no"), Origin.OPERATOR),)),
    )
    divergence = compare(parent.path, said.path).divergence
    assert divergence is not None
    assert divergence.b is not None
    assert divergence.b.fields["body"] == "no"


def test_equal_sessions_do_not_part(parent: Parent, tmp_path: Path) -> None:
    same = compare(parent.path, branch(parent, tmp_path / "b").path)
    assert (same.divergence, same.same_events, same.accounts) == (None, True, [])


def test_the_command_line_says_it(parent: Parent, closed: Path) -> None:
    told = CliRunner().invoke(main, ["compare", str(parent.path), str(closed)])
    assert (told.exit_code, told.stderr) == (0, "")
    shown = told.stdout.replace(str(closed), "B").replace(str(parent.path), "A")
    assert shown == COMPARED
    document = json.loads(CliRunner().invoke(main, ["compare", str(parent.path), str(closed), "--json"]).stdout)
    assert document["measures"]["1"]["liquidated_notional"] == [57_600 * UNIT, 57_600_400 * MILLI]
    assert document["divergence"]["b"]["event"] == "LiquidationStarted"


COMPARED = """\
A  A, 54 commands
B  B, 54 commands; a branch of A

A first has  seq 47, 2023-11-14T22:13:51.000000000Z: AuctionOpened auction 1, account 2, market 1,
             side buy, lots 3000, discount_start_rate 0, discount_end_rate 20000000, ends_at
             1700000091000000000, equity 2872000000, maintenance 4321800000
where B has  seq 47, 2023-11-14T22:13:51.000000000Z: LiquidationStarted account 2, market 1, kind
             reduce, side sell, lots 1007, price 114282, mark 115248, equity 2872000000,
             maintenance 4321800000

liquidated in B alone     none
spared in B               none
deleveraged in B alone    none
not deleveraged in B      none
hedges broken in B alone  none
hedges whole in B         none
rank inversions           0 in A, 0 in B
time to solvency          19 s in A, 19 s in B

USDC                             A              B          B - A
-------------------  -------------  -------------  -------------
liquidated notional  57,600.000000  57,600.400000       0.400000
margin used          17,855.950000  11,864.300000  -5,991.650000

account  asset       equity in A       equity in B          B - A    forced
-------  -----  ----------------  ----------------  -------------  --------
1         USDC  1,001,500.000000  1,003,816.100000   2,316.100000  0.000000
3         USDC  1,002,073.000000  1,000,000.000000  -2,073.000000  0.000000
2         USDC      6,427.000000      6,183.900000    -243.100000  0.400000
"""
