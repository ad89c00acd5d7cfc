"""The demo's screen. Every number on it comes out of the kernel, the journal or the events of the run."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crossbook.commands import RATE_ONE
from crossbook.demo import story
from crossbook.demo.config import ROUND_NS
from crossbook.demo.market import ASSET, INSTRUMENTS
from crossbook.demo.report import DemoReport
from crossbook.quantities import scaled
from crossbook.times import show_time
from crossbook.views import AccountView, text_table

INDENT: Final = "  "


def screen(report: DemoReport) -> str:
    """The whole screen as text."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: DemoReport) -> Iterator[str]:
    minutes = report.config.rounds * ROUND_NS // 60_000_000_000
    title = f"crossbook demo: {minutes} simulated minutes, seed {report.config.seed}"
    yield title
    yield "=" * len(title)
    yield from _happened(report)
    for part in (story.outage, story.funding, story.ladder):
        yield ""
        yield from part(report)
    yield from _account(report)
    yield from _conserved(report)
    yield from _proof(report)
    yield ""
    yield from story.comparison(report)
    yield from _next(report)


def _happened(report: DemoReport) -> Iterator[str]:
    tally, commands = report.tally, report.journal.commands
    fall = max(_fall(market.before_crash, market.lowest) for market in tally.markets)
    yield ""
    yield "What happened"
    yield (
        f"{INDENT}{report.accounts:,} accounts of makers, takers, hedgers, gamblers and liquidators traded "
        f"{report.config.rounds:,} rounds:"
    )
    yield f"{INDENT}{commands:,} commands, {tally.inside:,} of them by the policies."
    crash = report.config.crash
    yield f"{INDENT}At {story.minute(crash.start)} prices began to fall; marks fell by up to {fall} %."
    yield ""
    yield from _indented(_markets(report))
    yield ""
    yield from (INDENT + line for line in _counts(report))


def _counts(report: DemoReport) -> Iterator[str]:
    tally = report.tally
    trades = sum(market.trades for market in tally.markets)
    volume = report.view.asset_unit(ASSET).to_decimal(sum(market.volume for market in tally.markets))
    refused = tally.refused.most_common()
    shown = [f"{count:,} {name}" for name, count in refused[:3]]
    others = sum(count for _, count in refused[3:])
    shown += [f"{others:,} others"] if others else []
    events = f"{report.proof.events:,} events in all"
    yield f"{tally.orders:,} orders accepted, {trades:,} trades of {_round(volume)} {ASSET}, {events}"
    yield f"{tally.refused.total():,} commands refused, each with its reason:"
    yield f"{INDENT}{', '.join(shown)}"
    yield f"{tally.makers_cancelled:,} makers' orders cancelled as they would have filled: the margin was gone by then"


def _markets(report: DemoReport) -> str:
    columns = ["market", "trades", f"volume {ASSET}", "before the crash", "lowest", "at the end", "open interest"]
    rows = []
    for instrument, tally in zip(INSTRUMENTS, report.tally.markets, strict=True):
        unit, market = report.view.market_unit(instrument.symbol), report.view.market(instrument.symbol)
        prices = [unit.price(ticks) for ticks in (tally.before_crash, tally.lowest, tally.last)]
        volume = _round(unit.money(tally.volume))
        rows.append([instrument.symbol, f"{tally.trades:,}", volume, *prices, market.open_interest])
    return text_table(columns, rows)


def _account(report: DemoReport) -> Iterator[str]:
    strain = report.strain
    account = strain.example
    pool = account.pool(ASSET)
    yield ""
    yield (
        f"At the bottom {strain.below_requirement:,} accounts were below their requirement, "
        f"{strain.below_maintenance:,} below maintenance, {strain.below_zero:,} below zero"
    )
    yield f"{INDENT}account {account.account} at seq {report.bottom_seq:,}, {show_time(report.bottom_time_ns)}"
    yield from _indented(_terms(account))
    if pool.equity < pool.maintenance:
        yield f"{INDENT}equity is below maintenance, {_money(pool.maintenance)}: it is in the hands of the ladder"
    elif pool.equity < pool.requirement:
        yield f"{INDENT}equity is below the requirement: from here on it may only reduce its risk"
    else:
        yield f"{INDENT}equity covers the requirement; {_money(pool.available)} {ASSET} are free"


def _terms(account: AccountView) -> str:
    pool = account.pool(ASSET)
    sizes = {position.market: position.size for position in account.positions}
    rows = [[name, sizes.get(name), _money(equity), _money(required)] for name, equity, required in pool.terms()]
    return text_table(["term", "position", f"equity {ASSET}", "requirement"], rows)


def _conserved(report: DemoReport) -> Iterator[str]:
    sums = report.conservation
    yield ""
    yield f"Every unit of {ASSET} is accounted for: {'yes' if sums.holds else 'NO'}"
    rows = [
        ["cash of all accounts", _money(sums.cash)],
        ["less the cost of all positions", _money(-sums.cost)],
        ["fees, insurance and dust", _money(sums.fees + sums.insurance + sums.dust)],
        ["funding that is still to be settled", _money(sums.funding)],
        ["deposits less withdrawals", _money(sums.net_deposits)],
    ]
    yield from _indented(text_table(["", ASSET], rows).split("\n", 2)[2])


def _proof(report: DemoReport) -> Iterator[str]:
    facts, proof = report.journal, report.proof
    size = scaled(facts.size_bytes // 100_000, 1)
    durable = "each on disk before its answer" if report.durability == "durable" else report.durability
    yield ""
    yield f"The journal is the exchange: {facts.blocks:,} blocks, {size:f} MB, {durable}"
    rows = [["the live session", f"{facts.commands:,}", proof.state_root.hex()[:24], proof.event_digest.hex()[:24]]]
    for name, run in proof.replays:
        rows.append([name, f"{run.commands:,}", run.state_root.hex()[:24], run.event_digest.hex()[:24]])
    yield from _indented(text_table(["", "commands", "state root", "event digest"], rows))
    verdict = "all are equal" if proof.equal else "THEY DIFFER"
    yield f"{INDENT}{verdict}, and {proof.genesis.marks:,} marks on the way were reproduced, without running a policy"
    turns = sum(proof.policies.turns.values())
    yield f"{INDENT}the policies, run again beside it in {turns:,} turns, proposed every command they had proposed"


def _next(report: DemoReport) -> Iterator[str]:
    path = report.path
    yield ""
    yield "Try next"
    yield f"{INDENT}crossbook state {path} --at {report.bottom_seq} --account {report.strain.example.account}"
    yield f"{INDENT}crossbook state {path} --market BTC-PERP --depth 5"
    yield f"{INDENT}crossbook policies show {path}"
    yield f"{INDENT}crossbook replay {path} --from snapshot"
    yield f"{INDENT}crossbook compare {path} {report.comparison.b.path}"
    yield f"{INDENT}crossbook verify {path}"


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield INDENT + line


def _money(amount: Decimal) -> str:
    """An amount with all its minor units, so that columns line up and nothing is rounded."""
    return f"{amount:,.6f}"


def _round(amount: Decimal) -> str:
    """Whole units, for totals that are read and not reckoned with."""
    return f"{amount.quantize(Decimal(1)):,}"


def _fall(before: int, lowest: int) -> int:
    """How far a mark fell, in percent of where it was."""
    return (before - lowest) * RATE_ONE // before * 100 // RATE_ONE
