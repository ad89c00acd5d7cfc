"""What somebody may ask to have forgotten is never in the journal, and a copy can be made without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from crossbook import Venue, personal
from crossbook.commands import CreateAccount, Note
from crossbook.errors import InputError, Refused, VenueClosed
from journal_tools.checking import verify
from journal_tools.journal import Journal
from tests.flow.big_session import START_NS, config
from tests.journal_tools.conftest import Tamper, journal

NAME, MAIL = "Ada Lovelace", "ada@example.org"
SALTS = [bytes([number]) * 32 for number in range(1, 5)]


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed session with four personal values of two accounts, from seq 3 below its last."""
    path = tmp_path_factory.mktemp("people") / "session"
    with Venue.create(path, config(), durability="volatile", clock=lambda: START_NS) as venue:
        venue.submit([CreateAccount(0), CreateAccount(0)])
        for salt, (account, field, value) in zip(
            SALTS, [(1, "name", NAME), (1, "mail", MAIL), (2, "name", "Zoë 🐝"), (2, "born", "1970-01-01")], strict=True
        ):
            personal.commit(venue, account=account, field=field, value=value, salt=salt)
    return path


def bytes_of(session: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(session.rglob("*")) if path.is_file())


def file_of(session: Path, account: int, field: str) -> Path:
    (found,) = [kept for kept in personal.values(session) if (kept.account, kept.field) == (account, field)]
    return session / "personal" / f"{found.commitment}.json"


# --- keeping a value ------------------------------------------------------------------------------------------------


def test_the_journal_has_the_commitment_and_never_the_value(peopled: Path) -> None:
    notes = [record for record in Journal.open(peopled).records() if record.command[2:3] == ["personal"]]
    first = sha256(SALTS[0] + NAME.encode()).hexdigest()
    assert json.loads(notes[0].command[3]) == {"field": "name", "commitment": first}
    written = b"".join(
        path.read_bytes() for path in peopled.rglob("*") if path.parent.name != "personal" and path.is_file()
    )
    assert first.encode() in written
    assert [text for text in (NAME.encode(), MAIL.encode(), SALTS[0], SALTS[0].hex().encode()) if text in written] == []


def test_the_values_are_read_back_and_readable_by_their_owner_alone(peopled: Path) -> None:
    assert [(kept.account, kept.field, kept.value) for kept in personal.values(peopled)] == [
        (1, "mail", MAIL),
        (1, "name", NAME),
        (2, "born", "1970-01-01"),
        (2, "name", "Zoë 🐝"),
    ]
    assert {path.stat().st_mode & 0o777 for path in (peopled / "personal").iterdir()} == {0o600}
    assert (peopled / "personal").stat().st_mode & 0o777 == 0o700


def test_a_salt_is_new_each_time_so_equal_values_do_not_show(tmp_path: Path) -> None:
    with Venue.create(tmp_path / "venue", config(), durability="volatile") as venue:
        venue.submit([CreateAccount(0)])
        one, other = (personal.commit(venue, account=1, field="name", value=NAME) for _ in range(2))
    assert one.commitment != other.commitment
    assert personal.values(tmp_path / "venue") in [(one, other), (other, one)]


def test_a_value_whose_note_is_refused_is_not_kept(tmp_path: Path) -> None:
    with Venue.create(tmp_path / "venue", config(), durability="volatile") as venue:
        with pytest.raises(Refused, match="account"):
            personal.commit(venue, account=7, field="name", value=NAME)
        assert personal.values(venue.path) == ()
    with pytest.raises(VenueClosed):
        personal.commit(venue, account=1, field="name", value=NAME)
    assert NAME.encode() not in bytes_of(tmp_path / "venue")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"field": "full name"}, "personal_field"),
        ({"field": ""}, "personal_field"),
        ({"field": "a" * 65}, "personal_field"),
        ({"value": "\ud800"}, "personal_value"),
        ({"salt": b"short"}, "personal_salt"),
        ({"salt": SALTS[0]}, "personal_exists"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, wrong: dict[str, object], code: str) -> None:
    with Venue.create(tmp_path / "venue", config(), durability="volatile") as venue:
        venue.submit([CreateAccount(0)])
        personal.commit(venue, account=1, field="name", value=NAME, salt=SALTS[0])
        with pytest.raises(InputError) as refused:
            personal.commit(venue, **{"account": 1, "field": "name", "value": NAME} | wrong)  # type: ignore[arg-type]
        assert refused.value.code == code
        assert len(personal.values(venue.path)) == 1


