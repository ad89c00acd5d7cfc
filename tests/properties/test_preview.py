"""Previewed, then submitted with nothing between: every event and term is as foreseen, and looking changed nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from crossbook import Envelope
from crossbook._kernel import Kernel
from crossbook.preview import preview
from crossbook.rejects import RejectCode
from crossbook.session import UNNAMED
from crossbook.state import StateView
from crossbook.views import Explanation, Preview
from crossbook.wire import decode_body, decode_events
from tests.model.commands import Record
from tests.model.wire import encode_block
from tests.properties.sessions import Session
from tests.properties.trouble_sessions import TroubleSession

COMMANDS_PER_SESSION = 900
BATCHES = (1, 1, 1, 2, 5, 12)
NUMBERED = {
    RejectCode.OPEN_ORDERS_LIMIT,
    RejectCode.ORDER_TOO_LARGE,
    RejectCode.NOTIONAL_TOO_SMALL,
    RejectCode.PRICE_OUTSIDE_BAND,
    RejectCode.POSITION_LIMIT,
    RejectCode.MARGIN_INSUFFICIENT,
    RejectCode.FILL_OR_KILL_UNFILLED,
    RejectCode.EXPOSURE_CAP,
    RejectCode.CONCENTRATION_CAP,
    RejectCode.OPEN_INTEREST_CAP,
}


def envelope(record: Record) -> Envelope:
    """A record of the model as the package submits it."""
    (found,) = decode_body(encode_block([record], record.time), 1)
    return Envelope(found.command, found.origin, found.author, found.cause, found.nonce, record.time)


def submitted(kernel: Kernel, records: Sequence[Record]) -> bytes:
    """What the kernel answers to the same commands in one block."""
    base = records[0].time
    body = encode_block(records, base)
    return kernel.apply(body, first_seq=kernel.seq + 1, base_time_ns=base, count=len(records))


def assert_sums(explained: Explanation) -> None:
    """Every number is the sum of its terms, to the unit."""
    for pool in explained.pools:
        for name, number in pool.sums():
            assert number.amount == sum(term.amount for term in number), (explained.account, pool.name, name)


def assert_binding(foreseen: Preview, seen: Counter[str]) -> None:
    """A refusal by a number names it; without one, all numbers hold and the binding one has the least room."""
    for command in foreseen.commands:
        binding = command.binding
        if command.reject is not None and command.reject.code in NUMBERED and command.constraints:
            assert binding is not None
            assert (binding.code, binding.holds) == (command.reject.code, False)
            seen[binding.code.name] += 1
        elif command.reject is None:
            assert all(constraint.holds for constraint in command.constraints)
            assert binding is None or all(binding.room <= constraint.room for constraint in command.constraints)
            seen["bound"] += binding is not None


def run_session(session: Session, rng: random.Random, seen: Counter[str]) -> None:
    kernel = Kernel(check_invariants=True)
    view = StateView(kernel)
    written = 0
    while written < COMMANDS_PER_SESSION:
        records = [session.step()[0] for _ in range(rng.choice(BATCHES))]
        written += len(records)
        account = rng.randint(1, view.account_count()) if view.account_count() else 0
        before = view.explain(account) if account else None
        untouched = (kernel.snapshot(), kernel.event_digest(), kernel.exec_mark())
        items = [envelope(record) for record in records]
        foreseen = preview(kernel, items, now_ns=0, default=UNNAMED, account=account)
        assert (kernel.snapshot(), kernel.event_digest(), kernel.exec_mark()) == untouched
        assert list(foreseen.events) == decode_events(submitted(kernel, records))
        if account:
            assert (foreseen.before, foreseen.after) == (before, view.explain(account))
            assert_sums(view.explain(account))
        assert_binding(foreseen, seen)
        seen["filled"] += sum(bool(command.fills) for command in foreseen.commands)
        seen["priced"] += sum(len(pool.liquidation_prices) for pool in foreseen.after.pools) if foreseen.after else 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_previewed_happens(seed: int) -> None:
    rng, seen = random.Random(seed), Counter[str]()
    run_session(Session(random.Random(seed)), rng, seen)
    run_session(TroubleSession(random.Random(seed)), rng, seen)
    assert min(seen[name] for name in ("bound", "filled", "priced", "MARGIN_INSUFFICIENT", "POSITION_LIMIT")) > 0
