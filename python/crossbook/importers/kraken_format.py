"""The Kraken capture format: websocket frames line by line, book updates in them, and the exchange's checksum.

A received line is `seconds: JSON`; lines that name an URL were sent or only mark the connection. A book frame is
`[channel, {changes}, …, "book-<depth>", pair]` with `as`/`bs` for a snapshot and `a`/`b` for changes, each a list of
`[price, volume, time]`. A volume of zero removes a level. `c` is the checksum of the book after the update: CRC32 of
the ten best asks and then the ten best bids, price and volume of each without the point and without leading zeros.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from crossbook.commands import Side
from crossbook.errors import InputError
from crossbook.importers.files import open_text

CHECKED_LEVELS: Final = 10
"""How many levels of each side the checksum covers."""


class Change(NamedTuple):
    """A level as it now is: price and volume as the exchange writes them; volume zero removes it."""

    side: Side
    price: str
    volume: str


class Update(NamedTuple):
    """One book frame, received at `time_ns` (ns since the epoch); `checksum` is None for a snapshot."""

    time_ns: int
    pair: str
    depth: int
    snapshot: bool
    changes: list[Change]
    checksum: int | None


def read_capture(path: Path) -> Iterator[Update]:
    """The book frames of a capture, in the order received; other frames are passed over.

    Raises:
        InputError: `kraken_line`, naming the first line that is neither.
    """
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if "://" in line.partition(": ")[0] or not line.strip():
                continue
            try:
                update = _update(line)
            except (ValueError, ArithmeticError, LookupError, TypeError, msgspec.DecodeError) as error:
                raise _line_error(path, number, line, error) from None
            if update is not None:
                yield update


def _update(line: str) -> Update | None:
    seconds, _, text = line.partition(": ")
    frame = msgspec.json.decode(text)
    if isinstance(frame, dict):
        if "event" not in frame:
            raise ValueError("a frame without an event")
        return None
    *_, channel, pair = frame
    name, _, depth = channel.partition("-")
    if name != "book":
        return None
    parts: list[dict[str, Any]] = frame[1:-2]
    checksum = next((int(part["c"]) for part in parts if "c" in part), None)
    time_ns = int(Decimal(seconds) * 1_000_000_000)
    return Update(time_ns, pair, int(depth), any("as" in part for part in parts), _changes(parts), checksum)


def _changes(parts: Iterable[dict[str, Any]]) -> list[Change]:
    changes = []
    for part in parts:
        for key, levels in part.items():
            if key != "c":
                side = Side.BUY if key[0] == "b" else Side.SELL
                changes += [Change(side, str(level[0]), str(level[1])) for level in levels]
    return changes


def checksum(asks: Iterable[tuple[int, int]], bids: Iterable[tuple[int, int]]) -> int:
    """The checksum of a book, given the ten best `(price, volume)` of each side, scaled to whole numbers.

    The scales are the ones the exchange writes with, so that the digits are the same.
    """
    text = "".join(f"{price}{volume}" for levels in (asks, bids) for price, volume in levels)
    return zlib.crc32(text.encode())


def decimals(number: str) -> int:
    """How many digits the exchange writes after the point."""
    return len(number.partition(".")[2])


def scaled(number: str, places: int) -> int:
    """A decimal string times 10^places.

    Raises:
        ValueError: it has more digits than that.
    """
    value = Decimal(number).scaleb(places)
    if value != int(value):
        raise ValueError(f"{number} has more than {places} decimals")
    return int(value)


def _line_error(path: Path, number: int, line: str, reason: Exception) -> InputError:
    return InputError(
        f"{path.name} line {number} is not a captured frame: {reason}",
        code="kraken_line",
        values={"file": path.name, "line": number, "text": line.strip()[:80]},
        hint="a received line is the time in seconds, a colon, and the JSON of the frame",
    )
