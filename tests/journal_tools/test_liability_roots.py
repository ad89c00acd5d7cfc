"""What is published of liabilities, the proof of every account, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from journal_tools import replaying
from journal_tools.errors import Finding
from journal_tools.grammar import Moment
from journal_tools.journal import Journal
from journal_tools.proofs import sums
from journal_tools.proofs.liabilities import Published, published
from tests.journal_tools.conftest import journal

SECRET = b"a secret for tests, of 32 bytes."
SESSION = "5e55" * 8


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "secret"
    path.write_bytes(SECRET)
    return path


# --- on journals ----------------------------------------------------------------------------------------------------


def equity_by_the_views(session: Path, seq: int) -> dict[str, list[Decimal]]:
    """By asset what pools have without their collateral, and cash that is in no pool, as the venue's own views tell."""
    view = replaying.state_at(session, Moment(seq, None))
    found: dict[str, list[Decimal]] = {asset.symbol: [] for asset in view.assets()}
    for number in range(1, replaying.kernel_at(session, seq).account_count() + 1):
        account = view.account(number)
        for pool in account.pools:
            found[pool.asset].append(pool.equity - pool.collateral)
        in_pools = {pool.asset for pool in account.pools if pool.market is None}
        for asset, cash in account.cash.items():
            if asset not in in_pools:
                found[asset].append(cash)
    return found