def test_a_value_that_was_changed_is_not_read(peopled: Path, tampered: Tamper) -> None:
    copy = tampered(peopled)
    file = file_of(copy, 1, "name")
    file.write_text(file.read_text().replace("Ada", "Eve"))
    with pytest.raises(personal.PersonalDamaged, match=file.name):
        personal.values(copy)


# --- forgetting it --------------------------------------------------------------------------------------------------


def test_an_account_is_forgotten_and_every_hash_holds(
    peopled: Path, tmp_path: Path, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = bytes_of(peopled)
    said = journal("redact", peopled, "--account", 1, "-o", "copy")
    assert said.code == 0, said.err
    head = verify(peopled).head
    assert said.out.replace(head, "<head>") == snapshot
    assert verify(Path("copy"), must_be_closed=True).head == head
    assert journal("verify", "copy", "--replay", "--closed").code == 0
    gone = bytes_of(Path("copy"))
    assert [text for text in (NAME.encode(), MAIL.encode(), SALTS[0].hex().encode()) if text in gone] == []
    assert {kept.account for kept in personal.values("copy")} == {2}
    assert bytes_of(peopled) == before


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--field", "name"], [(1, "mail"), (2, "born")]),
        (["--field", "name", "--account", "2"], [(1, "mail"), (1, "name"), (2, "born")]),
        (["--field", "name", "--field", "mail"], [(2, "born")]),
        (["--account", "1", "--account", "2"], []),
    ],
    ids=str,
)
def test_options_narrow_each_other(
    peopled: Path, tmp_path: Path, options: list[str], left: list[tuple[int, str]]
) -> None:
    said = journal("redact", peopled, *options, "-o", tmp_path / "copy", "--json")
    assert said.code == 0
    assert [(kept.account, kept.field) for kept in personal.values(tmp_path / "copy")] == left
    assert said.json["kept"] == len(left)
    assert said.json["verified"] is True


def test_one_note_is_forgotten_by_its_seq_and_a_copy_can_be_redacted_again(peopled: Path, tmp_path: Path) -> None:
    seq = next(row.seq for row in Journal.open(peopled).records() if row.command[2:3] == ["personal"])
    assert journal("redact", peopled, "--seq", seq, "-o", tmp_path / "one").code == 0
    again = journal("redact", tmp_path / "one", "--account", 2, "-o", tmp_path / "two", "--json")
    assert [row["fate"] for row in again.json["personal"]] == ["absent", "kept", "erased", "erased"]
    assert [kept.field for kept in personal.values(tmp_path / "two")] == ["mail"]


def _other_value(file: Path) -> None:
    file.write_text(file.read_text().replace("@example.org", "@example.com"))


def _other_salt(file: Path) -> None:
    file.write_text(file.read_text().replace(SALTS[1].hex(), SALTS[2].hex()))


def _other_account(file: Path) -> None:
    file.write_text(file.read_text().replace('"account":1', '"account":2'))


def _value_behind_a_value(file: Path) -> None:
    file.write_text(file.read_text().replace('"value"', f'"value":"{NAME}","value"'))


def _no_json(file: Path) -> None:
    file.write_text("{")


