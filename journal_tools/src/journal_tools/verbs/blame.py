"""`journal blame`: any balance as the sum of the entries that made it, each with its seq."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from journal_tools import replaying
from journal_tools.errors import Finding, ToolError
from journal_tools.grammar import moment, path_argument, verb
from journal_tools.journal import Journal
from journal_tools.ledger.balances import balances
from journal_tools.ledger.books import Books
from journal_tools.ledger.entries import Balance, Entry, Kind
from journal_tools.output import emit
from journal_tools.past.units import Units

ENTRY_COLUMNS: Final = ("balance", "source", "seq", "kind", "amount", "sum", "market", "other", "reference", "event")
GROUP_COLUMNS: Final = ("amount", "entries", "first_seq", "last_seq")
ALL_COLUMNS: Final = ("balance", "amount", "entries", "in_state", "agrees")
OF_ACCOUNT: Final = (Kind.CASH, Kind.MARGIN)
OF_POSITION: Final = (Kind.POSITION, Kind.COST)
EVENTS, STATE = "events", "state"
"""Where a line comes from: an entry, or several, or the balance that the state has at the end."""

Shown = Callable[[Balance, int], Any]
"""An amount of a balance in its unit."""


class Ledger:
    """The entries of a journal up to a seq, and what the state says every balance is then."""

    def __init__(self, journal: Journal, to_seq: int | None) -> None:
        kernel = replaying.kernel_at(journal, to_seq)
        self.seq = kernel.seq
        self.units = Units(kernel)
        self.stated = balances(kernel)
        self.books = Books(self._take)
        self._playback = replaying.Playback(journal)
        self._taken: list[tuple[Balance, Entry]] = []

    def _take(self, balance: Balance, entry: Entry) -> None:
        self._taken.append((balance, entry))

    def entries(self) -> Iterator[tuple[Balance, Entry]]:
        """Every entry of every balance, as the commands come."""
        for _, events in self._playback.blocks(self.seq):
            self.books.book(events)
            yield from self._taken
            self._taken.clear()

    def differing(self) -> list[Balance]:
        """The balances that are not the sum of their entries, once all entries were taken."""
        known = sorted(set(self.stated) | set(self.books.sums))
        return [balance for balance in known if self.stated.get(balance, 0) != self.books.sums.get(balance, 0)]

    def name(self, balance: Balance) -> str:
        """What a balance is called."""
        place = self.units.markets[balance.market] if balance.market else self.units.assets[balance.asset]
        owner = f"account {balance.account} " if balance.account else ""
        return f"{owner}{balance.kind} {place.symbol}"

    def amount(self, balance: Balance, amount: int) -> Any:
        """An amount of a balance in whole units."""
        if balance.kind is Kind.POSITION:
            return self.units.markets[balance.market].size(amount)
        return self.units.assets[balance.asset].money(amount)


@verb("blame", short_help="The entries a balance is the sum of.")
@path_argument
@click.option("--account", type=int, metavar="N", help="Cash and isolated margin of an account.")
@click.option("--position", is_flag=True, help="With --account: its positions and what they cost instead.")
@click.option("--fees", is_flag=True, help="What the venue has earned.")
@click.option("--insurance", is_flag=True, help="The insurance funds, of assets and of markets.")
@click.option("--dust", is_flag=True, help="What rounding has left.")
@click.option("--net-deposits", is_flag=True, help="What came in less what went out.")
@click.option("--all", "every", is_flag=True, help="Every balance of the venue, one line each: does it agree?")
@click.option("--asset", metavar="SYM", help="Only balances in this asset.")
@click.option("--market", metavar="SYM", help="Only what belongs to this market.")
@click.option("--at", metavar="SEQ|TIME", help="As of a seq or a time; the end if left out.")
@click.option("--by", type=click.Choice(["kind", "market", "seq"]), help="One line for each of these, not each entry.")
@click.option("--raw", is_flag=True, help="Minor units and lots instead of whole units.")
def command(*, path: Path, asset: str | None, market: str | None, at: str | None, fmt: str, **chosen: Any) -> None:
    """Any balance, decomposed into deposits, fees, realised profit, funding, losses, moves.

    Entries come from events by the rules of the venue; the last line of each balance is what the state says it is.
    If the two differ, that is a finding. Cost: one execution from genesis, one from the nearest snapshot.
    """
    kinds = _kinds(chosen)
    journal = Journal.open(path)
    ledger = Ledger(journal, replaying.seq_of(journal, moment(at)))
    wanted = _wanted(ledger.units, kinds, chosen["account"], asset, market)
    shown: Shown = (lambda _, amount: amount) if chosen["raw"] else ledger.amount
    if chosen["every"]:
        emit(_every(ledger, wanted, shown), ALL_COLUMNS, fmt, name="balances", about={"seq": ledger.seq})
    elif chosen["by"]:
        columns = ("balance", "source", chosen["by"], *GROUP_COLUMNS)
        rows = _grouped(ledger, wanted, chosen["by"], shown)
        emit(rows, columns, fmt, name="entries", about={"seq": ledger.seq, "by": chosen["by"]})
    else:
        emit(_entries(ledger, wanted, shown), ENTRY_COLUMNS, fmt, name="entries", about={"seq": ledger.seq})
    _check(ledger, wanted)


# --- what is wanted -------------------------------------------------------------------------------------------------


Wanted = Callable[[Balance], bool]


def _kinds(chosen: dict[str, Any]) -> tuple[Kind, ...]:
    """The kinds of balances somebody wants. Raises ToolError `target_missing`, `target_ambiguous`."""
    venue = {"fees": Kind.FEES, "insurance": Kind.INSURANCE, "dust": Kind.DUST, "net_deposits": Kind.NET_DEPOSITS}
    targets = [name for name in (*venue, "every") if chosen[name]]
    if chosen["account"] is not None:
        targets.append("account")
    hint = "give one of --account N, --fees, --insurance, --dust, --net-deposits, --all"
    if chosen["position"] and chosen["account"] is None:
        raise ToolError("--position is of an account", code="target_missing", hint="give --account N as well")
    if not targets:
        raise ToolError("blame whom?", code="target_missing", hint=hint)
    if len(targets) > 1 and targets != ["every", "account"]:
        raise ToolError("that is more than one kind of balance", code="target_ambiguous", hint=hint)
    if chosen["every"]:
        return tuple(Kind)
    if chosen["account"] is not None:
        return OF_POSITION if chosen["position"] else OF_ACCOUNT
    return (venue[targets[0]],)


def _wanted(
    units: Units, kinds: tuple[Kind, ...], account: int | None, asset: str | None, market: str | None
) -> Wanted:
    """Which balances are wanted. Raises ToolError `unknown_account`, `unknown_asset`, `unknown_market`."""
    of_account = None if account is None else units.account(account)
    of_asset = None if asset is None else units.asset(asset).asset
    of_market = None if market is None else units.market(market).market

    def wanted(balance: Balance) -> bool:
        return (
            balance.kind in kinds
            and of_account in (None, balance.account)
            and of_asset in (None, balance.asset)
            and of_market in (None, balance.market)
        )

    return wanted


# --- rows -----------------------------------------------------------------------------------------------------------


def _entries(ledger: Ledger, wanted: Wanted, shown: Shown) -> Iterator[dict[str, Any]]:
    """Every entry with the sum so far; then what the state says, one row for each balance."""
    sums: dict[Balance, int] = {}
    for balance, entry in ledger.entries():
        if wanted(balance):
            sums[balance] = sums.get(balance, 0) + entry.amount
            yield {
                "balance": ledger.name(balance),
                "source": EVENTS,
                "seq": entry.seq,
                "kind": entry.kind,
                "amount": shown(balance, entry.amount),
                "sum": shown(balance, sums[balance]),
                "market": _symbol(ledger, entry.market),
                "other": entry.other or None,
                "reference": entry.reference or None,
                "event": entry.event,
            }
    for balance in _known(ledger, wanted):
        stated = shown(balance, ledger.stated.get(balance, 0))
        yield {"balance": ledger.name(balance), "source": STATE, "seq": ledger.seq, "sum": stated}


def _grouped(ledger: Ledger, wanted: Wanted, by: str, shown: Shown) -> Iterator[dict[str, Any]]:
    """Entries of a kind, a market or a seq together, the balances one after the other."""
    groups: dict[Balance, dict[Any, list[int]]] = {}
    for balance, entry in ledger.entries():
        if wanted(balance):
            key = {"kind": entry.kind, "market": _symbol(ledger, entry.market) or "", "seq": entry.seq}[by]
            group = groups.setdefault(balance, {}).setdefault(key, [0, 0, entry.seq, entry.seq])
            group[0] += entry.amount
            group[1] += 1
            group[3] = entry.seq
    for balance in _known(ledger, wanted):
        name, found = ledger.name(balance), groups.get(balance, {})
        for key, (amount, count, first_seq, last_seq) in sorted(found.items()):
            values = (shown(balance, amount), count, first_seq, last_seq)
            yield {"balance": name, "source": EVENTS, by: key, **dict(zip(GROUP_COLUMNS, values, strict=True))}
        stated, count = shown(balance, ledger.stated.get(balance, 0)), sum(group[1] for group in found.values())
        yield {"balance": name, "source": STATE, "amount": stated, "entries": count, "last_seq": ledger.seq}


def _every(ledger: Ledger, wanted: Wanted, shown: Shown) -> Iterator[dict[str, Any]]:
    """Every balance with how many entries made it, and whether they come to what the state says."""
    for _ in ledger.entries():
        pass
    for balance in _known(ledger, wanted):
        amount, stated = ledger.books.sums.get(balance, 0), ledger.stated.get(balance, 0)
        yield {
            "balance": ledger.name(balance),
            "amount": shown(balance, amount),
            "entries": ledger.books.counts.get(balance, 0),
            "in_state": shown(balance, stated),
            "agrees": amount == stated,
        }


def _known(ledger: Ledger, wanted: Wanted) -> list[Balance]:
    """The wanted balances that ever were not 0, in order."""
    order = list(Kind)
    found = filter(wanted, set(ledger.stated) | set(ledger.books.sums))
    return sorted(found, key=lambda balance: (balance.account, order.index(balance.kind), *balance[2:]))


def _symbol(ledger: Ledger, market: int) -> str | None:
    return ledger.units.markets[market].symbol if market else None


def _check(ledger: Ledger, wanted: Wanted) -> None:
    """The finding if a balance is not the sum of its entries."""
    differing = [balance for balance in ledger.differing() if wanted(balance)]
    if differing:
        first = differing[0]
        entries, stated = ledger.books.sums.get(first, 0), ledger.stated.get(first, 0)
        raise Finding(
            f"{ledger.name(first)} is {ledger.amount(first, stated)} at seq {ledger.seq}, "
            f"its entries come to {ledger.amount(first, entries)}",
            code="entries_do_not_sum",
            hint="halve with --at to find the seq it begins with",
            seq=ledger.seq,
            balances=[ledger.name(balance) for balance in differing],
        )
