"""The LOBSTER file format: what a recorded message is, and how message and orderbook files are read.

A message file has one line per event, `time,type,order,size,price,direction`; an orderbook file has the visible levels
after each of those events, `ask price, ask size, bid price, bid size` per level. Prices are dollars times 10,000.
Files may be plain `.csv` or compressed `.csv.xz`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from crossbook.commands import Side
from crossbook.errors import InputError
from crossbook.importers.files import open_text

PRICE_UNITS_PER_DOLLAR: Final = 10_000
"""LOBSTER prices are dollars times this."""
TICK_UNITS: Final = 50
"""One tick of the imported market in LOBSTER price units: half a cent, the finest price the files contain."""
EMPTY_LEVEL_PRICE: Final = 9_999_999_999
"""The price, of either sign, that stands for a level that does not exist."""

_NS_PER_SECOND: Final = 1_000_000_000
_NAME: Final = re.compile(r"^(?P<ticker>[A-Za-z0-9.-]+)_(?P<day>\d{4}-\d{2}-\d{2})_\d+_\d+_(message|orderbook)_\d+")


class Kind(IntEnum):
    """What a message reports, by the number LOBSTER gives it."""

    ADD = 1
    PARTIAL_CANCEL = 2
    DELETE = 3
    EXECUTION = 4
    HIDDEN_EXECUTION = 5
    CROSS_TRADE = 6
    HALT = 7


class Message(NamedTuple):
    """One recorded event.

    `time_ns` counts from the midnight before the session; `order` is the exchange's reference number; `size` in
    shares; `price` in dollars times 10,000; `side` is that of the resting order, not of the aggressor.
    """

    time_ns: int
    kind: Kind
    order: int
    size: int
    price: int
    side: Side

    @property
    def ticks(self) -> int:
        """The price in ticks of the imported market.

        Raises:
            InputError: `price_off_tick`, if the price is not a whole number of half cents.
        """
        ticks, rest = divmod(self.price, TICK_UNITS)
        if rest:
            raise InputError(
                f"price {self.price} of order {self.order} is not a whole number of ticks of {TICK_UNITS}",
                code="price_off_tick",
                values={"price": self.price, "tick": TICK_UNITS, "order": self.order},
                hint="the importer knows prices in half cents (dollars x 10,000, in steps of 50)",
            )
        return ticks


class Levels(NamedTuple):
    """The visible book after one message, best first: `(price in ticks, shares)` per level."""

    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Recording(NamedTuple):
    """What the file names say: which stock, which day (`midnight_ns` since the epoch), and where the files are."""

    ticker: str
    midnight_ns: int
    messages: Path
    orderbook: Path | None


def recording(paths: Sequence[Path]) -> Recording:
    """Sort one message file and at most one orderbook file into a recording.

    The wall clock of the recording is read as UTC, so that the stamped times show the recorded time of day.

    Raises:
        InputError: `lobster_files`, if the paths are not one message file with at most one orderbook file of the same
            stock and day, named as LOBSTER names them.
    """
    messages = [path for path in paths if "_message_" in path.name]
    books = [path for path in paths if "_orderbook_" in path.name]
    if len(messages) != 1 or len(books) > 1 or len(messages) + len(books) != len(paths):
        raise _files_error(paths)
    names = [_NAME.match(path.name) for path in (*messages, *books)]
    keys = {(name["ticker"], name["day"]) for name in names if name}
    if None in names or len(keys) != 1:
        raise _files_error(paths)
    ticker, day = keys.pop()
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC)
    return Recording(ticker, int(midnight.timestamp()) * _NS_PER_SECOND, messages[0], books[0] if books else None)


def _files_error(paths: Sequence[Path]) -> InputError:
    return InputError(
        "expected one LOBSTER message file, and at most one orderbook file of the same stock and day",
        code="lobster_files",
        values={"files": [path.name for path in paths]},
        hint="keep LOBSTER's names, for example AAPL_2012-06-21_34200000_37800000_message_50.csv[.xz]",
    )


def read_messages(path: Path) -> Iterator[Message]:
    """The messages of a file in the order they were recorded.

    Raises:
        InputError: `lobster_line`, naming the first line that is not a message, or that goes back in time.
    """
    last_ns = 0
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                message = parse_message(line)
            except ValueError as error:
                raise _line_error(path, number, line, str(error)) from None
            if message.time_ns < last_ns:
                raise _line_error(path, number, line, "its time is before the time of the line above")
            last_ns = message.time_ns
            yield message


def parse_message(line: str) -> Message:
    """One message line.

    Raises:
        ValueError: the line does not have six fields of the right kind.
    """
    time, kind, order, size, price, direction = line.split(",")
    if direction.strip() not in ("1", "-1"):
        raise ValueError(f"direction {direction.strip()} is neither 1 nor -1")
    side = Side.BUY if direction.strip() == "1" else Side.SELL
    return Message(_nanoseconds(time), Kind(int(kind)), int(order), int(size), int(price), side)


def _nanoseconds(seconds: str) -> int:
    """Decimal seconds as nanoseconds, exactly: floats would lose the last digits. Digits beyond the ninth are cut."""
    whole, _, fraction = seconds.partition(".")
    return int(whole) * _NS_PER_SECOND + int(fraction[:9].ljust(9, "0"))


def read_orderbook(path: Path) -> Iterator[Levels]:
    """The rows of an orderbook file, levels that do not exist left out.

    Raises:
        InputError: `lobster_line`, naming the first line that is not a row of levels.
    """
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                values = [int(field) for field in line.split(",")]
            except ValueError as error:
                raise _line_error(path, number, line, str(error)) from None
            if len(values) % 4:
                raise _line_error(path, number, line, "a level has four values")
            yield Levels(bids=_side(values[2::4], values[3::4]), asks=_side(values[0::4], values[1::4]))


def _side(prices: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, int]]:
    return [
        (price // TICK_UNITS, size)
        for price, size in zip(prices, sizes, strict=True)
        if size and abs(price) != EMPTY_LEVEL_PRICE
    ]


def _line_error(path: Path, number: int, line: str, reason: str) -> InputError:
    return InputError(
        f"{path.name} line {number} is not what LOBSTER writes: {reason}",
        code="lobster_line",
        values={"file": path.name, "line": number, "text": line.strip()[:80]},
        hint="the format is described in the readme that comes with LOBSTER's files",
    )
