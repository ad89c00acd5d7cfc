"""How a breaker holds a market: the mode it set, the mode there was before, and whose the market is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from crossbook.commands import Command, MarketMode, SetMarketMode, SetStress
from crossbook.rows import MarketRow


class Action(Enum):
    """What a guard asks for when it trips, from mild to strict."""

    STRESS = "stress"
    """The market is put under stress: its positions are isolated, and it goes on trading."""
    REDUCE_ONLY = "reduce_only"
    CANCEL_ONLY = "cancel_only"
    HALT = "halt"


_MODES: Final = MappingProxyType(
    {
        Action.STRESS: MarketMode.CONTINUOUS,
        Action.REDUCE_ONLY: MarketMode.REDUCE_ONLY,
        Action.CANCEL_ONLY: MarketMode.CANCEL_ONLY,
        Action.HALT: MarketMode.HALTED,
    }
)


class Hold(Struct):
    """What a breaker has done to a market: `mode` (0: nothing) where there was `before`, and whether it set stress.

    `expected` is the mode it asked for last and has not seen announced (0: none).
    """

    mode: int = 0
    before: int = 0
    stress: bool = False
    expected: int = 0


def is_of_another(hold: Hold, mode: MarketMode) -> bool:
    """Whether an announced mode is another's doing; one's own is announced before anything else is asked for."""
    if mode == hold.expected:
        hold.expected = 0
        return False
    return True


def adjust(hold: Hold, row: MarketRow, actions: Iterable[Action]) -> list[Command]:
    """What brings a market to the strictest of these actions, or back to what it was where there are none.

    A mode is only made stricter than it is, and only what was made stricter here is taken back: a market that its
    operator halted stays halted.
    """
    wanted_actions = set(actions)
    wanted = max((_MODES[action] for action in wanted_actions), default=MarketMode.CONTINUOUS)
    commands: list[Command] = []
    if wanted > row.mode:
        hold.before = hold.before if hold.mode else row.mode
        hold.mode = hold.expected = wanted
        commands.append(SetMarketMode(row.market, wanted))
    elif hold.mode and row.mode == hold.mode and wanted < hold.mode:
        back = max(wanted, MarketMode(hold.before))
        if back < hold.mode:
            commands.append(SetMarketMode(row.market, back))
            hold.expected = back
        hold.mode = back if back > hold.before else 0
    stress = Action.STRESS in wanted_actions
    if stress and not hold.stress and not row.stress:
        commands.append(SetStress(row.market, active=True))
        hold.stress = True
    elif hold.stress and not stress:
        if row.stress:
            commands.append(SetStress(row.market, active=False))
        hold.stress = False
    return commands
