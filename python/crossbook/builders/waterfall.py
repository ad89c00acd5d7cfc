"""Builders of the default waterfall: its settings, and its steps.

A pool is named by its asset, or if it is isolated by its market.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from crossbook import commands
from crossbook.builders.base import Builder, ProvenanceKeywords, R, lots_or_zero, minor_or_zero, ticks_or_zero
from crossbook.commands import Origin, Side
from crossbook.errors import InputError
from crossbook.quantities import Number, to_rate
from crossbook.state import to_side


class WaterfallBuilders(Builder[R]):
    """What happens to who cannot pay."""

    def _pool(self, asset: str | int | None, market: str | int | None) -> tuple[int, int]:
        """The ids that name a pool or a fund: of the asset, and of the market or 0."""
        if (asset is None) == (market is None):
            raise InputError(
                "a pool is named by its asset, or by its market if it is isolated",
                code="pool_unclear",
                values={"asset": asset, "market": market},
                hint="give asset= for a cross pool, market= for an isolated one",
            )
        if asset is not None:
            return self.asset_unit(asset).asset, 0
        unit = self.market_unit(market or 0)
        return unit.settlement.asset, unit.market

    # --- settings ---------------------------------------------------------------------------------------------------

    def set_liquidation(
        self,
        *,
        asset: str | int,
        first_call_rate: Number = 0,
        second_call_rate: Number = 0,
        take_over_rate: Number = "0.666666667",
        adjustment_rate: Number = 1,
        spread_rate: Number = 1,
        partial_rate: Number = 1,
        partial_notional: Number = 0,
        cooldown_ns: int = 0,
        fee_rate: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set when the pools of a settlement asset are called and liquidated, and how.

        Args:
            asset: symbol or id.
            first_call_rate: times maintenance, below which the first margin call comes; 0: none.
            second_call_rate: the same for the second.
            take_over_rate: times maintenance, below which a vault may take over.
            adjustment_rate: how fast the fillable price moves away from the mark.
            spread_rate: how far it may move, as a part of maintenance.
            partial_rate: the part of a position that one reduction may close.
            partial_notional: the notional that one reduction may close in any case, in whole units.
            cooldown_ns: between two reductions of a pool.
            fee_rate: of the filled value, to the insurance fund.
            provenance: see `Venue.submit`.

        The formulas are in `docs/rules_waterfall.md`, *Shares and prices*.
        """
        unit = self.asset_unit(asset)
        command = commands.SetLiquidation(
            asset=unit.asset,
            first_call_rate=to_rate(first_call_rate, field="first_call_rate"),
            second_call_rate=to_rate(second_call_rate, field="second_call_rate"),
            take_over_rate=to_rate(take_over_rate, field="take_over_rate"),
            adjustment_rate=to_rate(adjustment_rate, field="adjustment_rate"),
            spread_rate=to_rate(spread_rate, field="spread_rate"),
            partial_rate=to_rate(partial_rate, field="partial_rate"),
            partial_notional=minor_or_zero(unit, partial_notional, field="partial_notional"),
            cooldown_ns=cooldown_ns,
            fee_rate=to_rate(fee_rate, field="fee_rate"),
        )
        return self._submit_one(command, provenance)

    def set_vault(
        self, *, account: int, asset: str | int, exposure_max: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Make an account a vault that may hold this notional of positions it took over; 0 ends that."""
        unit = self.asset_unit(asset)
        most = minor_or_zero(unit, exposure_max, field="exposure_max")
        return self._submit_one(commands.SetVault(account, unit.asset, most), provenance)

    def set_liquidator(self, *, account: int, registered: bool = True, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Register an account as a bidder in auctions, or end that."""
        return self._submit_one(commands.SetLiquidator(account, registered), provenance)

    def set_insurance(
        self,
        *,
        asset: str | int | None = None,
        market: str | int | None = None,
        loss_max: Number,
        interval_ns: int,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Limit what a fund pays per interval of stamped time (0: no limit).

        `asset` names the fund of its cross pools, `market` that of its isolated ones.
        """
        which, isolated = self._pool(asset, market)
        most = minor_or_zero(self.asset_unit(which), loss_max, field="loss_max")
        return self._submit_one(commands.SetInsurance(which, isolated, most, interval_ns), provenance)

    def fund_insurance(
        self,
        *,
        asset: str | int | None = None,
        market: str | int | None = None,
        amount: Number,
        account: int = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Pay into a fund from the asset's fees, or as the operator from an account."""
        if account:  # nobody else may, so nobody else is meant
            provenance.setdefault("origin", Origin.OPERATOR)
        which, isolated = self._pool(asset, market)
        minor = self.asset_unit(which).to_minor(amount)
        return self._submit_one(commands.FundInsurance(which, isolated, account, minor), provenance)

    # --- steps ------------------------------------------------------------------------------------------------------

    def lock(
        self,
        *,
        account: int,
        asset: str | int | None = None,
        market: str | int | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Lock a pool that is below its maintenance to reducing."""
        return self._submit_one(commands.Lock(account, *self._pool(asset, market)), provenance)

    def release(
        self,
        *,
        account: int,
        asset: str | int | None = None,
        market: str | int | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Unlock a pool that has recovered."""
        return self._submit_one(commands.Release(account, *self._pool(asset, market)), provenance)

    def cancel_increasing(
        self,
        *,
        account: int,
        asset: str | int | None = None,
        market: str | int | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Cancel the orders of a pool in need that could increase its risk."""
        return self._submit_one(commands.CancelIncreasing(account, *self._pool(asset, market)), provenance)

    def liquidate(
        self,
        *,
        account: int,
        market: str | int,
        size: Number = 0,
        price: Number | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Reduce a position of a pool in need: by default as much as allowed, at no worse than the fillable price."""
        unit = self.market_unit(market)
        command = commands.Liquidate(account, unit.market, lots_or_zero(unit, size), ticks_or_zero(unit, price))
        return self._submit_one(command, provenance)

    def hedge(
        self,
        *,
        account: int,
        market: str | int,
        side: Side | str,
        size: Number,
        price: Number | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Trade for a portfolio pool in need so that its risk falls; by default within the bound of a market order."""
        unit = self.market_unit(market)
        ticks = ticks_or_zero(unit, price)
        command = commands.Hedge(account, unit.market, to_side(side), unit.to_lots(size), ticks)
        return self._submit_one(command, provenance)

    def open_auction(
        self,
        *,
        account: int,
        market: str | int,
        size: Number,
        discount_start_rate: Number,
        discount_end_rate: Number,
        duration_ns: int,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Offer a part of a position in need at a discount to the mark that grows with stamped time."""
        unit = self.market_unit(market)
        start = to_rate(discount_start_rate, field="discount_start_rate")
        end = to_rate(discount_end_rate, field="discount_end_rate")
        command = commands.OpenAuction(account, unit.market, unit.to_lots(size), start, end, duration_ns)
        return self._submit_one(command, provenance)

    def bid(
        self,
        *,
        account: int,
        auction: int,
        market: str | int,
        size: Number,
        price: Number | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Take a size of an auction at its present price, if that is not worse than `price`.

        The market gives the units of price and size.
        """
        unit = self.market_unit(market)
        command = commands.Bid(account, auction, unit.to_lots(size), ticks_or_zero(unit, price))
        return self._submit_one(command, provenance)

    def close_auction(self, *, auction: int, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """End an auction."""
        return self._submit_one(commands.CloseAuction(auction), provenance)

    def take_over(
        self,
        *,
        account: int,
        market: str | int,
        vault: int,
        size: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Move a size of a failing position (0: all) to a vault at its bankruptcy value."""
        unit = self.market_unit(market)
        command = commands.TakeOver(account, unit.market, lots_or_zero(unit, size), vault)
        return self._submit_one(command, provenance)

    def cover_loss(
        self,
        *,
        account: int,
        asset: str | int | None = None,
        market: str | int | None = None,
        amount: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Pay a deficit from the pool's insurance fund: an amount, or (0) all that is usable."""
        which, isolated = self._pool(asset, market)
        minor = minor_or_zero(self.asset_unit(which), amount)
        return self._submit_one(commands.CoverLoss(account, which, isolated, minor), provenance)

    def convert_collateral(
        self, *, account: int, asset: str | int, amount: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Sell an amount of an account's collateral to the insurance fund, to pay its debt."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.ConvertCollateral(account, unit.asset, unit.to_minor(amount)), provenance)

    def deleverage(
        self,
        *,
        account: int,
        market: str | int,
        counterparties: Iterable[tuple[int, Number]],
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Close a failing position against counterparties, rows of account and size, at its bankruptcy value."""
        unit = self.market_unit(market)
        rows = tuple(commands.Allocation(other, unit.to_lots(size)) for other, size in counterparties)
        lots = sum(row.lots for row in rows)
        return self._submit_one(commands.Deleverage(account, unit.market, lots, rows), provenance)

    def socialise(
        self,
        *,
        account: int,
        market: str | int,
        side: Side | str,
        amount: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Share a deficit, or (0) all of it, among the positions on one side of a market."""
        unit = self.market_unit(market)
        minor = minor_or_zero(unit.settlement, amount)
        return self._submit_one(commands.Socialise(account, unit.market, to_side(side), minor), provenance)
