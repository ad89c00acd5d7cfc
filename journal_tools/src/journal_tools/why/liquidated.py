"""Why an account was liquidated: the tree it was judged by, what pushed it there, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from journal_tools import replaying
from journal_tools.errors import Skipped
from journal_tools.grammar import shown_time
from journal_tools.journal import Journal
from journal_tools.verbs.log import spelled
from journal_tools.vocabulary import ORIGINS, fields_of, name_of
from journal_tools.why import terms as trees
from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing
from journal_tools.why.timeline import Episode, Timeline

if TYPE_CHECKING:
    from journal_tools.replaying import PoolTerms, StateView

SHOWN: Final = 12
"""So many of the observations and remarks are told to people; documents have all of them."""


@dataclass
class Seen:
    """A pool at the places that matter: the terms before and after the push, and around each step."""

    before_push: PoolTerms | None = None
    after_push: PoolTerms | None = None
    judged: PoolTerms | None = None
    around: dict[int, tuple[PoolTerms | None, PoolTerms | None]] = field(default_factory=dict)
    events: dict[int, list[Any]] = field(default_factory=dict)
    authors: dict[int, str] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    view: Any = None

    @property
    def shortage(self) -> int:
        """What was missing to the maintenance when the first step was taken, in minor units."""
        if self.judged is None:
            return 1
        missing = self.judged.maintenance.amount - self.judged.equity.amount
        return int(missing.scaleb(self.view.asset_unit(self.judged.asset).decimals))


def chosen(timeline: Timeline, at_seq: int | None) -> Episode:
    """The liquidation a seq is in or comes after; the first one without a seq. Raises Skipped `not_liquidated`."""
    found = timeline.episodes
    if at_seq is not None:
        found = [episode for episode in found if episode.first_seq <= at_seq]
        found = found[-1:]
    if not found:
        worst = ", ".join(f"{one.standing.name.lower()} at seq {one.seq}" for one in timeline.worst.values())
        raise Skipped(
            f"account {timeline.account} was never liquidated" + (f" up to seq {at_seq}" if at_seq else ""),
            code="not_liquidated",
            hint=f"the worst it stood was {worst}" if worst else "no mark ever brought it below a call level",
            account=timeline.account,
        )
    return found[0]


def look(journal: Journal, account: int, episode: Episode) -> Seen:
    """See the pool at every place that matters, in one pass."""
    seen, pool = Seen(), episode.pool
    pushed = int(episode.pushed.seq) if episode.pushed is not None else episode.seqs[0] - 1
    stops = sorted({pushed - 1, pushed, *(at for seq in episode.seqs for at in (seq - 1, seq))})
    playback = replaying.Playback(journal, after=max(stops[0], 0))
    at: dict[int, PoolTerms | None] = {}
    for stop in stops:
        for seq, events in playback.commands(stop):
            if seq in episode.seqs:
                seen.events[seq] = events
        view = replaying.view_of(playback.kernel)
        at[stop] = found = trees.pool_terms(view, account, pool)
        if found is not None:
            seen.differing += trees.differing(found, f"seq {stop}")
    seen.view = view = replaying.view_of(playback.kernel)
    seen.authors = {author.author: f"{author.name} {author.version}" for author in view.authors()}
    seen.before_push, seen.after_push = at[pushed - 1], at[pushed]
    seen.judged = at[episode.seqs[0] - 1]
    seen.around = {seq: (at[seq - 1], at[seq]) for seq in episode.seqs}
    announced = [(episode.pushed, seen.after_push)] if episode.pushed is not None else []
    first = [(step.event, seen.judged) for step in episode.steps if step.seq == episode.seqs[0]]
    for event, found in announced + [pair for pair in first if type(pair[0]).__name__ in JUDGED_BEFORE]:
        if found is not None:
            seen.differing += trees.stated(found, event, view)
    return seen


JUDGED_BEFORE: Final = ("PoolLocked", "LiquidationStarted")
"""Steps whose events say how the pool stood when they were taken."""


def explain(journal: Journal, timeline: Timeline, episode: Episode) -> tuple[Answer, Seen]:
    """The answer, savings apart."""
    account, citing = timeline.account, Citing(journal)
    seen = look(journal, account, episode)
    pushed_seq = int(episode.pushed.seq) if episode.pushed is not None else None
    judged = seen.judged
    answer = Answer({"account": account, "question": "liquidated"}, differing=seen.differing)
    answer.document |= {
        "episode": {
            "pool": judged.name if judged is not None else None,
            "pushed_seq": pushed_seq,
            "first_step_seq": episode.seqs[0],
            "last_step_seq": episode.last_seq,
            "steps": len(episode.seqs),
            "ended": episode.ended,
        },
        "others": [other.first_seq for other in timeline.episodes if other is not episode],
    }
    if judged is not None:
        _say_judged(answer, citing, account, episode, judged)
    if pushed_seq is not None:
        _say_pushed(answer, citing, pushed_seq, seen)
    _say_policy(answer, citing, timeline, episode, seen)
    _say_steps(answer, citing, account, episode, seen)
    return answer, seen


def _say_judged(answer: Answer, citing: Citing, account: int, episode: Episode, judged: PoolTerms) -> None:
    equity, maintenance = judged.equity.amount, judged.maintenance.amount
    answer.say(
        f"account {account}, {judged.name}, was liquidated from seq {episode.seqs[0]} on: "
        f"equity {money(equity)} was below maintenance {money(maintenance)} "
        f"by {money(maintenance - equity)} {judged.asset}",
        "",
        f"before seq {episode.seqs[0]}",
    )
    trees.show(answer, judged, part="judged")
    seqs = trees.seqs_of(judged)
    answer.say("the seqs it is made of")
    trees.say_cited(answer, citing, seqs)
    answer.document |= {
        "asset": judged.asset,
        "shortage": maintenance - equity,
        "judged": {"before_seq": episode.seqs[0], **trees.tree(judged)},
        "cited": citing.cited(seqs),
    }


def _say_pushed(answer: Answer, citing: Citing, seq: int, seen: Seen) -> None:
    changes = trees.moved(seen.before_push, seen.after_push)
    chain = citing.chain(seq)
    observed = citing.observations([citing.record(seq), *chain])
    answer.document["pushed"] = {
        **citing.brief(seq),
        "author_name": seen.authors.get(citing.record(seq).author),
        "moved": changes,
        "causes": [citing.brief(record.seq) for record in chain],
        "observations": [citing.brief(record.seq) for record in observed],
    }
    answer.say("", "what pushed it below", f"  {citing.words(seq)}")
    for change in changes:
        what = f"{change['of']}: {change['kind']} {change['entity']}"
        answer.say(f"{what:<40}{money(change['before']):>20} -> {money(change['after'])}", indent=2)
        answer.row("pushed", what, change["change"], seen.after_push.asset if seen.after_push else "", [seq])
    if chain:
        answer.say("because of", *(f"  {citing.words(record.seq)}" for record in chain))
    if observed:
        answer.say(
            f"the observations behind it ({len(observed)})", *(f"  {citing.words(one.seq)}" for one in observed[:SHOWN])
        )


def _say_policy(answer: Answer, citing: Citing, timeline: Timeline, episode: Episode, seen: Seen) -> None:
    """Who acted, as what it is on record, and what it remarked."""
    authors = list(dict.fromkeys(citing.record(seq).author for seq in episode.seqs))
    acted = []
    for author in authors:
        origin = ORIGINS[next(citing.record(seq).origin for seq in episode.seqs if citing.record(seq).author == author)]
        engaged = timeline.engaged.get(author)
        acted.append({"author": author or None, "name": seen.authors.get(author), "origin": origin, "engaged": engaged})
        source = f", source {engaged['source'][:16]}…" if engaged and engaged.get("source") else ""
        answer.say("", f"acted on by {seen.authors.get(author, origin)} (author {author}){source}")
    remarks = [event for event in timeline.remarks if episode.first_seq <= event.seq <= episode.last_seq]
    answer.document["acted"] = acted
    answer.document["remarks"] = [
        {"seq": event.seq, "author": event.author, "topic": event.topic, "body": event.body} for event in remarks
    ]
    answer.say(*(f"  seq {event.seq}  {event.topic} {event.body}" for event in remarks[:SHOWN]))


def _say_steps(answer: Answer, citing: Citing, account: int, episode: Episode, seen: Seen) -> None:
    """Each step: what was done, what it cost in equity, who took the other side."""
    answer.document["steps"] = steps = []
    answer.say("", "step by step")
    for seq in episode.seqs:
        before, after = seen.around[seq]
        events = seen.events[seq]
        record = citing.record(seq)
        equity = [found.equity.amount if found is not None else None for found in (before, after)]
        cost = equity[0] - equity[1] if equity[0] is not None and equity[1] is not None else equity[0]
        sides = others(account, events, seen.view)
        steps.append(
            {
                "seq": seq,
                "time": shown_time(record.time_ns),
                "command": name_of(record.command),
                "fields": fields_of(record.command),
                "author": record.author or None,
                "cause": record.cause or None,
                "equity_before": equity[0],
                "equity_after": equity[1],
                "maintenance_before": before.maintenance.amount if before is not None else None,
                "maintenance_after": after.maintenance.amount if after is not None else None,
                "cost": cost,
                "other_side": sides,
                "events": [replaying.named(event) for event in events],
            }
        )
        asset = (before or after).asset if before is not None or after is not None else ""  # type: ignore[union-attr]
        answer.say(f"seq {seq}  {name_of(record.command)} {spelled(fields_of(record.command))}", indent=1)
        shown = [money(amount) if amount is not None else "nothing" for amount in equity]
        answer.say(f"equity {shown[0]} -> {shown[1]} {asset}" + (f", cost {money(cost)}" if cost else ""), indent=2)
        for side in sides:
            answer.say(" ".join(_spoken(side)), indent=2)
        answer.row("steps", name_of(record.command), cost, asset, [seq])
    answer.say(f"it ended at seq {episode.last_seq}: {episode.ended}", indent=1)


def _spoken(side: dict[str, Any]) -> list[str]:
    """Who took the other side, for people."""
    named = [f"account {side['account']}"] if "account" in side else []
    amounts = [
        f"{name} {money(side[name])}"
        for name in ("size", "price", "value", "fee", "realised", "amount")
        if name in side
    ]
    return [*named, f"by {side['by']}", *([side["market"]] if "market" in side else []), *amounts]


def others(account: int, events: list[Any], view: StateView) -> list[dict[str, Any]]:
    """Who took the other side of a step: makers of its trades, who took lots over, the insurance that was paid or paid.

    Amounts are those of the account: its fee, what it realised.
    """
    found: list[dict[str, Any]] = []
    for event in events:
        name = type(event).__name__
        if name == "Traded" and account in (event.maker, event.taker):
            unit, took = view.market_unit(event.market), event.taker == account
            found.append(
                {
                    "account": event.maker if took else event.taker,
                    "by": "trade",
                    "market": unit.symbol,
                    "size": unit.size(event.lots),
                    "price": unit.price(event.price),
                    "fee": unit.money(event.taker_fee if took else event.maker_fee),
                    "realised": unit.money(event.taker_realised if took else event.maker_realised),
                }
            )
        elif name == "PositionMoved" and event.source == account:
            unit = view.market_unit(event.market)
            found.append(
                {
                    "account": event.destination,
                    "by": event.reason.name.lower(),
                    "market": unit.symbol,
                    "size": abs(unit.size(event.lots)),
                    "value": unit.money(event.value),
                    "realised": unit.money(event.source_realised),
                }
            )
        elif name == "LiquidationEnded" and event.fee:
            unit = view.market_unit(event.market)
            found.append({"by": "insurance", "market": unit.symbol, "fee": unit.money(event.fee)})
        elif name in ("LossCovered", "LossSocialised"):
            amount = view.asset_unit(event.asset).to_decimal(event.amount)
            found.append({"by": "insurance" if name == "LossCovered" else "other side of the market", "amount": amount})
    return found
