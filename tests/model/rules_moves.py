"""The rungs that move a position without an order: auctions, vaults, deleveraging.

Some checks look at what a move leads to. World.py runs these commands on a copy, so a refused one changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import commands as c
from . import events as e
from .caps import check_caps
from .fill_check import closable
from .funding import side_of
from .health import (
    NOT_HALTED,
    TIME_MAX,
    check_failing,
    check_holds,
    check_in_need,
    check_mode,
    check_ready,
    check_within_balance_limit,
    stake_of,
)
from .margin import Exposure, exposure, position_of
from .permissions import check_may_open, check_unrestricted
from .pools import (
    Pool,
    balance,
    cross_pool,
    equity,
    notional_held,
    placing_level,
    pool_of,
    recovered_level,
    requirement,
)
from .refusals import Code, Refused, refuse_if
from .rules_funding import settle_position
from .rules_orders import position_bound
from .settlement import move_lots, signed
from .state import RATE_ONE, Account, Market, State
from .waterfall_shares import auction_discount, auction_price, bankruptcy_value, bid_value, shared, take_over_value
from .waterfall_state import Auction

BY_AUCTION, BY_TAKE_OVER, BY_DELEVERAGING = 1, 2, 3
TAKEN, RECOVERED, CLOSED_ON_REQUEST, GONE = 1, 2, 3, 4
COUNTERPARTIES_MAX = 1_000


# Moving lots


def move(
    state: State, reason: int, market: Market, source: Account, destination: Account, lots: int, value: int
) -> None:
    """Moves a part of the source's position, in lots without sign: the source closes it, the destination takes it."""
    for account in (source, destination):
        settle_position(state, account, market.market)
    sign = 1 if position_of(source, market.market).lots > 0 else -1
    received = sign * lots
    source_realised = move_lots(state, source, market, -received, -sign * value)
    destination_realised = move_lots(state, destination, market, received, sign * value)
    named = (source.account, destination.account)
    state.emit(e.POSITION_MOVED, reason, market.market, received, value, *named, source_realised, destination_realised)


def exposure_after(account: Account, market: int, received: int) -> Exposure:
    """What an account shows in a market once it has received signed lots."""
    shown = exposure(account, market)
    return shown._replace(lots=shown.lots + received)


def check_position_limit(account: Account, market: Market, received: int) -> None:
    """411: of who takes lots, its open orders included."""
    bound = position_bound(exposure_after(account, market.market, received))
    refuse_if(bound > market.position_max, Code.PositionLimit, bound, market.position_max)


def check_solvent(state: State, pool: Pool) -> None:
    """516: who has taken lots is at the placing level."""
    required, worth = placing_level(state, pool, requirement(state, pool)), equity(state, pool)
    refuse_if(worth < required, Code.TakerInsolvent, required, worth)


def balances(state: State, pools: Sequence[Pool]) -> list[int]:
    """The balance of each pool."""
    return [balance(state, pool) for pool in pools]


def check_balances(state: State, pools: Sequence[Pool], before: Sequence[int]) -> None:
    """302: no balance that was changed is beyond its limit."""
    for had, has in zip(before, balances(state, pools), strict=True):
        check_within_balance_limit(had, has - had)


def only_closes(account: Account, market: Market, received: int) -> bool:
    """Whether signed lots bring a position no further than to zero."""
    side = c.BUY if received > 0 else c.SELL
    return closable(position_of(account, market.market).lots, side) >= abs(received)


# Auction


