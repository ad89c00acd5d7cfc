"""The vocabulary coming out: an event is the tuple `(tag, seq, *fields)`, fields in the order of the rules."""

from __future__ import annotations

from typing import Any

Event = tuple[Any, ...]

REJECTED = 1
ASSET_ADDED = 2
MARKET_ADDED = 3
TIERS_SET = 4
FEES_SET = 5
LIMITS_SET = 6
PARAMETERS_SET = 7
ACCOUNT_CREATED = 8
DEPOSITED = 9
WITHDRAWN = 10
TRANSFERRED = 11
MARK_SET = 12
ORDER_ACCEPTED = 13
TRADED = 14
ORDER_RESTED = 15
ORDER_CANCELLED = 16
ORDER_AMENDED = 17
SELF_TRADE_PREVENTED = 18
MASS_CANCELLED = 19
TICKED = 20
CHECKPOINT_TAKEN = 21
AUTHOR_REGISTERED = 22
REPAIRED = 23
RULESET_ACTIVATED = 24

# docs/rules_margin.md
FEE_TIERS_SET = 25
ACCOUNT_FEES_SET = 26
MARKET_MODE_SET = 27
SCALING_SET = 28
CAPS_SET = 29
EXPOSURE_CAP_SET = 30
LEVELS_SET = 31
COLLATERAL_SET = 32
COLLATERAL_PRICE_SET = 33
PERMISSIONS_SET = 34
WITHDRAWAL_GATE_SET = 35
ALLOWANCE_SET = 36
DRAWN = 37
MARGIN_MODE_SET = 38
POSITION_MODE_SET = 39
MARGIN_ADJUSTED = 40
LEVERAGE_SET = 41
STRESS_SET = 42
FUNDING_SETTLED = 43
FUNDING_PAID = 44
GROUP_SET = 45
BASIS_SET = 46
SCENARIOS_SET = 47
CONCENTRATION_SET = 48
CORRELATIONS_SET = 49
PORTFOLIO_SET = 50

# docs/rules_waterfall.md
LIQUIDATION_SET = 51
VAULT_SET = 52
LIQUIDATOR_SET = 53
INSURANCE_SET = 54
INSURANCE_FUNDED = 55
STANDING_CHANGED = 56
POOL_LOCKED = 57
POOL_RELEASED = 58
INCREASING_CANCELLED = 59
LIQUIDATION_STARTED = 60
LIQUIDATION_ENDED = 61
AUCTION_OPENED = 62
AUCTION_CLOSED = 63
POSITION_MOVED = 64
LOSS_COVERED = 65
COLLATERAL_CONVERTED = 66
LOSS_SOCIALISED = 67

# docs/rules_oracle.md
OBSERVED = 68
ORACLE_SET = 69
GRADES_SET = 70
AGENT_SET = 71
NOTED = 72

REQUESTED = 1
IMMEDIATE_OR_CANCEL = 2
MASS_CANCEL = 3
EXPIRED = 4
MARGIN = 5
SELF_TRADE = 6
REDUCE_ONLY = 7
OPEN_INTEREST = 8
WATERFALL = 9

CANCEL_REASONS = {
    REQUESTED: "requested",
    IMMEDIATE_OR_CANCEL: "immediate_or_cancel",
    MASS_CANCEL: "mass_cancel",
    EXPIRED: "expired",
    MARGIN: "margin",
    SELF_TRADE: "self_trade",
    REDUCE_ONLY: "reduce_only",
    OPEN_INTEREST: "open_interest",
    WATERFALL: "waterfall",
}

TRADED_MONEY = "maker_fee taker_fee maker_realised taker_realised"

