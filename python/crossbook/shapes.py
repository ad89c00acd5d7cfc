"""Rows of the kernel as views: every integer in its unit, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from crossbook.commands import Scope
from crossbook.quantities import AssetUnit, MarketUnit, from_rate, scaled
from crossbook.rows import (
    AccountRow,
    AssetRow,
    CollateralRow,
    ExplanationRow,
    FundingRow,
    HolderRow,
    InsuranceRow,
    MarketRow,
    OracleRow,
    OrderRow,
    PoolRow,
    PoolTermsRow,
    PositionRow,
    PriceRow,
    SumRow,
    TermRow,
)
from crossbook.views import (
    AccountView,
    AllowanceView,
    AssetView,
    CapsView,
    CollateralView,
    Explanation,
    ExposureCapView,
    FeeTierView,
    FundingView,
    GateView,
    GradesView,
    HolderView,
    InsuranceView,
    LevelsView,
    LiquidationPriceView,
    LiquidationView,
    MarketView,
    OracleView,
    OrderView,
    PermissionsView,
    PoolTerms,
    PoolView,
    PortfolioView,
    PositionView,
    ScalingView,
    ScenariosView,
    SumView,
    TermKind,
    TermView,
    TierView,
    VolumeView,
    WorstLossView,
)

RATE_DECIMALS = 9


class Units(Protocol):
    """What knows the units of assets and markets."""

    def asset_unit(self, asset: int | str) -> AssetUnit:
        """The unit of an asset."""

    def market_unit(self, market: int | str) -> MarketUnit:
        """The unit of a market."""


def asset_view(row: AssetRow, units: Units) -> AssetView:
    """One asset with its rules."""
    unit = units.asset_unit(row.asset)
    money, levels, liquidation = unit.to_decimal, row.levels, row.liquidation
    return AssetView(
        row.asset,
        row.symbol,
        row.decimals,
        net_deposits=money(row.net_deposits),
        fees=money(row.fees),
        insurance=money(row.insurance),
        dust=money(row.dust),
        levels=LevelsView(
            from_rate(levels.initial_rate),
            from_rate(levels.transfer_rate),
            from_rate(levels.buffer_rate),
            money(levels.account_floor),
        ),
        liquidation=LiquidationView(
            first_call_rate=from_rate(liquidation.first_call_rate),
            second_call_rate=from_rate(liquidation.second_call_rate),
            take_over_rate=from_rate(liquidation.take_over_rate),
            adjustment_rate=from_rate(liquidation.adjustment_rate),
            spread_rate=from_rate(liquidation.spread_rate),
            partial_rate=from_rate(liquidation.partial_rate),
            partial_notional=money(liquidation.partial_notional),
            cooldown_ns=liquidation.cooldown_ns,
            fee_rate=from_rate(liquidation.fee_rate),
        ),
        collateral=None if row.collateral is None else collateral_view(row.collateral, unit, units),
        gate=GateView(row.gate.closed, row.gate.interval_ns, money(row.gate.amount_max)),
        limits=insurance_view(row.limits, unit),
        portfolio=PortfolioView(from_rate(row.portfolio.maintenance_rate), row.portfolio.funding_epochs),
    )


def collateral_view(row: CollateralRow, unit: AssetUnit, units: Units) -> CollateralView:
    """How an asset counts; its price per whole unit, from minor units per 10^price_decimals minor units."""
    settlement = units.asset_unit(row.settlement)
    # (price / 10^s) settlement units per (10^d / 10^a) units of the asset.
    shift = settlement.decimals + row.price_decimals - unit.decimals
    price = scaled(row.price, shift) if shift >= 0 else Decimal(row.price * 10**-shift)
    return CollateralView(
        settlement=settlement.symbol,
        haircut_rate=from_rate(row.haircut_rate),
        account_cap=unit.to_decimal(row.account_cap),
        total_cap=unit.to_decimal(row.total_cap),
        price_decimals=row.price_decimals,
        price=price if row.price else None,
        depeg_rate=from_rate(row.depeg_rate),
    )


def insurance_view(row: InsuranceRow, unit: AssetUnit) -> InsuranceView:
    """An insurance fund."""
    return InsuranceView(
        unit.to_decimal(row.fund), unit.to_decimal(row.loss_max), row.interval_ns, unit.to_decimal(row.usable)
    )


def market_view(row: MarketRow, unit: MarketUnit) -> MarketView:
    """One market with everything set about it."""
    size_rate, lower, upper = row.scaling
    interest_max, share, floor = row.caps
    group, moves, threshold, rate = row.scenarios
    return MarketView(
        market=row.market,
        symbol=row.symbol,
        settlement=unit.settlement.symbol,
        tick_size=unit.tick_size,
        lot_size=unit.lot_size,
        price_max=unit.price(row.price_max),
        position_max=unit.size(row.position_max),
        maker_rate=from_rate(row.maker_rate),
        taker_rate=from_rate(row.taker_rate),
        order_min_notional=unit.money(row.order_min_notional),
        order_max=unit.size(row.order_max_lots),
        price_band_rate=from_rate(row.price_band_rate),
        market_bound_rate=from_rate(row.market_bound_rate),
        tiers=tuple(
            TierView(unit.money(tier.lower_bound), from_rate(tier.initial_rate), from_rate(tier.maintenance_rate))
            for tier in row.tiers
        ),
        mark=unit.price(row.mark) if row.mark else None,
        last=unit.price(row.last) if row.last else None,
        open_interest=unit.size(row.open_interest),
        mode=row.mode,
        stress=row.stress,
        fee_tiers=tuple(FeeTierView(from_rate(maker), from_rate(taker)) for maker, taker in row.fee_tiers),
        scaling=ScalingView(from_rate(size_rate), unit.size(lower), unit.size(upper)),
        caps=CapsView(unit.size(interest_max), from_rate(share), unit.size(floor)),
        funding=funding_view(row.funding, unit),
        insurance=insurance_view(row.insurance, unit.settlement),
        scenarios=ScenariosView(group, tuple(map(unit.price, moves)), unit.money(threshold), from_rate(rate)),
        oracle=oracle_view(row.oracle, unit) if row.oracle.seq else None,
        grades=GradesView(row.grades.margin, row.grades.liquidation, row.grades.funding),
    )


def oracle_view(row: OracleRow, unit: MarketUnit) -> OracleView:
    """The price a market last accepted from outside."""
    price, confidence = unit.price(row.price), unit.price(row.confidence)
    return OracleView(price, confidence, row.grade, row.observed_at, row.updated_at, row.seq)


def holder_view(row: HolderRow, unit: MarketUnit) -> HolderView:
    """One account with a position in a market."""
    return HolderView(
        row.account,
        row.isolated,
        size=unit.size(row.lots),
        cost=unit.money(row.cost),
        unrealised=unit.money(row.unrealised),
        standing=row.standing,
        equity=unit.money(row.equity),
        requirement=unit.money(row.requirement),
        maintenance=unit.money(row.maintenance),
    )


def funding_view(row: FundingRow, unit: MarketUnit) -> FundingView:
    """A market's funding: the indices count 10^-9 of a minor unit."""

    def money(digits: str) -> Decimal:
        return scaled(int(digits), unit.settlement.decimals + RATE_DECIMALS)

    return FundingView(
        money(row.index),
        money(row.loss_long),
        money(row.loss_short),
        money(row.clearing),
        money(row.fraction),
        from_rate(row.last_rate),
    )


