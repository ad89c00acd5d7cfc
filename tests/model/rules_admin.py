"""The operator's commands: what exists, and under which limits it trades."""

from __future__ import annotations

import string
from collections.abc import Iterable
from fractions import Fraction

from . import commands as c
from . import events as e
from .refusals import Code, refuse_if
from .state import RATE_ONE, Account, Asset, Market, State

SYMBOL_CHARACTERS = set(string.ascii_letters + string.digits + "-_./:")
SIZE_MAX = 10**18
TICK_VALUE_MAX = 2**40
PRICE_MAX = 2**31 - 1
NOTIONAL_MAX = 2**58
FEE_RATE_MAX = RATE_ONE // 10
TIERS_MAX = 16
ASSETS_MAX = 64
MARKETS_MAX = 1_024
ACCOUNTS_MAX = 2**32 - 2
AUTHORS_MAX = 1_024


def check_symbol(symbol: str, others: Iterable[tuple[str, int]]) -> None:
    """201 and 202: a short printable name that nothing else of its kind holds."""
    valid = 1 <= len(symbol) <= 24 and set(symbol) <= SYMBOL_CHARACTERS
    refuse_if(not valid, Code.SymbolInvalid)
    for other, holder in others:
        refuse_if(other == symbol, Code.SymbolTaken, holder)


def add_asset(state: State, command: c.AddAsset) -> None:
    """Registers an asset under the next id."""
    check_symbol(command.symbol, [(asset.symbol, asset.asset) for asset in state.assets.values()])
    refuse_if(command.decimals > 18, Code.DecimalsOutOfRange, command.decimals)
    refuse_if(len(state.assets) == ASSETS_MAX, Code.CapacityReached, ASSETS_MAX)
    asset = Asset(len(state.assets) + 1, command.symbol, command.decimals)
    state.assets[asset.asset] = asset
    state.emit(e.ASSET_ADDED, asset.asset, asset.symbol, asset.decimals)


def tick_value_of(command: c.AddMarket, decimals: int) -> Fraction:
    """Money, in minor units, of one tick on one lot."""
    scale = Fraction(10) ** decimals
    return Fraction(command.tick_size_e12, 10**12) * Fraction(command.lot_size_e12, 10**12) * Fraction(scale)


def add_market(state: State, command: c.AddMarket) -> None:
    """Opens a market under the next id, without tiers or mark, with fees 0 and the widest limits."""
    check_symbol(command.symbol, [(market.symbol, market.market) for market in state.markets.values()])
    collateral = state.assets[command.settlement].collateral is not None
    refuse_if(collateral, Code.CollateralConflict, 2)
    sizes = (command.tick_size_e12, command.lot_size_e12)
    refuse_if(not all(1 <= size <= SIZE_MAX for size in sizes), Code.SizeOutOfRange, *sizes)
    tick_value = tick_value_of(command, state.assets[command.settlement].decimals)
    exact = tick_value.denominator == 1 and tick_value <= TICK_VALUE_MAX
    refuse_if(not exact, Code.TickValueNotExact)
    refuse_if(not 1 <= command.price_max <= PRICE_MAX, Code.PriceMaxOutOfRange, command.price_max)
    refuse_if(command.position_max < 1, Code.PositionMaxOutOfRange, command.position_max)
    notional = command.price_max * command.position_max * tick_value
    refuse_if(notional > NOTIONAL_MAX, Code.NotionalLimit)
    refuse_if(len(state.markets) == MARKETS_MAX, Code.CapacityReached, MARKETS_MAX)
    market = Market(
        market=len(state.markets) + 1,
        symbol=command.symbol,
        settlement=command.settlement,
        tick_size_e12=command.tick_size_e12,
        lot_size_e12=command.lot_size_e12,
        tick_value=int(tick_value),
        price_max=command.price_max,
        position_max=command.position_max,
        order_max_lots=command.position_max,
    )
    state.markets[market.market] = market
    state.emit(e.MARKET_ADDED, market.market, market.symbol, market.settlement, market.tick_value)


def first_invalid_tier(tiers: tuple[c.Tier, ...]) -> int | None:
    """The 1-based position of the first tier that breaks a rule of 209; None when all are in order."""
    previous: c.Tier | None = None
    for index, tier in enumerate(tiers, start=1):
        valid = 0 <= tier.maintenance_rate <= tier.initial_rate <= RATE_ONE
        if previous is None:
            valid = valid and tier.lower_bound == 0
        else:
            valid = valid and tier.lower_bound > previous.lower_bound
            valid = valid and tier.initial_rate >= previous.initial_rate
            valid = valid and tier.maintenance_rate >= previous.maintenance_rate
        if not valid:
            return index
        previous = tier
    return None


