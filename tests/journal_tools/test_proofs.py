"""The Merkle tree of RFC 6962 against an implementation that is not ours, and signed notes against published ones."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InclusionProof

from journal_tools.errors import Finding, ToolError
from journal_tools.proofs import merkle, note
from journal_tools.proofs.checkpoint import Checkpoint, Pinned

LEAVES_MAX = 70
PUBLISHED_LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
"""The leaves that implementations of Certificate Transparency test themselves with, in hex."""


def data(number: int) -> bytes:
    return f"leaf {number}".encode()


def hashes(size: int) -> list[bytes]:
    return [merkle.leaf_hash(data(number)) for number in range(size)]


def read(size: int, ranges: list[merkle.Range] | None = None) -> merkle.Reading:
    reading = merkle.Reading(ranges or ())
    for leaf in hashes(size):
        reading.add(leaf)
    return reading


def audit_path(index: int, size: int) -> list[bytes]:
    ranges = merkle.inclusion_ranges(index, size)
    return read(size, ranges).path(ranges)


def continuity(old_size: int, size: int) -> list[bytes]:
    ranges = merkle.consistency_ranges(old_size, size)
    return read(size, ranges).path(ranges)


ROOTS = [read(size).tree.root() for size in range(LEAVES_MAX + 1)]


@pytest.fixture(scope="module")
def theirs() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for number in range(LEAVES_MAX):
        tree.append_entry(data(number))
    return tree


def test_the_published_roots_of_certificate_transparency() -> None:
    tree = merkle.Frontier()
    roots = [tree.root().hex()]
    for leaf in PUBLISHED_LEAVES:
        tree.add(merkle.leaf_hash(bytes.fromhex(leaf)))
        roots.append(tree.root().hex())
    assert roots == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


def test_every_root_and_every_proof_is_theirs(theirs: InmemoryTree) -> None:
    for size in range(1, LEAVES_MAX + 1):
        assert theirs.get_root(size) == ROOTS[size]
        for index in range(size):
            path = theirs.prove_inclusion(index + 1, size).path
            assert audit_path(index, size) == path[1:]
            merkle.check_inclusion(hashes(size)[index], index=index, size=size, path=path[1:], root=ROOTS[size])


def test_their_checker_takes_every_audit_path_of_ours(theirs: InmemoryTree) -> None:
    for size in range(1, LEAVES_MAX + 1):
        for index in range(size):
            leaf = hashes(size)[index]
            rule = theirs.prove_inclusion(index + 1, size).rule
            proof = InclusionProof("sha256", True, size, index + 1, rule, [leaf, *audit_path(index, size)])
            verify_inclusion(leaf, ROOTS[size], proof, index=index + 1, size=size)


def continues(old_size: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    """The steps of RFC 9162, 2.1.4.2, one by one: another way to check than ours."""
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = merkle.node_hash(sibling, old), merkle.node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = merkle.node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return (old, new, last) == (old_root, root, 0)


def test_every_proof_of_continuity_holds_by_the_steps_of_the_standard() -> None:
    for size in range(2, LEAVES_MAX + 1):
        for old_size in range(1, size):
            path, old_root = continuity(old_size, size), ROOTS[old_size]
            assert continues(old_size, old_root, size, ROOTS[size], path)
            merkle.check_consistency(old_size=old_size, old_root=old_root, size=size, root=ROOTS[size], path=path)


def test_their_proofs_of_continuity_are_between_our_roots(theirs: InmemoryTree) -> None:
    """Theirs are laid out in another order than the standard's, so it is the roots that are compared."""
    for size in range(1, LEAVES_MAX + 1):
        for old_size in range(1, size + 1):
            proof = theirs.prove_consistency(old_size, size)
            verify_consistency(ROOTS[old_size], ROOTS[size], proof, prior_size=old_size, later_size=size)


