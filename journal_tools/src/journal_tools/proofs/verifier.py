"""Whose signature a checkpoint must have: an option of every verb that checks, and never left out in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from journal_tools.errors import ToolError
from journal_tools.proofs.note import VerifierKey

F = TypeVar("F", bound=Callable[..., Any])


def key_options(function: F) -> F:
    """The options `--key` and `--unsigned`."""
    unsigned = "Leave the signature out: the proof is checked against the checkpoint's text only."
    function = click.option("--unsigned", is_flag=True, help=unsigned)(function)
    return click.option("--key", help="Whose signature it must have: a verifier key, or a file that holds one.")(
        function
    )


def verifier_of(key: str | None, *, unsigned: bool) -> VerifierKey | None:
    """The key that was given, None if signatures are left out. Raises ToolError `key_missing`, `key_invalid`."""
    if (key is None) is not unsigned:
        raise ToolError(
            "whose signature must the checkpoint have?",
            code="key_missing",
            hint="give --key, or --unsigned if you know the checkpoint from elsewhere",
        )
    if key is None:
        return None
    path = Path(key)
    return VerifierKey.parse(path.read_text() if "+" not in key or path.exists() else key)
