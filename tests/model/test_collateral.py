"""Scenarios of collateral: what counts, how far, and what happens when its peg is lost."""

from __future__ import annotations

import pytest

from tests.model import commands as c
from tests.model.desk import Desk
from tests.model.engines import Engine
from tests.model.refusals import Code

RATE_ONE = 10**9
GOLD = 2
TERMS = c.SetCollateral(GOLD, 1, 100_000_000, 1_000, 5_000, 0)


def with_gold(engine: Engine, *, deposit: int = 100) -> Desk:
    """Account 1 has 100 of gold at a price of 3: 300, less a haircut of 10 %."""
    desk = Desk(engine, deposit=deposit)
    desk.do(c.AddAsset("GOLD", 0))
    desk.do(TERMS)
    desk.do(c.Deposit(1, GOLD, 100))
    desk.do(c.SetCollateralPrice(GOLD, 3, RATE_ONE))
    return desk


def equity(desk: Desk) -> int:
    return desk.pool(1)["equity"]


def test_collateral_counts_after_its_haircut(engine: Engine) -> None:
    desk = with_gold(engine)
    assert equity(desk) == 100 + 270
    desk.buy(1, 37, 100)
    assert desk.refusal(desk.order(1, c.BUY, 1, 100)) == (Code.MarginInsufficient, 380, 370)


def test_a_lost_peg_takes_the_weight_away(engine: Engine) -> None:
    desk = with_gold(engine)
    desk.buy(1, 30, 100)
    desk.sell(2, 10, 100)
    desk.do(c.SetCollateralPrice(GOLD, 3, 500_000_000))
    assert equity(desk) == 100 + 135  # 300 at 45 %
    # The order asks for 300 in all where 235 are left: the maker gives way.
    assert desk.sell(3, 10, 100)[1].endswith("account=1 market=1 lots=20 reason=5")
    assert desk.refusal(c.Withdraw(1, GOLD, 100)) is None  # what is left covers the position of 100
    assert equity(desk) == 100


def test_collateral_leaves_only_if_what_stays_covers_the_requirement(engine: Engine) -> None:
    desk = with_gold(engine)
    desk.buy(1, 20, 100)
    assert desk.refusal(c.Withdraw(1, GOLD, 101)) == (Code.InsufficientBalance, 101, 100)
    # 62 of gold are worth floor(186 · 0.9) = 167; 100 + 167 − ... 37 stay worth 99, which is one short of 200.
    assert desk.refusal(c.Withdraw(1, GOLD, 63)) == (Code.WithdrawalMargin, 199, 200)
    desk.do(c.Withdraw(1, GOLD, 62))
    assert equity(desk) == 100 + 102


def test_no_more_counts_than_the_caps_say(engine: Engine) -> None:
    desk = with_gold(engine)
    desk.do(c.Deposit(1, GOLD, 2_000))
    assert equity(desk) == 100 + 2_700  # a thousand count
    assert desk.refusal(c.Deposit(2, GOLD, 2_901)) == (Code.CollateralCap, 5_001, 5_000)
    desk.do(c.Deposit(2, GOLD, 2_900))


def test_new_terms_wait_for_a_new_price(engine: Engine) -> None:
    desk = with_gold(engine)
    desk.do(TERMS._replace(haircut_rate=0))
    assert equity(desk) == 100
    assert desk.do(c.SetCollateralPrice(GOLD, 3, RATE_ONE))[0].endswith("previous=0")
    assert equity(desk) == 400


def test_an_isolated_position_has_no_collateral(engine: Engine) -> None:
    desk = with_gold(engine)
    desk.buy(1, 11, 100)
    desk.sell(2, 10, 100)
    assert desk.refusal(c.SetPositionMode(1, 1, True, 100)) == (Code.MarginInsufficient, 110, 100)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (TERMS._replace(settlement=GOLD), (Code.CollateralInvalid, 1, 0)),
        (TERMS._replace(haircut_rate=-1), (Code.CollateralInvalid, 2, 0)),
        (TERMS._replace(account_cap=-1), (Code.CollateralInvalid, 3, 0)),
        (TERMS._replace(total_cap=-1), (Code.CollateralInvalid, 4, 0)),
        (TERMS._replace(price_decimals=19), (Code.CollateralInvalid, 5, 0)),
        (TERMS._replace(asset=1, settlement=3), (Code.CollateralConflict, 1, 0)),
        (TERMS._replace(asset=3, settlement=GOLD), (Code.CollateralConflict, 2, 0)),
        (TERMS._replace(settlement=3), (Code.CollateralConflict, 4, 0)),
        (c.AddMarket("X", GOLD, 0, 0, 0, 0), (Code.CollateralConflict, 2, 0)),
        (c.SetCollateralPrice(1, 1, 1), (Code.NotCollateral, 0, 0)),
        (c.SetCollateralPrice(GOLD, -1, -1), (Code.CollateralPriceInvalid, 1, 0)),
        (c.SetCollateralPrice(GOLD, 2**58, 1), (Code.CollateralPriceInvalid, 1, 0)),
        (c.SetCollateralPrice(GOLD, 1, RATE_ONE + 1), (Code.CollateralPriceInvalid, 2, 0)),
    ],
)
def test_what_cannot_be_collateral(engine: Engine, command: c.Command, refusal: tuple[Code, int, int]) -> None:
    desk = with_gold(engine)
    desk.do(c.AddAsset("EUR", 0))
    assert desk.refusal(command) == refusal


def test_what_is_backed_cannot_back(engine: Engine) -> None:
    desk = Desk(engine)
    for symbol in ("EUR", "GOLD"):
        desk.do(c.AddAsset(symbol, 0))
    desk.do(TERMS._replace(asset=3, settlement=2))
    assert desk.refusal(TERMS._replace(asset=2, settlement=1)) == (Code.CollateralConflict, 3, 0)
