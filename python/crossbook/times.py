"""Times as people write them, and as the journal has them: ns since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from crossbook.errors import InputError


def parse_time(text: str, *, field: str = "time", also: str = "") -> int:
    """A time as ns since the epoch, from ns (`17ns` or `17`) or ISO 8601 (UTC unless it says otherwise).

    `also` is what else the field takes, for the hint.

    Raises InputError `time_syntax`.
    """
    if text.removesuffix("ns").isdigit():
        return int(text.removesuffix("ns"))
    main, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))] if dot else ""
    try:
        moment = datetime.fromisoformat(main + rest[len(digits) :])
    except ValueError:
        moment = None
    if moment is None or len(digits) > 9 or (dot and not digits):
        raise InputError(
            f"{field} is {text!r}",
            code="time_syntax",
            values={"field": field, "value": text},
            hint=f"give {also}ns since the epoch or ISO 8601, for example 2026-11-21T12:00:00.5Z",
        )
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _SECOND
    return seconds * 1_000_000_000 + int(digits.ljust(9, "0") or 0)


_SECOND: Final = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)  # noqa: DTZ001


def show_time(time_ns: int) -> str:
    """A stamped time as ISO 8601 in UTC, to the nanosecond; `-` before the first command."""
    if not time_ns:
        return "-"
    seconds, rest = divmod(time_ns, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{time_ns} ns"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
