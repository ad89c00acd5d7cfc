"""What a venue shows, as fields with names: `pools.USD.equity` and its value, to print or to compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from journal_tools.grammar import shown_time
from journal_tools.output import plain

NAMED_BY: Final = ("market", "asset", "symbol", "destination", "entity", "author", "account")
"""The members of a list are told apart by the first of these that they have, else by their place from 1."""
TERMS: Final = "tree"
"""The terms of a pool are for `journal why`."""
IN_WORDS: Final = ("time_ns", "observed_at", "updated_at", "resumes_at", "expires_at", "opened_at", "ends_at")
"""Times in ns since the epoch, which people read otherwise."""

Fields = dict[str, Any]


def fields(value: Any) -> Fields:
    """A view, or a mapping of views, as fields by their paths, in order."""
    return dict(_walk(value, ""))


def nested(value: Any) -> Any:
    """A view as JSON holds it: without the terms of pools, everything else."""
    if hasattr(value, "__struct_fields__"):
        return {name: nested(getattr(value, name)) for name in value.__struct_fields__ if name != TERMS}
    if isinstance(value, Mapping):
        return {str(name): nested(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [nested(item) for item in value]
    return plain(value)


def changed(before: Fields, after: Fields) -> Iterator[str]:
    """The fields that are not the same, in order; those that were not there before come last."""
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield name


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(value, "__struct_fields__"):
        value = {name: getattr(value, name) for name in value.__struct_fields__ if name != TERMS}
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)) and any(hasattr(item, "__struct_fields__") for item in value):
        for place, item in enumerate(value, 1):
            yield from _walk(item, f"{path}.{_name(item, place)}")
    elif isinstance(value, int) and value and path.rpartition(".")[2] in IN_WORDS:
        yield path, shown_time(value)
    else:
        yield path, plain(value)


def _name(item: Any, place: int) -> str:
    """What a member of a list is called in a path; an isolated pool is called by its market."""
    for member in NAMED_BY:
        name = getattr(item, member, None)
        if name:
            return str(plain(name))
    return str(place)
