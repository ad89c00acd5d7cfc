"""Running the policies of a journal again, to see whether they propose what they proposed.

```python
from crossbook.policies.rerun import rerun

print(rerun("session"))
```

Nothing is written, and the journal may be a live one. What a policy proposed because of a clock on the wall, a random
number or anything else that is not in its turn, it does not propose again: `PolicyDivergence` names the first seq.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct

from crossbook.journal import JournalReader
from crossbook.policies import notes
from crossbook.policies.contract import Policy
from crossbook.policies.guard import Limits
from crossbook.policies.recovery import Recovery


class Rerun(Struct, frozen=True):
    """What was run again: up to `seq`, `commands` of which came from outside or were proposed again.

    `turns` counts the turns of the policies that play at the end, by slot, and `states` is what they remember; `faults`
    are those on record, which are not run again, and `unchecked` the slots of policies that are not installed.
    """

    seq: int
    commands: int
    turns: dict[str, int]
    states: dict[str, Struct]
    faults: tuple[notes.Fault, ...]
    unchecked: tuple[str, ...]


def rerun(
    path: str | os.PathLike[str], policies: Mapping[str, Policy | None] | None = None, *, limits: Limits | None = None
) -> Rerun:
    """Run the policies of a journal again beside it.

    Args:
        path: the directory of a venue.
        policies: policies by slot that no installed package has; None for one that shall be taken as recorded.
        limits: what a policy may use.

    Raises:
        PolicyDivergence: a policy does not propose what the journal has of it; `values` has the seq.
        InputError: `unknown_policy`, a policy of the journal is not installed and was not given.
        JournalError: the journal cannot be read or does not verify.
    """
    with JournalReader(path) as reader:
        recovery = Recovery(reader, beyond=None, sources=policies or {}, limits=limits)
        loop = recovery.run()
    playing = loop.engagements.values()
    return Rerun(
        seq=recovery.sequencer.kernel.seq,
        commands=recovery.sequencer.matched,
        turns={one.slot: one.turns for one in playing},
        states={one.slot: one.state for one in playing},
        faults=tuple(loop.faults),
        unchecked=tuple(recovery.missing),
    )
