"""Names for what the wire numbers: commands, events, refusals, enumerations. A copy of what the kernel says of itself.

`vocabulary.json` is the document the kernel gives of itself; a test of the project compares the two.
A tag that it does not know is named by its number, and its fields by their places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

ORIGINS: Final = ("client", "oracle", "policy", "operator")


class Shape(NamedTuple):
    """A command or an event: its tag, its name and its fields with their types, in order."""

    tag: int
    name: str
    fields: tuple[tuple[str, str], ...]


@cache
def document() -> dict[str, Any]:
    """The whole vocabulary."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("vocabulary.json").read_text())
    return found


@cache
def commands() -> Mapping[int, Shape]:
    """Commands by tag."""
    return _shapes("commands")


@cache
def events() -> Mapping[int, Shape]:
    """Events by tag."""
    return _shapes("events")


@cache
def rejects() -> Mapping[int, str]:
    """Names of refusals by code."""
    return {row["code"]: row["name"] for row in document()["rejects"]}


def _shapes(what: str) -> Mapping[int, Shape]:
    rows = document()[what]
    return {row["tag"]: Shape(row["tag"], row["name"], tuple(map(tuple, row["fields"]))) for row in rows}


def name_of(command: list[Any]) -> str:
    """The name of a command `[tag, ...fields]`."""
    shape = commands().get(command[0])
    return shape.name if shape else f"command {command[0]}"


def fields_of(command: list[Any]) -> dict[str, Any]:
    """The fields of a command by name."""
    shape = commands().get(command[0])
    names = [name for name, _ in shape.fields] if shape else []
    return {names[at] if at < len(names) else f"field {at + 1}": value for at, value in enumerate(command[1:])}


_ENUMERATIONS: Final = {
    ("Place", "side"): "Side",
    ("Place", "kind"): "OrderKind",
    ("Place", "time_in_force"): "TimeInForce",
    ("Place", "self_trade"): "SelfTrade",
    ("MassCancel", "side"): "Sides",
    ("RegisterAuthor", "origin"): "Origin",
    ("SetMarketMode", "mode"): "MarketMode",
    ("SetMarginMode", "mode"): "MarginMode",
    ("SetExposureCap", "scope"): "Scope",
    ("Hedge", "side"): "Side",
    ("Socialise", "side"): "Side",
    ("SetOracle", "grade"): "Grade",
    ("SetGrades", "margin"): "Grade",
    ("SetGrades", "liquidation"): "Grade",
    ("SetGrades", "funding"): "Grade",
}
"""Which enumeration a field of a command is of."""


@cache
def _members(name: str) -> Mapping[int, str]:
    """The words of an enumeration by number, `immediate_or_cancel`."""
    return {
        number: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()
        for word, number in document()["enumerations"][name].items()
    }


def words_of(command: list[Any]) -> dict[str, Any]:
    """The fields of a command by name, for people: where a number stands for a word, the word."""
    name = name_of(command)
    return {
        field: _members(_ENUMERATIONS[name, field]).get(value, value) if (name, field) in _ENUMERATIONS else value
        for field, value in fields_of(command).items()
    }
