"""The root document: what a venue owes its accounts in all, by symbol, with the root that commits to it.

The root commits to session, seq, ids of assets, number of accounts and totals. `head` is the hash of the block that
holds the seq, and symbols are names for ids: both follow from the journal.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple, NoReturn

from journal_tools.errors import Finding
from journal_tools.proofs.sums import Node, Sums, Terms, packed

KIND: Final = "crossbook liabilities"
VERSION: Final = 1


class Published(NamedTuple):
    """What is published of a tree.

    `symbols` are those of the assets of the terms, in their order; `head` is a block hash in hex.
    """

    terms: Terms
    symbols: tuple[str, ...]
    head: str
    top: Node

    @property
    def root(self) -> bytes:
        """The root, as a checkpoint states it."""
        return self.terms.root(self.top)

    def document(self) -> dict[str, Any]:
        """The root document; amounts are minor units, as digits."""
        count = len(self.symbols)
        return {
            "kind": KIND,
            "version": VERSION,
            "session": self.terms.session,
            "seq": self.terms.seq,
            "head": self.head,
            "assets": self._named(self.top.sums[:count]),
            "owing": self._named(self.top.sums[count:]),
            "ids": list(self.terms.assets),
            "accounts": self.terms.accounts,
            "top": self.top.hash.hex(),
            "root": self.root.hex(),
        }

    def _named(self, sums: Sums) -> dict[str, str]:
        return {symbol: str(amount) for symbol, amount in zip(self.symbols, sums, strict=True)}


def published(raw: bytes) -> Published:
    """A root document.

    Raises:
        Finding: `root_malformed` it is none; `sum_range` a total is negative or too large; `root_differs` it says
            something else than its root commits to.
    """
    try:
        said = json.loads(raw, object_pairs_hook=_once)
        terms = Terms(said["session"], said["seq"], tuple(said["ids"]), said["accounts"])
        symbols = tuple(said["assets"])
        totals = [*said["assets"].values(), *said["owing"].values()]
        sums = tuple(int(text) for text in totals)
        found = Published(terms, symbols, said["head"], Node(bytes.fromhex(said["top"]), sums))
        packed(sums)
        counted = (said["seq"], said["accounts"], said["version"], *said["ids"])
        is_shaped = all(type(number) is int for number in counted) and len(symbols) == len(terms.assets)
        # Where it is shaped otherwise it cannot be written again.
        again = found.document() if is_shaped else {}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        _malformed()
    if not is_shaped:
        _malformed()
    if found.root.hex() != said["root"]:
        raise Finding(
            "the document says something else than its root commits to",
            code="root_differs",
            hint="ask for it again; believe nothing it says",
        )
    return found if again == said else _malformed()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have different names: who reads the first and who reads the last reads the same."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes again")
    return members


def _malformed() -> NoReturn:
    raise Finding("this is no root document", code="root_malformed", hint="`journal liabilities root -o` writes them")
