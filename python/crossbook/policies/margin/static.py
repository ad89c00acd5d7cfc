"""The default margin: parameters are the operator's alone."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from crossbook.events import Event
from crossbook.policies.contract import Reaction, Turn


class StaticState(Struct):
    """There is nothing to remember."""


class StaticMargin(Struct, frozen=True):
    """Proposes nothing."""

    role: ClassVar[str] = "margin"
    name: ClassVar[str] = "static"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset()
    State: ClassVar[type[Struct]] = StaticState

    def react(self, state: StaticState, turn: Turn) -> Reaction[StaticState]:  # noqa: ARG002 - nothing is looked at
        """Nothing."""
        return Reaction(state)