def test_the_published_proofs_of_certificate_transparency() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in PUBLISHED_LEAVES]

    def path(ranges: list[merkle.Range], size: int) -> list[str]:
        reading = merkle.Reading(ranges)
        for leaf in leaves[:size]:
            reading.add(leaf)
        return [found.hex()[:8] for found in reading.path(ranges)]

    assert path(merkle.consistency_ranges(1, 8), 8) == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert path(merkle.consistency_ranges(6, 8), 8) == ["0ebc5d34", "ca854ea1", "d37ee418"]
    assert path(merkle.consistency_ranges(2, 5), 5) == ["5f083f0a", "bc1a0643"]
    assert path(merkle.inclusion_ranges(5, 8), 8) == ["bc1a0643", "ca854ea1", "d37ee418"]


def test_a_tree_keeps_few_hashes_while_it_grows() -> None:
    tree = merkle.Frontier()
    for number in range(10_000):
        tree.add(sha256(data(number)).digest())
        assert len(tree._subtrees) == tree.size.bit_count()


@st.composite
def inclusions(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, LEAVES_MAX))
    return draw(st.integers(0, size - 1)), size


@settings(max_examples=300, deadline=None)
@given(inclusions(), st.data())
def test_an_audit_path_that_was_changed_is_refused(place: tuple[int, int], drawn: st.DataObject) -> None:
    index, size = place
    path, leaf, root = audit_path(index, size), hashes(size)[index], ROOTS[size]
    change = drawn.draw(st.sampled_from(["bit", "cut", "longer", "leaf", "index", "size", "root", "swapped"]))
    expected = {"proof_root"}
    if change == "bit" and path:
        at = drawn.draw(st.integers(0, len(path) - 1))
        path[at] = bytes([path[at][0] ^ 1 << drawn.draw(st.integers(0, 7))]) + path[at][1:]
    elif change == "cut" and path:
        path, expected = path[:-1], {"proof_length"}
    elif change == "longer":
        path, expected = [*path, root], {"proof_length"}
    elif change == "index" and size > 1:
        index = drawn.draw(st.integers(0, size + 3).filter(lambda other: other != place[0]))
        expected = {"proof_root", "proof_length", "proof_index"}
    elif change == "size":
        size = drawn.draw(st.integers(0, 2 * size + 2).filter(lambda other: other != place[1]))
        expected = {"proof_root", "proof_length", "proof_index"}
        if 0 <= index < size and len(merkle.inclusion_ranges(index, size)) == len(path):
            return  # a path says nothing of the size where both trees have the same shape there: checkpoints do
    elif change == "root":
        root = ROOTS[size - 1]
    elif change == "swapped" and len(path) > 1:
        path[0], path[1] = path[1], path[0]
    else:
        leaf = merkle.leaf_hash(b"another leaf")
    with pytest.raises(Finding) as refusal:
        merkle.check_inclusion(leaf, index=index, size=size, path=path, root=root)
    assert refusal.value.code in expected


@settings(max_examples=300, deadline=None)
@given(st.integers(1, LEAVES_MAX - 1), st.data())
def test_a_proof_of_continuity_that_was_changed_is_refused(old_size: int, drawn: st.DataObject) -> None:
    size = drawn.draw(st.integers(old_size + 1, LEAVES_MAX))
    path, old_root, root = continuity(old_size, size), ROOTS[old_size], ROOTS[size]
    change = drawn.draw(st.sampled_from(["bit", "cut", "longer", "old root", "root", "backwards"]))
    expected = {"proof_root", "proof_old_root"}
    if change == "bit":
        at = drawn.draw(st.integers(0, len(path) - 1))
        path[at] = path[at][:-1] + bytes([path[at][-1] ^ 1 << drawn.draw(st.integers(0, 7))])
    elif change == "cut":
        path, expected = path[1:], {"proof_length"}
    elif change == "longer":
        path, expected = [*path, root], {"proof_length"}
    elif change == "old root":
        old_root = ROOTS[old_size - 1]
    elif change == "root":
        root = ROOTS[size - 1]
    else:
        old_size, size, expected = size, old_size, {"proof_size"}
    with pytest.raises(Finding) as refusal:
        merkle.check_consistency(old_size=old_size, old_root=old_root, size=size, root=root, path=path)
    assert refusal.value.code in expected


