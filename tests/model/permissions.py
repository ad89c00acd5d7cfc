"""What a market takes and what an account may do: 420 to 422 and 426, then who may take money out."""

from __future__ import annotations

from . import commands as c
from .margin import position_of
from .pools import Pool, is_locked, pool_of
from .refusals import Code, refuse_if
from .state import Account, Market, State


def check_permitted(state: State, account: Account, market: Market, *, reduce_only: bool, shrinks: bool) -> None:
    """Whether an order may be placed or amended; one that only shrinks needs no more than the mode of the market."""
    refused = {
        c.CONTINUOUS: False,
        c.REDUCE_ONLY_MODE: not (reduce_only or shrinks),
        c.CANCEL_ONLY: True,
        c.HALTED: True,
    }[market.mode]
    refuse_if(refused, Code.MarketModeRefuses, market.mode)
    if not (reduce_only or shrinks):
        check_unrestricted(state, account, market)


def check_unrestricted(state: State, account: Account, market: Market) -> None:
    """421, 422, 426: the account may open positions in the market."""
    unlisted = account.markets != () and market.market not in account.markets
    refuse_if(unlisted, Code.MarketNotPermitted, market.market)
    check_may_open(state, account, market)
    stressed = market.stress and not position_of(account, market.market).isolated
    refuse_if(stressed, Code.StressIsolated, market.market)


def check_may_open(state: State, account: Account, market: Market) -> None:
    """422: neither a permission nor a lock of the pool in question holds the account to reducing."""
    refuse_if(account.reduce_only, Code.AccountReduceOnly, 1)
    refuse_if(is_locked(state, pool_of(state, account, market.market)), Code.AccountReduceOnly, 2)


def check_cancel(market: Market) -> None:
    """A halted market lets nothing happen at a client's request."""
    refuse_if(market.mode == c.HALTED, Code.MarketModeRefuses, market.mode)


def check_may_withdraw(state: State, account: Account, pool: Pool, destination: int) -> None:
    """307 and 308: neither a permission nor a lock holds the money back, and it may go where it is sent."""
    refuse_if(account.no_withdraw, Code.WithdrawalNotPermitted, 1)
    refuse_if(is_locked(state, pool), Code.WithdrawalNotPermitted, 2)
    unlisted = account.destinations != () and destination not in account.destinations
    refuse_if(unlisted, Code.DestinationNotPermitted, destination)


def check_may_transfer(state: State, account: Account, pool: Pool) -> None:
    """310: neither a permission nor a lock holds the money back."""
    refuse_if(account.no_transfer, Code.TransferNotPermitted, 1)
    refuse_if(is_locked(state, pool), Code.TransferNotPermitted, 2)
