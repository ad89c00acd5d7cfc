"""Kernels that compute one field wrongly from one command on, and what it takes to make one without compiling.

A state is taken apart by the tools, written anew here with one field changed, and taken up by a real kernel, which goes
on from it. What no kernel takes up, because its invariants would not hold, is a field that is reported wrongly: the
kernel behind it is sound, and all that is said of its state, digests included, is of the changed one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec
from blake3 import blake3

from crossbook._kernel import Kernel, SnapshotError
from journal_tools.differences.builds import Build
from journal_tools.differences.kernel_process import Host
from journal_tools.snapshots import Entity, State, entities
from journal_tools.snapshots.decode import MAGIC, steps_of

ACCOUNTS_PER_BUCKET, TICKS_PER_BUCKET = 16, 64


# --- from fields to bytes: the way back of journal_tools.snapshots.decode -------------------------------------------


def part_bytes(fields: dict[str, Any], part: str, prefix: str = "") -> bytes:
    """A part from its fields."""
    return b"".join(_step_bytes(fields, step, prefix) for step in steps_of(part))


def _step_bytes(fields: dict[str, Any], step: Any, prefix: str) -> bytes:
    name = prefix + step.names[0]
    if step.kind == "run":
        values = [_number(fields[prefix + field], kind) for field, kind in zip(step.names, step.numbers, strict=True)]
        return bytes(step.run.pack(*values))
    if step.kind == "text":
        return bytes([len(fields[name].encode())]) + fields[name].encode()
    if step.kind == "bytes":
        return struct.pack("<I", len(fields[name])) + fields[name]
    if step.kind.startswith("flag "):
        inner = part_bytes(fields, step.kind.removeprefix("flag "), f"{name}.") if fields[name] else b""
        return bytes([fields[name]]) + inner
    return list_bytes(fields, step.kind.removeprefix("list of "), name)


def _number(value: Any, kind: str) -> Any:
    return value.to_bytes(16, "little", signed=kind == "i128") if kind in ("i128", "u128") else value


def list_bytes(fields: dict[str, Any], part: str, name: str) -> bytes:
    """A list from the fields of its members, as they come."""
    labels = dict.fromkeys(field[len(name) + 1 :].split("]")[0] for field in fields if field.startswith(f"{name}["))
    return counted(part_bytes(fields, part, f"{name}[{label}].") for label in labels)


def counted(parts: Iterable[bytes]) -> bytes:
    """How many as u32, then each."""
    parts = list(parts)
    return struct.pack("<I", len(parts)) + b"".join(parts)


class Written:
    """A state as the bytes that docs/digests.md hashes, part by part."""

    def __init__(self, state: State) -> None:
        self.state = state

    def some(self, subsystem: str, kind: str) -> list[dict[str, Any]]:
        """The fields of the entities of a kind."""
        return [
            fields
            for entity, fields in self.state.items()
            if entity.subsystem == subsystem and entity.name.split()[0] == kind
        ]

    def each(self, subsystem: str, kind: str, part: str) -> list[bytes]:
        return [part_bytes(fields, part) for fields in self.some(subsystem, kind)]

    def parameters(self) -> bytes:
        lists = [counted(self.each("parameters", part, part)) for part in ("author", "asset", "market")]
        groups = b"".join(self.each("parameters", "group", "group"))
        correlations = part_bytes(self.state[Entity("parameters", "correlations")], "correlations")
        rest = [counted(self.each("parameters", part, part)) for part in ("pair", "cap", "vault", "liquidator")]
        own = part_bytes(self.state[Entity("parameters", "venue")], "parameters")
        return own + b"".join(lists) + groups + correlations + b"".join(rest)

    def sequence(self) -> bytes:
        return part_bytes(self.state[Entity("sequence", "venue")], "sequence")

    def markets(self) -> bytes:
        return b"".join(self.each("markets", "market", "prices")) + counted(self.each("markets", "auction", "auction"))

    def funds(self) -> bytes:
        return b"".join(self.each("funds", "asset", "funds"))

    def accounts(self) -> list[bytes]:
        return self.each("accounts", "account", "account")

    def positions(self) -> list[bytes]:
        return [
            list_bytes(fields, "position", "positions") + list_bytes(fields, "rider", "riders")
            for fields in self.some("positions", "account")
        ]

    def nonces(self) -> list[bytes]:
        return [list_bytes(fields, "nonce", "nonces") for fields in self.some("idempotency", "account")]

    def orders(self) -> list[list[dict[str, Any]]]:
        """The orders of each market in order."""
        found: list[list[dict[str, Any]]] = [[] for _ in self.some("markets", "market")]
        for fields in self.some("orders", "order"):
            found[fields["market"] - 1].append(fields)
        return found

    def snapshot(self) -> bytes:
        """The kernel snapshot."""
        each = zip(self.accounts(), self.positions(), self.nonces(), strict=True)
        books = [counted(part_bytes(order, "order") for order in book) for book in self.orders()]
        ends = [part_bytes(self.state[Entity(part, "venue")], part) for part in ("events", "root_mark")]
        middle = self.funds() + self.markets() + counted(b"".join(parts) for parts in each)
        return MAGIC + self.sequence() + self.parameters() + middle + b"".join(books) + b"".join(ends)

    def subsystems(self) -> list[tuple[str, bytes]]:
        """The digest of each subsystem."""
        return [
            ("parameters", digest(self.parameters())),
            ("sequence", digest(self.sequence())),
            ("markets", digest(self.markets())),
            ("funds", digest(self.funds())),
            ("accounts", digest(_buckets(self.accounts()))),
            ("positions", digest(_buckets(self.positions()))),
            ("idempotency", digest(_buckets(self.nonces()))),
            ("orders", digest(b"".join(map(_order_buckets, self.orders())))),
        ]


def digest(data: bytes) -> bytes:
    """BLAKE3, 32 bytes."""
    return blake3(data).digest()


def _buckets(parts: list[bytes]) -> bytes:
    starts = range(0, len(parts), ACCOUNTS_PER_BUCKET)
    return b"".join(digest(b"".join(parts[start : start + ACCOUNTS_PER_BUCKET])) for start in starts)


def _order_buckets(orders: list[dict[str, Any]]) -> bytes:
    buckets: dict[int, bytes] = {}
    for order in orders:
        bucket = order["price"] // TICKS_PER_BUCKET
        buckets[bucket] = buckets.get(bucket, b"") + part_bytes(order, "order")
    return counted(struct.pack("<I", bucket & 0xFFFFFFFF) + digest(data) for bucket, data in sorted(buckets.items()))


# --- what goes wrong ------------------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """From `seq` on, a field of an entity is another one than it should be."""

    seq: int
    entity: Entity
    field: str
    value: Any
    other: Any

    def applied(self, snapshot: bytes) -> bytes:
        """The state with the field changed; as it was if there is no such field in it any more."""
        state = entities(snapshot)
        fields = state.get(self.entity, {})
        if self.field in fields:
            fields[self.field] = self.other
        return Written(state).snapshot()


def others(value: Any) -> list[Any]:
    """Values that a field could have instead."""
    if isinstance(value, bool):
        return [False] if value else []
    if isinstance(value, int):
        return [value + 1, value - 1, 1 - value, value + 2]
    if isinstance(value, str):
        return [value[:-1] + ("X" if value[-1:] != "X" else "Y")]
    return [value[:-1] + bytes([value[-1] ^ 1])] if value else []


def fault_at(seq: int, snapshot: bytes, entity: Entity, field: str) -> tuple[Fault, bool] | None:
    """A fault of a field as of a seq, and whether a kernel goes on with it; None if the field cannot be changed."""
    value = entities(snapshot)[entity][field]
    writable = []
    for other in others(value):
        fault = Fault(seq, entity, field, value, other)
        try:
            changed = fault.applied(snapshot)
            if not isinstance(value, bool) and _size(changed) != _size(snapshot):
                continue  # Two of one name are no state.
            Kernel.from_snapshot(changed)
        except SnapshotError:
            writable.append(fault)
        except (struct.error, OverflowError):
            continue
        else:
            return fault, True
    return (writable[0], False) if writable else None


def _size(snapshot: bytes) -> int:
    return sum(map(len, entities(snapshot).values()))


class Faulty:
    """A kernel that goes wrong at a seq. `repair` finds the sound state behind one that only reports wrongly."""

    def __init__(self, fault: Fault, *, goes_on: bool, kernel: Kernel | None = None, repair: Any = None) -> None:
        self.fault = fault
        self.goes_on = goes_on
        self.kernel = kernel or Kernel()
        self.repair: dict[bytes, bytes] = {} if repair is None else repair

    def from_snapshot(self, data: bytes) -> Faulty:
        sound = self.repair.get(data, data)
        return Faulty(self.fault, goes_on=self.goes_on, kernel=Kernel.from_snapshot(sound), repair=self.repair)

    def apply(self, body: bytes, *, first_seq: int, base_time_ns: int, count: int, limit: int | None) -> bytes:
        until = self.fault.seq - first_seq + 1
        if not self.goes_on or not 0 < until <= count:
            return self._run(body, first_seq, base_time_ns, count)
        raws = msgspec.msgpack.decode(b"\xdd" + count.to_bytes(4, "big") + body, type=list[msgspec.Raw])
        records = [bytes(raw) for raw in raws]
        events = self._run(b"".join(records[:until]), first_seq, base_time_ns, until)
        self.kernel = Kernel.from_snapshot(self.fault.applied(self.kernel.snapshot()))
        if until < count:
            rest = b"".join(records[until:])
            events += self._run(rest, first_seq + until, base_time_ns, count - until)
        return events

    def _run(self, body: bytes, first_seq: int, base_time_ns: int, count: int) -> bytes:
        return self.kernel.apply(body, first_seq=first_seq, base_time_ns=base_time_ns, count=count)

    @property
    def _reports(self) -> bool:
        return not self.goes_on and self.kernel.seq >= self.fault.seq

    @property
    def seq(self) -> int:
        return self.kernel.seq

    def exec_mark(self) -> bytes:
        return self.kernel.exec_mark()

    def snapshot(self) -> bytes:
        sound = self.kernel.snapshot()
        if not self._reports:
            return sound
        changed = self.fault.applied(sound)
        self.repair[changed] = sound
        return changed

    def subsystem_roots(self) -> list[tuple[str, bytes]]:
        return Written(entities(self.snapshot())).subsystems() if self._reports else self.kernel.subsystem_roots()

    def state_root(self) -> bytes:
        if not self._reports:
            return self.kernel.state_root()
        return digest(b"".join(name.encode() + root for name, root in self.subsystem_roots()))


class FaultyMaker:
    """Stands where the kernel's class stands."""

    def __init__(self, fault: Fault, *, goes_on: bool) -> None:
        self._first = Faulty(fault, goes_on=goes_on)

    def __call__(self) -> Faulty:
        return Faulty(self._first.fault, goes_on=self._first.goes_on, repair=self._first.repair)

    def from_snapshot(self, data: bytes) -> Faulty:
        return self._first.from_snapshot(data)


class FaultyBuild(Build):
    """The build whose kernel goes wrong."""

    name: Final = "faulty build"

    def __init__(self, make: Callable[[], Any]) -> None:
        self._host = Host(make)
