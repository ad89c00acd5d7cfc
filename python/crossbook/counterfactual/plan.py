"""What a change comes to in one parent: which outside commands go, which become others, what is put in where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from crossbook.commands import AddAsset, AddMarket, Command, CreateAccount, Origin, SetLimits
from crossbook.counterfactual.change import POLICY, Change, Insert, with_field, with_members
from crossbook.counterfactual.parent import Entry, Parent, parent_entries
from crossbook.counterfactual.settings import Setting, setting
from crossbook.errors import InputError, NotFound
from crossbook.policies import catalogue, notes
from crossbook.policies.contract import Policy
from crossbook.policies.roles import in_order
from crossbook.session import Envelope

_CREATORS: Final = {CreateAccount: "account", AddAsset: "asset", AddMarket: "market"}


class Plan(Struct):
    """The edits by the parent's seqs, and the policies.

    `edits` are fields of commands with their new values, `inserts` what follows a command, `chosen` who shall play in a
    slot (None: nobody), `named` the slots whose choice is a name alone, and takes over the configuration of who played
    there, `tuned` fields of a slot's policy by path, `extra` the slots to engage that the parent did not.
    """

    dropped: set[int] = set()
    edits: dict[int, dict[str, Any]] = {}
    inserts: dict[int, list[Envelope]] = {}
    chosen: dict[str, Policy | None] = {}
    named: set[str] = set()
    tuned: dict[str, dict[str, Any]] = {}
    extra: dict[str, Policy] = {}

    def edited(self, seq: int, item: Envelope) -> Envelope:
        """An outside command of the parent as the branch has it."""
        changes = self.edits.get(seq)
        if changes is None:
            return item
        command = item.command
        for name, value in changes.items():
            command = with_field(command, name, value)
        return msgspec.structs.replace(item, command=command)

    def policy(self, engaged: notes.Engaged) -> Policy | None:
        """Who plays where the parent engaged somebody: the choice for the slot, else the same with what is tuned."""
        chosen = self.chosen.get(engaged.slot)
        if engaged.slot in self.chosen and (chosen is None or engaged.slot not in self.named):
            return chosen
        try:
            kind = catalogue.find(engaged.slot.partition(".")[0], engaged.name)
        except InputError:
            if chosen is not None:
                return chosen  # who played there is not installed, so there is nothing to take over
            raise
        if chosen is not None:
            return catalogue.heir(chosen, catalogue.configured(kind, engaged.config))
        return catalogue.configured(kind, with_members(engaged.config, self.tuned.get(engaged.slot, {})))


def plan(change: Change, parent: Parent) -> Plan:
    """Resolve a change against a parent.

    Raises:
        InputError: `inside_seq`, `creates_an_id`, and those of settings, commands and policies.
        NotFound: `unknown_seq`, `unknown_asset`, `unknown_market`.
    """
    made = Plan()
    _drop(change, parent, made)
    _set(change, parent, made)
    _patch(change, parent, made)
    for insert in change.inserts:
        _insert(insert, parent, made)
    _choose(change, parent, made)
    for engaged in parent.engaged.values():
        made.policy(engaged)
    return made


def _drop(change: Change, parent: Parent, made: Plan) -> None:
    for first, last in change.drops:
        _check_seq(first, parent)
        _check_seq(last, parent)
        outside = [seq for seq in range(first, last + 1) if not parent.inside(seq)]
        if not outside:
            raise _inside(first, parent)
        for seq in outside:
            if seq in parent.created:
                raise _creates(seq, parent)
        made.dropped.update(outside)


def _patch(change: Change, parent: Parent, made: Plan) -> None:
    for patch in change.patches:
        check_outside(patch.seq, parent)
        made.edits.setdefault(patch.seq, {})[patch.field] = patch.value
    wanted = {patch.seq for patch in change.patches}
    for entry in _entries_at(parent, wanted):
        made.edited(entry.seq, entry.item)  # raises for a field or a value that the command cannot hold


def _entries_at(parent: Parent, seqs: set[int]) -> list[Entry]:
    if not seqs:
        return []
    return [entry for entry in parent_entries(parent, min(seqs), max(seqs)) if entry.seq in seqs]


def _set(change: Change, parent: Parent, made: Plan) -> None:
    added: dict[tuple[object, ...], tuple[Setting, Command]] = {}
    for path, value in _with_defaults(change.sets, parent).items():
        if path.startswith(POLICY):
            continue
        found = setting(path, value, parent)
        values = {name: getattr(found.command, name) for name in found.fields}
        present = parent.settings.get(found.key, [])
        for same in present:
            made.edits.setdefault(same.seq, {}).update(values)
        if not present:
            base = added[found.key][1] if found.key in added else found.command
            added[found.key] = (found, msgspec.structs.replace(base, **values))
    for found, command in added.values():
        end = parent.creation_ends[found.created] if found.created else 1
        item = Envelope(command, Origin.OPERATOR, time_ns=parent.times[end])
        made.inserts.setdefault(end, []).append(item)


def _with_defaults(sets: Mapping[str, Any], parent: Parent) -> dict[str, Any]:
    """The settings, and the order size wherever it is the position size by default, as in a configuration."""
    made = dict(sets)
    for market in parent.markets:
        position = f"market.{market.symbol}.position_max"
        limits = parent.settings.get((SetLimits, parent.markets.index(market) + 1), [])
        lots = {one.command.order_max_lots for one in limits if isinstance(one.command, SetLimits)}
        if position in sets and lots == {market.position_max}:
            made.setdefault(f"market.{market.symbol}.order_max", sets[position])
    return made


def _insert(insert: Insert, parent: Parent, made: Plan) -> None:
    check_outside(insert.seq, parent)
    kind = _CREATORS.get(type(insert.command))
    later = [seq for seq, (created, _) in parent.created.items() if created == kind and seq > insert.seq]
    if later:
        raise InputError(
            f"a {type(insert.command).__name__} here would take the id of the one at seq {later[0]}",
            code="creates_an_id",
            values={"seq": insert.seq, "taken_by": later[0]},
            hint=f"insert it after the last of its kind, at seq {later[-1]}",
        )
    time_ns = parent.times[insert.seq] if insert.time_ns is None else insert.time_ns
    if time_ns < parent.times[insert.seq]:
        raise InputError(
            "an inserted command cannot be earlier than the one before it",
            code="time_backwards",
            values={"seq": insert.seq, "time_ns": time_ns, "last_time_ns": parent.times[insert.seq]},
            hint="insert it after an earlier seq",
        )
    item = Envelope(insert.command, insert.origin, insert.author, 0, insert.nonce, time_ns)
    made.inserts.setdefault(insert.seq, []).append(item)


def _choose(change: Change, parent: Parent, made: Plan) -> None:
    made.tuned, made.chosen = change.tuned(parent.slots()), change.built(parent.slots())
    made.named = {slot for slot, source in change.policies.items() if isinstance(source, str)}
    known = set(parent.slots())
    extra = {slot: policy for slot, policy in made.chosen.items() if slot not in known and policy is not None}
    made.extra = {slot: extra[slot] for slot in in_order(extra)}


# --- seqs -------------------------------------------------------------------------------------------------------------


def check_outside(seq: int, parent: Parent) -> None:
    """Refuse a seq that is not an outside command. Raises NotFound `unknown_seq`, InputError `inside_seq`."""
    _check_seq(seq, parent)
    if parent.inside(seq):
        raise _inside(seq, parent)


def _check_seq(seq: int, parent: Parent) -> None:
    if not 1 <= seq <= parent.seq:
        raise NotFound(
            f"there is no seq {seq}; the parent was read up to {parent.seq}",
            code="unknown_seq",
            values={"seq": seq, "last_seq": parent.seq},
            hint=f"give a seq from 1 to {parent.seq}",
        )


def _inside(seq: int, parent: Parent) -> InputError:
    before = next((one for one in range(seq, 0, -1) if not parent.inside(one)), None)
    after = next((one for one in range(seq, parent.seq + 1) if not parent.inside(one)), None)
    near = " and ".join(str(one) for one in (before, after) if one is not None)
    return InputError(
        f"seq {seq} is inside: the venue loop or one of its policies sent it, and a branch makes its own",
        code="inside_seq",
        values={"seq": seq, "outside_before": before, "outside_after": after},
        hint=f"change who plays with --policy; the nearest outside commands are {near}",
    )


def _creates(seq: int, parent: Parent) -> InputError:
    kind, number = parent.created[seq]
    return InputError(
        f"seq {seq} gives {kind} {number} its id; without it later ids would be others",
        code="creates_an_id",
        values={"seq": seq, "kind": kind, "id": number},
        hint=f"keep it, and drop what the {kind} is used for",
    )
