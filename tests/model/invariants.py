"""What must hold after every command, whatever was sent."""

from __future__ import annotations

from . import commands as c
from .book import best_price, crosses
from .common_checks import NONCES_REMEMBERED
from .funding import unrounded
from .margin import exposure
from .rules_orders import position_bound
from .state import RATE_ONE, Market, Position, State


def check_state(state: State) -> None:
    """Asserts conservation per asset, zero-sum per market, and that books and accounts agree."""
    for asset in state.assets:
        check_conservation(state, asset)
    for market in state.markets.values():
        check_market(state, market)
    for account in state.accounts.values():
        assert len(account.nonces) <= NONCES_REMEMBERED
        clients = [order.client_order for order in account.orders.values() if order.client_order]
        assert len(clients) == len(set(clients)), f"account {account.account} reuses a client order id"


def check_conservation(state: State, asset_id: int) -> None:
    """Σ cash + Σ margin − Σ cost + fees + insurance + dust + what markets are clearing = deposits − withdrawals."""
    asset = state.assets[asset_id]
    held = asset.fees + asset.insurance + asset.dust
    for market in state.markets.values():
        if market.settlement == asset_id:
            whole, fraction = divmod(market.clearing + market.fraction, RATE_ONE)
            assert fraction == 0
            held += whole + state.waterfall.market_funds.get(market.market, 0)
    for account in state.accounts.values():
        held += account.cash.get(asset_id, 0)
        for market_id, position in account.positions.items():
            if state.markets[market_id].settlement == asset_id:
                held += position.margin - position.cost
    assert held == asset.net_deposits, f"asset {asset_id}: {held} held, {asset.net_deposits} deposited"


def check_market(state: State, market: Market) -> None:
    """Positions and their dues sum to zero and stay within bounds; the book is uncrossed and holds the open orders."""
    lots = owed = 0
    opened = []
    for account in state.accounts.values():
        if market.market in account.positions:
            position = account.positions[market.market]
            assert position != Position()
            assert position.isolated or position.margin == 0
            lots += position.lots
            owed += sum(unrounded(market, position))
        assert position_bound(exposure(account, market.market)) <= market.position_max
        opened += [order.order for order in account.orders.values() if order.market == market.market]
    assert lots == 0, f"market {market.market}: positions sum to {lots}"
    assert market.clearing + owed == 0, f"market {market.market}: {market.clearing} cleared, {owed} owed"
    assert 0 <= market.fraction < RATE_ONE
    bid, ask = best_price(market, c.BUY), best_price(market, c.SELL)
    assert bid is None or not crosses(c.BUY, bid, ask), f"market {market.market} is crossed: {bid} over {ask}"
    queued = []
    for (side, price), queue in market.queues.items():
        assert queue, "an empty level must not stay"
        for order in queue:
            assert (order.side, order.price) == (side, price)
            assert order.lots > 0
            assert state.accounts[order.account].orders[order.order] is order
            queued.append(order.order)
    assert sorted(queued) == sorted(opened), f"market {market.market}: queues and open orders differ"
