"""What would have saved an account, found by running the session again; and the branches that prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from journal_tools import replaying, trying
from journal_tools.errors import ToolError
from journal_tools.journal import Journal
from journal_tools.why.answer import Answer
from journal_tools.why.timeline import Episode

if TYPE_CHECKING:
    from journal_tools.replaying import StateView
    from journal_tools.trying import Saving, Search, Trials, Unsaved


class Sessions:
    """A session to try changes on, read at most once in each way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[bool, Trials] = {}

    def trials(self, *, recorded: bool) -> Trials:
        """With policies run again, or with what is on record of them."""
        if recorded not in self._read:
            self._read[recorded] = trying.trials(self._path, recorded=recorded)
        return self._read[recorded]


class Asked(NamedTuple):
    """How the search is asked for: before which seq money comes in, until which seq, and by what is on record."""

    before_seq: int | None
    until_seq: int | None
    recorded: bool


class Found(NamedTuple):
    """A search, the session it searched, and what it came to."""

    search: Search
    result: Saving | Unsaved
    recorded: bool


def searches(
    journal: Journal, sessions: Sessions, account: int, episode: Episode, asked: Asked, shortage: int, kinds: list[str]
) -> list[Found]:
    """Search for each kind: the least deposit, the fewest lots of each position, the least move of each mark.

    Raises ToolError `nothing_before` if no outside command comes before the place.
    """
    pool = (account, episode.pool.asset, episode.pool.market)
    last_seq = asked.until_seq or episode.last_seq
    until_ns = journal.record(last_seq)[0].time_ns
    found: list[Found] = []

    def at(*, recorded: bool) -> Search:
        trials = sessions.trials(recorded=recorded)
        place = place_before(trials, asked.before_seq or episode.first_seq)
        return trying.search(trials, pool, after=place, until_ns=until_ns)

    played = at(recorded=asked.recorded)
    recorded = asked.recorded or not played.trials.parent.engaged
    if "deposit" in kinds:
        found.append(Found(played, played.deposit(shortage), recorded))
    markets = held_markets(played, account, episode)
    if "reduction" in kinds:
        found += [Found(played, played.reduction(market), recorded) for market in markets]
    if "mark" in kinds:
        # Marks are what policies make of observations, so those on record are held, and commands are as recorded.
        held = at(recorded=True)
        found += [Found(held, held.mark(market), recorded=True) for market in markets]
    return found


def place_before(trials: Trials, seq: int) -> int:
    """The last outside command before a seq. Raises ToolError `nothing_before`."""
    for place in range(seq - 1, 0, -1):
        if not trials.parent.inside(place):
            return place
    raise ToolError(
        f"no command came from outside before seq {seq}",
        code="nothing_before",
        hint="give a later place with --before",
        seq=seq,
    )


def held_markets(search: Search, account: int, episode: Episode) -> list[int]:
    """The markets in which the pool has lots where the search begins."""
    row = replaying.account_row(search.trials.kernel(search.window.after), account)
    if row is None:
        return []
    settles = {one.market: one.settlement for one in replaying.market_rows(search.trials.kernel(search.window.after))}
    pool = episode.pool
    return [
        position.market
        for position in row.positions
        if position.lots
        and (position.isolated and position.market == pool.market if pool.market else not position.isolated)
        and settles[position.market] == pool.asset
    ]


def say(answer: Answer, view: StateView, found: list[Found]) -> None:
    """Add what was found."""
    answer.document["savings"] = [document(one, view) for one in found]
    if not found:
        return
    window = found[0].search.window
    answer.say("", f"what would have saved it, after seq {window.after} (found by running the session again)")
    for one in found:
        result = one.result
        played = "commands as recorded" if one.recorded else "policies run again"
        if not is_saving(result):
            answer.say(f"{_named(result, view)}: {_reason(result)} ({result.trials} trials, {played})", indent=1)
            continue
        answer.say(
            f"{_named(result, view)} {amount_of(result, view)}: no step; "
            f"one unit less: {result.without.event} at seq {result.without.seq} ({result.trials} trials, {played})",
            indent=1,
        )
        answer.row("saving", _named(result, view), amount_of(result, view), _unit(result, view), [window.after])


