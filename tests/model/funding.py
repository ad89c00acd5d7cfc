"""Funding and shared losses: what a position owes since it was last settled, and how it is settled.

Indices are in parts of 1 / RATE_ONE of a minor unit per lot. What a position owes is rounded up; what rounding takes is
collected per market, and each whole unit of it goes to the asset's dust.
"""

from __future__ import annotations

from typing import NamedTuple

from . import commands as c
from .state import RATE_ONE, Market, Position, ceil_div


class Dues(NamedTuple):
    """What a position owes, in minor units; funding may be negative, a loss is not."""

    funding: int
    loss: int


def side_of(position: Position) -> int:
    """The side of a position that has lots."""
    return c.BUY if position.lots > 0 else c.SELL


def unrounded(market: Market, position: Position) -> Dues:
    """What a position owes, in parts of 1 / RATE_ONE."""
    if position.lots == 0:
        return Dues(0, 0)
    since = market.loss_index[side_of(position)] - position.loss_index
    return Dues(position.lots * (market.index - position.index), abs(position.lots) * since)


def owed(market: Market, position: Position) -> Dues:
    """What a position owes, each rounded up."""
    exact = unrounded(market, position)
    return Dues(ceil_div(exact.funding, RATE_ONE), ceil_div(exact.loss, RATE_ONE))


def remember(market: Market, position: Position, seq: int) -> None:
    """Remembers the indices of the side the position is on; a position without lots remembers none."""
    position.changed = seq if position.lots else 0
    position.index = market.index if position.lots else 0
    position.loss_index = market.loss_index[side_of(position)] if position.lots else 0
