"""Seeded sessions in which accounts get into trouble, and a policy takes the steps of the waterfall, or tries to."""

from __future__ import annotations

import random

from tests.model import commands as c
from tests.model.common_checks import ORIGINS

from .sessions import CHOICES, GOOD_ORIGIN, Session
from .trouble_commands import TROUBLE_CHOICES
from .trouble_settings import trouble_opening

GOOD_ORIGIN.update({kind: tuple(sorted(ORIGINS[kind] - {c.CLIENT})) for kind in c.WATERFALL_TAGS})
GOOD_ORIGIN.update({c.Bid: (c.CLIENT, c.POLICY), c.FundInsurance: (c.OPERATOR,)})


class TroubleSession(Session):
    """A session of which half is trouble and the steps against it."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        weights = [max(1, weight // 5) for weight in CHOICES[1]]
        self.choices = (CHOICES[0] + TROUBLE_CHOICES[0], weights + TROUBLE_CHOICES[1])
        self.opening = [*reversed(trouble_opening(rng, self.venue)), *self.opening]
