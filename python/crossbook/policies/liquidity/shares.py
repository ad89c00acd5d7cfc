"""Who holds what part of a provider vault: shares, lock-ups, leaves, and what a manager earns.

With E the equity that belongs to the shares and T the shares there are, both as they stand before the step:

    joining with an amount    floor(amount · (T + SHARES_ONE) / (E + 1)) shares
    leaving with n shares     floor(n · (E + 1) / (T + SHARES_ONE)) minor units

so whoever comes or goes has the rounding against him. The `SHARES_ONE` shares and the one minor unit that nobody owns
are there for the first provider: who makes a share dear before others join (by giving money away to the vault) gives
part of it to nobody, and has to give `SHARES_ONE` times what he could make another one's rounding lose. A join that
would get no share at all is refused.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from crossbook.commands import RATE_ONE

SHARES_ONE: Final = 1_000
"""The shares that one minor unit gets at first; as many belong to nobody."""

SHARES_MAX: Final = 1 << 62
"""All shares of a vault together; who would bring them beyond it cannot join."""


class Holding(Struct):
    """What one provider has. `leaving` of the `shares` are due at `due_at`, as the note at `cause` asked.

    `free_at` is when the lock-up of the latest join ends. Times in ns since the epoch.
    """

    shares: int = 0
    free_at: int = 0
    leaving: int = 0
    due_at: int = 0
    cause: int = 0


class Register(Struct):
    """The providers by their account, the sum of their shares, and the highest price a manager was paid at.

    `high_equity + 1` over `high_total + SHARES_ONE` is that price.
    """

    holdings: dict[int, Holding] = field(default_factory=dict)
    total: int = 0
    high_equity: int = 0
    high_total: int = 0

    def waits(self, time_ns: int) -> bool:
        """Whether somebody's redemption is due and could not be paid yet."""
        return any(0 < one.due_at <= time_ns for one in self.holdings.values())


def shares_for(amount: int, *, equity: int, total: int) -> int:
    """The shares that an amount (minor units) gets."""
    return amount * (total + SHARES_ONE) // (equity + 1)


def value_of(shares: int, *, equity: int, total: int) -> int:
    """What shares are worth to who leaves with them, in minor units; 0 if there is nothing left."""
    return max(0, shares * (equity + 1) // (total + SHARES_ONE))


def share_price(*, equity: int, total: int) -> int:
    """The value of `SHARES_ONE` shares in parts per 10^9 of a minor unit, rounded down; RATE_ONE at first."""
    return max(0, (equity + 1) * SHARES_ONE * RATE_ONE // (total + SHARES_ONE))


def most_shares(amount: int, *, equity: int, total: int) -> int:
    """The most shares that are worth no more than an amount."""
    return max(0, ((amount + 1) * (total + SHARES_ONE) - 1) // (equity + 1)) if equity >= 0 else 0


def issue(register: Register, provider: int, shares: int, *, free_at: int) -> None:
    """Give a provider shares, locked up until `free_at`."""
    holding = register.holdings.setdefault(provider, Holding())
    holding.shares += shares
    holding.free_at = max(holding.free_at, free_at)
    register.total += shares


def ask_to_leave(holding: Holding, shares: int, *, time_ns: int, cause: int) -> None:
    """Put shares in line for redemption: at once, or when the lock-up is over. The holding must have them free."""
    holding.leaving += shares
    holding.due_at = max(holding.due_at, holding.free_at, time_ns)
    holding.cause = cause


def redeem(register: Register, provider: int, shares: int) -> None:
    """Take shares that were in line for redemption off a provider; one without shares is forgotten."""
    holding = register.holdings[provider]
    holding.shares -= shares
    holding.leaving -= shares
    if not holding.leaving:
        holding.due_at = 0
    if not holding.shares:
        del register.holdings[provider]
    register.total -= shares


def pay_manager(register: Register, manager: int, *, equity: int, profit_rate: int) -> int:
    """Give the manager shares worth a part of what is above the highest price so far; returns how many.

    `gain = E + 1 − ceil((T + SHARES_ONE) · high)`, `pay = floor(gain · profit_rate / RATE_ONE)` and the shares are
    `floor(pay · (T + SHARES_ONE) / (E + 1 − pay))`: what the providers keep is worth no less than before the gain. They
    are not locked up.
    """
    units = register.total + SHARES_ONE
    gain = equity + 1 + -units * (register.high_equity + 1) // (register.high_total + SHARES_ONE)
    if gain <= 0 or not register.total:
        return 0
    pay = gain * profit_rate // RATE_ONE
    shares = pay * units // (equity + 1 - pay) if manager else 0
    if shares:
        issue(register, manager, shares, free_at=0)
    register.high_equity, register.high_total = equity, register.total
    return shares