@pytest.mark.parametrize("change", [_other_value, _other_salt, _other_account, _value_behind_a_value, _no_json])
def test_a_value_that_is_not_the_committed_one_is_a_finding_and_left_out(
    peopled: Path, tampered: Tamper, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    session = tampered(peopled)
    change(file_of(session, 1, "mail"))
    said = journal("redact", session, "--field", "name", "-o", tmp_path / "copy")
    assert said.code == 1
    assert "[mismatch]" in said.err
    assert verify(tmp_path / "copy").ok
    assert [kept.field for kept in personal.values(tmp_path / "copy")] == ["born"]
    # Whoever asks to have that one forgotten gets it, whatever it has become.
    assert journal("redact", session, "--field", "mail", "-o", tmp_path / "other").code == 0


def test_a_note_of_somebody_elses_commitment_erases_nothing(tmp_path: Path) -> None:
    with Venue.create(tmp_path / "venue", config(), durability="volatile") as venue:
        venue.submit([CreateAccount(0), CreateAccount(0)])
        kept = personal.commit(venue, account=1, field="name", value=NAME)
        body = json.dumps({"field": "name", "commitment": kept.commitment})
        venue.submit([Note(2, "personal", body), Note(2, "personal", "words")])
    said = journal("redact", tmp_path / "venue", "--account", 2, "-o", tmp_path / "copy")
    assert (said.code, "name of account 1" in said.err) == (2, True)
    said = journal("redact", tmp_path / "venue", "--account", 1, "-o", tmp_path / "copy", "--json")
    assert [row["fate"] for row in said.json["personal"]] == ["erased", "absent"]


def test_what_a_crash_left_without_a_note_is_not_copied(peopled: Path, tampered: Tamper, tmp_path: Path) -> None:
    session = tampered(peopled)
    (session / "personal" / f"{'0' * 64}.json").write_text(NAME)
    (session / "personal" / "half.json.tmp").write_text(NAME)
    said = journal("redact", session, "--account", 1, "-o", tmp_path / "copy", "--json")
    assert (said.code, said.json["unrecorded"]) == (0, 1)
    assert NAME.encode() not in bytes_of(tmp_path / "copy")


def test_a_copy_of_a_broken_journal_is_as_broken_as_it(peopled: Path, tampered: Tamper, tmp_path: Path) -> None:
    session = tampered(peopled)
    with (session / "segments" / "000001" / "data.mdb").open("ab") as file:
        file.write(bytes(4096))
    said = journal("redact", session, "--account", 1, "-o", tmp_path / "copy")
    assert said.code == 1
    assert "[file_hash]" in said.err


def test_a_session_of_many_segments_is_copied_whole(segments: Path, tmp_path: Path, tampered: Tamper) -> None:
    assert journal("redact", segments, "--account", 1, "-o", tmp_path / "copy").code == 2
    from journal_tools.redaction.copying import copy

    copy(Journal.open(segments), tmp_path / "copy", [])
    assert journal("verify", tmp_path / "copy", "--closed").code == 0
    assert not list((tmp_path / "copy").rglob("lock.mdb"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], "target_missing"),
        (["--account", "9"], "nothing_to_erase"),
        (["--field", "shoe_size"], "nothing_to_erase"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_a_hint(peopled: Path, tmp_path: Path, options: list[str], code: str) -> None:
    said = journal("redact", peopled, *options, "-o", tmp_path / "copy")
    assert said.code == 2
    assert f"[{code}]" in said.err
    assert "hint: " in said.err
    assert not (tmp_path / "copy").exists()


def test_nothing_is_written_over_or_into_a_session(peopled: Path, tampered: Tamper, tmp_path: Path) -> None:
    session = tampered(peopled)
    before = bytes_of(session)
    for target, code in [(session, "output_inside"), (session / "copy", "output_inside"), (tmp_path, "output_exists")]:
        said = journal("redact", session, "--account", 1, "-o", target)
        assert (said.code, f"[{code}]" in said.err) == (2, True)
    assert bytes_of(session) == before


def test_a_live_session_is_refused(live: Path, tmp_path: Path) -> None:
    said = journal("redact", live, "--account", 1, "-o", tmp_path / "copy")
    assert said.code == 2
    assert "[session_live]" in said.err
