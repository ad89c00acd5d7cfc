"""A vault's books: whose money is in the account, and what it earned or lost by, each apart.

    equity of the shares = equity of the pool − unassigned − payable
                         = joined − redeemed − taken + fees + inventory + funding − losses + unexplained

`unexplained` is what none of the lines names, such as a transfer: nothing in an account that is the vault's alone.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from crossbook.events import (
    Deposited,
    Event,
    FundingPaid,
    LiquidationEnded,
    LossCovered,
    PositionMoved,
    Traded,
    Withdrawn,
)
from crossbook.rows import PoolRow, PositionRow

LISTENS: Final[frozenset[type[Event]]] = frozenset(
    {Traded, Deposited, Withdrawn, FundingPaid, PositionMoved, LiquidationEnded, LossCovered}
)
"""The events that move a vault's money."""


class Ledger(Struct):
    """Sums since the vault began, in minor units.

    Attributes:
        unassigned: deposits that nobody has joined with yet; they belong to no share.
        payable: what was redeemed and not paid out yet; it belongs to who left.
        joined: what providers brought.
        redeemed: what providers left with.
        taken: what was paid out beyond both, which the shares have lost.
        fees: earned as a maker; negative where fees were paid.
        realised: of the inventory.
        funding: received and settled; negative where it was paid.
        losses: shared losses settled, and fees for being liquidated, less what an insurance fund covered.
    """

    unassigned: int = 0
    payable: int = 0
    joined: int = 0
    redeemed: int = 0
    taken: int = 0
    fees: int = 0
    realised: int = 0
    funding: int = 0
    losses: int = 0

    def follow(self, event: Event, *, account: int, asset: int) -> bool:
        """Book one event; returns whether it was one of the account's."""
        if isinstance(event, Traded):
            return self._trade(event, account)
        if isinstance(event, PositionMoved):
            return self._move(event, account)
        if getattr(event, "account", 0) != account:
            return False
        if isinstance(event, Deposited) and event.asset == asset:
            self.unassigned += event.amount
        elif isinstance(event, Withdrawn) and event.asset == asset:
            self._pay_out(event.amount)
        elif isinstance(event, FundingPaid):
            self.funding -= event.funding
            self.losses += event.loss
        elif isinstance(event, LiquidationEnded):
            self.losses += event.fee
        elif isinstance(event, LossCovered):
            self.losses -= event.amount
        return True

    def _trade(self, event: Traded, account: int) -> bool:
        if event.maker == account:
            self.realised += event.maker_realised
            self.fees -= event.maker_fee
        if event.taker == account:
            self.realised += event.taker_realised
            self.fees -= event.taker_fee
        return account in (event.maker, event.taker)

    def _move(self, event: PositionMoved, account: int) -> bool:
        if event.source == account:
            self.realised += event.source_realised
        elif event.destination == account:
            self.realised += event.destination_realised
        return account in (event.source, event.destination)

    def _pay_out(self, amount: int) -> None:
        """A withdrawal pays who left, then takes back what nobody has joined with, then takes from the shares."""
        paid = min(amount, self.payable)
        returned = min(amount - paid, self.unassigned)
        self.payable -= paid
        self.unassigned -= returned
        self.taken += amount - paid - returned

    def equity(self, pool: PoolRow) -> int:
        """What belongs to the shares."""
        return pool.equity - self.unassigned - self.payable

    def lines(self, pool: PoolRow, position: PositionRow | None) -> dict[str, int]:
        """Fees, inventory, funding, losses as of now, what is owed and unrealised included, and what is left over."""
        unrealised, owed_funding, owed_loss = (
            (position.unrealised, position.funding, position.loss) if position else (0, 0, 0)
        )
        inventory = self.realised + unrealised
        funding = self.funding - owed_funding
        losses = self.losses + owed_loss
        named = self.joined - self.redeemed - self.taken + self.fees + inventory + funding - losses
        return {
            "fees": self.fees,
            "inventory": inventory,
            "funding": funding,
            "losses": losses,
            "unexplained": self.equity(pool) - named,
        }
