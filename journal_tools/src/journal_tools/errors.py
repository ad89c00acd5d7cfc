"""What can go wrong, with a code for machines, a sentence for people and a hint for both."""

from __future__ import annotations

from typing import Any


class ToolError(Exception):
    """A verb could not run: exit code 2."""

    def __init__(self, message: str, *, code: str, hint: str = "", **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.values = values


class Finding(ToolError):
    """The journal is not what it says it is: exit code 1. `code` names what, `values` where."""


class Skipped(ToolError):
    """The question has no answer here, which is neither good nor bad: exit code 125, as for `git bisect run`."""
