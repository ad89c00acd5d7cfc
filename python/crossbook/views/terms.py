"""The term tree: what every number of an account is the sum of, and which commands each term comes from.

```text
account -> pools -> equity, requirement, maintenance -> terms, each with the seqs it comes from
                 -> liquidation prices
```

The kernel writes out the very terms its checks sum; nothing here is computed a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from html import escape

from msgspec import Struct

from crossbook.commands import MarginMode
from crossbook.errors import NotFound
from crossbook.events import Standing
from crossbook.views.tables import cell


def no_pool(account: int, asset: str, market: str | None) -> NotFound:
    """What to raise where an account has no such pool."""
    named = f"cross pool of {asset}" if market is None else f"isolated pool of {market} in {asset}"
    return NotFound(
        f"account {account} has no {named}",
        code="unknown_pool",
        values={"account": account, "asset": asset, "market": market},
        hint="a pool exists while there is money, a position or collateral in it; `pools` lists those there are",
    )


class TermKind(IntEnum):
    """What a term is. From 1 equity, from 11 requirement, 21 maintenance, from 31 portfolio risk, part of both."""

    CASH = 1
    MARGIN = 2
    UNREALISED = 3
    FUNDING = 4
    LOSS = 5
    COLLATERAL = 6
    TIER = 11
    LEVERAGE = 12
    SIZE = 13
    INTEREST = 14
    FLOOR = 15
    MAINTENANCE = 21
    SCENARIO = 31
    BASIS = 32
    CONCENTRATION = 33
    PROVISION = 34
    ORDERS = 35
    RELIEF = 36


class TermView(Struct, frozen=True):
    """One summand: what it is, which asset, market or group it is about, and the seqs of the commands it comes from."""

    kind: TermKind
    entity: str
    amount: Decimal
    seqs: tuple[int, ...]

    def __str__(self) -> str:
        seqs = f"  (seq {', '.join(map(str, self.seqs))})" if self.seqs else ""
        return f"{self.kind.name.lower()} {self.entity} {cell(self.amount)}{seqs}"


class SumView(Struct, frozen=True):
    """A number and the terms it is the sum of, exactly."""

    amount: Decimal
    terms: tuple[TermView, ...]

    def __iter__(self) -> Iterator[TermView]:
        return iter(self.terms)

    def __repr__(self) -> str:
        return "\n".join([cell(self.amount), *(f"  {term}" for term in self.terms)])


class LiquidationPriceView(Struct, frozen=True):
    """Where a position's pool is liquidated if only this market's mark moves.

    `price` is the first mark at which the pool is below its maintenance, the present one if it is already. `exact` is
    the price at which both would be equal were nothing rounded, from the tier that holds there; None for a portfolio
    pool, whose maintenance is no line.
    """

    market: str
    price: Decimal
    exact: Fraction | None

    def __str__(self) -> str:
        exact = f", exactly {self.exact}" if self.exact is not None else ""
        return f"{self.market} {cell(self.price)}{exact}"


class WorstLossView(Struct, frozen=True):
    """What a group of a portfolio loses at worst; not a term, but what the scenario term is made of.

    `sign` is 1 if the group is long on the whole, -1 if short, 0 if neither. `scenario` is the first one in which that
    is lost, counted from 1; None if nothing is.
    """

    group: str
    sign: int
    loss: Decimal
    scenario: int | None


class PoolTerms(Struct, frozen=True):
    """One pool: how it stands, its three numbers with their terms, its levels and its liquidation prices.

    `market` is None for the cross pool of the asset, else that of the isolated position. `standing` is the one last
    announced. The levels say what equity is
    needed to place an order, to count as recovered, and to take money out. `liquidation_prices` has an entry for each
    position that some price of its market liquidates.
    """

    asset: str
    market: str | None
    standing: Standing
    locked: bool
    resumes_at: int | None
    equity: SumView
    requirement: SumView
    maintenance: SumView
    placing_level: Decimal
    recovered_level: Decimal
    transfer_level: Decimal
    liquidation_prices: tuple[LiquidationPriceView, ...] = ()
    losses: tuple[WorstLossView, ...] = ()

    @property
    def name(self) -> str:
        """The pool in words, for example `cross USDC`."""
        return f"isolated {self.market}" if self.market else f"cross {self.asset}"

    def sums(self) -> tuple[tuple[str, SumView], ...]:
        """The three numbers by name."""
        return (("equity", self.equity), ("requirement", self.requirement), ("maintenance", self.maintenance))

    def terms(self) -> Iterator[TermView]:
        """Every term of the pool: of the equity, of the requirement, of the maintenance."""
        for _, number in self.sums():
            yield from number

    def notes(self) -> list[str]:
        """What stands beside the sums: worst losses of the groups, liquidation prices."""
        found = [
            f"{worst.group} loses {cell(worst.loss)} in scenario {worst.scenario}"
            if worst.scenario
            else f"{worst.group} loses nothing in any scenario"
            for worst in self.losses
        ]
        return found + [f"liquidated at {price}" for price in self.liquidation_prices]

    def lines(self) -> list[str]:
        """The pool as a tree, line by line."""
        lines = [self.title()]
        for name, number in self.sums():
            lines += [f"  {name} {cell(number.amount)} {self.asset}", *(f"    {term}" for term in number)]
        return lines + [f"  {note}" for note in self.notes()]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def title(self) -> str:
        """The pool, and how it stands."""
        return f"{self.name}: {self.standing.name.lower()}{', locked' if self.locked else ''}"


class Explanation(Struct, frozen=True):
    """All pools of an account with every term; prints as a tree."""

    account: int
    mode: MarginMode
    pools: tuple[PoolTerms, ...]

    def pool(self, asset: str, market: str | None = None) -> PoolTerms:
        """The cross pool of an asset, or with `market` the isolated pool of a market. Raises NotFound."""
        for pool in self.pools:
            if (pool.asset, pool.market) == (asset, market):
                return pool
        raise no_pool(self.account, asset, market)

    def __repr__(self) -> str:
        lines = [f"account {self.account}, {self.mode.name.lower()} margin"]
        lines += [f"  {line}" for pool in self.pools for line in pool.lines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<b>account {self.account}, {self.mode.name.lower()} margin</b>" + _items(map(_pool_html, self.pools))


def _pool_html(pool: PoolTerms) -> str:
    numbers = [
        f"{name} {cell(number.amount)} {escape(pool.asset)}" + _items(escape(str(term)) for term in number)
        for name, number in pool.sums()
    ]
    return escape(pool.title()) + _items([*numbers, *map(escape, pool.notes())])


def _items(items: Iterator[str] | list[str] | map[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