def order_view(row: OrderRow, unit: MarketUnit) -> OrderView:
    """One open order."""
    return OrderView(
        order=row.order,
        account=row.account,
        market=unit.symbol,
        side=row.side,
        price=unit.price(row.price),
        size=unit.size(row.lots),
        filled=unit.size(row.filled),
        time_in_force=row.time_in_force,
        self_trade=row.self_trade,
        post_only=row.post_only,
        reduce_only=row.reduce_only,
        client_order=row.client_order or None,
        expires_at=row.expires_at or None,
    )


def position_view(row: PositionRow, unit: MarketUnit) -> PositionView:
    """One market of an account."""
    return PositionView(
        market=unit.symbol,
        size=unit.size(row.lots),
        cost=unit.money(row.cost),
        buys=unit.size(row.buys),
        sells=unit.size(row.sells),
        mark=unit.price(row.mark) if row.mark else None,
        unrealised=unit.money(row.unrealised),
        worst_size=unit.size(row.worst_lots),
        worst_notional=unit.money(row.worst_notional),
        tier=row.tier,
        requirement=unit.money(row.requirement),
        maintenance=unit.money(row.maintenance),
        isolated=row.isolated,
        funding=unit.money(row.funding),
        loss=unit.money(row.loss),
        own_rate=from_rate(row.own_rate),
    )


def account_view(row: AccountRow, explained: ExplanationRow, units: Units) -> AccountView:
    """An account with its pools and their terms."""
    positions: dict[tuple[int, int], list[PositionView]] = {}
    for position in row.positions:
        unit = units.market_unit(position.market)
        pool = (unit.settlement.asset, position.market if position.isolated else 0)
        positions.setdefault(pool, []).append(position_view(position, unit))
    mode, fee_tier, rebate = row.profile
    money = {asset: units.asset_unit(asset) for asset, *_ in row.balances}
    trees = {(tree.asset, tree.market): tree for tree in explained.pools}
    return AccountView(
        account=row.account,
        master=row.master if row.master not in (0, row.account) else None,
        open_orders=row.open_orders,
        cash={money[asset].symbol: money[asset].to_decimal(cash) for asset, cash, *_ in row.balances if cash},
        pools=tuple(
            pool_view(pool, positions.get((pool.asset, pool.market), []), trees[pool.asset, pool.market], units)
            for pool in row.pools
        ),
        mode=mode,
        fee_tier=fee_tier,
        maker_rebate_rate=from_rate(rebate),
        volumes=tuple(
            VolumeView(money[asset].symbol, *(money[asset].to_decimal(int(volume)) for volume in (maker, taker)))
            for asset, _, maker, taker in row.balances
            if (maker, taker) != ("0", "0")
        ),
        permissions=PermissionsView(
            row.permissions.reduce_only,
            row.permissions.no_withdraw,
            row.permissions.no_transfer,
            tuple(units.market_unit(market).symbol for market in row.permissions.markets),
            tuple(row.permissions.destinations),
        ),
        exposure_caps=tuple(exposure_cap_view(*cap, units) for cap in row.caps),
        allowances=tuple(
            AllowanceView(destination, units.asset_unit(asset).symbol, units.asset_unit(asset).to_decimal(amount))
            for destination, asset, amount in row.allowances
        ),
        agents=tuple(row.agents),
    )


