"""Somebody asks to be forgotten: his data goes, the journal stays whole, and what is left is still what it was."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from crossbook import Venue, personal
from crossbook.errors import InputError
from crossbook.replay import replay
from tests.journal_tools.conftest import journal

ALICE = {"name": "Alice Ållgren", "email": "alice@example.com"}
BOB = {"name": "Bob", "email": "bob@example.com"}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A venue with two people, whose names and addresses are beside its journal; closed."""
    path = tmp_path / "session"
    with Venue.create(path, assets=[{"symbol": "USDC", "decimals": 6}], markets=[], durability="volatile") as venue:
        for values in (ALICE, BOB):
            account = venue.create_account().account
            venue.deposit(account=account, asset="USDC", amount=100)
            for field, value in values.items():
                personal.commit(venue, account=account, field=field, value=value)
    return path


def whole(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())


def test_no_personal_value_is_in_the_journal_itself(session: Path) -> None:
    for values in (ALICE, BOB):
        for value in values.values():
            assert value.encode() in whole(session / "personal")
            assert value.encode() not in whole(session / "segments")


def test_who_is_forgotten_leaves_a_journal_that_verifies(session: Path, tmp_path: Path) -> None:
    said = journal("redact", session, "--account", 1, "-o", tmp_path / "copy", "--json")
    assert (said.code, said.json["verified"]) == (0, True)
    found = [(row["account"], row["field"], row["value"]) for row in said.json["values"]]
    assert found == [(1, "name", "erased"), (1, "email", "erased"), (2, "name", "kept"), (2, "email", "kept")]
    for value in ALICE.values():
        assert value.encode() not in whole(tmp_path / "copy")
    assert {personal.reveal(tmp_path / "copy", row["commitment"]) for row in said.json["values"]} == {
        None, *BOB.values()
    }  # fmt: skip
    verified = journal("verify", tmp_path / "copy", "--replay", "--json")
    assert (verified.code, verified.json["ok"]) == (0, True)
    (erased,) = [item["what"] for item in verified.json["not_checked"] if item["code"] == "personal"]
    assert erased.startswith("2 personal values that were erased, committed to at seqs ")
    # The copy is the session, bit for bit, and executes to the same root.
    names = ["session.json", "closing.json", "segments/000001/data.mdb", "segments/000001/opening.json"]
    assert filecmp.cmpfiles(session, tmp_path / "copy", names, shallow=False)[0] == names
    assert replay(tmp_path / "copy").state_root == replay(session).state_root


def test_one_field_of_everybody_or_of_one_seq(session: Path, tmp_path: Path) -> None:
    said = journal("redact", session, "--field", "email", "-o", tmp_path / "one", "--json")
    assert [row["value"] for row in said.json["values"]] == ["kept", "erased", "kept", "erased"]
    seq = said.json["values"][2]["seq"]
    # What was erased before stays erased.
    again = journal("redact", tmp_path / "one", "--seq", seq, "-o", tmp_path / "two", "--json")
    assert [row["value"] for row in again.json["values"]] == ["kept", "erased", "erased", "erased"]


def test_a_value_that_was_changed_is_found(session: Path, tmp_path: Path) -> None:
    path = next(path for path in (session / "personal").iterdir() if b"bob@" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"bob@", b"rob@"))
    verified = journal("verify", session, "--json")
    assert (verified.code, [finding["code"] for finding in verified.json["findings"]]) == (1, ["personal_value"])
    assert personal.reveal(session, path.stem) is None
    said = journal("redact", session, "--account", 1, "-o", tmp_path / "copy")
    assert (said.code, "[personal_value]" in said.err) == (1, True)


def test_two_equal_values_have_two_commitments(session: Path, tmp_path: Path) -> None:
    with Venue.open(session) as venue:
        found = {personal.commit(venue, account=1, field="city", value="Oslo") for _ in range(2)}
    assert len(found) == 2
    assert {personal.reveal(session, commitment) for commitment in found} == {"Oslo"}


def test_notes_of_others_on_this_topic_are_none_of_ours(session: Path) -> None:
    from crossbook.commands import Note

    with Venue.open(session) as venue:
        for body in ("", "[]", '{"commitment":"x","field":"y"}', '{"commitment":1,"field":2}'):
            venue.submit(Note(1, "personal", body))
    assert journal("verify", session).code == 0


def test_questions_without_an_answer_have_a_hint(session: Path, demo: Path, crashed: Path, tmp_path: Path) -> None:
    new = ("-o", tmp_path / "new")
    assert "[choice_missing]\nhint: " in journal("redact", session, *new).err
    assert "[nothing_chosen]\nhint: " in journal("redact", session, "--account", 9, *new).err
    assert "[still_open]\nhint: " in journal("redact", crashed, "--account", 1, *new).err
    assert "[output_exists]\nhint: " in journal("redact", session, "--account", 1, "-o", session).err
    with Venue.open(session) as venue:
        for field, value in (("", "x"), ("page", "x" * (personal.VALUE_BYTES_MAX + 1))):
            with pytest.raises(InputError):
                personal.commit(venue, account=1, field=field, value=value)
