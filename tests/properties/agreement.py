"""Model and kernel under the same records: every event, then every view, with the first difference in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest
from typing import Any

from crossbook._kernel import Kernel
from tests.model.commands import BUY, SELL, Record
from tests.model.events import Event, describe
from tests.model.wire import decode, decode_events, encode_block
from tests.model.world import World

DEPTH = 2**16
BALANCES, POOLS = 3, 4


class Disagreement(AssertionError):
    """Model and kernel did not do the same."""


def apply_block(kernel: Kernel, records: Sequence[Record]) -> list[Event]:
    """Sends records to the kernel as one block; returns its events."""
    base_time = records[0].time
    body = encode_block(records, base_time)
    return decode_events(kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=base_time, count=len(records)))


def run_block(world: World, kernel: Kernel, records: Sequence[Record]) -> list[Event]:
    """Runs records on both, compares the events and all views, and returns the events."""
    expected = [event for record in records for event in world.apply(record)]
    compare_block(world, kernel, records, expected)
    return expected


def compare_block(world: World, kernel: Kernel, records: Sequence[Record], expected: list[Event]) -> None:
    """Runs on the kernel what the model has run already, and compares everything there is to see."""
    first_seq = kernel.seq + 1
    got = apply_block(kernel, records)
    if got != expected:
        raise Disagreement(first_difference(records, first_seq, expected, got))
    compare_views(world, kernel)


def first_difference(records: Sequence[Record], first_seq: int, expected: list[Event], got: list[Event]) -> str:
    """The first record whose events differ, with what both sides say about it."""
    expected_by_seq = {seq: list(events) for seq, events in groupby(expected, key=lambda event: event[1])}
    got_by_seq = {seq: list(events) for seq, events in groupby(got, key=lambda event: event[1])}
    for seq, record in enumerate(records, start=first_seq):
        ours, theirs = expected_by_seq.get(seq, []), got_by_seq.get(seq, [])
        if ours != theirs:
            lines = [f"seq {seq}: {record}"]
            for our, their in zip_longest(ours, theirs):
                lines.append(f"  model:  {describe(our) if our else '-'}")
                lines.append(f"  kernel: {describe(their) if their else '-'}{'' if our == their else '   <---'}")
            return "\n".join(lines)
    return f"events carry seqs outside {first_seq}..{first_seq + len(records) - 1}"


def compare_views(world: World, kernel: Kernel) -> None:
    """Compares every view of both; an account's balance or pool of nothing need not be listed."""
    state = world.state
    same("seq", state.seq, kernel.seq)
    same("time", state.time, kernel.time_ns)
    same("assets", world.assets(), decode(kernel.assets()))
    same("markets", world.markets(), decode(kernel.markets()))
    same("auctions", world.auctions(), decode(kernel.auctions()))
    same("groups", world.groups(), decode(kernel.groups()))
    same("backstop", world.backstop(), decode(kernel.backstop()))
    same("authors", world.authors(), decode(kernel.authors()))
    same("parameters", world.parameters(), decode(kernel.parameters()))
    same("account_count", len(state.accounts), kernel.account_count())
    for account in state.accounts:
        same(f"account {account}", settled(world.account(account)), settled(decode(kernel.account(account))))
        same(f"orders of account {account}", world.orders(account), decode(kernel.orders(account)))
    for market in state.markets:
        compare_market(world, kernel, market)


def settled(account: list[Any] | None) -> list[Any] | None:
    """An account's row without balances and pools in which there is nothing."""
    if account is None:
        return None
    row = list(account)
    row[BALANCES] = [balance for balance in row[BALANCES] if set(balance[1:]) != {0, "0"}]
    row[POOLS] = [pool for pool in row[POOLS] if pool[1] or any(pool[2:])]
    return row


def compare_market(world: World, kernel: Kernel, market: int) -> None:
    """Compares who holds it, depth, and the queue of every level."""
    same(f"holders of {market}", world.holders(market), decode(kernel.holders(market)))
    same(f"book {market}", world.book(market, DEPTH), decode(kernel.book(market, DEPTH)))
    for side, price in world.state.markets[market].queues:
        ours = world.queue(market, side, price)
        same(f"queue {market} {side} {price}", ours, decode(kernel.queue(market, side, price)))
    for side in (BUY, SELL):
        same(f"empty queue {market} {side}", world.queue(market, side, 1), decode(kernel.queue(market, side, 1)))


def same(what: str, ours: object, theirs: object) -> None:
    """Raises `Disagreement` when the two differ."""
    if ours != theirs:
        raise Disagreement(f"{what}\n  model:  {ours}\n  kernel: {theirs}")
