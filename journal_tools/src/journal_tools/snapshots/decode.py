"""A kernel snapshot taken apart into entities with named fields: docs/digests.md, *Kernel snapshot*."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from journal_tools.errors import Finding, ToolError
from journal_tools.snapshots.shape import GROUPS, KEYS, PARTS

SUBSYSTEMS: Final = (
    "parameters",
    "sequence",
    "markets",
    "funds",
    "accounts",
    "positions",
    "idempotency",
    "orders",
    "events",
    "root_mark",
)
"""The subsystems of the state root in its order, and the two parts of a snapshot that no root covers."""
MAGIC: Final = b"XBSNAPS1"
_FILE: Final = struct.Struct("<8sIIQ32s32sQ")
_NUMBERS: Final = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q", "i128": "16s", "u128": "16s"}
_SCALARS: Final = _NUMBERS | {"digest": "32s"}


class Entity(NamedTuple):
    """Something with fields, in a subsystem: `account 17` in `positions`, `order 4711` in `orders`."""

    subsystem: str
    name: str


State = dict[Entity, dict[str, Any]]
"""The fields of every entity, in canonical order."""


class Snapshot(NamedTuple):
    """A snapshot file: as of which seq, of which block, under which root, and the kernel snapshot in it."""

    seq: int
    block_hash: bytes
    state_root: bytes
    kernel: bytes


class _Step(NamedTuple):
    """What is read at once: a run of numbers, or one field that has no fixed length."""

    kind: str
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    run: struct.Struct


@cache
def steps_of(part: str) -> tuple[_Step, ...]:
    """How a part is read."""
    found: list[_Step] = []
    run: list[tuple[str, str]] = []
    for declared in PARTS[part].split(", "):
        name, kind = declared.split(" ", 1)
        if kind in _SCALARS:
            run.append((name, kind))
            continue
        found += _run(run)
        run = []
        found.append(_Step(kind, (name,), (), struct.Struct("")))
    return tuple(found + _run(run))


def _run(run: list[tuple[str, str]]) -> list[_Step]:
    if not run:
        return []
    names, kinds = zip(*run, strict=True)
    return [_Step("run", names, kinds, struct.Struct("<" + "".join(_SCALARS[kind] for kind in kinds)))]


class Reader:
    """Reads parts from bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, length: int) -> bytes:
        """So many bytes."""
        piece = self.data[self.at : self.at + length]
        if len(piece) < length:
            raise unreadable("it ends too soon")
        self.at += length
        return piece

    def count(self) -> int:
        """How many follow."""
        return int.from_bytes(self.take(4), "little")

    def part(self, part: str) -> dict[str, Any]:
        """The fields of a part by name, members of lists and of optional parts included."""
        fields: dict[str, Any] = {}
        self._into(fields, part, "")
        return fields

    def _into(self, fields: dict[str, Any], part: str, prefix: str) -> None:
        for step in steps_of(part):
            if step.kind == "run":
                self._numbers(fields, step, prefix)
            elif step.kind == "text":
                fields[prefix + step.names[0]] = self.take(self.take(1)[0]).decode(errors="replace")
            elif step.kind == "bytes":
                fields[prefix + step.names[0]] = self.take(self.count())
            elif step.kind.startswith("flag "):
                present = self.take(1)[0]
                fields[prefix + step.names[0]] = bool(present)
                if present:
                    self._into(fields, step.kind.removeprefix("flag "), f"{prefix}{step.names[0]}.")
            else:
                self.members(fields, step.kind.removeprefix("list of "), prefix + step.names[0])

    def _numbers(self, fields: dict[str, Any], step: _Step, prefix: str) -> None:
        values = step.run.unpack(self.take(step.run.size))
        for name, kind, value in zip(step.names, step.numbers, values, strict=True):
            wide = kind in ("i128", "u128")
            fields[prefix + name] = int.from_bytes(value, "little", signed=kind == "i128") if wide else value

    def members(self, fields: dict[str, Any], part: str, name: str) -> None:
        """The fields of each member of a list, under its label."""
        for place in range(1, self.count() + 1):
            member: dict[str, Any] = {}
            self._into(member, part, "")
            keys = KEYS.get(part, ())
            label = " ".join(f"{key} {member[key]}" for key in keys) or str(place)
            fields |= {f"{name}[{label}].{field}": value for field, value in member.items()}


