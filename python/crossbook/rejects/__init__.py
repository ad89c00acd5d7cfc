"""Every reason a command may be refused: number, name, what its two values mean, and what to do about it.

The order and the exact conditions are in the rules (`docs/rules*.md`); the numbers never change meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from crossbook.rejects.catalogue import ROWS
from crossbook.rejects.codes import RejectCode

__all__ = ["REASONS", "Reason", "RejectCode", "explain", "named_values"]


class Reason(Struct, frozen=True):
    """What one reject code means: one sentence, the names of `a` and `b` ("" for unused), and a hint."""

    code: RejectCode
    meaning: str
    a: str
    b: str
    hint: str


REASONS: Final[Mapping[int, Reason]] = MappingProxyType({row[0].value: Reason(*row) for row in ROWS})
"""The catalogue: one `Reason` per `RejectCode`."""


def explain(code: int, a: int = 0, b: int = 0) -> str:
    """A refusal in words, for example `MarginInsufficient (414): ... (required 120, equity 100); hint: ...`."""
    reason = REASONS.get(code)
    if reason is None:
        return f"reject {code} (a {a}, b {b}); hint: a newer crossbook knows this code"
    named = ", ".join(f"{name} {value}" for name, value in named_values(code, a, b).items())
    values = f" ({named})" if named else ""
    return f"{reason.code.camel} ({code}): {reason.meaning}{values}; hint: {reason.hint}"


def named_values(code: int, a: int, b: int) -> dict[str, int]:
    """The two values of a refusal under the names the catalogue gives them; unused ones are left out."""
    reason = REASONS.get(code)
    if reason is None:
        return {"a": a, "b": b}
    return {name: value for name, value in ((reason.a, a), (reason.b, b)) if name}
