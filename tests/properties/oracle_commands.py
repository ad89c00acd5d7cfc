"""Oracle prices, least grades, agents and notes in a random session: grades fall and rise, trust is given and taken."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.model import commands as c
from tests.model.state import Market

from .hostile import STRINGS, TEXTS, extreme
from .venues import ACCOUNTS, MARKETS

if TYPE_CHECKING:
    from .sessions import Session

GRADES = range(c.NO_GRADE, c.GOOD + 1)


def observe(session: Session) -> c.Command:
    """What a source says, sense or nonsense."""
    rng = session.rng
    price = rng.choice((session.venue.shapes[0].middle, rng.randint(1, 2_000), extreme(rng, "i64")))
    return c.Observe(rng.randint(0, 3), rng.choice((0, 1, 2, 65_535)), price, rng.choice((0, 5, -1)), session.time)


def near_the_mark(session: Session, market: Market) -> int:
    """A price about the mark, now and then out of range."""
    rng = session.rng
    if rng.random() < 0.1:
        return rng.choice((0, -1, market.price_max, market.price_max + 1))
    middle = market.mark or session.venue.shapes[market.market - 1].middle
    return max(1, middle + rng.randint(-2, 2))


def set_oracle(session: Session) -> c.Command:
    """An accepted price, half of the time a good one."""
    rng = session.rng
    market = session.world.state.markets[rng.randint(1, MARKETS)]
    grade = c.GOOD if rng.random() < 0.5 else rng.choice(GRADES)
    confidence = rng.choice((0, 1, 2, 2**63 - 1)) if rng.random() < 0.9 else -1
    return c.SetOracle(market.market, near_the_mark(session, market), confidence, grade, session.time)


def set_grades(session: Session) -> c.Command:
    """Least grades that stop something as the price is, or of any kind, or none."""
    rng = session.rng
    market = session.world.state.markets[rng.randint(1, MARKETS)]
    above = min(c.GOOD, market.oracle.grade + 1)
    least = [rng.choice((c.NO_GRADE, c.NO_GRADE, above, above, rng.choice(GRADES))) for _ in range(3)]
    return c.SetGrades(market.market, *least)


def set_agent(session: Session) -> c.Command:
    """Trust given or taken back; now and then as it is already, or to nobody."""
    rng, state = session.rng, session.world.state
    account = state.accounts[1 if rng.random() < 0.3 else rng.randint(1, ACCOUNTS)]
    authors = len(state.authors)
    if rng.random() < 0.07:
        return c.SetAgent(account.account, rng.choice((0, authors + 1, 65_535)), True)
    strangers = sorted(set(range(1, authors + 1)) - account.agents)
    granted = rng.random() < 0.7
    known = strangers if granted else sorted(account.agents)
    if known and rng.random() < 0.9:
        return c.SetAgent(account.account, rng.choice(known), granted)
    return c.SetAgent(account.account, rng.randint(1, max(1, authors)), granted)


def note(session: Session) -> c.Command:
    """Words of any length, of an account or of nobody's."""
    rng = session.rng
    account = rng.randint(1, ACCOUNTS) if rng.random() < 0.9 else 0
    topic = rng.choice(("request", "report", "x" * 64)) if rng.random() < 0.7 else rng.choice(STRINGS)
    body = "b" * rng.choice((0, 40, 300)) if rng.random() < 0.75 else rng.choice(TEXTS)
    return c.Note(account, topic, body)


def speaker(session: Session, account: int) -> tuple[int, int]:
    """Who acts for an account as a policy: mostly one of its agents; (origin, author).

    Where there is no agent it is mostly the client himself, so that the other rules are met, too.
    """
    rng: random.Random = session.rng
    found = session.world.state.accounts.get(account)
    agents = sorted(found.agents) if found is not None else []
    if rng.random() < 0.03:
        return c.POLICY, rng.choice((0, 1, 2))
    return (c.POLICY, rng.choice(agents)) if agents else (c.CLIENT, 0)


ORACLE_CHOICES: tuple[list[Callable[[Session], c.Command]], list[int]] = (
    [observe, set_oracle, set_grades, set_agent, note],
    [6, 14, 14, 14, 10],
)
