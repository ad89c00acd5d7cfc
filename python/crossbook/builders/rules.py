"""Builders of what the venue sets: marks, schedules, fees, modes, caps, collateral, levels, gates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from crossbook import commands
from crossbook.builders.base import Builder, ProvenanceKeywords, R, lots_or_zero, minor_or_zero
from crossbook.commands import MarketMode, Origin, Scope
from crossbook.errors import InputError
from crossbook.quantities import AssetUnit, Number, exact, to_rate, to_units
from crossbook.state import choice


class RuleBuilders(Builder[R]):
    """The rules of markets and of settlement assets."""

    def set_mark(self, *, market: str | int, price: Number, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Set the mark price of a market."""
        unit = self.market_unit(market)
        return self._submit_one(commands.SetMark(unit.market, unit.to_ticks(price)), provenance)

    def set_fees(
        self, *, market: str | int, maker_rate: Number, taker_rate: Number, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Set the fee rates of a market as fractions: `"0.0005"` is five basis points, a negative one is a rebate."""
        command = commands.SetFees(
            self.market_unit(market).market,
            to_rate(maker_rate, field="maker_rate"),
            to_rate(taker_rate, field="taker_rate"),
        )
        return self._submit_one(command, provenance)

    def set_tiers(
        self,
        *,
        market: str | int,
        tiers: Iterable[tuple[Number, Number, Number]],
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Replace the margin tiers of a market.

        Args:
            market: symbol or id.
            tiers: rows of lower bound (notional in whole units), initial rate, maintenance rate.
            provenance: see `Venue.submit`.
        """
        unit = self.market_unit(market)
        rows = []
        for bound, initial, maintenance in tiers:
            lower = exact(bound, field="lower_bound")
            minor = unit.settlement.to_minor(lower, field="lower_bound") if lower else 0
            initial_rate = to_rate(initial, field="initial_rate")
            rows.append(commands.Tier(minor, initial_rate, to_rate(maintenance, field="maintenance_rate")))
        return self._submit_one(commands.SetTiers(unit.market, tuple(rows)), provenance)

    def register_author(
        self, *, acts_as: Origin | str, name: str, version: str, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Name an author of commands, its origin and its version; the event carries its id."""
        command = commands.RegisterAuthor(choice(Origin, acts_as, field="acts_as"), name, version)
        return self._submit_one(command, provenance)

    def tick(self, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Let time pass: orders that are due expire."""
        return self._submit_one(commands.Tick(), provenance)

    def set_limits(
        self,
        *,
        market: str | int,
        order_max: Number,
        order_min_notional: Number = 0,
        price_band_rate: Number = 0,
        market_bound_rate: Number = "0.05",
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set the order limits of a market: largest size, least notional, band around the mark (0: off), bound."""
        unit = self.market_unit(market)
        command = commands.SetLimits(
            unit.market,
            minor_or_zero(unit.settlement, order_min_notional, field="order_min_notional"),
            unit.to_lots(order_max, field="order_max"),
            to_rate(price_band_rate, field="price_band_rate"),
            to_rate(market_bound_rate, field="market_bound_rate"),
        )
        return self._submit_one(command, provenance)

    def set_fee_tiers(
        self, *, market: str | int, tiers: Iterable[tuple[Number, Number]], **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Set the fee tiers of a market from tier 1 up, as rows of maker rate and taker rate."""
        rows = [
            commands.FeeTier(to_rate(maker, field="maker_rate"), to_rate(taker, field="taker_rate"))
            for maker, taker in tiers
        ]
        return self._submit_one(commands.SetFeeTiers(self.market_unit(market).market, tuple(rows)), provenance)

    def set_account_fees(
        self, *, account: int, tier: int, maker_rebate_rate: Number = 0, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Put an account into a fee tier, with a rebate on its maker rate."""
        rebate = to_rate(maker_rebate_rate, field="maker_rebate_rate")
        return self._submit_one(commands.SetAccountFees(account, tier, rebate), provenance)

    def set_market_mode(
        self, *, market: str | int, mode: MarketMode | str, **provenance: Unpack[ProvenanceKeywords]
    ) -> R:
        """Set what a market takes: `"continuous"`, `"reduce_only"`, `"cancel_only"` or `"halted"`."""
        command = commands.SetMarketMode(self.market_unit(market).market, choice(MarketMode, mode, field="mode"))
        return self._submit_one(command, provenance)

    def set_scaling(
        self,
        *,
        market: str | int,
        size_rate: Number = 0,
        open_interest_lower: Number = 0,
        open_interest_upper: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Scale a market's requirement with size (a rate per square root of a lot) and with open interest (sizes).

        Both are off at 0; the formulas are in `docs/rules_margin.md`, *Requirement, standard*.
        """
        unit = self.market_unit(market)
        command = commands.SetScaling(
            unit.market,
            to_rate(size_rate, field="size_rate"),
            lots_or_zero(unit, open_interest_lower, field="open_interest_lower"),
            lots_or_zero(unit, open_interest_upper, field="open_interest_upper"),
        )
        return self._submit_one(command, provenance)

    def set_caps(
        self,
        *,
        market: str | int,
        open_interest_max: Number = 0,
        concentration_rate: Number = 0,
        concentration_floor: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Cap a market's open interest, and one account's share of it; a size up to the floor is always free."""
        unit = self.market_unit(market)
        command = commands.SetCaps(
            unit.market,
            lots_or_zero(unit, open_interest_max, field="open_interest_max"),
            to_rate(concentration_rate, field="concentration_rate"),
            lots_or_zero(unit, concentration_floor, field="concentration_floor"),
        )
        return self._submit_one(command, provenance)

    def set_exposure_cap(
        self,
        *,
        notional_max: Number,
        account: int = 0,
        market: str | int | None = None,
        group: int | None = None,
        asset: str | int | None = None,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Cap the worst-side notional of one account, or of every account that has no cap of its own (`account=0`).

        Args:
            notional_max: in whole units of the asset; 0 takes the cap away.
            account: whose exposure, 0 everybody's.
            market: the market that is capped; its settlement asset gives the units.
            group: the group that is capped; give `asset` too, for the units.
            asset: what is capped if neither market nor group is given: all markets that settle in it.
            provenance: see `Venue.submit`.

        Raises:
            InputError: `scope_unclear`, and those of the conversion.
        """
        if (market is None) == (asset is None) or (group is not None and asset is None):
            raise InputError(
                "an exposure cap is on one market, on one group or on one asset",
                code="scope_unclear",
                values={"market": market, "group": group, "asset": asset},
                hint="give market=, or asset=, or group= and asset= for its units",
            )
        if market is not None:
            scope, which, unit = Scope.MARKET, self.market_unit(market).market, self.market_unit(market).settlement
        else:
            unit = self.asset_unit(asset or 0)
            scope, which = (Scope.ASSET, unit.asset) if group is None else (Scope.GROUP, group)
        most = minor_or_zero(unit, notional_max, field="notional_max")
        return self._submit_one(commands.SetExposureCap(account, scope, which, most), provenance)

    def set_levels(
        self,
        *,
        asset: str | int,
        initial_rate: Number = 1,
        transfer_rate: Number = 1,
        buffer_rate: Number = 0,
        account_floor: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set the margin levels of a settlement asset.

        Args:
            asset: symbol or id.
            initial_rate: times the requirement is the equity needed to place an order.
            transfer_rate: times the requirement is the equity needed to take money out.
            buffer_rate: on top of maintenance is the equity at which a pool has recovered.
            account_floor: the least requirement of a pool with positions, in whole units.
            provenance: see `Venue.submit`.
        """
        unit = self.asset_unit(asset)
        command = commands.SetLevels(
            unit.asset,
            to_rate(initial_rate, field="initial_rate"),
            to_rate(transfer_rate, field="transfer_rate"),
            to_rate(buffer_rate, field="buffer_rate"),
            minor_or_zero(unit, account_floor, field="account_floor"),
        )
        return self._submit_one(command, provenance)

    def set_collateral(
        self,
        *,
        asset: str | int,
        settlement: str | int,
        haircut_rate: Number,
        account_cap: Number,
        total_cap: Number,
        price_decimals: int = 9,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Make an asset count in the pools of a settlement asset, once it has a price.

        Caps are in whole units of the asset: what counts of one account, and what the venue takes in all.
        `price_decimals` is how fine its price may be.
        """
        unit = self.asset_unit(asset)
        command = commands.SetCollateral(
            unit.asset,
            self.asset_unit(settlement).asset,
            to_rate(haircut_rate, field="haircut_rate"),
            minor_or_zero(unit, account_cap, field="account_cap"),
            minor_or_zero(unit, total_cap, field="total_cap"),
            price_decimals,
        )
        return self._submit_one(command, provenance)

    def set_collateral_price(
        self,
        *,
        asset: str | int,
        price: Number,
        depeg_rate: Number = 1,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Set what one whole unit of a collateral asset is worth in its settlement asset, and how far it keeps its peg.

        Raises:
            InputError: `not_collateral`; `price_too_fine` for the asset's `price_decimals`.
        """
        unit = self.asset_unit(asset)
        terms = self.asset(asset).collateral
        if terms is None:
            raise InputError(
                f"{unit.symbol} is not collateral",
                code="not_collateral",
                values={"asset": unit.symbol},
                hint="set_collateral makes it so",
            )
        minor = self.collateral_price(unit, self.asset_unit(terms.settlement), price, terms.price_decimals)
        command = commands.SetCollateralPrice(unit.asset, minor, to_rate(depeg_rate, field="depeg_rate"))
        return self._submit_one(command, provenance)

    @staticmethod
    def collateral_price(unit: AssetUnit, settlement: AssetUnit, price: Number, price_decimals: int) -> int:
        """A price per whole unit as the wire has it: minor units per 10^price_decimals minor units.

        Raises:
            InputError: `price_too_fine`, and those of `exact`.
        """
        decimals = settlement.decimals - unit.decimals + price_decimals
        return to_units(price, decimals, field="price", code="price_too_fine", unit=f"price of {unit.symbol}")

    def set_withdrawal_gate(
        self,
        *,
        asset: str | int,
        closed: bool = False,
        interval_ns: int = 0,
        amount_max: Number = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Close or open the withdrawals of an asset, or limit them to an amount per interval of stamped time."""
        unit = self.asset_unit(asset)
        most = minor_or_zero(unit, amount_max, field="amount_max")
        return self._submit_one(commands.SetWithdrawalGate(unit.asset, closed, interval_ns, most), provenance)
