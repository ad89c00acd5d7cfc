"""What several scenarios need: a trade between two accounts, and an account that loses more than it has."""

from __future__ import annotations

from crossbook.commands import (
    CoverLoss,
    FundInsurance,
    OrderKind,
    Origin,
    Place,
    SetMark,
    SetVault,
    Side,
    Socialise,
    TakeOver,
    TimeInForce,
)
from crossbook.events import Noted
from crossbook.policies import notes
from crossbook.policies.view import PolicyView
from tests.policies.stage import USDC, Stage

MILLION = 1_000_000
"""Minor units of one USDC."""


def view(stage: Stage) -> PolicyView:
    """What a policy sees of the venue now."""
    return PolicyView(lambda: stage.venue.session.kernel)


def trade(stage: Stage, seconds: float, market: int, *, buyer: int, seller: int, ticks: int, lots: int) -> None:
    """The seller rests an order and the buyer takes it: the seller is the maker."""
    stage.at(seconds, Place(seller, market, Side.SELL, OrderKind.LIMIT, ticks, lots))
    stage.at(
        seconds + 1e-6,
        Place(buyer, market, Side.BUY, OrderKind.LIMIT, ticks, lots, time_in_force=TimeInForce.IOC),
    )


def loses(stage: Stage, seconds: float, market: int, *, cash: int, lots: int, mark: int, end: int) -> int:
    """A new account with so many whole USDC goes long at `mark` against a rich one; at `end` its position is closed.

    It is left without a position, and owes what it lost beyond its cash. Takes less than a second; returns its account.
    """
    loser, rich = stage.account(seconds, cash), stage.account(seconds + 0.1, 10**7)
    stage.mark(seconds + 0.2, market, mark)
    trade(stage, seconds + 0.3, market, buyer=loser, seller=rich, ticks=mark, lots=lots)
    stage.at(
        seconds + 0.4,
        SetMark(market, end),
        SetVault(rich, USDC, 10**7 * MILLION),
        TakeOver(loser, market, lots, rich),
        SetVault(rich, USDC, 0),
        origin=Origin.OPERATOR,
    )
    return loser


def fund(stage: Stage, seconds: float, amount: int) -> None:
    """A new account pays so many whole USDC into the insurance fund of the cross pools."""
    giver = stage.account(seconds, amount)
    stage.at(seconds + 0.1, FundInsurance(USDC, 0, giver, amount * MILLION), origin=Origin.OPERATOR)


def cover(stage: Stage, seconds: float, account: int) -> None:
    """The insurance fund pays what an account owes."""
    stage.at(seconds, CoverLoss(account, USDC, 0, 0), origin=Origin.OPERATOR)


def socialise(stage: Stage, seconds: float, account: int, market: int, side: Side) -> None:
    """What an account owes is shared among the positions on one side."""
    stage.at(seconds, Socialise(account, market, side, 0), origin=Origin.OPERATOR)


def tell(stage: Stage, seconds: float, topic: str, body: object, *, origin: Origin = Origin.OPERATOR) -> None:
    """Put a note on record."""
    stage.at(seconds, notes.note(topic, body), origin=origin)  # type: ignore[arg-type]


def told(stage: Stage, topic: str, kind: type) -> list:
    """The bodies of every note on a topic since the beginning, in order."""
    found = (notes.read(noted, topic, kind) for noted in stage.said(Noted))
    return [body for body in found if body is not None]
