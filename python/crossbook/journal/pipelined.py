"""Natural group commit: what arrives during one fsync goes into the next transaction. Opt-in: it starts a thread."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import Self

from .blocks import HEADER_BYTES, BlockReceipt, PendingBlock, check_pending
from .errors import BlockRefused, JournalClosed, JournalError
from .writer import JournalWriter

BACKLOG_BYTES_MAX = 16 << 20
GROUP_BYTES_MAX = 4 << 20


class PipelinedWriter:
    """Appends blocks from a background thread; each append returns a future that is done when its fsync is.

    Takes over a writer's appends until `close()`, which leaves the writer itself open. Futures complete in the order of
    the appends. After a commit error the writer is halted: every future behind it fails with that error, none is lost
    silently. Backpressure: `append` waits while more than 16 MiB are under way.
    """

    def __init__(self, writer: JournalWriter) -> None:
        self.writer = writer
        self._queue: deque[tuple[PendingBlock, Future[BlockReceipt]]] = deque()
        self._backlog_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._failure: JournalError | None = None
        self._thread = threading.Thread(target=self._run, name="crossbook-journal", daemon=True)
        self._thread.start()

    def append(self, block: PendingBlock) -> Future[BlockReceipt]:
        """Queues one block. Raises BlockRefused, JournalClosed, or the error that halted the writer."""
        check_pending(block)
        future: Future[BlockReceipt] = Future()
        with self._changed:
            self._changed.wait_for(lambda: self._backlog_bytes <= BACKLOG_BYTES_MAX or self._failure is not None)
            if self._failure is not None:
                raise self._failure
            if self._closing:
                raise JournalClosed("the pipelined writer is closed")
            self._queue.append((block, future))
            self._backlog_bytes += len(block.body) + HEADER_BYTES
            self._changed.notify_all()
        return future

    def flush(self) -> None:
        """Returns when everything appended before the call is durable, or has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._backlog_bytes == 0)

    def close(self) -> None:
        """Commits what is queued and ends the thread. May be called again."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while group := self._next_group():
            self._commit([(block, future) for block, future in group if future.set_running_or_notify_cancel()])
            with self._changed:
                self._backlog_bytes -= sum(len(block.body) + HEADER_BYTES for block, _ in group)
                self._changed.notify_all()

    def _next_group(self) -> list[tuple[PendingBlock, Future[BlockReceipt]]]:
        """Everything that waits, up to the size of one transaction; nothing when closed and done."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._closing)
            group: list[tuple[PendingBlock, Future[BlockReceipt]]] = []
            size = 0
            while self._queue and size < GROUP_BYTES_MAX:
                group.append(self._queue.popleft())
                size += len(group[-1][0].body)
            return group

    def _commit(self, group: list[tuple[PendingBlock, Future[BlockReceipt]]]) -> None:
        if not group:
            return
        try:
            if self._failure is not None:
                raise self._failure
            receipts = self.writer.append_many([block for block, _ in group])
            self.writer.sync()
        except BlockRefused as error:
            # Nothing of the group was written. Only the block that was refused fails; the others go one by one.
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            for one in group:
                self._commit([one])
            return
        except Exception as error:  # noqa: BLE001  (it belongs to the futures)
            if isinstance(error, JournalError) and self.writer.halted is not None:
                self._failure = error
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), receipt in zip(group, receipts, strict=True):
            future.set_result(receipt)
