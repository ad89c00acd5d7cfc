"""What a policy is: events and time in, a state of its own, commands out.

```python
class Quiet(Struct, frozen=True):
    '''Rests a market for a while after every fill of more than `lots`.'''

    role: ClassVar[str] = "breakers"
    name: ClassVar[str] = "quiet"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset({Traded})
    State: ClassVar[type[Struct]] = QuietState

    lots: int                                          # the fields are its configuration, and are journaled

    def react(self, state: QuietState, turn: Turn) -> Reaction[QuietState]:
        ...
```

A policy is a frozen struct: its fields are its configuration, its class variables say what it is, and `react` is its
one method. It owns nothing: the loop keeps its state and hands it over at each turn, together with what happened since
and a read-only view of the venue. It must not look at a clock, a file, a network or anything else that is not in its
turn, because a recovery and a counterfactual run it again and compare what it proposes, command by command.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from crossbook.commands import Command
from crossbook.events import Event
from crossbook.policies.view import PolicyView

S = TypeVar("S", bound=Struct)
"""The state of a policy: a msgspec struct that can be made without arguments."""


class Proposal(Struct, frozen=True):
    """A command that a policy proposes, and the seq of what made it do so (0: the last event of its turn)."""

    command: Command
    cause: int = 0


class Turn(Struct, frozen=True):
    """What a policy sees when it is its turn.

    `time_ns` is the stamped time of the instant (ns since the epoch) and `seq` the last executed command. `events` are
    those of the types it listens to since its last turn, in order, its own among them. `woken` says that a time it
    asked for has come, or that this is its first turn. `author` is the id it speaks under.
    """

    time_ns: int
    seq: int
    events: tuple[Event, ...]
    view: PolicyView
    woken: bool
    author: int


class Reaction(Struct, Generic[S], frozen=True):
    """What a policy answers: its state from now on, what it proposes, and when it wants to be woken.

    `state` may be the state it was given, changed: nobody else holds it. `proposals` are journaled together, in this
    order, each checked by the kernel like any command. `wake_ns` (later than the turn, ns since the epoch) replaces
    what it asked for before; None asks for no waking.
    """

    state: S
    proposals: tuple[Proposal, ...] = ()
    wake_ns: int | None = None


@runtime_checkable
class Policy(Protocol):
    """A pluggable module of the venue; see the head of this file.

    Attributes:
        role: the role it plays, a name in `crossbook.policies.roles`, where it says which commands it may propose.
        name: what it is called within its role, for example `"ladder"`.
        version: of its rules; another version may propose other commands for the same events.
        listens: the types of events it wants to see.
        State: its state, a msgspec struct; `State()` is where it starts.
    """

    role: ClassVar[str]
    name: ClassVar[str]
    version: ClassVar[str]
    listens: ClassVar[frozenset[type[Event]]]
    State: ClassVar[type[Struct]]

    def react(self, state: Any, turn: Turn) -> Reaction[Any]:
        """The state from now on and the commands to propose, from nothing but the arguments and the configuration."""
        ...


def propose(*commands: Command, cause: int = 0) -> tuple[Proposal, ...]:
    """Proposals of these commands, all for one cause."""
    return tuple(Proposal(command, cause) for command in commands)