def open_auction(state: State, command: c.OpenAuction) -> None:
    """Offers a part of a position of a pool in need, at a discount that grows."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_mode(market, NOT_HALTED)
    check_ready(market)
    health = check_in_need(state, pool_of(state, account, command.market))
    position = position_of(account, command.market)
    check_holds(position.lots)
    start, end = command.discount_start_rate, command.discount_end_rate
    in_order = (1 <= command.lots <= abs(position.lots), start >= 0, start <= end <= RATE_ONE, command.duration_ns >= 1)
    for field, valid in enumerate(in_order, start=1):
        refuse_if(not valid, Code.AuctionInvalid, field)
    for other in state.waterfall.auctions.values():
        taken = (other.account, other.market) == (command.account, command.market)
        refuse_if(taken, Code.AuctionOpen, other.auction)
    state.waterfall.auctions_opened += 1
    number, side = state.waterfall.auctions_opened, side_of(position)
    terms = (number, command.account, command.market, side, command.lots, start, end)
    auction = Auction(*terms, state.time, command.duration_ns)
    state.waterfall.auctions[number] = auction
    state.emit(e.AUCTION_OPENED, *terms, ends_at(auction), *health)


def bid(state: State, command: c.Bid) -> None:
    """A registered bidder takes lots of an auction."""
    auction = state.waterfall.auctions.get(command.auction)
    if auction is None:
        raise Refused(Code.UnknownAuction, command.auction)
    bidder, seller = state.accounts[command.account], state.accounts[auction.account]
    refuse_if(bidder.account not in state.waterfall.liquidators, Code.BidderNotPermitted, 1)
    refuse_if(bidder.master == seller.master, Code.BidderNotPermitted, 2)
    market = state.markets[auction.market]
    check_mode(market, NOT_HALTED)
    check_ready(market)
    source = pool_of(state, seller, market.market)
    check_in_need(state, source)
    position = position_of(seller, market.market)
    refuse_if(position.lots == 0 or side_of(position) != auction.side, Code.NoPosition)
    refuse_if(command.lots < 1, Code.LotsNotPositive, command.lots)
    stake = stake_of(state, seller, market)
    lots = min(command.lots, auction.lots, abs(position.lots))
    price = price_now(state, auction)
    value = bid_value(stake, lots, price)
    wanted = lots * command.price * market.tick_value
    worse = value > wanted if stake.lots > 0 else value < wanted
    refuse_if(command.price != 0 and worse, Code.BidPrice, command.price, price)
    check_bidder(state, bidder, market, signed(auction.side, lots))
    pools = (source, pool_of(state, bidder, market.market))
    before = balances(state, pools)
    move(state, BY_AUCTION, market, seller, bidder, lots, value)
    check_solvent(state, pools[1])
    check_balances(state, pools, before)
    auction.lots -= lots
    close_if_done(state, auction)


def price_now(state: State, auction: Auction) -> int:
    """What a lot of an auction costs at the present time."""
    market, elapsed = state.markets[auction.market], state.time - auction.opened_at
    rates = (auction.discount_start_rate, auction.discount_end_rate)
    discount_rate = auction_discount(*rates, elapsed_ns=elapsed, duration_ns=auction.duration_ns)
    return auction_price(market.mark, market.price_max, discount_rate, long=auction.side == c.BUY)


def ends_at(auction: Auction) -> int:
    """From when on an auction gets no cheaper."""
    return min(auction.opened_at + auction.duration_ns, TIME_MAX)


def check_bidder(state: State, bidder: Account, market: Market, received: int) -> None:
    """421, 422, 426, 411 and the caps: what an order would be refused, a bid is too, unless it only closes."""
    if only_closes(bidder, market, received):
        return
    check_unrestricted(state, bidder, market)
    check_position_limit(bidder, market, received)
    before, after = exposure(bidder, market.market), exposure_after(bidder, market.market, received)
    check_caps(state, bidder, market, before=before, after=after)


def close_if_done(state: State, auction: Auction) -> None:
    """An auction ends when all is taken, when there is nothing more to take, or when its pool has recovered."""
    seller = state.accounts[auction.account]
    position = position_of(seller, auction.market)
    pool = pool_of(state, seller, auction.market)
    if auction.lots == 0:
        end_auction(state, auction, TAKEN)
    elif position.lots == 0 or side_of(position) != auction.side:
        end_auction(state, auction, GONE)
    elif equity(state, pool) >= recovered_level(state, pool):
        end_auction(state, auction, RECOVERED)


def close_auction(state: State, command: c.CloseAuction) -> None:
    """Ends an auction."""
    auction = state.waterfall.auctions.get(command.auction)
    if auction is None:
        raise Refused(Code.UnknownAuction, command.auction)
    end_auction(state, auction, CLOSED_ON_REQUEST)


def end_auction(state: State, auction: Auction, reason: int) -> None:
    """Takes an auction off, and says why."""
    del state.waterfall.auctions[auction.auction]
    state.emit(e.AUCTION_CLOSED, auction.auction, auction.account, auction.market, auction.lots, reason)


# Take-over


def take_over(state: State, command: c.TakeOver) -> None:
    """A vault takes lots of a failing pool."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_mode(market, NOT_HALTED)
    check_ready(market)
    vault = state.accounts[command.vault]
    exposure_max = state.waterfall.vaults.get((command.vault, market.settlement), 0)
    isolated = position_of(vault, market.market).isolated
    unknown = exposure_max == 0 or command.vault == command.account or isolated
    refuse_if(unknown, Code.VaultUnknown, command.vault)
    source, destination = pool_of(state, account, market.market), cross_pool(vault, market.settlement)
    check_failing(state, source)
    stake = stake_of(state, account, market)
    check_holds(stake.lots)
    refuse_if(command.lots < 0, Code.LotsNotPositive, command.lots)
    refuse_if(command.lots > abs(stake.lots), Code.LotsTooMany, command.lots, abs(stake.lots))
    lots = command.lots or abs(stake.lots)
    received = lots if stake.lots > 0 else -lots
    held = position_of(vault, market.market).lots
    exposed = notional_held(state, destination) + stake.at_mark(abs(held + received) - abs(held))
    refuse_if(exposed > exposure_max, Code.VaultExposure, exposed, exposure_max)
    if not only_closes(vault, market, received):
        check_may_open(state, vault, market)
    check_position_limit(vault, market, received)
    before = balances(state, (source, destination))
    move(state, BY_TAKE_OVER, market, account, vault, lots, take_over_value(stake, lots))
    check_solvent(state, destination)
    check_balances(state, (source, destination), before)


