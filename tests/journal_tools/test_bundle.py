"""`journal bundle`: evidence that anybody with Python can check, and that says so when a bit of it changed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from journal_tools.journal import Journal
from journal_tools.proofs import verify_bundle
from tests.journal_tools.conftest import Said, journal


def checked(bundle: Path) -> Said:
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=bundle, capture_output=True, text=True, env={})
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, trouble: Path) -> Path:
    """A bundle of one record, of a slice, and of what is owed to an account."""
    folder = tmp_path_factory.mktemp("bundles")
    (folder / "secret").write_bytes(bytes(32))
    assert journal("prove", "keygen", "--name", "venue.example/trouble", "-o", folder / "key").code == 0
    root = journal("liabilities", "root", trouble, "--secret", folder / "secret", "--json").json["root"]
    signed = ("--checkpoint", folder / "checkpoint")
    keyed = ("--key", folder / "key", "--liabilities", root)
    assert journal("prove", "checkpoint", trouble, *keyed, "-o", signed[1]).code == 0
    owed = ("--account", 4, "--secret", folder / "secret")
    assert journal("liabilities", "prove", trouble, *owed, "-o", folder / "owed").code == 0
    assert journal("bundle", trouble, *signed, "--seq", 1_234, "-o", folder / "record").code == 0
    assert journal("bundle", trouble, *signed, "--seq", 700, "--to", 1_400, "-o", folder / "slice").code == 0
    assert journal("bundle", trouble, *signed, "--liability", folder / "owed", "-o", folder / "liability").code == 0
    return folder


def test_the_checker_fits_on_a_few_screens_and_imports_nothing_of_ours() -> None:
    source = Path(verify_bundle.__file__).read_text()
    assert len(source.splitlines()) <= 150
    assert "import journal_tools" not in source
    assert "from journal_tools" not in source


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("record", '{"record": {"seq": 1234, '),
        ("slice", '{"record": {"seq": 700, '),
        ("liability", '{"liability": {"account": 4, '),
    ],
)
def test_evidence_holds_on_a_machine_without_us(name: str, shown: str, bundles: Path) -> None:
    said = checked(bundles / name)
    assert said.code == 0, said.err
    assert said.out.startswith(f"holds: {shown}")
    assert said.out.endswith("not checked: the signature of the checkpoint\n")


def test_a_slice_has_the_blocks_it_names_and_no_others(bundles: Path, trouble: Path) -> None:
    fact = json.loads((bundles / "slice" / "manifest.json").read_text())["fact"]["record"]
    blocks = list(Journal.open(trouble).blocks(700, 1_400))
    assert len(blocks) > 1
    assert fact == {"seq": 700, "to_seq": blocks[-1].last_seq}
    assert (bundles / "slice" / "blocks").read_bytes() == b"".join(block.raw + block.body for block in blocks)


def test_any_file_that_was_changed_cut_or_lost_is_refused(bundles: Path, tmp_path: Path) -> None:
    drawn = random.Random(5)
    for name in ("slice", "liability"):
        for path in sorted((bundles / name).iterdir()):
            for change in (*["bit"] * 4, "cut", "lost"):
                copy = tmp_path / "copy"
                shutil.copytree(bundles / name, copy)
                raw = bytearray((copy / path.name).read_bytes())
                raw[drawn.randrange(len(raw))] ^= 1 << drawn.randrange(8)
                (copy / path.name).write_bytes(raw if change == "bit" else raw[:-1])
                if change == "lost":
                    (copy / path.name).unlink()
                assert checked(copy).code != 0, (name, path.name, change)
                shutil.rmtree(copy)


def forged(bundle: Path, name: str, change: Callable[[bytes], bytes]) -> Said:
    """Change a file, and make the manifest agree."""
    content = change((bundle / name).read_bytes())
    (bundle / name).write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"][name] = sha256(content).hexdigest()
    (bundle / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return checked(bundle)


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "why"),
    [
        ("record", "record.json", b'"index": 1233', b'"index": 1232', "another root"),
        ("record", "record.json", b'"tree": "records"', b'"tree": "blocks"', "another tree"),
        ("record", "blocks", b"XBBLOCK1", b"XBBLOCK2", "a header is broken"),
        ("liability", "liability.json", b'"57188"', b'"57189"', "another root"),
        ("liability", "liability.json", b'"account": 4', b'"account": 5', "another root"),
        ("liability", "liability.json", b'"57188"', b'"-57188"', "does not hold"),
    ],
)
def test_a_forger_who_mends_the_manifest_is_refused_by_the_proofs(
    name: str, file: str, old: bytes, new: bytes, why: str, bundles: Path, tmp_path: Path
) -> None:
    shutil.copytree(bundles / name, tmp_path / "copy")
    said = forged(tmp_path / "copy", file, lambda content: content.replace(old, new, 1))
    assert (said.code, why in said.err) == (1, True), said.err


def test_a_body_with_its_hash_and_crc_mended_breaks_the_proof(bundles: Path, tmp_path: Path) -> None:
    import zlib

    def change(content: bytes) -> bytes:
        body = content[200:-1] + bytes([content[-1] ^ 1])
        header = content[:80] + sha256(body).digest() + content[112:196]
        return header + zlib.crc32(header).to_bytes(4, "little") + body

    shutil.copytree(bundles / "record", tmp_path / "copy")
    said = forged(tmp_path / "copy", "blocks", change)
    assert (said.code, "another block than the proof" in said.err) == (1, True)


def test_the_files_of_a_bundle_are_checked_with_the_signature_by_check_proof(bundles: Path) -> None:
    bundle, key = bundles / "record", bundles / "verifier"
    from journal_tools.proofs.note import SigningKey

    key.write_text(str(SigningKey.parse((bundles / "key").read_text()).verifier))
    said = journal("check-proof", bundle / "record.json", "--checkpoint", bundle / "checkpoint", "--key", key, "--json")
    assert (said.code, said.json["seq"]) == (0, 1_234)


def test_questions_without_an_answer_have_a_hint(bundles: Path, trouble: Path, golden: Path, tmp_path: Path) -> None:
    signed = ("--checkpoint", bundles / "checkpoint", "-o", tmp_path / "new")
    assert "[fact_missing]\nhint: " in journal("bundle", trouble, *signed).err
    assert "[not_covered]\nhint: " in journal("bundle", trouble, *signed, "--seq", 1, "--to", 10**9).err
    other = journal("bundle", golden, *signed, "--seq", 1)
    assert other.code != 0
    assert not (tmp_path / "new").exists()
    there = journal("bundle", trouble, "--checkpoint", bundles / "checkpoint", "--seq", 1, "-o", bundles / "record")
    assert "[output_exists]\nhint: " in there.err
