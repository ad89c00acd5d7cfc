"""What policies and the loop put on record: topics of notes, and the structs their bodies are as JSON.

A note is written by `note` and read by `read`; a body that is not what its topic says reads as None, since clients
write notes as well.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from crossbook.commands import Note
from crossbook.events import Noted

B = TypeVar("B", bound=Struct)

ENGAGED: Final = "policy.engaged"
DISENGAGED: Final = "policy.disengaged"
FAULT: Final = "policy.fault"

LOOP_NAME: Final = "crossbook.loop"
"""The name the loop registers under; what it says and does is inside, like what its policies propose."""


class Engaged(Struct, frozen=True):
    """A policy plays in a slot from now on, under this author id.

    `source` is the SHA-256 of its source in hex, `config` its fields, `reason` `"asked"` or `"fallback"`.
    """

    slot: str
    author: int
    name: str
    version: str
    source: str
    config: dict[str, Any]
    reason: str


class Disengaged(Struct, frozen=True):
    """A slot is empty from now on; `reason` is `"asked"`, `"replaced"` or `"fault"`."""

    slot: str
    author: int
    reason: str


class Fault(Struct, frozen=True):
    """A policy failed in its n-th turn since it was engaged, and was taken off before anything it proposed was done.

    `fault` is `"raised"`, `"garbage"`, `"time"`, `"flood"`, `"unlicensed"`, `"refused"` or `"tampered"`; `action` is
    `"fallback"`, `"halt"` or `"vacate"`.
    """

    slot: str
    author: int
    turn: int
    fault: str
    detail: str
    action: str


def note(topic: str, body: Struct, *, account: int = 0) -> Note:
    """The note that puts a body on record, as JSON with its members in the order of the struct."""
    return Note(account, topic, msgspec.json.encode(body, order="deterministic").decode())


def read(noted: Noted, topic: str, kind: type[B]) -> B | None:
    """The body of a note on this topic, None if it is about something else or is not what the topic says."""
    if noted.topic != topic:
        return None
    try:
        return msgspec.json.decode(noted.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
