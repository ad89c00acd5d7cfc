"""A Merkle sum tree of what is owed to accounts, per asset, as of a seq: every node's hash binds both children's sums.

    sums    for each asset what is owed to accounts, then for each asset what accounts owe: 16 bytes each, none below 0
    salt    HMAC-SHA-256(secret, "crossbook liabilities salt v1" 0x00 | session 16 | seq u64 | account u32)
    leaf    SHA-256("crossbook liabilities leaf v1" 0x00 | salt 32 | account u32 | sums)
    node    SHA-256("crossbook liabilities node v1" 0x00 | left hash 32 | left sums | right hash 32 | right sums)
    root    SHA-256("crossbook liabilities root v1" 0x00 | session 16 | seq u64 | accounts u64 | assets u16
                    | each asset u16 | top hash 32 | top sums)

All integers are big-endian. Leaves stand in the order of their hashes, so a place says nothing of an account's number;
the tree is split as that of RFC 6962. A node that bound only the sum of its children could hide what is owed to one of
them; here both sums are in the hash.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple, NoReturn

from journal_tools.errors import Finding
from journal_tools.proofs.merkle import Range, inclusion_ranges, refused, split

KIND: Final = "crossbook liability proof"
VERSION: Final = 1
_SALT, _LEAF, _NODE, _ROOT = (
    f"crossbook liabilities {part} v1\0".encode() for part in ("salt", "leaf", "node", "root")
)
SUM_BYTES: Final = 16
SUM_END: Final = 1 << 8 * SUM_BYTES

Sums = tuple[int, ...]


class Node(NamedTuple):
    """A hash, and what it binds: owed to accounts per asset, then owed by accounts per asset, in minor units."""

    hash: bytes
    sums: Sums


class Owed(NamedTuple):
    """What is owed to an account per asset, and what it owes: both not negative, in minor units."""

    account: int
    sums: Sums


class Terms(NamedTuple):
    """What a tree is about: a session, a seq, assets by id, and how many accounts."""

    session: str
    seq: int
    assets: tuple[int, ...]
    accounts: int

    def root(self, top: Node) -> bytes:
        """The root that goes into a checkpoint."""
        counts = self.seq.to_bytes(8, "big") + self.accounts.to_bytes(8, "big") + len(self.assets).to_bytes(2, "big")
        assets = b"".join(asset.to_bytes(2, "big") for asset in self.assets)
        return sha256(_ROOT + bytes.fromhex(self.session) + counts + assets + top.hash + packed(top.sums)).digest()


def packed(sums: Sums) -> bytes:
    """Sums as they are hashed. Raises Finding `sum_range` if one is negative or too large."""
    if not all(0 <= amount < SUM_END for amount in sums):
        raise refused("sum_range", "a sum is negative or too large")
    return b"".join(amount.to_bytes(SUM_BYTES, "big") for amount in sums)


def salt_of(secret: bytes, terms: Terms, account: int) -> bytes:
    """The salt of an account's leaf: nobody without the secret can guess an account's amounts from hashes."""
    about = bytes.fromhex(terms.session) + terms.seq.to_bytes(8, "big") + account.to_bytes(4, "big")
    return hmac.digest(secret, _SALT + about, "sha256")


def leaf_of(owed: Owed, salt: bytes) -> Node:
    """The leaf of an account."""
    return Node(sha256(_LEAF + salt + owed.account.to_bytes(4, "big") + packed(owed.sums)).digest(), owed.sums)


def joined(left: Node, right: Node) -> Node:
    """The node over two: its hash binds the sums of both, not only what they add up to."""
    sums = tuple(a + b for a, b in zip(left.sums, right.sums, strict=True))
    packed(sums)
    digest = sha256(_NODE + left.hash + packed(left.sums) + right.hash + packed(right.sums)).digest()
    return Node(digest, sums)


class Tree:
    """The tree over accounts; there is at least one."""

    def __init__(self, terms: Terms, owed: Iterable[Owed], secret: bytes) -> None:
        self.terms = terms
        leaves = {item.account: leaf_of(item, salt_of(secret, terms, item.account)) for item in owed}
        self.places = {
            account: place for place, (account, _) in enumerate(sorted(leaves.items(), key=lambda item: item[1].hash))
        }
        self.leaves = [leaves[account] for account in self.places]
        self._secret = secret
        self._nodes: dict[Range, Node] = {}
        self.top = self._over(0, len(self.leaves))
        self.root = terms.root(self.top)

    def _over(self, begin: int, end: int) -> Node:
        if end - begin == 1:
            return self.leaves[begin]
        found = self._nodes.get((begin, end))
        if found is None:
            middle = begin + split(end - begin)
            found = self._nodes[begin, end] = joined(self._over(begin, middle), self._over(middle, end))
        return found

    def proof(self, account: int) -> dict[str, Any]:
        """The proof of what is owed to an account, as it is written."""
        place = self.places[account]
        leaf = self.leaves[place]
        path = [self._over(begin, end) for begin, end in inclusion_ranges(place, len(self.leaves))]
        return {
            "kind": KIND,
            "version": VERSION,
            **self.terms._asdict(),
            "account": account,
            "salt": salt_of(self._secret, self.terms, account).hex(),
            "sums": _texts(leaf.sums),
            "index": place,
            "path": [{"hash": node.hash.hex(), "sums": _texts(node.sums)} for node in path],
        }


MEMBERS: Final = frozenset(
    ("kind", "version", "session", "seq", "assets", "accounts", "account", "salt", "sums", "index", "path")
)


def check(raw: bytes, *, session: str, seq: int, root: bytes) -> dict[str, Any]:
    """Check a proof file against the root a checkpoint states; returns what it proves.

    Raises:
        Finding: `proof_malformed`; `proof_session` it is of another session or seq; `proof_index`, `proof_length`;
            `sum_range` a sum is negative or too large; `proof_root` it leads to another root.
    """
    proof = _parsed(raw)
    terms = Terms(proof["session"], proof["seq"], tuple(proof["assets"]), proof["accounts"])
    if (terms.session, terms.seq) != (session, seq):
        raise refused("proof_session", "it is of another session or another seq than the checkpoint's liabilities")
    if not 0 <= proof["index"] < terms.accounts:
        raise refused("proof_index", f"a tree of {terms.accounts} accounts has no leaf {proof['index']}")
    ranges = inclusion_ranges(proof["index"], terms.accounts)
    if len(ranges) != len(proof["path"]):
        raise refused("proof_length", f"the path has {len(proof['path'])} nodes, this one has {len(ranges)}")
    top = leaf_of(Owed(proof["account"], proof["sums"]), proof["salt"])
    for (begin, _), sibling in zip(ranges, proof["path"], strict=True):
        top = joined(sibling, top) if begin < proof["index"] else joined(top, sibling)
    if terms.root(top) != root:
        raise refused("proof_root", "what it says leads to another root than the checkpoint's")
    count = len(terms.assets)
    return {
        "proves": "liability",
        "session": session,
        "seq": seq,
        "account": proof["account"],
        "owed": _by_asset(terms, proof["sums"][:count]),
        "owes": _by_asset(terms, proof["sums"][count:]),
        "accounts": terms.accounts,
        "owed_in_all": _by_asset(terms, top.sums[:count]),
        "owes_in_all": _by_asset(terms, top.sums[count:]),
    }


def _by_asset(terms: Terms, sums: Sequence[int]) -> dict[str, int]:
    return {str(asset): amount for asset, amount in zip(terms.assets, sums, strict=True)}


def _texts(sums: Sums) -> list[str]:
    return [str(amount) for amount in sums]


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        proof = json.loads(raw)
        if not isinstance(proof, dict) or set(proof) != MEMBERS or (proof["kind"], proof["version"]) != (KIND, VERSION):
            _malformed("it is of another kind or version, or members are missing or too many")
        numbers = [proof["seq"], proof["accounts"], proof["account"], proof["index"], *proof["assets"]]
        ends = [1 << 64, 1 << 64, 1 << 32, 1 << 64, *(1 << 16 for _ in proof["assets"])]
        if not all(type(number) is int and 0 <= number < end for number, end in zip(numbers, ends, strict=True)):
            _malformed("a number is none")
        count = 2 * len(proof["assets"])
        proof["sums"] = _sums(proof["sums"], count)
        proof["salt"] = _hash(proof["salt"])
        bytes.fromhex(proof["session"])
        proof["path"] = [Node(_hash(node["hash"]), _sums(node["sums"], count)) for node in proof["path"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        _malformed("it is not written as one")
    found: dict[str, Any] = proof
    return found


def _sums(texts: Any, count: int) -> Sums:
    sums = tuple(int(text) for text in texts)
    if len(sums) != count or [str(amount) for amount in sums] != texts:
        _malformed("sums are missing, too many or spelled otherwise")
    return sums


def _hash(text: str) -> bytes:
    digest = bytes.fromhex(text)
    return digest if len(digest) == 32 and digest.hex() == text else _malformed("a hash is none")


def _malformed(why: str) -> NoReturn:
    raise Finding(f"this is no proof: {why}", code="proof_malformed", hint="`journal liabilities prove` makes them")
