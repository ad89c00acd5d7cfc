"""Event digest, state root, exec mark and snapshot, computed by the model and by the kernel, byte for byte the same.

The two share neither code nor memory: the model hashes everything anew each time, by docs/digests.md.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from crossbook import snapshots
from crossbook._kernel import Kernel
from tests.model import commands as c
from tests.model.digests import NO_DIGEST, WINDOW, Witness, digest, state_root, subsystem_roots
from tests.model.events import REJECTED, Event
from tests.model.wire import decode, encode, encode_block
from tests.model.world import World
from tests.properties.sessions import Session

SEEDS = range(12)
COMMANDS = 672
NOW = 1_700_000_000_000_000_000
MINUTE = 60_000_000_000


class Pair:
    """Model and kernel side by side: records are run by the model, and by the kernel in blocks when asked."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.witness = Witness()
        self.kernel = Kernel(check_invariants=True)
        self.waiting: list[c.Record] = []
        self.said: list[Event] = []

    def do(self, command: c.Command, *, time: int = NOW, origin: int = c.OPERATOR, nonce: int = 0) -> list[Event]:
        """Runs a command on the model; the kernel follows at the next check."""
        record = c.Record(time, origin, 0, 0, nonce, command)
        events = self.world.apply(record)
        self.ran(record, events)
        return events

    def ran(self, record: c.Record, events: list[Event]) -> None:
        """Takes in what the model has run."""
        self.witness.see(self.world.state, record.command, events)
        self.waiting.append(record)
        self.said += events

    def check(self) -> None:
        """Lets the kernel catch up in one block, and compares all that is hashed."""
        if self.waiting:
            base, count = self.waiting[0].time, len(self.waiting)
            body = encode_block(self.waiting, base)
            events = self.kernel.apply(body, first_seq=self.kernel.seq + 1, base_time_ns=base, count=count)
            assert events == b"".join(encode(event) for event in self.said)
            self.waiting, self.said = [], []
        state = self.world.state
        assert self.kernel.event_digest() == self.witness.event_digest()
        assert dict(self.kernel.subsystem_roots()) == dict(subsystem_roots(state))
        assert [name for name, _ in self.kernel.subsystem_roots()] == [name for name, _ in subsystem_roots(state)]
        assert self.kernel.state_root() == state_root(state)
        assert self.kernel.exec_mark() == self.witness.exec_mark()

    def check_snapshot(self) -> None:
        """Compares the snapshots, and goes on with the kernel that the model's bytes give."""
        snapshot = self.witness.snapshot(self.world.state)
        assert self.kernel.snapshot() == snapshot
        self.kernel = Kernel.from_snapshot(snapshot, check_invariants=True)

    def root_seq(self) -> int:
        """As of which seq the kernel's exec mark has its root; the mark is the model's in every byte."""
        self.check()
        return int.from_bytes(self.kernel.exec_mark()[40:48], "little")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seeded_session_is_hashed_alike(seed: int) -> None:
    rng = random.Random(f"digests {seed}")
    session = Session(random.Random(seed))
    pair = Pair(session.world)
    pair.check()
    checks = roots = 0
    for step in range(1, COMMANDS + 1):
        pair.ran(*session.step())
        roots += pair.witness.root_seq == step
        if step % 48 == 0 or step == COMMANDS or rng.random() < 0.03:
            pair.check()
            checks += 1
            if rng.random() < 0.25:
                pair.check_snapshot()
    assert pair.kernel.seq == COMMANDS > WINDOW
    assert checks >= COMMANDS // 48
    assert roots > 0
    pair.check_snapshot()


