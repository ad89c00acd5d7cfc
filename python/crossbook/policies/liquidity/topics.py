"""What is said about a provider vault: the bodies of its notes. Amounts are in minor units, times in ns."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from crossbook.commands.base import I64, U32

JOIN: Final = "vault.join"
JOINED: Final = "vault.joined"
LEAVE: Final = "vault.leave"
REDEEM: Final = "vault.redeem"
REFUSED: Final = "vault.refused"
REPORT: Final = "vault.report"


class Join(Struct, frozen=True):
    """The operator: of the deposits into the vault's account, this amount is a provider's."""

    vault: U32
    provider: U32
    amount: I64


class Joined(Struct, frozen=True):
    """The vault: the provider got these shares at this price (`shares.share_price`), locked up until `free_at`."""

    vault: int
    provider: int
    amount: int
    shares: int
    share_price: int
    free_at: int


class Leave(Struct, frozen=True):
    """The provider, or the operator for him: these shares are to be redeemed when their lock-up is over."""

    vault: U32
    provider: U32
    shares: int


class Redeem(Struct, frozen=True):
    """The vault: these shares are gone, and the operator owes the provider this amount out of the vault's account."""

    vault: int
    provider: int
    shares: int
    amount: int
    share_price: int


class Refused(Struct, frozen=True):
    """The vault: the note with this topic was not done.

    `reason` is `"amount"` (below the least, or more than was deposited), `"no_share"` (it would get none, or there
    would be more than there may), `"no_equity"` (the vault has lost everything) or `"shares"` (the provider has not as
    many free of other leaves).
    """

    vault: int
    provider: int
    topic: str
    reason: str


class Report(Struct, frozen=True):
    """The vault's books at the end of an epoch; sums are since it began. See `ledger.Ledger` for the lines.

    `status` is `"quoting"`, or what keeps it from that: `"not_granted"`, `"market"`, `"pool"`, `"no_shares"`,
    `"no_price"`, `"grade"`, `"age"`. `lots` is the inventory, `earned` the manager's shares of this epoch.
    """

    vault: int
    time_ns: int
    status: str
    equity: int
    shares: int
    share_price: int
    earned: int
    unassigned: int
    payable: int
    joined: int
    redeemed: int
    taken: int
    fees: int
    inventory: int
    funding: int
    losses: int
    unexplained: int
    lots: int
