"""A change: in what a branch differs from its parent, as a caller says it and as the branch's change.json keeps it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from crossbook.commands import COMMAND_TYPES, DEFAULT_ORIGIN, Command, Origin
from crossbook.errors import InputError
from crossbook.journal import BranchChange, InsertedCommand, PatchedField
from crossbook.policies import catalogue
from crossbook.policies.contract import Policy

_BY_NAME: Final = {kind.__name__: kind for kind in COMMAND_TYPES}
POLICY: Final = "policy."
"""What the path of a policy's field begins with; its slot and the field follow."""
_BARE_WORD: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


class Insert(Struct, frozen=True):
    """A command that the parent does not have, executed right after the parent's outside command `seq`.

    It is stamped with that command's time, or with `time_ns` (ns since the epoch), which no later command may precede.
    Ids of orders and auctions in it are the parent's.
    """

    seq: int
    command: Command
    origin: Origin | None = None
    author: int = 0
    nonce: int = 0
    time_ns: int | None = None


class Patch(Struct, frozen=True):
    """One field of the parent's outside command `seq`: its value in the branch, in the integers of the wire."""

    seq: int
    field: str
    value: Any


class Change(Struct, frozen=True):
    """What shall be otherwise. An empty change makes a branch with the parent's events.

    Args:
        policies: by slot what shall play there, wherever the parent engaged a policy in it: an object, a name of the
            catalogue, a table with `policy` and its configuration, or None for nobody. A slot the parent never engaged
            is engaged once the venue is configured.
        sets: values of the configuration by path, named as in a venue's configuration: `market.SYMBOL.…`,
            `asset.SYMBOL.…`, `parameters.…`, or `policy.SLOT.field` for a field of a policy.
        drops: ranges of seqs, both ends included, whose outside commands are left out.
        inserts: commands to put in.
        patches: fields of outside commands to change.
    """

    policies: Mapping[str, Policy | str | Mapping[str, Any] | None] = {}
    sets: Mapping[str, Any] = {}
    drops: tuple[tuple[int, int], ...] = ()
    inserts: tuple[Insert, ...] = ()
    patches: tuple[Patch, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is changed."""
        return not (self.policies or self.sets or self.drops or self.inserts or self.patches)

    def tuned(self, known: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Fields of policies by slot and path, from the settings; `known` are the parent's slots.

        Raises InputError `unknown_setting` for a slot in which nobody plays.
        """
        found: dict[str, dict[str, Any]] = {}
        slots = sorted({*known, *self.policies}, key=len, reverse=True)
        for path, value in self.sets.items():
            if path.startswith(POLICY):
                rest = path.removeprefix(POLICY)
                slot = next((slot for slot in slots if rest.startswith(f"{slot}.")), None)
                if slot is None:
                    raise _nobody(path, slots)
                found.setdefault(slot, {})[rest.removeprefix(f"{slot}.")] = msgspec.to_builtins(value)
        return found

    def built(self, known: Iterable[str]) -> dict[str, Policy | None]:
        """The policies as objects, with the fields that are set. Raises InputError as `tuned` and the catalogue."""
        tuned = self.tuned(known)
        return {slot: _built(slot, source, tuned.get(slot, {})) for slot, source in self.policies.items()}

    def _configured(self, slot: str, policy: Policy, known: Iterable[str]) -> dict[str, Any]:
        """What was chosen with a policy: nothing with a name alone, which takes over from who played before."""
        by_name = isinstance(self.policies[slot], str) and slot not in self.tuned(known)
        return {} if by_name else catalogue.configuration(policy)

    def document(self, known: Iterable[str], times_ns: Sequence[int]) -> BranchChange:
        """The content of change.json; `known` are the parent's slots, `times_ns` the times of its commands by seq."""
        return BranchChange(
            policies={
                slot: None if policy is None else {"policy": policy.name} | self._configured(slot, policy, known)
                for slot, policy in self.built(known).items()
            },
            sets={path: msgspec.to_builtins(value) for path, value in self.sets.items()},
            drops=list(self.drops),
            inserts=[_inserted(insert, times_ns) for insert in self.inserts],
            patches=[PatchedField(patch.seq, patch.field, msgspec.to_builtins(patch.value)) for patch in self.patches],
        )


def _built(slot: str, source: Policy | str | Mapping[str, Any] | None, tuned: Mapping[str, Any]) -> Policy | None:
    if source is None:
        return None
    if isinstance(source, str):
        source = {"policy": source}
    if isinstance(source, Mapping):
        return catalogue.build(slot, with_members(source, tuned))
    policy = catalogue.build(slot, source)
    return catalogue.configured(type(policy), with_members(catalogue.configuration(policy), tuned)) if tuned else policy


def with_members(config: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with other values at these paths, whose parts are joined by dots."""
    made = dict(config)
    for path, value in members.items():
        name, _, rest = path.partition(".")
        inner = made.get(name)
        made[name] = with_members(inner if isinstance(inner, Mapping) else {}, {rest: value}) if rest else value
    return made


def _nobody(path: str, slots: Sequence[str]) -> InputError:
    return InputError(
        f"nobody plays in the slot that {path!r} is about",
        code="unknown_setting",
        values={"path": path, "slots": sorted(slots)},
        hint=f"slots are: {', '.join(sorted(slots)) or 'none'}; engage somebody with --policy",
    )


def _inserted(insert: Insert, times_ns: Sequence[int]) -> InsertedCommand:
    origin = DEFAULT_ORIGIN[type(insert.command)] if insert.origin is None else insert.origin
    time_ns = times_ns[insert.seq] if insert.time_ns is None else insert.time_ns
    command = {"type": type(insert.command).__name__}
    for name in insert.command.__struct_fields__:
        command[name] = msgspec.to_builtins(getattr(insert.command, name))
    return InsertedCommand(insert.seq, time_ns, origin.name.lower(), insert.author, insert.nonce, command)


# --- commands by name -----------------------------------------------------------------------------------------------


def command_from(document: Mapping[str, Any]) -> Command:
    """A command from the name of its type as `type` and its fields.

    Raises:
        InputError: `unknown_command`, `unknown_field`, `value_type`.
    """
    fields = dict(document)
    kind = _BY_NAME.get(str(fields.pop("type", "")))
    if kind is None:
        raise InputError(
            f"there is no command {document.get('type')!r}",
            code="unknown_command",
            values={"type": document.get("type")},
            hint=f"`type` is one of: {', '.join(_BY_NAME)}",
        )
    missing = [field.name for field in msgspec.structs.fields(kind) if field.required and field.name not in fields]
    if missing:
        raise InputError(
            f"{kind.__name__} needs {', '.join(missing)}",
            code="field_missing",
            values={"command": kind.__name__, "fields": missing},
            hint=f"its fields are: {', '.join(kind.__struct_fields__)}, in ticks, lots and minor units",
        )
    return kind(**{name: field_value(kind, name, value) for name, value in fields.items()})


def with_field(command: Command, name: str, value: Any) -> Command:
    """The command with another value in one field. Raises InputError `unknown_field`, `value_type`."""
    return msgspec.structs.replace(command, **{name: field_value(type(command), name, value)})


def field_value(kind: type[Command], name: str, value: Any) -> Any:
    """A value as the field of a command holds it; enumerations may be given by name."""
    found = next((field for field in msgspec.structs.fields(kind) if field.name == name), None)
    if found is None:
        raise InputError(
            f"{kind.__name__} has no field {name!r}",
            code="unknown_field",
            values={"command": kind.__name__, "field": name},
            hint=f"its fields are: {', '.join(kind.__struct_fields__)}",
        )
    if isinstance(value, str) and isinstance(found.type, type) and issubclass(found.type, IntEnum):
        value = found.type.__members__.get(value.upper(), value)
    try:
        return msgspec.convert(value, found.type)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{kind.__name__}.{name} cannot be {value!r}: {error}",
            code="value_type",
            values={"command": kind.__name__, "field": name, "value": msgspec.to_builtins(value)},
            hint="commands hold integers in ticks, lots, minor units and parts per 10^9, booleans and strings",
        ) from None


# --- how the command line says it -------------------------------------------------------------------------------------


def parse_change(
    *,
    policies: Iterable[str] = (),
    sets: Iterable[str] = (),
    drops: Iterable[str] = (),
    inserts: Iterable[str] = (),
    patches: Iterable[str] = (),
) -> Change:
    """A change from `SLOT=NAME`, `PATH=VALUE`, `SEQ` or `A..B`, `SEQ:JSON` and `SEQ:FIELD=VALUE`.

    Raises InputError `change_syntax`, and those of `command_from`.
    """
    chosen = dict(_split(text, "=", "--policy", "SLOT=NAME, or SLOT=none") for text in policies)
    return Change(
        policies={slot: None if name == "none" else name for slot, name in chosen.items()},
        sets={path: parse_value(value) for path, value in (_split(text, "=", "--set", "PATH=VALUE") for text in sets)},
        drops=tuple(_range(text) for text in drops),
        inserts=tuple(_insert(text) for text in inserts),
        patches=tuple(_patch(text) for text in patches),
    )


def parse_value(text: str) -> Any:
    """A value in TOML; a bare word is a string."""
    try:
        return tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError as error:
        if _BARE_WORD.fullmatch(text):
            return text
        raise _syntax("the value", text, f"a value in TOML: {error}") from None


def _split(text: str, mark: str, option: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not (name.strip() and found and value.strip()):
        raise _syntax(option, text, form)
    return name.strip(), value.strip()


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    if not (first.isdigit() and (last or first).isdigit()) or int(first) > int(last or first):
        raise _syntax("--drop", text, "SEQ, or A..B")
    return int(first), int(last or first)


def _insert(text: str) -> Insert:
    """`SEQ:JSON`, where the JSON is a command, or an object with `command` and what else an Insert has."""
    seq, body = _split(text, ":", "--insert", "SEQ:JSON")
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise _syntax("--insert", text, f"SEQ:JSON ({error})") from None
    if not seq.isdigit():
        raise _syntax("--insert", text, "SEQ:JSON")
    about: dict[str, Any] = document if "command" in document else {"command": document}
    members = Origin.__members__
    origin = about.get("origin")
    if origin is not None and str(origin).upper() not in members:
        raise _syntax("the origin", str(origin), f"one of: {', '.join(name.lower() for name in members)}")
    unknown = set(about) - {"command", "origin", "author", "nonce", "time_ns"}
    if unknown:
        raise _syntax("--insert", text, "SEQ:JSON with command, and perhaps origin, author, nonce and time_ns")
    return Insert(
        seq=int(seq),
        command=command_from(about["command"]),
        origin=None if origin is None else members[str(origin).upper()],
        author=about.get("author", 0),
        nonce=about.get("nonce", 0),
        time_ns=about.get("time_ns"),
    )


def _patch(text: str) -> Patch:
    seq, rest = _split(text, ":", "--patch", "SEQ:FIELD=VALUE")
    field, value = _split(rest, "=", "--patch", "SEQ:FIELD=VALUE")
    if not seq.isdigit():
        raise _syntax("--patch", text, "SEQ:FIELD=VALUE")
    return Patch(int(seq), field, parse_value(value))


def _syntax(option: str, text: str, form: str) -> InputError:
    return InputError(
        f"{option} is {text!r}", code="change_syntax", values={"field": option, "value": text}, hint=f"give {form}"
    )