def test_two_trees_of_one_size_must_be_one() -> None:
    merkle.check_consistency(old_size=3, old_root=ROOTS[3], size=3, root=ROOTS[3], path=[])
    merkle.check_consistency(old_size=0, old_root=merkle.EMPTY, size=3, root=ROOTS[3], path=[])
    for old_size, old_root, code in ((3, ROOTS[2], "proof_root"), (0, ROOTS[2], "proof_old_root")):
        with pytest.raises(Finding) as refusal:
            merkle.check_consistency(old_size=old_size, old_root=old_root, size=3, root=ROOTS[3], path=[])
        assert refusal.value.code == code


# --- signed notes ---------------------------------------------------------------------------------------------------

PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def test_a_published_note_is_opened() -> None:
    key = note.VerifierKey.parse(PUBLISHED_KEY)
    assert key.id.hex() == "530d903a"
    assert note.opened(PUBLISHED, key) == "This is an example message.\n"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (PUBLISHED.replace(b"example message", b"example massage"), "signature_invalid"),
        (PUBLISHED.replace(b"Uw2QOkn8", b"Uw2QOkn9"), "signature_invalid"),
        (PUBLISHED.replace(b"Uw2Q", b"Uw3Q"), "signature_missing"),
        (PUBLISHED.replace("— example.com/foo".encode(), "— example.com/bar".encode()), "signature_missing"),
        (PUBLISHED.replace(b"\n\n", b"\n"), "note_malformed"),
        (PUBLISHED[:-1], "note_malformed"),
        (PUBLISHED.replace("—".encode(), b"-"), "note_malformed"),
        (PUBLISHED.replace(b"yaQM=", b"yaQN="), "note_malformed"),
        (PUBLISHED.replace(b"This", b"\x07his"), "note_malformed"),
        (b"\xff" + PUBLISHED, "note_malformed"),
        (b"", "note_malformed"),
    ],
)
def test_a_note_that_was_changed_is_refused_by_name(changed: bytes, code: str) -> None:
    with pytest.raises(Finding) as refusal:
        note.opened(changed, note.VerifierKey.parse(PUBLISHED_KEY))
    assert refusal.value.code == code


def test_signatures_of_others_are_passed_over() -> None:
    mine, witness = note.SigningKey.generate("venue.example/a"), note.SigningKey.generate("witness.example")
    signed = note.sign("said\n", mine)
    line = note.sign("said\n", witness).split("\n\n")[1]
    assert note.opened((line.join([signed, ""])).encode(), mine.verifier) == "said\n"
    assert note.opened((line.join([signed, ""])).encode(), witness.verifier) == "said\n"


def test_keys_are_read_back_and_others_refused() -> None:
    key = note.SigningKey("venue.example/a", bytes(range(32)))
    assert note.SigningKey.parse(f"{key}\n") == key
    assert note.VerifierKey.parse(str(key.verifier)) == key.verifier
    for text in ("", "a+b", str(key), str(key.verifier).replace("venue", "value"), "a b+00000000+AQ=="):
        with pytest.raises(ToolError):
            note.VerifierKey.parse(text)
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(ToolError, match="no name for a key"):
            note.SigningKey.generate(name)


def test_a_checkpoint_says_what_it_is_read_as() -> None:
    drawn = random.Random(5)
    pinned = [Pinned(drawn.randrange(10**9), drawn.randbytes(32)) for _ in range(4)]
    checkpoint = Checkpoint(
        "venue.example/a", 17, drawn.randbytes(32), "ab" * 16, pinned[0], drawn.randbytes(32), *pinned[1:]
    )
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    # Of another log's checkpoint only what C2SP specifies is read.
    other = Checkpoint.parse(
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx y\n"
    )
    assert (other.size, other.session) == (20852163, "")
    for text in ("a\n1\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nCsUY\n"):
        with pytest.raises(Finding):
            Checkpoint.parse(text)
