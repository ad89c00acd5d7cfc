"""A balance, and an entry of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What is kept of what: money in minor units, but positions in lots."""

    CASH = "cash"
    MARGIN = "margin"
    POSITION = "position"
    COST = "cost"
    FEES = "fees"
    INSURANCE = "insurance"
    DUST = "dust"
    NET_DEPOSITS = "net deposits"


class Balance(NamedTuple):
    """One balance: of an account (0: of the venue), in an asset, of a market (0: of none).

    Margin, position and cost are of an account in a market, an insurance fund is of an asset or of one market.
    """

    kind: Kind
    account: int
    asset: int
    market: int


class Entry(NamedTuple):
    """What one event did to one balance.

    `market` is where it comes from and `other` the account on the other side, 0 if there is none; `reference` is the
    order it belongs to.
    """

    seq: int
    kind: str
    amount: int
    event: str
    market: int = 0
    other: int = 0
    reference: str = ""