@pytest.mark.parametrize("kind", ["demo", "golden", "trouble"])
def test_the_totals_are_what_the_views_say_at_five_seqs(
    kind: str, request: pytest.FixtureRequest, secret: Path
) -> None:
    session: Path = request.getfixturevalue(kind)
    last = Journal.open(session).last_seq
    for seq in (last // 5 * fifth for fifth in range(1, 6)):
        rows = journal("liabilities", "root", session, "--secret", secret, "--at", seq, "--json").json["assets"]
        views = equity_by_the_views(session, seq)
        assert [row["asset"] for row in rows] == list(views)
        for row in rows:
            amounts = views[row["asset"]]
            assert sum(max(amount, Decimal(0)) for amount in amounts) == Decimal(row["owed"]).scaleb(-row["decimals"])
            assert sum(max(-amount, Decimal(0)) for amount in amounts) == Decimal(row["owes"]).scaleb(-row["decimals"])


@pytest.mark.parametrize("kind", ["demo", "golden", "trouble"])
def test_the_proof_of_every_account_checks_and_says_what_it_has(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, secret: Path
) -> None:
    session = request.getfixturevalue(kind)
    common = ["--secret", secret]
    assert journal("liabilities", "root", session, *common, "-o", tmp_path / "root").code == 0
    assert journal("liabilities", "prove", session, *common, "--every", tmp_path / "proofs").code == 0
    trusted, kernel = published((tmp_path / "root").read_bytes()), replaying.kernel_at(session)
    assert trusted.terms.accounts == kernel.account_count()
    leaves = set()
    for account in range(1, trusted.terms.accounts + 1):
        path = tmp_path / "proofs" / f"{account}.json"
        found = sums.check(path.read_bytes(), session=trusted.terms.session, seq=kernel.seq, root=trusted.root)
        owed = replaying.owed_to(kernel, account)
        for at, asset in enumerate(map(str, trusted.terms.assets)):
            assert (found["owed"][asset], found["owes"][asset]) == owed.get(int(asset), (0, 0))
            assert found["owed_in_all"][asset] == trusted.top.sums[at]
        assert path.stat().st_mode & 0o777 == 0o600
        proof = json.loads(path.read_bytes())
        salt = bytes.fromhex(proof["salt"])
        leaves.add(sums.leaf_of(sums.Owed(account, tuple(map(int, proof["sums"]))), salt).hash)
    assert len(leaves) == trusted.terms.accounts
    said = journal("liabilities", "prove", session, *common, "--account", 1, "-o", tmp_path / "one")
    assert (said.code, (tmp_path / "one").read_bytes()) == (0, (tmp_path / "proofs" / "1.json").read_bytes())


def test_two_accounts_with_the_same_balance_have_different_leaves() -> None:
    terms = sums.Terms(SESSION, 1, (1,), 2)
    tree = sums.Tree(terms, [sums.Owed(1, (7, 0)), sums.Owed(2, (7, 0))], SECRET)
    assert len({leaf.hash for leaf in tree.leaves}) == 2


def test_what_is_said_and_written_of_the_trouble(
    trouble: Path, tmp_path: Path, secret: Path, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert journal("liabilities", "root", trouble, "--secret", secret, "-o", "root.json").out == snapshot
    assert Path("root.json").read_text() == snapshot
    assert journal("liabilities", "prove", trouble, "--secret", secret, "--account", 4).out == snapshot
    journal("liabilities", "prove", trouble, "--secret", secret, "--account", 4, "-o", "proof.json")
    assert journal("liabilities", "check", "proof.json", "--root", "root.json").out == snapshot
    assert journal("liabilities", "check", "proof.json", "--root", "root.json", "--json").out == snapshot


def test_a_proof_is_of_its_own_seq(demo: Path, secret: Path, tmp_path: Path) -> None:
    for name, at in [("one", 5000), ("again", 5000), ("later", 5001)]:
        journal("liabilities", "root", demo, "--secret", secret, "--at", at, "-o", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "again").read_bytes()
    journal("liabilities", "prove", demo, "--secret", secret, "--at", 5001, "--account", 3, "-o", tmp_path / "proof")
    assert journal("liabilities", "check", tmp_path / "proof", "--root", tmp_path / "later").code == 0
    said = journal("liabilities", "check", tmp_path / "proof", "--root", tmp_path / "one")
    assert (said.code, "[proof_session]" in said.err) == (1, True)


def test_a_proof_checks_where_neither_crossbook_nor_a_journal_is(golden: Path, secret: Path, tmp_path: Path) -> None:
    root, proof = tmp_path / "root", tmp_path / "proof"
    journal("liabilities", "root", golden, "--secret", secret, "-o", root)
    journal("liabilities", "prove", golden, "--secret", secret, "--account", 2, "-o", proof)
    code = (
        "import sys; sys.modules['crossbook'] = sys.modules['lmdb'] = None\n"
        "from journal_tools.cli import main; main(sys.argv[1:])"
    )
    call = [sys.executable, "-c", code, "liabilities", "check", str(proof), "--root", str(root)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, "liability" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("call", [["prove"], ["prove", "--account", "1", "--every", "x"], ["check"]], ids=str)
def test_what_was_left_open_is_asked_for(golden: Path, secret: Path, call: list[str]) -> None:
    verb, *options = call
    more = [golden, "--secret", secret] if verb == "prove" else [secret]
    said = journal("liabilities", verb, *more, *options)
    assert said.code == 2
    assert "[target_missing]\nhint: " in said.err


def test_nothing_is_written_over(golden: Path, secret: Path) -> None:
    for call in (["root", "-o", secret], ["prove", "--account", "1", "-o", secret], ["prove", "--every", secret]):
        said = journal("liabilities", call[0], golden, "--secret", secret, *call[1:])
        assert (said.code, "[output_exists]" in said.err) == (2, True)
    assert secret.read_bytes() == SECRET


# --- what is refused ------------------------------------------------------------------------------------------------

AMOUNTS = st.tuples(*[st.integers(0, 2**64)] * 4)
ACCOUNTS = st.lists(AMOUNTS, min_size=2, max_size=20)


def tree_of(amounts: list[tuple[int, ...]]) -> sums.Tree:
    owed = [sums.Owed(account, mine) for account, mine in enumerate(amounts, 1)]
    return sums.Tree(sums.Terms(SESSION, 1, (1, 2), len(owed)), owed, SECRET)


def reason(proof: dict[str, Any], tree: sums.Tree) -> str:
    """Why a proof is refused, nothing if it holds."""
    try:
        sums.check(json.dumps(proof).encode(), session=SESSION, seq=1, root=tree.root)
    except Finding as finding:
        return finding.code
    return ""


def _shorter(proof: dict[str, Any], data: st.DataObject) -> None:
    del proof["path"][data.draw(st.integers(0, len(proof["path"]) - 1))]


def _longer(proof: dict[str, Any], data: st.DataObject) -> None:
    proof["path"].append(proof["path"][data.draw(st.integers(0, len(proof["path"]) - 1))])


def _hash(proof: dict[str, Any], data: st.DataObject) -> None:
    place, name = data.draw(st.sampled_from([(proof, "salt"), *((node, "hash") for node in proof["path"])]))
    place[name] = bytes(byte ^ 1 for byte in bytes.fromhex(place[name])).hex()


def _negative(proof: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([proof, *proof["path"]]))["sums"]
    place[data.draw(st.integers(0, 3))] = f"-{data.draw(st.integers(1, 2**64))}"


def _too_much(proof: dict[str, Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, 3))
    proof["sums"][at] = proof["path"][0]["sums"][at] = str(2**128 - 1)


def _moved(proof: dict[str, Any], data: st.DataObject) -> None:
    """What one place has too much another has too little, so that the totals are right."""
    at, amount = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 2**63))
    places = [proof["sums"], proof["path"][0]["sums"]]
    places[0][at] = str(int(places[0][at]) + amount)
    places[1][at] = str(int(places[1][at]) - amount)


@pytest.mark.parametrize(
    ("tamper", "codes"),
    [
        (_shorter, {"proof_length"}),
        (_longer, {"proof_length"}),
        (_hash, {"proof_root"}),
        (_negative, {"sum_range"}),
        (_too_much, {"sum_range"}),
        (_moved, {"proof_root", "sum_range"}),
    ],
)
@given(amounts=ACCOUNTS, data=st.data())
def test_a_proof_that_was_tampered_with_is_refused_and_the_reason_named(
    tamper: Callable[[dict[str, Any], st.DataObject], None],
    codes: set[str],
    amounts: list[tuple[int, ...]],
    data: st.DataObject,
) -> None:
    tree = tree_of([tuple(amount + 1 for amount in mine) for mine in amounts])
    proof = tree.proof(data.draw(st.integers(1, len(amounts))))
    assert reason(proof, tree) == ""
    tamper(proof, data)
    assert reason(proof, tree) in codes


@given(ACCOUNTS, st.data())
def test_a_leaf_in_the_place_of_another_is_refused(amounts: list[tuple[int, ...]], data: st.DataObject) -> None:
    tree = tree_of(amounts)
    one, other = data.draw(st.permutations(range(1, len(amounts) + 1)))[:2]
    proof, theirs = tree.proof(one), tree.proof(other)
    for name in data.draw(st.sampled_from([("account", "salt", "sums"), ("path",), ("index",)])):
        proof[name] = theirs[name]
    assert reason(proof, tree) in {"proof_root", "proof_length"}


@given(ACCOUNTS, st.data())
def test_a_proof_of_another_root_is_refused(amounts: list[tuple[int, ...]], data: st.DataObject) -> None:
    other = tree_of([*amounts[:-1], (amounts[-1][0] + 1, *amounts[-1][1:])])
    assert reason(other.proof(data.draw(st.integers(1, len(amounts)))), tree_of(amounts)) == "proof_root"


def document() -> dict[str, Any]:
    tree = tree_of([(10, 0, 0, 0), (20, 1, 0, 5)])
    return Published(tree.terms, ("USD", "BTC"), "ab" * 32, tree.top).document()


def test_the_document_is_read_as_it_was_written() -> None:
    found = published(json.dumps(document()).encode())
    assert found.document() == document()
    assert document()["assets"] == {"USD": "30", "BTC": "1"}
    assert document()["owing"] == {"USD": "0", "BTC": "5"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"assets": {"USD": "29", "BTC": "1"}}, "root_differs"),
        ({"assets": {"BTC": "1", "USD": "30"}}, "root_differs"),
        ({"owing": {"USD": "0", "BTC": "4"}}, "root_differs"),
        ({"assets": {"USD": "-1", "BTC": "1"}}, "sum_range"),
        ({"assets": {"USD": str(2**128), "BTC": "1"}}, "sum_range"),
        ({"assets": {"USD": "030", "BTC": "1"}}, "root_malformed"),
        ({"assets": {"USD": 30.5, "BTC": "1"}}, "root_malformed"),
        ({"assets": {"USD": "31"}}, "root_malformed"),
        ({"seq": 2}, "root_differs"),
        ({"seq": True}, "root_malformed"),
        ({"session": "00" * 16}, "root_differs"),
        ({"accounts": 1}, "root_differs"),
        ({"ids": [1, 3]}, "root_differs"),
        ({"top": "00" * 32}, "root_differs"),
        ({"root": "00" * 32}, "root_differs"),
        ({"version": 2}, "root_malformed"),
        ({"kind": "crossbook session"}, "root_malformed"),
        ({"more": 1}, "root_malformed"),
    ],
    ids=str,
)
def test_a_document_that_was_tampered_with_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Finding) as found:
        published(json.dumps(document() | change).encode())
    assert found.value.code == code


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "[" * 100_000], ids=lambda text: text[:5])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(Finding, match="no root document"):
        published(text.encode())


def test_a_member_that_comes_twice_is_refused() -> None:
    text = json.dumps(document()).replace('"seq": 1', '"seq": 2, "seq": 1')
    with pytest.raises(Finding, match="no root document"):
        published(text.encode())