# Deleveraging


def deleverage(state: State, command: c.Deleverage) -> None:
    """Closes lots of a failing pool against named positions of the other side."""
    account, market = state.accounts[command.account], state.markets[command.market]
    check_mode(market, NOT_HALTED)
    check_ready(market)
    source = pool_of(state, account, market.market)
    check_failing(state, source)
    stake = stake_of(state, account, market)
    check_holds(stake.lots)
    refuse_if(command.lots < 1, Code.LotsNotPositive, command.lots)
    refuse_if(command.lots > abs(stake.lots), Code.LotsTooMany, command.lots, abs(stake.lots))
    parts = check_allocation(state, command, market, bankruptcy_value(stake, command.lots), long=stake.lots > 0)
    others = [state.accounts[share.account] for share in command.counterparties]
    pools = [source, *(pool_of(state, other, market.market) for other in others)]
    before = balances(state, pools)
    for other, share, part in zip(others, command.counterparties, parts, strict=True):
        move(state, BY_DELEVERAGING, market, account, other, share.lots, part)
    check_balances(state, pools, before)


def check_allocation(state: State, command: c.Deleverage, market: Market, value: int, *, long: bool) -> list[int]:
    """522: the list adds up, and each counterparty holds what it is to close and can pay for it; returns the parts."""
    shares = command.counterparties
    sums = 1 <= len(shares) <= COUNTERPARTIES_MAX and sum(share.lots for share in shares) == command.lots
    refuse_if(not sums, Code.AllocationInvalid)
    parts = shared(value, [share.lots for share in shares])
    named = {command.account}
    for number, (share, part) in enumerate(zip(shares, parts, strict=True), start=1):
        refuse_if(share.account in named, Code.AllocationInvalid, number, 1)
        refuse_if(share.lots < 1, Code.AllocationInvalid, number, 2)
        named.add(share.account)
        other = state.accounts[share.account]
        held = position_of(other, market.market).lots
        refuse_if((-held if long else held) < share.lots, Code.AllocationInvalid, number, 3)
        at_mark = share.lots * market.mark * market.tick_value
        gained = at_mark - part if long else part - at_mark
        worth = equity(state, pool_of(state, other, market.market)) + gained
        refuse_if(worth < 0, Code.AllocationInvalid, number, 4)
    return parts
