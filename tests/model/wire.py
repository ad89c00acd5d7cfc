"""The wire of the tests: a canonical msgpack encoder and a decoder, small enough to be read against the format."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from .commands import TAGS, Record

UNSIGNED = ((0xCC, ">B", 2**8), (0xCD, ">H", 2**16), (0xCE, ">I", 2**32), (0xCF, ">Q", 2**64))
SIGNED = ((0xD0, ">b", 2**7), (0xD1, ">h", 2**15), (0xD2, ">i", 2**31), (0xD3, ">q", 2**63))
FIXED = {code: fmt for code, fmt, _ in UNSIGNED + SIGNED}


def encode_int(value: int) -> bytes:
    """The shortest form; unsigned for what is not negative."""
    if 0 <= value < 128:
        return bytes([value])
    if -32 <= value < 0:
        return struct.pack(">b", value)
    for code, fmt, limit in UNSIGNED if value >= 0 else SIGNED:
        if -limit <= value < limit:
            return bytes([code]) + struct.pack(fmt, value)
    raise OverflowError(value)


def string_header(size: int) -> bytes:
    """The shortest header of a string of so many bytes."""
    if size < 32:
        return bytes([0xA0 | size])
    return bytes([0xD9, size]) if size < 2**8 else b"\xda" + struct.pack(">H", size)


def encode(value: object) -> bytes:
    """Encodes bool, int, str and sequences of them."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return encode_int(value)
    if isinstance(value, str):
        text = value.encode()
        return string_header(len(text)) + text
    assert isinstance(value, Sequence)
    header = bytes([0x90 | len(value)]) if len(value) < 16 else b"\xdc" + struct.pack(">H", len(value))
    return header + b"".join(encode(item) for item in value)


def encode_record(record: Record, base_time: int) -> bytes:
    """`[dt, origin, author, cause, nonce, [tag, ...fields]]`."""
    time, origin, author, cause, nonce, command = record
    return encode([time - base_time, origin, author, cause, nonce, [TAGS[type(command)], *command]])


def encode_block(records: Iterable[Record], base_time: int) -> bytes:
    """A block body: the records back to back."""
    return b"".join(encode_record(record, base_time) for record in records)


def decode_at(data: bytes, at: int) -> tuple[Any, int]:
    """Decodes one value; returns it and where the next one starts."""
    code = data[at]
    at += 1
    if code < 0x80:
        return code, at
    if code >= 0xE0:
        return code - 0x100, at
    if code in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at
    if code in FIXED:
        size = struct.calcsize(FIXED[code])
        return struct.unpack_from(FIXED[code], data, at)[0], at + size
    if code == 0xDA:
        (size,) = struct.unpack_from(">H", data, at)
        return data[at + 2 : at + 2 + size].decode(), at + 2 + size
    if 0xA0 <= code < 0xC0 or code == 0xD9:
        size, at = (code & 0x1F, at) if code != 0xD9 else (data[at], at + 1)
        return data[at : at + size].decode(), at + size
    if 0x90 <= code < 0xA0 or code in (0xDC, 0xDD):
        fmt = {0xDC: ">H", 0xDD: ">I"}.get(code)
        count = code & 0x0F if fmt is None else struct.unpack_from(fmt, data, at)[0]
        at += 0 if fmt is None else struct.calcsize(fmt)
        items = []
        for _ in range(count):
            item, at = decode_at(data, at)
            items.append(item)
        return items, at
    raise ValueError(f"code {code:#x} at {at - 1} is not part of this wire")


def decode(data: bytes) -> Any:
    """Decodes exactly one value."""
    value, end = decode_at(data, 0)
    assert end == len(data), f"{len(data) - end} bytes left over"
    return value


def decode_events(data: bytes) -> list[tuple[Any, ...]]:
    """Decodes events that stand back to back."""
    events = []
    at = 0
    while at < len(data):
        event, at = decode_at(data, at)
        events.append(tuple(event))
    return events
