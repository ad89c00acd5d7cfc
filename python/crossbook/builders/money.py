"""Builders of accounts and money."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from crossbook import commands
from crossbook.builders.base import Builder, ProvenanceKeywords, R, minor_or_zero
from crossbook.quantities import Number


class MoneyBuilders(Builder[R]):
    """Accounts, deposits, withdrawals, transfers, and what an account may do."""

    def create_account(self, *, parent: int = 0, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Open a master account, or a sub-account of `parent`; `receipt.account` is its id."""
        return self._submit_one(commands.CreateAccount(parent), provenance)

    def deposit(self, *, account: int, asset: str | int, amount: Number, **provenance: Unpack[ProvenanceKeywords]) -> R:
        """Credit an amount from outside, in whole units of the asset."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.Deposit(account, unit.asset, unit.to_minor(amount)), provenance)

    def withdraw(
        self,
        *,
        account: int,
        asset: str | int,
        amount: Number,
        destination: int = 0,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Pay an amount out, if the margin left behind allows it; `destination` is a number the account may list."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.Withdraw(account, unit.asset, unit.to_minor(amount), destination), provenance)

    def transfer(
        self,
        *,
        source: int,
        destination: int,
        asset: str | int,
        amount: Number,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Move an amount between two accounts of one master."""
        unit = self.asset_unit(asset)
        command = commands.Transfer(source, destination, unit.asset, unit.to_minor(amount))
        return self._submit_one(command, provenance)

    def set_allowance(
        self,
        *,
        source: int,
        destination: int,
        asset: str | int,
        amount: Number,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Let `destination` draw up to an amount (0: nothing any more) from its sibling `source`."""
        unit = self.asset_unit(asset)
        command = commands.SetAllowance(source, destination, unit.asset, minor_or_zero(unit, amount))
        return self._submit_one(command, provenance)

    def draw(
        self,
        *,
        account: int,
        source: int,
        asset: str | int,
        amount: Number,
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Take an amount from `source`, within its allowance."""
        unit = self.asset_unit(asset)
        return self._submit_one(commands.Draw(account, source, unit.asset, unit.to_minor(amount)), provenance)

    def set_permissions(
        self,
        *,
        account: int,
        reduce_only: bool = False,
        no_withdraw: bool = False,
        no_transfer: bool = False,
        markets: Iterable[str | int] = (),
        destinations: Iterable[int] = (),
        **provenance: Unpack[ProvenanceKeywords],
    ) -> R:
        """Replace what an account may do.

        Args:
            account: whose permissions.
            reduce_only: it may only reduce its positions.
            no_withdraw: its money may not leave the venue.
            no_transfer: its money may not go to a sibling.
            markets: the markets it may take risk in; none permits all.
            destinations: where it may withdraw to; none permits any.
            provenance: see `Venue.submit`.
        """
        listed = tuple(sorted(self.market_unit(market).market for market in markets))
        command = commands.SetPermissions(
            account, reduce_only, no_withdraw, no_transfer, listed, tuple(sorted(destinations))
        )
        return self._submit_one(command, provenance)