FIELDS: dict[int, tuple[str, str]] = {
    REJECTED: ("Rejected", "command account code a b"),
    ASSET_ADDED: ("AssetAdded", "asset symbol decimals"),
    MARKET_ADDED: ("MarketAdded", "market symbol settlement tick_value"),
    TIERS_SET: ("TiersSet", "market count"),
    FEES_SET: ("FeesSet", "market maker_rate taker_rate"),
    LIMITS_SET: ("LimitsSet", "market order_min_notional order_max_lots price_band_rate market_bound_rate"),
    PARAMETERS_SET: ("ParametersSet", "open_orders_max root_interval_commands root_interval_ns"),
    ACCOUNT_CREATED: ("AccountCreated", "account master"),
    DEPOSITED: ("Deposited", "account asset amount balance"),
    WITHDRAWN: ("Withdrawn", "account asset amount balance"),
    TRANSFERRED: ("Transferred", "source destination asset amount source_balance destination_balance"),
    MARK_SET: ("MarkSet", "market price previous"),
    ORDER_ACCEPTED: ("OrderAccepted", "order account market side price lots client_order"),
    TRADED: ("Traded", "trade market price lots taker_side maker_order taker_order maker taker " + TRADED_MONEY),
    ORDER_RESTED: ("OrderRested", "order lots"),
    ORDER_CANCELLED: ("OrderCancelled", "order account market lots reason"),
    ORDER_AMENDED: ("OrderAmended", "order account market price lots remaining kept_priority"),
    SELF_TRADE_PREVENTED: ("SelfTradePrevented", "market maker_order taker_order lots"),
    MASS_CANCELLED: ("MassCancelled", "account market count"),
    TICKED: ("Ticked", "time"),
    CHECKPOINT_TAKEN: ("CheckpointTaken", ""),
    AUTHOR_REGISTERED: ("AuthorRegistered", "author origin name version"),
    REPAIRED: ("Repaired", "first_seq blocks evidence"),
    RULESET_ACTIVATED: ("RulesetActivated", "ruleset"),
    FEE_TIERS_SET: ("FeeTiersSet", "market count"),
    ACCOUNT_FEES_SET: ("AccountFeesSet", "account tier maker_rebate_rate"),
    MARKET_MODE_SET: ("MarketModeSet", "market mode previous"),
    SCALING_SET: ("ScalingSet", "market size_rate open_interest_lower open_interest_upper"),
    CAPS_SET: ("CapsSet", "market open_interest_max concentration_rate concentration_floor"),
    EXPOSURE_CAP_SET: ("ExposureCapSet", "account scope id notional_max"),
    LEVELS_SET: ("LevelsSet", "asset initial_rate transfer_rate buffer_rate account_floor"),
    COLLATERAL_SET: ("CollateralSet", "asset settlement haircut_rate account_cap total_cap price_decimals"),
    COLLATERAL_PRICE_SET: ("CollateralPriceSet", "asset price depeg_rate previous"),
    PERMISSIONS_SET: ("PermissionsSet", "account reduce_only no_withdraw no_transfer markets destinations"),
    WITHDRAWAL_GATE_SET: ("WithdrawalGateSet", "asset closed interval_ns amount_max"),
    ALLOWANCE_SET: ("AllowanceSet", "source destination asset amount"),
    DRAWN: ("Drawn", "source destination asset amount source_balance destination_balance allowance"),
    MARGIN_MODE_SET: ("MarginModeSet", "account mode"),
    POSITION_MODE_SET: ("PositionModeSet", "account market isolated amount margin balance"),
    MARGIN_ADJUSTED: ("MarginAdjusted", "account market amount margin balance"),
    LEVERAGE_SET: ("LeverageSet", "account market initial_rate"),
    STRESS_SET: ("StressSet", "market active positions"),
    FUNDING_SETTLED: ("FundingSettled", "market price rate index_whole index_fraction"),
    FUNDING_PAID: ("FundingPaid", "account market funding loss balance"),
    GROUP_SET: ("GroupSet", "market group"),
    BASIS_SET: ("BasisSet", "group basis_rate"),
    SCENARIOS_SET: ("ScenariosSet", "market count"),
    CONCENTRATION_SET: ("ConcentrationSet", "market threshold rate"),
    CORRELATIONS_SET: ("CorrelationsSet", "towards_one_rate towards_zero_rate count"),
    PORTFOLIO_SET: ("PortfolioSet", "asset maintenance_rate funding_epochs"),
    LIQUIDATION_SET: (
        "LiquidationSet",
        (
            "asset first_call_rate second_call_rate take_over_rate adjustment_rate "
            "spread_rate partial_rate partial_notional cooldown_ns fee_rate"
        ),
    ),
    VAULT_SET: ("VaultSet", "account asset exposure_max"),
    LIQUIDATOR_SET: ("LiquidatorSet", "account registered"),
    INSURANCE_SET: ("InsuranceSet", "asset market loss_max interval_ns"),
    INSURANCE_FUNDED: ("InsuranceFunded", "asset market account amount fund"),
    STANDING_CHANGED: ("StandingChanged", "account asset market standing previous equity requirement maintenance"),
    POOL_LOCKED: ("PoolLocked", "account asset market equity maintenance"),
    POOL_RELEASED: ("PoolReleased", "account asset market equity maintenance"),
    INCREASING_CANCELLED: ("IncreasingCancelled", "account asset market count"),
    LIQUIDATION_STARTED: ("LiquidationStarted", "account market kind side lots price mark equity maintenance"),
    LIQUIDATION_ENDED: ("LiquidationEnded", "account market kind order filled value fee equity maintenance"),
    AUCTION_OPENED: (
        "AuctionOpened",
        ("auction account market side lots discount_start_rate discount_end_rate ends_at equity maintenance"),
    ),
    AUCTION_CLOSED: ("AuctionClosed", "auction account market lots reason"),
    POSITION_MOVED: (
        "PositionMoved",
        ("reason market lots value source destination source_realised destination_realised"),
    ),
    LOSS_COVERED: ("LossCovered", "account asset market amount fund"),
    COLLATERAL_CONVERTED: ("CollateralConverted", "account asset amount settlement value"),
    LOSS_SOCIALISED: ("LossSocialised", "account asset market side amount open_interest"),
    OBSERVED: ("Observed", "feed source price confidence observed_at"),
    ORACLE_SET: ("OracleSet", "market price confidence grade observed_at previous previous_grade"),
    GRADES_SET: ("GradesSet", "market margin liquidation funding"),
    AGENT_SET: ("AgentSet", "account author granted"),
    NOTED: ("Noted", "account origin author topic body"),
}


def describe(event: Event) -> str:
    """An event as one readable line: `Traded seq=7 trade=1 market=1 ...`."""
    name, fields = FIELDS[event[0]]
    pairs = zip(["seq", *fields.split()], event[1:], strict=True)
    return name + "".join(f" {field}={value!r}" for field, value in pairs)
