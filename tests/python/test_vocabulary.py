"""The vocabulary is written twice, in Rust and in Python; here the two are held against each other."""

from __future__ import annotations

import json
import typing
from enum import IntEnum
from typing import Any

import msgspec
import pytest

from crossbook import _kernel, commands, events, views
from crossbook.commands import COMMAND_TYPES, DEFAULT_ORIGIN, PERMITTED_ORIGINS, Origin, command_name, command_tag
from crossbook.events import EVENT_TYPES
from crossbook.rejects import REASONS, RejectCode, explain

VOCABULARY: dict[str, Any] = json.loads(_kernel.vocabulary())
HOMES = (commands, events, views)
LISTS = {
    tuple[commands.Tier, ...]: "tiers",
    tuple[commands.FeeTier, ...]: "fee_tiers",
    tuple[commands.Correlation, ...]: "correlations",
    tuple[commands.Allocation, ...]: "allocations",
    tuple[commands.U16, ...]: "u16s",
    tuple[commands.U64, ...]: "u64s",
    tuple[commands.I64, ...]: "i64s",
}
# What traders write is shorter than what the kernel spells out.
SPELLED_OUT = {
    "GTC": "goodtillcancel", "IOC": "immediateorcancel", "FOK": "fillorkill", "GTD": "goodtilldate",
}  # fmt: skip


def python_type(annotation: Any) -> str:
    """The wire type an annotation stands for."""
    names = {getattr(commands, name): name.lower() for name in ("U8", "U16", "U32", "U64", "I64")}
    if annotation in names:
        return names[annotation]
    if annotation in LISTS:
        return LISTS[annotation]
    if annotation == commands.Text:
        return "text"
    plain = typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation
    if isinstance(plain, type) and issubclass(plain, IntEnum):
        return "u8"
    return {bool: "bool", str: "str", int: "u8"}[plain]


@pytest.mark.parametrize("entry", VOCABULARY["commands"], ids=lambda entry: entry["name"])
def test_each_command_has_the_tag_the_fields_and_the_types_of_the_kernel(entry: dict[str, Any]) -> None:
    kind = COMMAND_TYPES[entry["tag"] - 1]
    assert (kind.__name__, kind.__struct_config__.tag) == (entry["name"], entry["tag"])
    hints = typing.get_type_hints(kind, include_extras=True)
    assert [[name, python_type(hints[name])] for name in kind.__struct_fields__] == entry["fields"]


@pytest.mark.parametrize("entry", VOCABULARY["events"], ids=lambda entry: entry["name"])
def test_each_event_has_the_tag_and_the_fields_of_the_kernel(entry: dict[str, Any]) -> None:
    kind = EVENT_TYPES[entry["tag"] - 1]
    assert (kind.__name__, kind.__struct_config__.tag) == (entry["name"], entry["tag"])
    assert list(kind.__struct_fields__) == ["seq", *(name for name, _ in entry["fields"])]
    hints = typing.get_type_hints(kind)
    for name, wire in entry["fields"]:
        expected = {"bool": bool, "str": str, "text": str}.get(wire, int)
        assert issubclass(hints[name], expected), name


def test_nothing_is_on_one_side_only() -> None:
    assert len(VOCABULARY["commands"]) == len(COMMAND_TYPES) == len(typing.get_args(commands.Command))
    assert len(VOCABULARY["events"]) == len(EVENT_TYPES) == len(typing.get_args(events.Event))


def test_each_reject_has_the_number_and_the_name_of_the_kernel() -> None:
    assert {entry["code"]: entry["name"] for entry in VOCABULARY["rejects"]} == {
        code.value: code.camel for code in RejectCode
    }


@pytest.mark.parametrize("name", VOCABULARY["enumerations"])
def test_each_enumeration_has_the_numbers_and_the_names_of_the_kernel(name: str) -> None:
    kernel = {spelled.lower(): number for spelled, number in VOCABULARY["enumerations"][name].items()}
    if name == "Sides":  # a mass cancel's side: 0 or a Side
        assert kernel == {"both": 0} | {side.name.lower(): side.value for side in commands.Side}
        return
    kind: type[IntEnum] = next(vars(page)[name] for page in HOMES if name in vars(page))
    spelled_out = SPELLED_OUT | ({"NONE": "allow"} if kind is commands.SelfTrade else {})
    assert kernel == {spelled_out.get(m.name, m.name.replace("_", "").lower()): m.value for m in kind}


def test_no_enumeration_is_on_one_side_only() -> None:
    ours = {name for page in HOMES for name, kind in vars(page).items()
            if isinstance(kind, type) and issubclass(kind, IntEnum)}  # fmt: skip
    assert ours == set(VOCABULARY["enumerations"]) - {"Sides"}


def test_the_catalogue_explains_every_reject() -> None:
    assert set(REASONS) == {code.value for code in RejectCode}
    for reason in REASONS.values():
        assert reason.meaning
        assert reason.hint
        assert not (reason.b and not reason.a)


def test_a_refusal_reads_as_a_sentence() -> None:
    assert explain(414, 120, 100) == (
        "MarginInsufficient (414): the margin that would be required exceeds the equity (required 120, equity 100); "
        "hint: reduce the size, deposit, or cancel orders; venue.account(id) shows every term"
    )
    assert "newer crossbook" in explain(999, 1, 2)


def test_the_default_origin_is_the_least_privileged_that_may() -> None:
    assert set(PERMITTED_ORIGINS) == set(COMMAND_TYPES)
    for kind, origins in PERMITTED_ORIGINS.items():
        assert list(origins) == sorted(origins)
        assert DEFAULT_ORIGIN[kind] == min(origins)


@pytest.mark.parametrize("kind", COMMAND_TYPES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("origin", list(Origin), ids=lambda origin: origin.name)
def test_the_kernel_permits_exactly_the_origins_python_lists(kind: type[Any], origin: Origin) -> None:
    filler = {"str": "x", "text": "x", "bool": False} | dict.fromkeys(LISTS.values(), ())
    fields = next(entry["fields"] for entry in VOCABULARY["commands"] if entry["name"] == kind.__name__)
    values = [
        dict.fromkeys(("side", "kind", "time_in_force", "origin", "mode", "scope"), 1).get(name, filler.get(wire, 0))
        for name, wire in fields
    ]
    if kind is commands.Note:  # a client's note is of an account
        values[0] = 1
    body = msgspec.msgpack.encode([0, origin, 0, 0, 0, [command_tag(kind), *values]])
    answer = _kernel.Kernel().apply(body, first_seq=1, base_time_ns=1, count=1)
    (event,) = (msgspec.msgpack.decode(answer),)
    refused_for_origin = event[0] == 1 and event[4] == RejectCode.ORIGIN_NOT_PERMITTED
    assert refused_for_origin == (origin not in PERMITTED_ORIGINS[kind])


def test_tags_and_names() -> None:
    assert [command_tag(kind) for kind in COMMAND_TYPES] == list(range(1, 69))
    assert (command_name(12), command_name(99)) == ("Place", "command 99")
