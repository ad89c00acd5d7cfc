"""The vocabulary going in, of docs/rules_margin.md: one NamedTuple per command, fields in the order of the page."""

from __future__ import annotations

from typing import NamedTuple

CONTINUOUS, REDUCE_ONLY_MODE, CANCEL_ONLY, HALTED = 1, 2, 3, 4
BY_MARKET, BY_GROUP, BY_ASSET = 1, 2, 3
STANDARD, PORTFOLIO = 1, 2


class FeeTier(NamedTuple):
    """The rates of one fee tier of a market."""

    maker_rate: int
    taker_rate: int


class Pair(NamedTuple):
    """How two groups move together, and how much of an offset between them is believed."""

    group_a: int
    group_b: int
    correlation_rate: int
    offset_cap_rate: int


class SetFeeTiers(NamedTuple):
    """Replaces the fee tiers of a market; none clears them."""

    market: int
    tiers: tuple[FeeTier, ...]


class SetAccountFees(NamedTuple):
    """Replaces an account's fee tier and its rebate as a maker."""

    account: int
    tier: int
    maker_rebate_rate: int


class SetMarketMode(NamedTuple):
    """Switches what a market takes."""

    market: int
    mode: int


class SetScaling(NamedTuple):
    """Replaces by what the initial rate of a market rises with size and with open interest."""

    market: int
    size_rate: int
    open_interest_lower: int
    open_interest_upper: int


class SetCaps(NamedTuple):
    """Replaces the bounds of open interest and of the share of it one account may hold."""

    market: int
    open_interest_max: int
    concentration_rate: int
    concentration_floor: int


class SetExposureCap(NamedTuple):
    """Bounds the notional of one account (0: of every account) in a market, a group or an asset."""

    account: int
    scope: int
    id: int
    notional_max: int


class SetLevels(NamedTuple):
    """Replaces the factors between the requirement and the levels of the pools of an asset."""

    asset: int
    initial_rate: int
    transfer_rate: int
    buffer_rate: int
    account_floor: int


class SetCollateral(NamedTuple):
    """Makes an asset count towards the pools of another."""

    asset: int
    settlement: int
    haircut_rate: int
    account_cap: int
    total_cap: int
    price_decimals: int


class SetCollateralPrice(NamedTuple):
    """Sets what collateral is worth, and how far it is trusted."""

    asset: int
    price: int
    depeg_rate: int


class SetPermissions(NamedTuple):
    """Replaces what an account may do."""

    account: int
    reduce_only: bool
    no_withdraw: bool
    no_transfer: bool
    markets: tuple[int, ...]
    destinations: tuple[int, ...]


class SetWithdrawalGate(NamedTuple):
    """Closes withdrawals of an asset, or bounds them per interval."""

    asset: int
    closed: bool
    interval_ns: int
    amount_max: int


class SetAllowance(NamedTuple):
    """Lets a sibling draw on an account, up to an amount."""

    source: int
    destination: int
    asset: int
    amount: int


class Draw(NamedTuple):
    """Takes money from a sibling that allowed it."""

    account: int
    source: int
    asset: int
    amount: int


class SetMarginMode(NamedTuple):
    """Switches an account between standard and portfolio margin."""

    account: int
    mode: int


class SetPositionMode(NamedTuple):
    """Isolates a position with an amount of margin, or returns it to the cross pool."""

    account: int
    market: int
    isolated: bool
    amount: int


class AdjustMargin(NamedTuple):
    """Moves cash to the margin of an isolated position, or back if negative."""

    account: int
    market: int
    amount: int


class SetLeverage(NamedTuple):
    """Sets an initial rate that a position must meet at least; 0 takes it away."""

    account: int
    market: int
    initial_rate: int


class SetStress(NamedTuple):
    """Puts a market under stress, which isolates every position in it, or ends that."""

    market: int
    active: bool


class SettleFunding(NamedTuple):
    """Adds one epoch to the funding index of a market."""

    market: int
    price: int
    rate: int


class SetGroup(NamedTuple):
    """Says on which underlying a market is."""

    market: int
    group: int


class SetBasis(NamedTuple):
    """Sets what long against short within a group is charged."""

    group: int
    basis_rate: int


class SetScenarios(NamedTuple):
    """Replaces the price moves of a market, one per scenario."""

    market: int
    moves: tuple[int, ...]


class SetConcentration(NamedTuple):
    """Sets what a large position is charged."""

    market: int
    threshold: int
    rate: int


class SetCorrelations(NamedTuple):
    """Replaces how groups move together."""

    towards_one_rate: int
    towards_zero_rate: int
    pairs: tuple[Pair, ...]


class SetPortfolio(NamedTuple):
    """Replaces the share of the risk that is maintenance, and the epochs of funding provided for."""

    asset: int
    maintenance_rate: int
    funding_epochs: int


MarginCommand = (
    SetFeeTiers
    | SetAccountFees
    | SetMarketMode
    | SetScaling
    | SetCaps
    | SetExposureCap
    | SetLevels
    | SetCollateral
    | SetCollateralPrice
    | SetPermissions
    | SetWithdrawalGate
    | SetAllowance
    | Draw
    | SetMarginMode
    | SetPositionMode
    | AdjustMargin
    | SetLeverage
    | SetStress
    | SettleFunding
    | SetGroup
    | SetBasis
    | SetScenarios
    | SetConcentration
    | SetCorrelations
    | SetPortfolio
)

MARGIN_TAGS: dict[type, int] = {
    SetFeeTiers: 21,
    SetAccountFees: 22,
    SetMarketMode: 23,
    SetScaling: 24,
    SetCaps: 25,
    SetExposureCap: 26,
    SetLevels: 27,
    SetCollateral: 28,
    SetCollateralPrice: 29,
    SetPermissions: 30,
    SetWithdrawalGate: 31,
    SetAllowance: 32,
    Draw: 33,
    SetMarginMode: 34,
    SetPositionMode: 35,
    AdjustMargin: 36,
    SetLeverage: 37,
    SetStress: 38,
    SettleFunding: 39,
    SetGroup: 40,
    SetBasis: 41,
    SetScenarios: 42,
    SetConcentration: 43,
    SetCorrelations: 44,
    SetPortfolio: 45,
}
