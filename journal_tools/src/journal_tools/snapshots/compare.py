"""Which fields of two states differ, named as docs/digests.md names them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from journal_tools.snapshots.decode import SUBSYSTEMS, Entity, State

Fields = dict[str, Any]

_FOLLOWS: Final = "priority"
"""The place in a queue moves with every order ahead of it, so it is named last."""


class Difference(NamedTuple):
    """A field that two states do not share; None on the side where there is none."""

    subsystem: str
    entity: str
    field: str
    a: Any
    b: Any


def differences(a: State, b: State) -> list[Difference]:
    """Every field that differs, by subsystem, entity and place; what merely follows from another field comes last.

    Something that only one side has is compared with what only the other has, if most of it is the same: then the
    field that names it differs. Else it differs in each of its fields.
    """
    place = {name: place for place, name in enumerate(SUBSYSTEMS)}
    renamed = _renamed({key: a[key] for key in a if key not in b}, {key: b[key] for key in b if key not in a}, _kind)
    there = {**a, **{key: b[key] for key in b if key not in renamed.values()}}
    found: list[Difference] = []
    for entity in sorted(there, key=lambda entity: place[entity.subsystem]):
        one, other = a.get(entity, {}), b.get(renamed.get(entity, entity), {})
        if one != other:
            found += [Difference(*entity, *differs) for differs in _fields(one, other)]
    return sorted(found, key=lambda difference: difference.field == _FOLLOWS)


def _kind(entity: Entity) -> tuple[str, str]:
    return entity.subsystem, entity.name.split(" ")[0]


def _fields(one: Fields, other: Fields) -> list[tuple[str, Any, Any]]:
    """The fields that differ. Members of lists are told apart by the labels in front of their fields."""
    gone = _members({key: one[key] for key in one if key not in other})
    come = _members({key: other[key] for key in other if key not in one})
    renamed = _renamed(gone, come, lambda label: label.split("[")[0])
    moved = {new + field: old + field for old, new in renamed.items() for field in come[new]}
    other = {moved.get(field, field): value for field, value in other.items()}
    both = {**one, **other}
    return [(field, one.get(field), other.get(field)) for field in both if one.get(field) != other.get(field)]


def _members(fields: Fields) -> dict[str, Fields]:
    """Fields by the label of the member they are of: `balances[asset 1]` has `.cash`."""
    found: dict[str, Fields] = {}
    for field, value in fields.items():
        label, bracket, rest = field.rpartition("]")
        if bracket:
            found.setdefault(label + bracket, {})[rest] = value
    return found


def _renamed(gone: dict[Any, Fields], come: dict[Any, Fields], kind: Any) -> dict[Any, Any]:
    """What only one side has, in order, against what only the other has, where most of it is the same."""
    pairs: dict[Any, Any] = {}
    for old, fields in gone.items():
        for new, others in come.items():
            if kind(new) == kind(old) and new not in pairs.values() and _alike(fields, others):
                pairs[old] = new
                break
    return pairs


def _alike(one: Fields, other: Fields) -> bool:
    """Whether all fields but one are the same, the place in a queue apart."""
    counted = {*one, *other} - {_FOLLOWS}
    return len([field for field in counted if one.get(field) != other.get(field)]) <= 1
