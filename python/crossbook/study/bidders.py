"""Liquidators as a policy: they take what is on auction once it is cheap enough, as long as they can carry it."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from crossbook.commands import RATE_ONE, Bid, Command
from crossbook.events import AuctionOpened, Event
from crossbook.policies.contract import Reaction, Turn, propose


class BiddersState(Struct):
    """They remember nothing: what is on auction is there to see."""


class Bidders(Struct, frozen=True, kw_only=True):
    """Accounts that bid in auctions, in turn.

    Attributes:
        accounts: the bidders; each must have made the policy its agent.
        discount_rate: how far from the mark an auction must be, in parts per 10^9.
        clip: the notional of a bid, minor units.
        margin_rate: what a bid must leave free of the bidder's equity, in parts per 10^9 of its notional.
        pace_ns: how often they look while something is on auction.
    """

    role: ClassVar[str] = "liquidity"
    name: ClassVar[str] = "bidders"
    version: ClassVar[str] = "1"
    listens: ClassVar[frozenset[type[Event]]] = frozenset((AuctionOpened,))
    State: ClassVar[type[Struct]] = BiddersState

    accounts: tuple[int, ...]
    discount_rate: int = RATE_ONE // 100
    clip: int = 50_000 * 10**6
    margin_rate: int = RATE_ONE // 10
    pace_ns: int = 2 * 10**9

    def react(self, state: BiddersState, turn: Turn) -> Reaction[BiddersState]:
        """See `crossbook.policies.contract.Policy`."""
        auctions = turn.view.auctions()
        if not auctions:
            return Reaction(state)
        markets = turn.view.markets()
        free = {account: self._free(account, turn) for account in self.accounts}
        commands: list[Command] = []
        for auction in auctions:
            row = markets[auction.market - 1]
            if abs(row.mark - auction.price) * RATE_ONE < self.discount_rate * row.mark:
                continue
            lot = row.mark * row.tick_value
            lots = min(auction.lots, max(1, self.clip // lot))
            needed = lots * lot * self.margin_rate // RATE_ONE
            bidder = max(self.accounts, key=lambda account: (free[account], -account))
            if free[bidder] >= needed:
                free[bidder] -= needed
                commands.append(Bid(bidder, auction.auction, lots, 0))
        return Reaction(state, propose(*commands), turn.time_ns + self.pace_ns)

    def _free(self, account: int, turn: Turn) -> int:
        row = turn.view.account(account)
        return sum(pool.equity - pool.requirement for pool in row.pools if pool.market == 0) if row else 0
