"""The fault table, played: a venue hears it, its oracle grades it, and its kernel is asked for real what it permits."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from crossbook.commands import (
    RATE_ONE,
    Command,
    Liquidate,
    OrderKind,
    Origin,
    Place,
    SetGrades,
    SetLiquidation,
    SetMark,
    SettleFunding,
    Side,
    Withdraw,
)
from crossbook.rejects import RejectCode
from tests.policies.oracle.faults import ACTIONS, CALM_SECONDS, FAULTS, LEAST, Fault, calm
from tests.policies.oracle.quotes import A, B, C, Quotes
from tests.policies.stage import BEGIN_NS, BTC, SECOND, USDC

PAGE = Path(__file__).parents[3] / "docs" / "policies_oracle.md"


class Trouble(Quotes):
    """A market that asks for grades: a saver long a bitcoin, a gambler short one with a bid far above him, a maker."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        liquidation = SetLiquidation(USDC, 0, 0, RATE_ONE, RATE_ONE, RATE_ONE, RATE_ONE, 0, 0, 0)
        self.at(0.1, SetGrades(BTC, **LEAST), liquidation, origin=Origin.OPERATOR)
        self.say(0.2, {1: 60_000, 2: 60_000, 3: 60_000})
        self.saver, self.gambler, self.maker = (
            self.account(second, cash) for second, cash in ((0.30, 100_000), (0.31, 3_500), (0.32, 10**6))
        )
        self.at(0.4, self.order(self.saver, Side.BUY, 60_000), self.order(self.gambler, Side.SELL, 60_000))
        self.at(0.5, self.order(self.maker, Side.SELL, 61_200))

    @staticmethod
    def order(account: int, side: Side, price: float) -> Place:
        """A limit order for one bitcoin, good till cancelled."""
        return Place(account, BTC, side, OrderKind.LIMIT, round(price * 2), 1_000)

    def attempts(self) -> dict[str, Command]:
        """What is tried: each would go through if it were not for the grade."""
        return {
            "Place": self.order(self.maker, Side.BUY, 50_000),
            "Withdraw": Withdraw(self.saver, USDC, 10**6),
            "Liquidate": Liquidate(self.gambler, BTC, 0, 0),
            "SettleFunding": SettleFunding(BTC, 120_000, RATE_ONE // 10_000),
        }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_graded_and_only_what_the_grade_allows_is_done(tmp_path: Path, fault: Fault) -> None:
    stage = Trouble(tmp_path)
    heard = (*calm(1, CALM_SECONDS, A, B, C), *fault.said)
    for second, together in groupby(heard, key=lambda one: (one.time_ns - BEGIN_NS) / SECOND):
        stage.at(second, *together)
    # The mark is said by hand, so that the gambler is in need whatever the oracle thinks.
    stage.at(fault.until, SetMark(BTC, 124_000), origin=Origin.ORACLE)
    assert stage.oracle() == (fault.price, fault.grade)
    assert standing(stage) == fault.reasons
    answers = {}
    for index, (name, attempt) in enumerate(stage.attempts().items(), start=1):
        answer = stage.at(fault.until + index / 1_000, attempt, origin=Origin.OPERATOR)
        answers[name] = [refused.code for refused in answer.rejected]
    assert answers == {name: [] if name in fault.allowed else [RejectCode.ORACLE_GRADE] for name in ACTIONS}


def standing(stage: Quotes) -> dict[int, str]:
    """Who does not count, and why: the last word on record about each source."""
    last = dict(stage.reasons())
    return {source: reason for source, reason in sorted(last.items()) if not reason.startswith("+")}
