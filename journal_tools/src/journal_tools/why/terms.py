"""The term tree of a pool: equity, requirement and maintenance, each the sum of terms that name their seqs. Checked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from journal_tools.why.answer import Answer, money
from journal_tools.why.citing import Citing
from journal_tools.why.timeline import Pool

if TYPE_CHECKING:
    from journal_tools.replaying import PoolTerms, StateView


def pool_terms(view: StateView, account: int, pool: Pool) -> PoolTerms | None:
    """The terms of a pool, None while there is nothing in it."""
    asset = view.asset_unit(pool.asset).symbol
    market = view.market_unit(pool.market).symbol if pool.market else None
    found = view.explain(account).pools
    return next((one for one in found if (one.asset, one.market) == (asset, market)), None)


def tree(terms: PoolTerms) -> dict[str, Any]:
    """A pool as a document."""
    return {
        "pool": terms.name,
        "standing": terms.standing.name.lower(),
        "locked": terms.locked,
        **{
            name: {
                "amount": number.amount,
                "terms": [
                    {
                        "kind": term.kind.name.lower(),
                        "entity": term.entity,
                        "amount": term.amount,
                        "seqs": list(term.seqs),
                    }
                    for term in number
                ],
            }
            for name, number in terms.sums()
        },
        "liquidation_prices": [
            {"market": price.market, "price": price.price, "exact": price.exact} for price in terms.liquidation_prices
        ],
    }


def differing(terms: PoolTerms, where: str) -> list[str]:
    """The numbers of a pool that are not the sum of their terms: none, or the kernel is wrong."""
    return [
        f"{where}: {name} is {number.amount}, its terms sum to {total}"
        for name, number in terms.sums()
        if (total := sum((term.amount for term in number), Decimal(0))) != number.amount
    ]


def stated(terms: PoolTerms, event: Any, view: StateView) -> list[str]:
    """Where what an event says of a pool is not what its terms sum to."""
    unit = view.asset_unit(terms.asset)
    sums = dict(terms.sums())
    return [
        f"seq {event.seq}: {type(event).__name__} says {name} {said}, the terms sum to {sums[name].amount}"
        for name in ("equity", "requirement", "maintenance")
        if hasattr(event, name) and (said := unit.to_decimal(getattr(event, name))) != sums[name].amount
    ]


def show(answer: Answer, terms: PoolTerms, *, part: str, indent: int = 1) -> None:
    """The waterfall, for people and as rows."""
    for name, number in terms.sums():
        answer.say(f"{name:<12}{money(number.amount):>24} {terms.asset}", indent=indent)
        for term in number:
            what = f"{term.kind.name.lower()} {term.entity}"
            named = ", ".join(map(str, term.seqs))
            answer.say(f"{what:<26}{money(term.amount):>24}  seq {named}", indent=indent + 1)
            answer.row(f"{part} {name}", what, term.amount, terms.asset, term.seqs)
        seqs = [seq for term in number for seq in term.seqs]
        answer.row(f"{part} {name}", "sum", number.amount, terms.asset, sorted(set(seqs)))


def moved(before: PoolTerms | None, after: PoolTerms | None) -> list[dict[str, Any]]:
    """The terms that are not what they were, and by how much."""
    found: list[dict[str, Any]] = []
    was, now = _amounts(before), _amounts(after)
    for key in [*was, *(key for key in now if key not in was)]:
        old, new = was.get(key, Decimal(0)), now.get(key, Decimal(0))
        if old != new:
            number, kind, entity = key
            found.append(
                {"of": number, "kind": kind, "entity": entity, "before": old, "after": new, "change": new - old}
            )
    return found


def _amounts(terms: PoolTerms | None) -> dict[tuple[str, str, str], Decimal]:
    found: dict[tuple[str, str, str], Decimal] = {}
    for name, number in terms.sums() if terms is not None else ():
        for term in number:
            key = name, term.kind.name.lower(), term.entity
            found[key] = found.get(key, Decimal(0)) + term.amount
    return found


def seqs_of(terms: PoolTerms) -> list[int]:
    """Every seq that a term names."""
    return sorted({seq for term in terms.terms() for seq in term.seqs})


def say_cited(answer: Answer, citing: Citing, seqs: list[int], *, indent: int = 1) -> None:
    """What is at these seqs, for people."""
    answer.say(*(citing.words(seq) for seq in seqs), indent=indent)