def exposure_cap_view(scope: Scope, which: int, notional_max: int, units: Units) -> ExposureCapView:
    """A cap by the name of what it is on. The notional of a group has no one unit: it stays in minor units."""
    if scope is Scope.GROUP:
        return ExposureCapView(scope, f"group {which}", Decimal(notional_max))
    unit = units.asset_unit(which) if scope is Scope.ASSET else units.market_unit(which).settlement
    name = unit.symbol if scope is Scope.ASSET else units.market_unit(which).symbol
    return ExposureCapView(scope, name, unit.to_decimal(notional_max))


def pool_view(row: PoolRow, positions: list[PositionView], tree: PoolTermsRow, units: Units) -> PoolView:
    """One pool with its parts, its positions and its terms."""
    unit = units.asset_unit(row.asset)
    return PoolView(
        asset=unit.symbol,
        market=units.market_unit(row.market).symbol if row.market else None,
        balance=unit.to_decimal(row.balance),
        unrealised=unit.to_decimal(row.unrealised),
        owed=unit.to_decimal(row.owed),
        collateral=unit.to_decimal(row.collateral),
        equity=unit.to_decimal(row.equity),
        requirement=unit.to_decimal(row.requirement),
        maintenance=unit.to_decimal(row.maintenance),
        standing=row.standing,
        locked=row.locked,
        resumes_at=row.resumes_at or None,
        positions=tuple(positions),
        tree=pool_terms(tree, [], units),
    )


def explanation(row: ExplanationRow, prices: list[PriceRow], units: Units) -> Explanation:
    """All pools of an account with every term, and its liquidation prices each in its pool."""
    return Explanation(row.account, row.mode, tuple(pool_terms(pool, prices, units) for pool in row.pools))


def pool_terms(row: PoolTermsRow, prices: list[PriceRow], units: Units) -> PoolTerms:
    """One pool with its terms; of the liquidation prices those of its positions."""
    unit = units.asset_unit(row.asset)
    placing, recovered, transfer = map(unit.to_decimal, row.levels)
    return PoolTerms(
        asset=unit.symbol,
        market=units.market_unit(row.market).symbol if row.market else None,
        standing=row.standing,
        locked=row.locked,
        resumes_at=row.resumes_at or None,
        equity=sum_view(row.equity, unit, units),
        requirement=sum_view(row.requirement, unit, units),
        maintenance=sum_view(row.maintenance, unit, units),
        placing_level=placing,
        recovered_level=recovered,
        transfer_level=transfer,
        liquidation_prices=tuple(
            liquidation_price(units.market_unit(market), tick, root)
            for asset, pool, market, tick, root in prices
            if (asset, pool) == (row.asset, row.market)
        ),
        losses=tuple(
            WorstLossView(f"group {group}", sign, unit.to_decimal(loss), scenario or None)
            for group, sign, loss, scenario in row.losses
        ),
    )


def sum_view(row: SumRow, unit: AssetUnit, units: Units) -> SumView:
    """A number with its terms."""
    amount, terms = row
    return SumView(unit.to_decimal(amount), tuple(term_view(term, unit, units) for term in terms))


_OF_ASSET = {TermKind.CASH, TermKind.COLLATERAL, TermKind.FLOOR, TermKind.RELIEF}
_MATRICES = ("sum of all groups", "correlations as set", "correlations towards one", "correlations towards zero")


def term_view(row: TermRow, unit: AssetUnit, units: Units) -> TermView:
    """One term; its entity by name: of a scenario the correlations it was computed with."""
    if row.kind in _OF_ASSET:
        entity = units.asset_unit(row.entity).symbol
    elif row.kind is TermKind.BASIS:
        entity = f"group {row.entity}"
    elif row.kind is TermKind.SCENARIO:
        entity = _MATRICES[row.entity]
    else:
        entity = units.market_unit(row.entity).symbol
    return TermView(row.kind, entity, unit.to_decimal(row.amount), tuple(row.seqs))


def liquidation_price(unit: MarketUnit, tick: int, root: str | None) -> LiquidationPriceView:
    """A liquidation price in whole units: the tick, and the exact root."""
    exact = None if root is None else Fraction(root) * Fraction(unit.tick_size)
    return LiquidationPriceView(unit.symbol, unit.price(tick), exact)
