"""What can be wrong with a journal. Every error has a stable `code`, the `values` it is about and a `hint`."""

from __future__ import annotations

from typing import Any, ClassVar

from crossbook.errors import CrossbookError


class JournalError(CrossbookError):
    """Base of the errors of `crossbook.journal`; the subclass decides the code and, unless given, the hint."""

    default_code: ClassVar[str] = "journal"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, code: str = "", values: dict[str, Any] | None = None, hint: str = "") -> None:
        super().__init__(message, code=code or self.default_code, values=values, hint=hint or self.default_hint)


# --- finding and opening a session ---------------------------------------------------------------------------------


class JournalNotFound(JournalError):
    """The path holds no session."""

    default_code = "journal_not_found"
    default_hint = "give the directory that holds the file `session.json`"


class JournalExists(JournalError):
    """A session is to be created where something is already."""

    default_code = "journal_exists"
    default_hint = "open it, or choose a directory that is empty or does not exist"


class NotAJournal(JournalError):
    """A file of the session is not a journal file: a foreign LMDB environment, another program's file."""

    default_code = "not_a_journal"
    default_hint = "this file was not written by a crossbook journal; nothing in it was touched"


class NewerFormat(JournalError):
    """The journal was written in a format newer than this version reads."""

    default_code = "journal_format_newer"
    default_hint = "install a newer crossbook; this version reads journals up to the format in `values['supported']`"


class OpenFailed(JournalError):
    """The session verifies, but the operating system or LMDB would not open it for writing."""

    default_code = "journal_open_failed"
    default_hint = "check the permissions and the free space of the session's directory"


class JournalLocked(JournalError):
    """Another owner has the session open for writing; `values` names its pid."""

    default_code = "journal_locked"
    default_hint = "one session has one writer: close the other one, or only read: `crossbook replay`, JournalReader"


class UsedAfterFork(JournalError):
    """A writer was used in a child process that it was not opened in."""

    default_code = "journal_used_after_fork"
    default_hint = "open journals in the process that uses them; a forked child may open a JournalReader of its own"


# --- damage --------------------------------------------------------------------------------------------------------


class JournalDamaged(JournalError):
    """The journal does not verify. `values` names segment, block, first_seq and last_seq where they are known."""

    default_code = "journal_damaged"
    default_hint = "restore the segment from a copy; `crossbook verify PATH` lists every finding"


class WrongSegment(JournalDamaged):
    """A segment that does not stand where it belongs: of another session, out of order, or missing."""

    default_code = "journal_wrong_segment"
    default_hint = "put the session's own segments back, each under its own number"


class ForeignFile(JournalDamaged):
    """A data file that another program, or another session, wrote. Nothing in it was touched."""

    default_code = "journal_foreign_file"
    default_hint = "move the file away and restore the session's own; a journal never adopts a file it did not write"


class TornTail(JournalDamaged):
    """The last block or blocks of the live segment do not verify, and everything before them does."""

    default_code = "journal_torn_tail"
    default_hint = (
        "run `crossbook repair PATH`: it drops the torn tail, keeps its bytes and lets the next writer record it"
    )


class RepairPending(JournalError):
    """A repaired journal must first record its repair."""

    default_code = "journal_repair_pending"
    default_hint = "journal the Repair command of `writer.pending_repair` as the first record of the next block"


# --- writing -------------------------------------------------------------------------------------------------------


class BlockRefused(JournalError):
    """A block that may not be appended: empty, too large, time going back. Nothing was written."""

    default_code = "journal_block_refused"


class JournalHalted(JournalError):
    """The writer met a commit error and stopped; nothing that was acknowledged is lost."""

    default_code = "journal_halted"
    default_hint = "remove the cause, then open the journal again: it verifies itself and continues"


class MapFull(JournalHalted):
    """The segment's map is full and no further segment may be started."""

    default_code = "journal_map_full"
    default_hint = "raise segments_max or segment_bytes, then open the journal again"


class DiskFull(JournalHalted):
    """The disk (or a quota, or the process's file size limit) is full."""

    default_code = "journal_disk_full"
    default_hint = "free space on the disk, then open the journal again; everything acknowledged is kept"


class CommitFailed(JournalHalted):
    """A commit or an fsync failed. It is not tried again: after a failed fsync the disk's state is unknown."""

    default_code = "journal_commit_failed"
    default_hint = "check the disk, run `crossbook verify PATH`, then open the journal again"


class AppendRefused(JournalHalted):
    """LMDB refused to append because the key is not behind the last one: something else wrote to this segment."""

    default_code = "journal_append_refused"
    default_hint = "another program wrote to this segment; run `crossbook verify PATH` before opening it again"


class JournalClosed(JournalError):
    """The writer or reader was used after `close()`."""

    default_code = "journal_closed"
    default_hint = "open the journal again"