def document(one: Found, view: StateView) -> dict[str, Any]:
    """A saving, or why there is none, as a document."""
    result, window = one.result, one.search.window
    shown: dict[str, Any] = {
        "kind": result.kind,
        "market": view.market_unit(result.market).symbol if result.market else None,
        "after_seq": window.after,
        "until_ns": window.until_ns,
        "policies": "recorded" if one.recorded else "run again",
        "trials": result.trials,
    }
    if not is_saving(result):
        return shown | {"amount": None, "reason": _reason(result)}
    return shown | {
        "amount": result.amount,
        "whole": amount_of(result, view),
        "recorded": result.recorded or None,
        "filled": result.with_it.filled or None,
        "one_less": {"amount": _one_less(result), "seq": result.without.seq, "event": result.without.event},
        "inserts": [
            {"seq": one.seq, "command": type(one.command).__name__, "fields": _fields(one.command)}
            for one in result.change.inserts
        ],
        "patches": [{"seq": one.seq, "field": one.field, "value": one.value} for one in result.change.patches],
    }


def _fields(command: Any) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__struct_fields__}


def _one_less(result: Saving) -> int:
    """What does not save any more; a mark is one tick nearer to the one on record."""
    nearer = 1 if result.kind == "mark" and result.recorded > result.amount else -1
    return result.amount + nearer


def amount_of(result: Saving, view: StateView) -> Any:
    """What saves in whole units: money, a size or a price."""
    if result.kind == "deposit":
        return view.asset_unit(result.asset).to_decimal(result.amount)
    unit = view.market_unit(result.market)
    return unit.size(result.amount) if result.kind == "reduction" else unit.price(result.amount)


def is_saving(result: Saving | Unsaved) -> TypeGuard[Saving]:
    """Whether something was found."""
    return hasattr(result, "change")


def _reason(result: Any) -> str:
    """Why nothing was found."""
    return str(result.reason)


def _unit(result: Saving, view: StateView) -> str:
    return view.asset_unit(result.asset).symbol if result.kind == "deposit" else view.market_unit(result.market).symbol


def _named(result: Saving | Unsaved, view: StateView) -> str:
    if result.kind == "deposit":
        return f"deposit {view.asset_unit(result.asset).symbol}"
    symbol = view.market_unit(result.market).symbol
    return f"close {symbol}" if result.kind == "reduction" else f"mark of {symbol} held at"


def prove(answer: Answer, found: list[Found], account: int, episode: Episode, out: Path) -> None:
    """Write, for each saving, the branch that is saved and the one with one unit less; check both; name them.

    A branch that does not come out as the search says is put on the answer's list of what differs.
    """
    answer.document["proofs"] = proofs = []
    pool = (account, episode.pool.asset, episode.pool.market)
    answer.say("", "proved by branches")
    for one in found:
        result, search = one.result, one.search
        if not is_saving(result):
            continue
        name = f"{result.kind}-{result.market}" if result.market else result.kind
        for ending, change, saves in (("saves", result.change, True), ("one-less", result.less, False)):
            path = out / f"{name}-{ending}"
            window = search.window
            steps = trying.steps_in_branch(
                search.trials, path, change, pool, after=window.after, until_ns=window.until_ns
            )
            proofs.append(
                {"branch": path.name, "kind": result.kind, "saves": not steps, "first_step": min(steps, default=None)}
            )
            answer.say(f"{path.name}: {'no step' if not steps else f'a step at its seq {min(steps)}'}", indent=1)
            if bool(steps) is saves:
                answer.differing.append(f"the branch {path.name} does not come out as the search says")
