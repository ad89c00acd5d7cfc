"""What policies of risk cost: a stress run by number of accounts, a mark under breakers, an estimate by markets.

    python benches/policies.py [--accounts N ...]

Needs the extra `risk`.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from crossbook import Venue
from crossbook.commands import Command, CreateAccount, Deposit, OrderKind, Origin, Place, SetMark, Side, TimeInForce
from crossbook.policies.contract import Turn
from crossbook.policies.margin.covariance import Sampling, estimate
from crossbook.policies.stress.shocks import Shocks
from crossbook.policies.view import PolicyView

SUBMISSION = 5_000
SECOND = 10**9
MARKS = {1: 120_000, 2: 60_000}


def config() -> dict:
    """Two markets on one asset, without fees."""
    tiers = [{"lower_bound": "0", "initial_rate": "0.05", "maintenance_rate": "0.025"}]
    shared = {"settlement": "USDC", "tiers": tiers, "price_max": "1000000", "position_max": "100000"}
    return {
        "assets": [{"symbol": "USDC", "decimals": 6}],
        "markets": [
            shared | {"symbol": "BTC-PERP", "tick_size": "0.5", "lot_size": "0.001", "mark": "60000"},
            shared | {"symbol": "ETH-PERP", "tick_size": "0.05", "lot_size": "0.01", "mark": "3000"},
        ],
    }


def venue(directory: str) -> Venue:
    """A new venue on volatile ground."""
    return Venue.create(Path(directory) / "venue", config(), durability="volatile", clock=lambda: SECOND)


def populate(made: Venue, accounts: int) -> None:
    """Accounts in pairs that trade with each other in both markets; each maker has one more order in each."""
    commands = population(accounts)
    while batch := list(islice(commands, SUBMISSION)):
        made.submit(batch, origin=Origin.OPERATOR)


def population(accounts: int) -> Iterator[Command]:
    """The commands of `populate`, one after the other."""
    yield from (CreateAccount() for _ in range(accounts))
    yield from (Deposit(account, 1, 10**12) for account in range(1, accounts + 1))
    for maker in range(1, accounts, 2):
        for market, price in MARKS.items():
            yield Place(maker, market, Side.SELL, OrderKind.LIMIT, price, 10)
            yield Place(maker + 1, market, Side.BUY, OrderKind.LIMIT, price, 10, time_in_force=TimeInForce.IOC)
            yield Place(maker, market, Side.SELL, OrderKind.LIMIT, price + 500, 10)


def stress(accounts: int) -> str:
    """One copy, its memory, and a run of the default shocks."""
    with tempfile.TemporaryDirectory() as directory, venue(directory) as made:
        populate(made, accounts)
        view = PolicyView(lambda: made.session.kernel)
        before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        copy = view.scratch()
        copied = time.perf_counter() - begin
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        del copy
        turn, policy = Turn(view.time_ns, view.seq, (), view, True, 1), Shocks(budget=10**12)
        begin = time.perf_counter()
        report = policy.run(policy.State(), turn)
        ran = time.perf_counter() - begin
    cost = f"copy {copied * 1e3:6.1f} ms, {memory / 1024:5.1f} MB"
    return f"{accounts:>9,} accounts: {cost}; {len(report.shocks)} shocks {ran:6.3f} s"


def mark(policy: str | None, count: int = 3_000) -> str:
    """A mark, with and without breakers that look at it."""
    with tempfile.TemporaryDirectory() as directory, venue(directory) as made:
        if policy:
            made.policies.engage("breakers", policy, time_ns=2 * SECOND)
        begin = time.perf_counter()
        for number in range(count):
            command = SetMark(1, MARKS[1] + number % 50)
            made.submit([command], origin=Origin.ORACLE, time_ns=3 * SECOND + number * SECOND // 10)
            made.policies.settle()
        spent = (time.perf_counter() - begin) / count
    return f"{policy or 'no breakers':>11}: {spent * 1e6:5.1f} us a mark"


def covariance(markets: int) -> str:
    """An estimate of two days of samples."""
    numbers = random.Random(1)
    samples = {market: [10**6 + numbers.randint(-9_999, 9_999) for _ in range(576)] for market in range(markets)}
    begin = time.perf_counter()
    estimate(samples, Sampling(300 * SECOND, 72, 10**7, 5 * 10**7))
    return f"{markets:>9} markets: {(time.perf_counter() - begin) * 1e3:6.1f} ms an estimate"


def main() -> None:
    """Prints one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    for accounts in parser.parse_args().accounts:
        # A process of its own for each, so that the memory of one does not hide what the next needs.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            print(pool.submit(stress, accounts).result())
    for policy in (None, "guards", "velocity"):
        print(mark(policy))
    covariance(2)  # loads what it computes with
    for markets in (2, 20, 100):
        print(covariance(markets))


if __name__ == "__main__":
    main()
