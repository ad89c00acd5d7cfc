"""One import from files to report: read, feed the venue, close it, replay its journal, compare."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from crossbook.errors import InputError
from crossbook.importers.feed import counted
from crossbook.importers.imported import replayed
from crossbook.importers.lobster import LobsterImport, Mode, QueueBy, lobster_venue
from crossbook.importers.lobster_depth import LobsterRowCheck
from crossbook.importers.lobster_format import read_messages, read_orderbook, recording
from crossbook.importers.lobster_report import LobsterReport
from crossbook.replay import Progress


def import_lobster(
    files: Sequence[Path],
    path: Path,
    *,
    mode: Mode = Mode.STEP,
    queue_by: QueueBy = QueueBy.REFERENCE,
    durability: str = "volatile",
    progress: Progress | None = None,
) -> LobsterReport:
    """Turn recorded NASDAQ order flow into a journaled session, and say how well our book reproduces it.

    Args:
        files: one LOBSTER message file, and for the row check its orderbook file; `.csv` or `.csv.xz`.
        path: the directory of the new session.
        mode: what happens where price-time priority would not have chosen the recorded order.
        queue_by: what gives an order its place in the queue.
        durability: of the session while it is written. An import can be repeated, so the default is "volatile".
        progress: called with the number of messages done and of all, now and then.

    Raises:
        InputError: `lobster_files`, `lobster_line`, `lobster_empty`, `price_off_tick`, or `lobster_mode` for a
            free-running import of a file pair.
        JournalExists: there is something at `path` already.
    """
    found = recording(files)
    if found.orderbook and mode == Mode.FREE:
        raise InputError(
            "the row check keeps in step with the record",
            code="lobster_mode",
            values={"mode": mode.value},
            hint="leave the orderbook file out, or use step mode",
        )
    messages = list(read_messages(found.messages))
    if not messages:
        raise InputError(
            f"{found.messages.name} holds no message",
            code="lobster_empty",
            values={"file": found.messages.name},
            hint="give a message file with at least one line",
        )
    started = time.perf_counter()
    feed = lobster_venue(path, found, messages[0], durability=durability)
    with feed.venue:
        counting = counted(messages, progress)
        if found.orderbook:
            check = LobsterRowCheck(feed, found, queue_by=queue_by)
            check.run_rows(counting, read_orderbook(found.orderbook))
            importer: LobsterImport = check
        else:
            importer = LobsterImport(feed, found, mode=mode, queue_by=queue_by)
            importer.run(counting)
    return LobsterReport(
        files=[file.name for file in files],
        mode=mode.value,
        queue_by=queue_by.value,
        tally=importer.tally,
        session=replayed(feed, path, started=started),
    )