def set_tiers(state: State, command: c.SetTiers) -> None:
    """Replaces the margin tiers of a market; accounts are not looked at until they act again."""
    refuse_if(not 1 <= len(command.tiers) <= TIERS_MAX, Code.TiersInvalid)
    invalid = first_invalid_tier(command.tiers)
    refuse_if(invalid is not None, Code.TiersInvalid, invalid or 0)
    state.markets[command.market].tiers = command.tiers
    state.emit(e.TIERS_SET, command.market, len(command.tiers))


def set_fees(state: State, command: c.SetFees) -> None:
    """Replaces the fee rates of a market; together maker and taker never cost the venue money."""
    maker, taker = command.maker_rate, command.taker_rate
    in_range = abs(maker) <= FEE_RATE_MAX and abs(taker) <= FEE_RATE_MAX and maker + taker >= 0
    market = state.markets[command.market]
    covered = all(maker + tier.taker_rate >= 0 and taker + tier.maker_rate >= 0 for tier in market.fee_tiers)
    refuse_if(not (in_range and covered), Code.FeesOutOfRange, maker, taker)
    market.maker_rate, market.taker_rate = maker, taker
    state.emit(e.FEES_SET, *command)


def set_limits(state: State, command: c.SetLimits) -> None:
    """Replaces the order limits of a market; orders that rest already stay."""
    market = state.markets[command.market]
    in_range = [
        command.order_min_notional >= 0,
        1 <= command.order_max_lots <= market.position_max,
        0 <= command.price_band_rate <= RATE_ONE,
        1 <= command.market_bound_rate <= RATE_ONE,
    ]
    for position, valid in enumerate(in_range, start=1):
        refuse_if(not valid, Code.LimitsInvalid, position)
    market.order_min_notional = command.order_min_notional
    market.order_max_lots = command.order_max_lots
    market.price_band_rate = command.price_band_rate
    market.market_bound_rate = command.market_bound_rate
    state.emit(e.LIMITS_SET, *command)


def set_parameters(state: State, command: c.SetParameters) -> None:
    """Replaces the parameters of the venue."""
    refuse_if(not 1 <= command.open_orders_max <= 10**6, Code.ParametersInvalid, 1)
    refuse_if(command.root_interval_commands < 1, Code.ParametersInvalid, 2)
    state.open_orders_max = command.open_orders_max
    state.root_interval_commands = command.root_interval_commands
    state.root_interval_ns = command.root_interval_ns
    state.emit(e.PARAMETERS_SET, *command)


def create_account(state: State, command: c.CreateAccount) -> None:
    """Opens an account; a master is its own master, and there is one level of sub-accounts."""
    account = len(state.accounts) + 1
    master = command.parent or account
    if command.parent != 0:
        refuse_if(state.accounts[command.parent].master != command.parent, Code.ParentIsSubAccount, command.parent)
    refuse_if(len(state.accounts) == ACCOUNTS_MAX, Code.CapacityReached, ACCOUNTS_MAX)
    state.accounts[account] = Account(account, master)
    state.emit(e.ACCOUNT_CREATED, account, master)


def tick(state: State, _command: c.Tick) -> None:
    """Nothing but time passes."""
    state.emit(e.TICKED, state.time)


def checkpoint(state: State, _command: c.Checkpoint) -> None:
    """A point of the session worth finding again."""
    state.emit(e.CHECKPOINT_TAKEN)


def register_author(state: State, command: c.RegisterAuthor) -> None:
    """Names an author under the next id."""
    refuse_if("" in (command.name, command.version), Code.AuthorInvalid)
    refuse_if(len(state.authors) == AUTHORS_MAX, Code.CapacityReached, AUTHORS_MAX)
    state.authors.append((command.origin, command.name, command.version))
    state.emit(e.AUTHOR_REGISTERED, len(state.authors), *command)


def repair(state: State, command: c.Repair) -> None:
    """The journal was cut; the record of it is all there is to do."""
    state.emit(e.REPAIRED, *command)


def activate_ruleset(state: State, command: c.ActivateRuleset) -> None:
    """There is one set of rules so far."""
    refuse_if(command.ruleset != 1, Code.RulesetNotSupported, command.ruleset)
    state.ruleset = command.ruleset
    state.emit(e.RULESET_ACTIVATED, command.ruleset)
