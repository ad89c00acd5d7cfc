"""What policies see of the venue: rows in integers, decoded anew for whoever asks.

Integers are in ticks, lots, minor units, parts per 10^9 and nanoseconds, as in commands and events, so that a policy
computes exactly. Nothing that is handed out is shared: changing it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossbook import rows
from crossbook._kernel import Kernel
from crossbook.commands import DEFAULT_ORIGIN, Command
from crossbook.events import Event
from crossbook.wire import Record, decode_events, encode_record

_Level = tuple[int, int, int]


class PolicyView:
    """The present of a venue, to read. Ids that nobody has are answered by None or by nothing."""

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Callable[[], Kernel]) -> None:
        self._kernel = kernel

    @property
    def seq(self) -> int:
        """The last executed seq."""
        return self._kernel().seq

    @property
    def time_ns(self) -> int:
        """The stamped time of the last executed command, ns since the epoch."""
        return self._kernel().time_ns

    def assets(self) -> list[rows.AssetRow]:
        """Every asset, by id."""
        return rows.ASSETS.decode(self._kernel().assets())

    def asset(self, asset: int) -> rows.AssetRow | None:
        """One asset."""
        found = self.assets()
        return found[asset - 1] if 0 < asset <= len(found) else None

    def markets(self) -> list[rows.MarketRow]:
        """Every market, by id."""
        return rows.MARKETS.decode(self._kernel().markets())

    def market(self, market: int) -> rows.MarketRow | None:
        """One market."""
        found = self.markets()
        return found[market - 1] if 0 < market <= len(found) else None

    def authors(self) -> list[rows.AuthorRow]:
        """Every registered author, by id."""
        return rows.AUTHORS.decode(self._kernel().authors())

    def groups(self) -> rows.GroupsRow:
        """Basis charges by group, stress rates, correlations."""
        found: rows.GroupsRow = rows.GROUPS.decode(self._kernel().groups())
        return found

    def account_count(self) -> int:
        """How many accounts there are; their ids are 1 up to this."""
        return self._kernel().account_count()

    def account(self, account: int) -> rows.AccountRow | None:
        """One account with its pools and positions."""
        found: rows.AccountRow | None = rows.ACCOUNT.decode(self._kernel().account(account)) if account > 0 else None
        return found

    def pool(self, account: int, asset: int, market: int = 0) -> rows.PoolRow | None:
        """One pool: the cross pool of an asset, or the isolated pool of a market."""
        row = self.account(account)
        pools = row.pools if row else []
        return next((pool for pool in pools if (pool.asset, pool.market) == (asset, market)), None)

    def position(self, account: int, market: int) -> rows.PositionRow | None:
        """One position of an account."""
        row = self.account(account)
        positions = row.positions if row else []
        return next((position for position in positions if position.market == market), None)

    def orders(self, account: int, market: int = 0) -> list[rows.OrderRow]:
        """The open orders of an account by id, in one market or (0) in all."""
        return rows.ORDERS.decode(self._kernel().orders(account, market)) or []

    def order(self, order: int) -> rows.OrderRow | None:
        """One open order."""
        found: rows.OrderRow | None = rows.ORDER.decode(self._kernel().order(order))
        return found

    def book(self, market: int, levels: int = 10) -> tuple[list[_Level], list[_Level]]:
        """The best levels of a book as (price, lots, orders), bids and asks, best first."""
        return rows.BOOK.decode(self._kernel().book(market, levels)) or ([], [])

    def holders(self, market: int) -> list[rows.HolderRow]:
        """Who has a position in a market, by account, each with the pool the position is in."""
        return rows.HOLDERS.decode(self._kernel().holders(market)) or []

    def auctions(self) -> list[rows.AuctionRow]:
        """The open auctions, by number."""
        return rows.AUCTIONS.decode(self._kernel().auctions())

    def vaults(self) -> list[tuple[int, int, int]]:
        """The backstop vaults: account, asset, exposure_max in minor units."""
        return rows.BACKSTOP.decode(self._kernel().backstop())[0]

    def liquidators(self) -> list[int]:
        """The accounts that may bid in auctions."""
        return rows.BACKSTOP.decode(self._kernel().backstop())[1]

    def scratch(self) -> Scratch:
        """A copy of the present to try things on; it takes memory and time in proportion to the state."""
        return Scratch(self._kernel().scratch())


class Scratch(PolicyView):
    """A copy of a venue's state: what is done here is done nowhere else."""

    __slots__ = ()

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(lambda: kernel)

    def submit(self, commands: Iterable[Command], *, time_ns: int, author: int = 0) -> list[Event]:
        """Execute commands on the copy, as the least privileged origin that may, and return the events.

        Raises BlockError if a command holds what no command can hold.
        """
        kernel = self._kernel()
        answers: list[Event] = []
        for command in commands:
            record = encode_record(Record(0, DEFAULT_ORIGIN[type(command)], author, 0, 0, command))
            answer = kernel.apply(record, first_seq=kernel.seq + 1, base_time_ns=time_ns, count=1)
            answers.extend(decode_events(answer))
        return answers
