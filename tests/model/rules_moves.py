"""The rungs that move a position without an order: auctions, vaults, deleveraging.

Some checks look at what a move leads to. World.py runs these commands on a copy, so a refused one changes nothing.
"""

from __future__ import annotations

from . import commands as c
from . import events as e
from .funding import remember, side_of
from .health import (
    NOT_HALTED,
    check_failing,
    check_holds,
    check_in_need,
    check_mode,
    check_ready,
    health_of,
    settings_of,
    stake_of,
    standard_maintenance_of,
)
from .margin import exposure, position_of
from .pools import (
    Pool,
    add_to_balance,
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
from .settlement import drop_blank, signed
from .state import BALANCE_MAX, Account, Market, Position, State
from .standing import Health, failing_level
from .waterfall_shares import auction_discount, auction_price, bankruptcy_value, shared
from .waterfall_state import Auction

BY_AUCTION, BY_TAKE_OVER, BY_DELEVERAGING = 1, 2, 3
TAKEN, RECOVERED, CLOSED_ON_REQUEST, GONE = 1, 2, 3, 4
COUNTERPARTIES_MAX = 1_000
TIME_MAX = 2**64 - 1
