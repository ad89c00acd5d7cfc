"""Where policies are found by name: the ones that come with crossbook, and those of other packages.

Another package plugs its policies in by an entry point in the group `crossbook.policies`, named `role.name`:

```toml
[project.entry-points."crossbook.policies"]
"liquidation.careful" = "their_package.careful:Careful"
```
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from crossbook.errors import InputError
from crossbook.policies.contract import Policy
from crossbook.policies.roles import ROLES, role_of

GROUP: Final = "crossbook.policies"
"""The entry-point group."""

TEXT_BYTES_MAX: Final = 64
"""Bytes of UTF-8 in the name and in the version of an author."""

BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "oracle.gates": "oracle.gates:Gates",
        "oracle.median": "oracle.plain:PlainMedian",
        "oracle.primary": "oracle.plain:Primary",
        "mark.median": "mark.median:MedianMark",
        "mark.oracle": "mark.simple:OracleMark",
        "mark.book": "mark.simple:BookMark",
        "breakers.guards": "breakers.guards:Guards",
        "breakers.velocity": "breakers.velocity:Velocity",
        "funding.epochs": "funding.epochs:Epochs",
        "funding.twap": "funding.twap:TwapFunding",
        "margin.static": "margin.static:StaticMargin",
        "margin.volatility": "margin.volatility:VolatilityMargin",
        "liquidation.ladder": "liquidation.ladder:Ladder",
        "liquidation.market": "liquidation.market:MarketClose",
        "liquidation.dutch": "liquidation.dutch:DutchFirst",
        "liquidation.backstop": "liquidation.backstop:BackstopFirst",
        "insurance.target": "insurance.target:TargetSize",
        "insurance.share": "insurance.share:FixedShare",
        "fees.volume_tiers": "fees.volume_tiers:VolumeTiers",
        "fees.maker_share": "fees.maker_share:MakerShare",
        "liquidity.vault": "liquidity.vault:Vault",
        "execution.twap": "execution.twap:Twap",
        "execution.hedger": "execution.hedger:Hedger",
        "stress.shocks": "stress.shocks:Shocks",
        "surveillance.watch": "surveillance.watch:Watch",
    }
)
"""The policies of this package: `role.name` to `module:class` below `crossbook.policies`."""


def names(role: str) -> list[str]:
    """The names of the policies that can play a role, those of other packages included, in order."""
    found = {*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}
    return sorted(name.partition(".")[2] for name in found if name.partition(".")[0] == role)


def find(role: str, name: str) -> type[Policy]:
    """The class of a policy. Raises InputError `unknown_policy`, `policy_import`, `not_a_policy`."""
    key = f"{role}.{name}"
    if key in BUILT_IN:
        module, _, attribute = BUILT_IN[key].partition(":")
        kind = getattr(import_module(f"crossbook.policies.{module}"), attribute)
    else:
        points = [point for point in entry_points(group=GROUP) if point.name == key]
        if not points:
            raise InputError(
                f"there is no {role} policy called {name!r}",
                code="unknown_policy",
                values={"role": role, "name": name},
                hint=f"known are: {', '.join(names(role)) or 'none'}; install its package, or pass an object",
            )
        try:
            kind = points[0].load()
        except Exception as error:
            raise InputError(
                f"the package of the {role} policy {name!r} cannot be imported: {type(error).__name__}: {error}",
                code="policy_import",
                values={"role": role, "name": name, "entry_point": points[0].value},
                hint="mend its package, or pass an object",
            ) from error
    checked: type[Policy] = _checked(kind, role)
    return checked


def build(slot: str, source: Policy | str | Mapping[str, Any]) -> Policy:
    """A policy for a slot: itself, by name, or by a table with `policy` (its name) and its configuration.

    Raises:
        InputError: `unknown_role`, `unknown_policy`, `not_a_policy`, `policy_config`.
    """
    if slot.partition(".")[0] not in ROLES:
        raise InputError(
            f"there is no role {slot!r}",
            code="unknown_role",
            values={"slot": slot},
            hint=f"roles are: {', '.join(ROLES)}; several of one role are told apart as role.label",
        )
    role = role_of(slot).name
    if isinstance(source, str):
        source = {"policy": source}
    if isinstance(source, Mapping):
        fields = dict(source)
        name = fields.pop("policy", role_of(slot).default)
        return configured(find(role, str(name)), fields)
    _checked(type(source), role)
    return source


def configured(kind: type[Policy], fields: Mapping[str, Any]) -> Policy:
    """A policy with these fields as its configuration. Raises InputError `policy_config`."""
    try:
        known = getattr(kind, "__struct_fields__", ())
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise msgspec.ValidationError(f"there is no field {unknown[0]!r}; fields are: {', '.join(known)}")
        return msgspec.convert(dict(fields), kind)
    except msgspec.ValidationError as error:
        raise InputError(
            f"the policy {kind.role}.{kind.name} cannot be configured so: {error}",
            code="policy_config",
            values={"policy": f"{kind.role}.{kind.name}", "fields": dict(fields)},
            hint="see the docstring of the policy for its fields and their units",
        ) from None


def heir(policy: Policy, before: Policy) -> Policy:
    """A policy as it takes over from another of its role: with what was configured there, such as feeds and markets.

    A field goes over if both have it with the same default, so that it is no part of what tells the two apart, and it
    was configured there and not here. Where that makes no policy, it is as it was.
    """
    there, here = configuration(before), configuration(policy)
    defaults = [_defaults(type(one)) for one in (before, policy)]
    taken = {
        name: value
        for name, value in there.items()
        if name in here and defaults[0].get(name) == defaults[1].get(name) == here[name] != value
    }
    try:
        return configured(type(policy), {**here, **taken})
    except InputError:
        return policy


def _defaults(kind: type[Policy]) -> dict[str, Any]:
    """The fields of a policy that nobody configured; none if it cannot be without configuration."""
    try:
        return configuration(kind())
    except (TypeError, ValueError):
        return {}


def configuration(policy: Policy) -> dict[str, Any]:
    """The fields of a policy as they are journaled: what `configured` makes the same policy from.

    They are what JSON has for them, lists for tuples, so that they compare with what is read back from a note.
    """
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(policy))
    return built


def source_digest(policy: Policy) -> str:
    """The SHA-256 (hex) of the source a policy is written in; `""` where there is none to read.

    That is every Python file of the package its class is in, in the order of their names, with name and length:
    the rules of a policy are seldom all in one file. A class outside any package is in its file alone.
    """
    try:
        found = inspect.getsourcefile(type(policy))
    except TypeError:
        return ""
    if found is None or not Path(found).is_file():
        return ""
    folder = Path(found).parent
    files = sorted(folder.rglob("*.py")) if (folder / "__init__.py").exists() else [Path(found)]
    digest = sha256()
    for file in files:
        data = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _checked(kind: Any, role: str) -> Any:
    wanted = ("role", "name", "version", "listens", "State", "react")
    missing = [name for name in wanted if not hasattr(kind, name)]
    if missing or not hasattr(kind, "__struct_fields__"):
        raise InputError(
            f"{getattr(kind, '__name__', kind)!r} is not a policy",
            code="not_a_policy",
            values={"missing": missing},
            hint="a policy is a frozen msgspec Struct with role, name, version, listens, State and a method react",
        )
    for text in (kind.name, kind.version):
        if not isinstance(text, str) or not text or len(f"{role}.{text}".encode()) > TEXT_BYTES_MAX:
            raise InputError(
                f"{text!r} cannot be the name or the version of a policy",
                code="not_a_policy",
                values={"name": kind.name, "version": kind.version},
                hint=f"texts that are not empty; the role and the name together at most {TEXT_BYTES_MAX} bytes",
            )
    if kind.role != role:
        raise InputError(
            f"{kind.role}.{kind.name} does not play the role {role}",
            code="not_a_policy",
            values={"role": role, "plays": kind.role},
            hint=f"put it into the slot {kind.role!r}",
        )
    return kind
