"""The state that operands are read from: rows of the kernel, decoded again only if their bytes changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from journal_tools import replaying

if TYPE_CHECKING:
    from journal_tools.replaying import Kernel


class Source(NamedTuple):
    """Rows that a kernel gives: `account` and `book` are of an id, `markets` and `assets` of all."""

    what: str
    id: int = 0


class Reading:
    """The rows of some sources as of the last `refresh`."""

    def __init__(self, sources: set[Source]) -> None:
        self._sources = sources
        self._bytes: dict[Source, bytes] = {}
        self._rows: dict[Source, Any] = {}

    def refresh(self, kernel: Kernel) -> bool:
        """Look at a kernel; whether anything is not as it was."""
        changed = False
        for source in self._sources:
            data = _RAW[source.what](kernel, source.id)
            if data != self._bytes.get(source):
                self._bytes[source] = data
                self._rows[source] = replaying.decoded(source.what, data)
                changed = True
        return changed

    def row(self, source: Source) -> Any:
        """The rows of a source."""
        return self._rows[source]


_RAW: dict[str, Callable[[Kernel, int], bytes]] = {
    "account": lambda kernel, account: kernel.account(account),
    "markets": lambda kernel, _: kernel.markets(),
    "assets": lambda kernel, _: kernel.assets(),
    "book": lambda kernel, market: kernel.book(market, 1),
}