def test_the_seeds_show_every_part_of_the_state() -> None:
    """No subsystem is compared only while it is empty, and roots are taken often as well as seldom."""
    seen: set[str] = set()
    for seed in SEEDS:
        session = Session(random.Random(seed))
        for _ in range(COMMANDS):
            session.step()
            state = session.world.state
            seen |= {f"root every {state.root_interval_commands}", f"root every {state.root_interval_ns} ns"}
            seen |= {"caps"} if state.exposure_caps else set()
        seen |= {"funding"} if any(market.clearing and market.fraction for market in state.markets.values()) else set()
        seen |= {"trades"} if state.trades_made else set()
        seen |= {"oracle"} if any(market.oracle.confidence for market in state.markets.values()) else set()
        seen |= {"least grades"} if any(any(market.grades) for market in state.markets.values()) else set()
        seen |= {"fees"} if any(asset.fees for asset in state.assets.values()) else set()
        for account in state.accounts.values():
            seen |= {"nonces"} if account.nonces else set()
            seen |= {"all nonces"} if len(account.nonces) == 128 else set()
            seen |= {"short"} if any(position.lots < 0 for position in account.positions.values()) else set()
            seen |= {"isolated"} if any(position.margin for position in account.positions.values()) else set()
            seen |= {"leverage"} if any(position.initial_rate for position in account.positions.values()) else set()
            seen |= {"allowances"} if account.allowances else set()
            seen |= {"agents"} if len(account.agents) > 1 else set()
            seen |= {"permissions"} if account.markets or account.destinations else set()
            seen |= {"debt"} if any(cash < 0 for cash in account.cash.values()) else set()
            for order in account.orders.values():
                seen |= {f"force {order.time_in_force}", f"self-trade {order.self_trade}", f"side {order.side}"}
                seen |= {"post-only"} if order.post_only else set()
                seen |= {"reduce-only"} if order.reduce_only else set()
                seen |= {"filled"} if order.filled else set()
                seen |= {"named"} if order.client_order else set()
    expected = {"trades", "fees", "nonces", "all nonces", "short", "debt"}
    expected |= {"funding", "caps", "isolated", "leverage", "allowances", "permissions"}
    expected |= {"oracle", "least grades", "agents"}
    expected |= {"post-only", "reduce-only", "filled", "named"}
    expected |= {"root every 1", "root every 64", "root every 0 ns", "root every 1000 ns", "side 1", "side 2"}
    expected |= {"force 1", "force 4", *(f"self-trade {mode}" for mode in range(5))}
    assert expected - seen == set()


ACCOUNTS = 53
PRICE_MAX = 2**31 - 1
TIERS = (c.Tier(0, 0, 0),)


