"""Quotes out of bytes that came over a network: pure functions, so that no network is needed to try one.

A venue's own format is read by a function of the same kind, `(payload) -> quotes`, which raises ValueError for what it
cannot read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec
from msgspec import Struct

from crossbook.observations.quotes import Quote

Parser: TypeAlias = Callable[[bytes], Iterable[Quote]]
"""Reads a payload; raises ValueError (as `msgspec.DecodeError` is) for what is none."""


class _Row(Struct, forbid_unknown_fields=True):
    """One quote as JSON; numbers are read as they are written, digit by digit."""

    feed: int | str
    source: int | str
    price: Decimal
    observed_at: int
    confidence: Decimal = Decimal(0)


_DECODER = msgspec.json.Decoder(list[_Row] | _Row)


def read_json(payload: bytes) -> Sequence[Quote]:
    """The quotes of a JSON object, or of an array of them, with the members of `Quote`. Raises ValueError."""
    found = _DECODER.decode(payload)
    rows = found if isinstance(found, list) else [found]
    return [Quote(row.feed, row.source, row.price, row.observed_at, row.confidence) for row in rows]
