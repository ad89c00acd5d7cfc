"""The errors a caller can meet. Each has a stable `code`, the `values` it is about, and a `hint` what to do.

A refused command is not an error but an event (`crossbook.events.Rejected`): these exceptions are for input that never
became a command, for files that cannot be trusted, and for a venue that had to stop.
"""

from __future__ import annotations

from typing import Any


class CrossbookError(Exception):
    """Base of every exception of this package.

    Attributes:
        code: stable machine-readable name, `snake_case`; never reworded.
        message: one sentence for people.
        values: the values the error is about, by name.
        hint: what to do about it; empty where there is nothing to advise.
    """

    def __init__(self, message: str, *, code: str, values: dict[str, Any] | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.values: dict[str, Any] = dict(values or {})
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        return f"{text}\nhint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.code, self.values, self.hint)


def _rebuild(kind: type[CrossbookError], message: str, code: str, values: dict[str, Any], hint: str) -> CrossbookError:
    return kind(message, code=code, values=values, hint=hint)


class InputError(CrossbookError):
    """A value that cannot become a command: a float, an off-tick price, an overflow, an unknown symbol."""


class ConfigError(CrossbookError):
    """A venue configuration that cannot be used; `values["field"]` is the path of the field at fault."""


class Refused(CrossbookError):
    """A command was refused and the caller asked for an exception (`Receipt.raise_if_rejected`).

    `values["reject"]` is the reject code, `a` and `b` are its two values (see `crossbook.rejects`).
    """


class VenueHalted(CrossbookError):
    """The venue stopped after a failed commit or a kernel fault; it answers nothing any more. Open it again."""


class VenueClosed(CrossbookError):
    """The venue was used after `close()`."""


class SnapshotDamaged(CrossbookError):
    """A snapshot file that is not what it says it is."""


class ReplayDivergence(CrossbookError):
    """Re-execution did not reproduce the journal; `values` names block, seq and which of the two marks."""


class PolicyDivergence(CrossbookError):
    """A policy that was run again did not propose what the journal has of it; `values` names the seq and the author."""


class NotFound(CrossbookError):
    """A seq, time, account, order or market that the journal or the state does not know."""