def crowd(rng: random.Random) -> Iterator[c.Command]:
    """More accounts than three buckets hold, and orders all over two books, at the edges of their buckets too."""
    yield c.AddAsset("USD", 2)
    yield c.AddAsset("JPY", 0)
    yield c.RegisterAuthor(c.POLICY, "Prüfer", "1.0 β")
    for market in (1, 2):
        yield c.AddMarket(f"M{market}", market, 10**12, 10**12, PRICE_MAX, 10_000)
        yield c.SetTiers(market, TIERS)
        yield c.SetMark(market, 640)
    for account in range(1, ACCOUNTS + 1):
        yield c.CreateAccount(0 if account % 3 else account - 1)
        yield c.Deposit(account, account % 2 + 1, account * 1_000)
    prices = (1, 63, 64, 65, 127, 128, 639, 640, 641, 4_095, 4_096, 2**18 - 1, 2**18, PRICE_MAX)
    for _ in range(400):
        account, market = rng.randint(1, ACCOUNTS), rng.randint(1, 2)
        side, force = rng.choice((c.BUY, c.SELL)), rng.choice((c.GTC, c.GTC, c.GTC, c.IOC))
        price = rng.choice(prices) if rng.random() < 0.5 else rng.randint(560, 720)
        if force == c.IOC or rng.random() < 0.8:
            price = min(price, 640) if side == c.BUY else max(price, 640)
        flags = (force, c.NONE, False, rng.random() < 0.1, 0, 0)
        yield c.Place(account, market, side, c.LIMIT, price, rng.randint(1, 9), *flags)
        if rng.random() < 0.1:
            yield c.MassCancel(rng.randint(1, ACCOUNTS), 0, 0)
    for market in (1, 2):
        for side, price in ((c.BUY, 1), (c.BUY, 64), (c.SELL, PRICE_MAX)):
            yield c.Place(ACCOUNTS, market, side, c.LIMIT, price, 1, c.GTC, c.NONE, False, False, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_over_many_buckets_is_hashed_alike(seed: int) -> None:
    rng = random.Random(seed)
    pair = Pair()
    for step, command in enumerate(crowd(rng), start=1):
        traded = isinstance(command, c.Place)
        pair.do(command, nonce=step if traded and rng.random() < 0.3 else 0)
        if step % 40 == 0 or rng.random() < 0.04:
            pair.check()
            pair.check_snapshot()
    pair.check()
    state = pair.world.state
    assert state.trades_made > 20
    for market in state.markets.values():
        buckets = {price // 64 for _, price in market.queues}
        assert {0, 1, PRICE_MAX // 64} <= buckets
        assert len(buckets) > 6
    for first in (1, 17, 33, 49):
        assert any(state.accounts[account].positions for account in range(first, min(first + 16, ACCOUNTS + 1)))


def test_an_empty_venue_has_a_root_and_no_mark() -> None:
    pair = Pair()
    pair.check()
    pair.check_snapshot()
    assert pair.kernel.exec_mark() == bytes(80)
    assert pair.kernel.event_digest() == NO_DIGEST
    assert dict(pair.kernel.subsystem_roots())["accounts"] == digest(b"")


def test_a_snapshot_file_is_what_the_page_says(tmp_path: Path) -> None:
    pair = Pair()
    for command in crowd(random.Random(7)):
        pair.do(command)
    pair.check()
    path = snapshots.write(tmp_path, pair.kernel, block_hash=b"h" * 32)
    state = pair.witness.snapshot(pair.world.state)
    root = state_root(pair.world.state)
    head = struct.pack("<8s2IQ32s32sQ", b"XBSNAP01", 1, 0, pair.witness.seq, b"h" * 32, root, len(state))
    assert path == tmp_path / "snapshots" / f"{pair.witness.seq:020d}.snap"
    assert path.read_bytes() == head + state + sha256(head + state).digest()
    assert snapshots.load(path).kernel.state_root() == root


def test_funds_that_no_command_moves_yet_are_hashed_alike() -> None:
    """Insurance and dust stay 0 under ruleset 1, so that only a snapshot can bring the kernel other values."""
    pair = Pair()
    pair.do(c.AddAsset("USD", 2))
    pair.check()
    asset = pair.world.state.assets[1]
    asset.net_deposits, asset.fees, asset.insurance, asset.dust = 60, 10, 20, 30
    pair.kernel = Kernel.from_snapshot(pair.witness.snapshot(pair.world.state), check_invariants=True)
    # The view names the values: two that changed places would be hashed alike by both.
    assert decode(pair.kernel.assets()) == pair.world.assets()
    pair.check()
    pair.check_snapshot()


def test_the_event_digest_closes_a_window_every_512_seqs() -> None:
    pair = Pair()
    for seq in range(1, 3 * WINDOW + 2):
        pair.do(c.Tick(), time=NOW + seq)
        if seq % WINDOW in (0, 1, WINDOW - 1):
            pair.check()
            pair.check_snapshot()
    ticks = b"".join(encode((20, seq, NOW + seq)) for seq in range(1, WINDOW + 1))
    first = digest(ticks + NO_DIGEST)
    ticks = b"".join(encode((20, seq, NOW + seq)) for seq in range(WINDOW + 1, 2 * WINDOW + 1))
    second = digest(ticks + first)
    ticks = b"".join(encode((20, seq, NOW + seq)) for seq in range(2 * WINDOW + 1, 3 * WINDOW + 1))
    third = digest(ticks + second)
    assert pair.kernel.event_digest() == digest(encode((20, 3 * WINDOW + 1, NOW + 3 * WINDOW + 1)) + third)


def test_a_root_is_taken_at_every_multiple_of_the_interval_of_commands() -> None:
    pair = Pair()
    pair.do(c.SetParameters(10, 5, 0))
    marks = []
    for seq in range(2, 17):
        # Refused, from seq 7 on: a refusal counts as any command.
        pair.do(c.Tick() if seq < 7 else c.SetMark(9, 1))
        marks.append(pair.root_seq())
    # The root of seq 1 would be due by time, had the same command not turned that off.
    assert marks == [0, 0, 0, *[5] * 5, *[10] * 5, *[15] * 2]
    # An interval is in force from the command that sets it: 18 is a multiple of 6.
    pair.do(c.Tick())
    pair.do(c.SetParameters(10, 6, 0))
    assert pair.root_seq() == 18


def test_a_root_is_taken_after_the_first_command_of_each_interval_of_time() -> None:
    pair = Pair()
    pair.do(c.Tick())
    assert pair.root_seq() == 1
    start = NOW - NOW % MINUTE
    expected = [(MINUTE - 1, 1), (MINUTE, 3), (MINUTE, 3), (2 * MINUTE - 1, 3), (2 * MINUTE + 7, 6), (9 * MINUTE, 7)]
    for after, root_seq in expected:
        pair.do(c.Tick(), time=start + after)
        assert pair.root_seq() == root_seq
    # A refused command opens an interval as any other does.
    pair.do(c.SetMark(9, 1), time=start + 10 * MINUTE)
    assert pair.root_seq() == 8
    # Turned off, then on again: the interval of the last root is the one that counts.
    pair.do(c.SetParameters(10, 2**40, 0), time=start + 12 * MINUTE)
    assert pair.root_seq() == 8
    pair.do(c.SetParameters(10, 2**40, 2**62), time=start + 12 * MINUTE)
    assert pair.root_seq() == 8
    pair.do(c.SetParameters(10, 2**40, MINUTE), time=start + 12 * MINUTE)
    assert pair.root_seq() == 11
    # What was set within an interval holds from that command on, but takes no second root in it.
    pair.do(c.SetParameters(10, 2**40, MINUTE), time=start + 12 * MINUTE + 1)
    assert pair.root_seq() == 11


def test_before_the_first_root_the_interval_of_the_epoch_is_past() -> None:
    pair = Pair()
    for seq, (time, root_seq) in enumerate(((0, 0), (MINUTE - 1, 0), (MINUTE, 3), (MINUTE + 1, 3)), start=1):
        pair.do(c.Tick(), time=time)
        assert (pair.root_seq(), pair.kernel.seq) == (root_seq, seq)


def test_a_checkpoint_takes_a_root_only_if_it_is_executed() -> None:
    pair = Pair()
    pair.do(c.SetParameters(10, 2**40, 0))
    assert pair.do(c.Checkpoint(), origin=c.CLIENT)[-1][0] == REJECTED
    assert pair.root_seq() == 0
    pair.do(c.Checkpoint(), origin=c.POLICY)
    assert pair.root_seq() == 3
    pair.do(c.Tick())
    pair.do(c.Checkpoint(), origin=c.ORACLE)
    assert pair.root_seq() == 3


def test_a_root_is_of_its_seq_and_not_of_the_end_of_the_block() -> None:
    pair = Pair()
    pair.do(c.SetParameters(10, 2**40, 0))
    pair.do(c.Checkpoint())
    root = state_root(pair.world.state)
    pair.do(c.AddAsset("USD", 2))
    pair.do(c.CreateAccount(0))
    assert pair.root_seq() == 2
    assert pair.kernel.exec_mark()[48:] == root != pair.kernel.state_root()
