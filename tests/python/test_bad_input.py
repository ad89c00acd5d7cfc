"""Bad input, one row each: every kind has its own code, its values and a hint, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import lmdb
import pytest
from tests.python.worlds import config, make_venue

from crossbook import Venue
from crossbook.commands import Deposit, Place
from crossbook.errors import CrossbookError
from crossbook.journal import JournalWriter


def refused(venue: Venue, **order: object) -> None:
    """An order that the kernel refuses, as the exception a caller may ask for."""
    venue.place(
        **({"account": 1, "market": "BTC-PERP", "side": "buy", "price": 64_000, "size": "0.01"} | order)
    ).raise_if_rejected()


ROWS: list[tuple[str, Callable[[Venue], object], str, dict[str, object]]] = [
    ("off-tick price", lambda v: refused(v, price="64000.3"), "price_off_tick", {"below": "64000", "above": "64000.5"}),
    ("off-lot size", lambda v: refused(v, size="0.0015"), "size_off_lot", {"below": "0.001"}),
    ("float price", lambda v: refused(v, price=64000.5), "float_refused", {"field": "price", "value": 64000.5}),
    ("float size", lambda v: refused(v, size=0.1), "float_refused", {"field": "size"}),
    ("float in a command", lambda v: v.submit(Deposit(1, 1, 1.0)), "float_refused", {"field": "amount"}),
    ("negative size", lambda v: refused(v, size="-0.01"), "not_positive", {"field": "size", "value": "-0.01"}),
    ("negative size in a command",
     lambda v: v.submit(Place(1, 1, 1, 1, 128_000, -5)).raise_if_rejected(), "lots_not_positive", {"lots": -5}),
    ("zero size", lambda v: refused(v, size=0), "not_positive", {"value": "0"}),
    ("overflow", lambda v: refused(v, size="1e30"), "overflow", {"field": "size"}),
    ("overflow in a command", lambda v: v.submit(Deposit(1, 1, 2**63)), "value_out_of_range", {"field": "amount"}),
    ("price over the market's", lambda v: refused(v, price=2_000_000), "price_out_of_range", {"price_max": 2_000_000}),
    ("unknown account", lambda v: refused(v, account=77), "unknown_account", {"account": 77, "reject": 104}),
    ("unknown account in a view", lambda v: v.account(77), "unknown_account", {"account": 77, "accounts": 2}),
    ("account beyond its bits", lambda v: v.account(2**40), "unknown_account", {"account": 2**40}),
    ("negative account", lambda v: v.account(-1), "unknown_account", {"account": -1}),
    ("account by name", lambda v: v.account("alice"), "id_type", {"field": "account", "value": "alice"}),
    ("account by name in an order", lambda v: refused(v, account="alice"), "value_type", {"field": "account"}),
    ("no depth", lambda v: v.book("BTC-PERP", depth=0), "not_positive", {"field": "depth"}),
    ("negative order", lambda v: v.order(-1), "unknown_order", {"order": -1}),
    ("unknown market", lambda v: refused(v, market="DOGE-PERP"), "unknown_market", {"market": "DOGE-PERP"}),
    ("unknown asset", lambda v: v.deposit(account=1, asset="EUR", amount=1), "unknown_asset", {"asset": "EUR"}),
    ("unknown order", lambda v: v.cancel(account=1, order=9).raise_if_rejected(), "unknown_order", {"order": 9}),
    ("duplicate client order id",
     lambda v: [refused(v, price=60_000, client_order=5) for _ in range(2)], "duplicate_client_order", {"order": 1}),
    ("duplicate nonce",
     lambda v: [v.tick() and refused(v, price=60_000, nonce=5) for _ in range(2)], "duplicate_nonce", {"nonce": 5}),
    ("no command", lambda v: v.submit(None), "not_a_command", {"type": "NoneType"}),
    ("a file in the place", lambda v: Venue.create(v.path / "session.json", config()), "journal_exists", {}),
    ("a file on the way", lambda v: Venue.create(v.path / "session.json/below", config()), "journal_open_failed", {}),
    ("duplicate asset",
     lambda v: Venue.create(v.path / ".." / "other", config() | {"assets": [{"symbol": "USDC", "decimals": 6}] * 2}),
     "symbol_taken", {"holder": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("call", "code", "values"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_kind_has_code_values_and_hint(
    venue: Venue, call: Callable[[Venue], object], code: str, values: dict[str, object]
) -> None:
    before = [venue.account(account).cash for account in (1, 2)]
    with pytest.raises(CrossbookError) as caught:
        call(venue)
    assert caught.value.code == code
    assert values.items() <= caught.value.values.items()
    assert caught.value.hint
    assert [venue.account(account).cash for account in (1, 2)] == before
    assert not venue.halted


def damaged(path: Path, damage: Callable[[Path], None]) -> CrossbookError:
    """The error a venue with this damage is refused with."""
    make_venue(path).close()
    damage(path)
    with pytest.raises(CrossbookError) as caught:
        Venue.open(path)
    assert caught.value.hint
    return caught.value


def test_a_segment_of_another_journal_is_refused(tmp_path: Path) -> None:
    make_venue(tmp_path / "other", accounts=3).close()

    def swap(path: Path) -> None:
        (path / "segments/000001/data.mdb").write_bytes((tmp_path / "other/segments/000001/data.mdb").read_bytes())

    error = damaged(tmp_path / "venue", swap)
    assert error.code == "journal_damaged"
    assert error.values["segment"] == 1


def test_a_foreign_lmdb_file_is_refused(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path / "foreign")) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"hello", b"world")

    def replace(path: Path) -> None:
        (path / "segments/000001/data.mdb").write_bytes((tmp_path / "foreign/data.mdb").read_bytes())

    assert damaged(tmp_path / "venue", replace).code == "journal_foreign_file"
    with pytest.raises(CrossbookError) as caught:
        Venue.open(tmp_path / "foreign")
    assert caught.value.code == "not_a_journal"


def test_a_journal_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    def rewrite(path: Path) -> None:
        content = json.loads((path / "session.json").read_bytes())
        del content["sha256"]
        content["journal_format"] = 2
        text = json.dumps(content, separators=(",", ":"))[:-1].encode()
        (path / "session.json").write_bytes(text + b',"sha256":"' + sha256(text).hexdigest().encode() + b'"}\n')

    error = damaged(tmp_path / "venue", rewrite)
    assert (error.code, error.values["format"], error.values["supported"]) == ("journal_format_newer", 2, 1)


def test_a_flipped_bit_is_refused_and_named(tmp_path: Path) -> None:
    def flip(path: Path) -> None:
        data = bytearray((path / "segments/000001/data.mdb").read_bytes())
        data[data.index(b"XBBLOCK1") + 90] ^= 1
        (path / "segments/000001/data.mdb").write_bytes(data)

    error = damaged(tmp_path / "venue", flip)
    assert error.code == "journal_damaged"
    assert {"segment", "first_seq"} <= error.values.keys()


def test_a_directory_that_is_no_venue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    with pytest.raises(CrossbookError) as taken:
        Venue.create(tmp_path, config())
    with pytest.raises(CrossbookError) as empty:
        Venue.open(tmp_path)
    assert (taken.value.code, empty.value.code) == ("journal_exists", "journal_not_found")


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "venue") as writer, pytest.raises(CrossbookError) as caught:
        Venue.open(tmp_path / "venue")
    assert writer.next_seq == 1
    assert caught.value.code == "journal_locked"
    assert caught.value.hint


def test_a_pool_that_is_not_there_is_named(tmp_path: Path) -> None:
    with make_venue(tmp_path / "venue") as venue:
        account = venue.create_account().account
        for seen in (venue.account(account), venue.explain(account)):
            with pytest.raises(CrossbookError) as caught:
                seen.pool("ETH", "ETH-PERP")
            assert caught.value.code == "unknown_pool"
            assert caught.value.values == {"account": account, "asset": "ETH", "market": "ETH-PERP"}
            assert "pools" in caught.value.hint