def entities(data: bytes) -> State:
    """Every entity of a kernel snapshot with its fields. Raises ToolError `snapshot_unreadable`."""
    return dict(walk(Reader(data)))


def walk(reader: Reader) -> Iterator[tuple[Entity, dict[str, Any]]]:
    """Every entity of a kernel snapshot with its fields, as they come. Raises ToolError `snapshot_unreadable`."""
    if reader.take(len(MAGIC)) != MAGIC:
        raise unreadable("it begins otherwise")
    yield Entity("sequence", "venue"), reader.part("sequence")
    markets = yield from _parameters(reader)
    for asset in range(1, markets.assets + 1):
        yield Entity("funds", f"asset {asset}"), reader.part("funds")
    for market in range(1, markets.markets + 1):
        yield Entity("markets", f"market {market}"), reader.part("prices")
    yield from _keyed(reader, "markets", "auction")
    for account in range(1, reader.count() + 1):
        name = f"account {account}"
        yield Entity("accounts", name), reader.part("account")
        positions: dict[str, Any] = {}
        reader.members(positions, "position", "positions")
        reader.members(positions, "rider", "riders")
        yield Entity("positions", name), positions
        nonces: dict[str, Any] = {}
        reader.members(nonces, "nonce", "nonces")
        yield Entity("idempotency", name), nonces
    for market in range(1, markets.markets + 1):
        yield from _orders(reader, market)
    yield Entity("events", "venue"), reader.part("events")
    yield Entity("root_mark", "venue"), reader.part("root_mark")
    if reader.at != len(reader.data):
        raise unreadable("bytes follow its end")


class _Counts(NamedTuple):
    assets: int
    markets: int


def _parameters(reader: Reader) -> Generator[tuple[Entity, dict[str, Any]], None, _Counts]:
    yield Entity("parameters", "venue"), reader.part("parameters")
    counts = []
    for part in ("author", "asset", "market"):
        counts.append(reader.count())
        for place in range(1, counts[-1] + 1):
            yield Entity("parameters", f"{part} {place}"), reader.part(part)
    for group in range(1, GROUPS + 1):
        yield Entity("parameters", f"group {group}"), reader.part("group")
    yield Entity("parameters", "correlations"), reader.part("correlations")
    for part in ("pair", "cap", "vault", "liquidator"):
        yield from _keyed(reader, "parameters", part)
    return _Counts(counts[1], counts[2])


def _keyed(reader: Reader, subsystem: str, part: str) -> Iterator[tuple[Entity, dict[str, Any]]]:
    """Members of a list that are entities of their own, named by their keys."""
    keys = KEYS[part]
    for _ in range(reader.count()):
        fields = reader.part(part)
        label = " ".join(str(fields[key]) for key in keys) if keys == (part,) else _label(fields, keys)
        yield Entity(subsystem, f"{part} {label}"), fields


def _label(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    return " ".join(f"{key} {fields[key]}" for key in keys)


def _orders(reader: Reader, market: int) -> Iterator[tuple[Entity, dict[str, Any]]]:
    """The orders of a market; `priority` is the place in the queue at a price, from 1, and follows from the order."""
    ahead: Counter[int] = Counter()
    for _ in range(reader.count()):
        fields = reader.part("order")
        ahead[fields["price"]] += 1
        fields |= {"market": market, "priority": ahead[fields["price"]]}
        yield Entity("orders", f"order {fields['order']}"), fields


def unreadable(why: str) -> ToolError:
    """The error for bytes that are no snapshot of this format."""
    return ToolError(
        f"a snapshot cannot be read: {why}",
        code="snapshot_unreadable",
        hint="it is of another format, or was cut short; only the format of docs/digests.md is known here",
    )


def file_state(path: Path) -> Snapshot:
    """A snapshot file, its own SHA-256 checked.

    Raises:
        Finding: `snapshot_damaged` it is cut short, of another kind, or does not match its SHA-256.
    """
    data = path.read_bytes()
    if len(data) < _FILE.size + 32 or data[:8] != b"XBSNAP01" or sha256(data[:-32]).digest() != data[-32:]:
        raise Finding(
            f"{path.name} is no whole snapshot file",
            code="snapshot_damaged",
            hint="it holds nothing that the journal does not determine; leave it out",
            path=str(path),
        )
    _, _, _, seq, block_hash, root, _ = _FILE.unpack_from(data)
    return Snapshot(seq, block_hash, root, data[_FILE.size : -32])
