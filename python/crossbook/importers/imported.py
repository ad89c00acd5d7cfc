"""What every importer ends with: the session it wrote, replayed from genesis and compared."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TypeVar

import msgspec

from crossbook.importers.feed import Feed
from crossbook.replay import replay

T = TypeVar("T")


class Imported(msgspec.Struct, frozen=True):
    """An imported session: what is in its journal, and what the journal replays to. Roots and digests are hex."""

    path: str
    commands: int
    trades: int
    rejected: dict[str, int]
    blocks: int
    state_root: str
    replayed_root: str
    event_digest: str
    replayed_digest: str
    import_seconds: float
    replay_seconds: float

    @property
    def equal(self) -> bool:
        """Whether the replay came to the same state and the same events."""
        return (self.state_root, self.event_digest) == (self.replayed_root, self.replayed_digest)


def replayed(feed: Feed[T], path: Path, *, started: float) -> Imported:
    """Replay the journal a feed wrote and put both results side by side.

    Args:
        feed: its venue is closed.
        path: the directory of the session.
        started: when the import began, by `time.perf_counter`.

    Raises:
        ReplayDivergence: re-execution did not reproduce an exec mark on the way.
    """
    kernel = feed.venue.session.kernel
    import_seconds = time.perf_counter() - started
    again = replay(path)
    return Imported(
        path=str(path),
        commands=kernel.seq,
        trades=feed.trades,
        rejected=dict(sorted(feed.rejected.items())),
        blocks=again.blocks,
        state_root=kernel.state_root().hex(),
        replayed_root=again.state_root.hex(),
        event_digest=kernel.event_digest().hex(),
        replayed_digest=again.event_digest.hex(),
        import_seconds=round(import_seconds, 3),
        replay_seconds=round(again.seconds, 3),
    )
