"""The reference model of the venue: one command in, its events out.

It is the rulebook of docs/rules.md and its sequels in the plainest Python there is: everything is recomputed from
nothing each time, a queue is a list, expiry is a scan, margin is a loop. It shares no code with the kernel and is
what the kernel is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import commands as c
from . import events as e
from . import (
    projections,
    rules_admin,
    rules_collateral,
    rules_funding,
    rules_insurance,
    rules_losses,
    rules_margin,
    rules_money,
    rules_moves,
    rules_oracle,
    rules_orders,
    rules_portfolio,
    rules_reduction,
    rules_schedules,
)
from .book import expire
from .common_checks import account_of, check_common
from .events import Event
from .invariants import check_state
from .refusals import Code, Refused, refuse_if
from .scan import SCANNED_AFTER, scan
from .state import State

RULES: dict[type, Callable[[State, Any], None]] = {
    c.AddAsset: rules_admin.add_asset,
    c.AddMarket: rules_admin.add_market,
    c.SetTiers: rules_admin.set_tiers,
    c.SetFees: rules_admin.set_fees,
    c.SetLimits: rules_admin.set_limits,
    c.SetParameters: rules_admin.set_parameters,
    c.CreateAccount: rules_admin.create_account,
    c.Deposit: rules_money.deposit,
    c.Withdraw: rules_money.withdraw,
    c.Transfer: rules_money.transfer,
    c.SetMark: rules_money.set_mark,
    c.Place: rules_orders.place,
    c.Amend: rules_orders.amend,
    c.Cancel: rules_orders.cancel_one,
    c.MassCancel: rules_orders.cancel_all,
    c.Tick: rules_admin.tick,
    c.Checkpoint: rules_admin.checkpoint,
    c.RegisterAuthor: rules_admin.register_author,
    c.Repair: rules_admin.repair,
    c.ActivateRuleset: rules_admin.activate_ruleset,
    c.SetFeeTiers: rules_schedules.set_fee_tiers,
    c.SetAccountFees: rules_schedules.set_account_fees,
    c.SetMarketMode: rules_schedules.set_market_mode,
    c.SetScaling: rules_schedules.set_scaling,
    c.SetCaps: rules_schedules.set_caps,
    c.SetExposureCap: rules_schedules.set_exposure_cap,
    c.SetLevels: rules_schedules.set_levels,
    c.SetCollateral: rules_collateral.set_collateral,
    c.SetCollateralPrice: rules_collateral.set_collateral_price,
    c.SetPermissions: rules_schedules.set_permissions,
    c.SetWithdrawalGate: rules_schedules.set_withdrawal_gate,
    c.SetAllowance: rules_money.set_allowance,
    c.Draw: rules_money.draw,
    c.SetMarginMode: rules_margin.set_margin_mode,
    c.SetPositionMode: rules_margin.set_position_mode,
    c.AdjustMargin: rules_margin.adjust_margin,
    c.SetLeverage: rules_margin.set_leverage,
    c.SetStress: rules_margin.set_stress,
    c.SettleFunding: rules_funding.settle_funding,
    c.SetGroup: rules_portfolio.set_group,
    c.SetBasis: rules_portfolio.set_basis,
    c.SetScenarios: rules_portfolio.set_scenarios,
    c.SetConcentration: rules_portfolio.set_concentration,
    c.SetCorrelations: rules_portfolio.set_correlations,
    c.SetPortfolio: rules_portfolio.set_portfolio,
    c.SetLiquidation: rules_insurance.set_liquidation,
    c.SetVault: rules_insurance.set_vault,
    c.SetLiquidator: rules_insurance.set_liquidator,
    c.SetInsurance: rules_insurance.set_insurance,
    c.FundInsurance: rules_insurance.fund_insurance,
    c.Lock: rules_reduction.lock,
    c.Release: rules_reduction.release,
    c.CancelIncreasing: rules_reduction.cancel_increasing,
    c.Liquidate: rules_reduction.liquidate,
    c.Hedge: rules_reduction.hedge,
    c.OpenAuction: rules_moves.open_auction,
    c.Bid: rules_moves.bid,
    c.CloseAuction: rules_moves.close_auction,
    c.TakeOver: rules_moves.take_over,
    c.CoverLoss: rules_losses.cover_loss,
    c.ConvertCollateral: rules_losses.convert_collateral,
    c.Deleverage: rules_moves.deleverage,
    c.Socialise: rules_losses.socialise,
    c.Observe: rules_oracle.observe,
    c.SetOracle: rules_oracle.set_oracle,
    c.SetGrades: rules_oracle.set_grades,
    c.SetAgent: rules_oracle.set_agent,
    c.Note: rules_oracle.note,
}
# Commands that check in the midst of what they do: they run on a copy, which is kept unless they are refused.
TRIED_FIRST = {
    c.Withdraw,
    c.Transfer,
    c.Draw,
    c.SetPositionMode,
    c.AdjustMargin,
    c.SetLeverage,
    c.SetMarginMode,
    c.SetStress,
    c.FundInsurance,
    c.Bid,
    c.TakeOver,
    c.Deleverage,
}


def entity_of(command: c.Command) -> Any:
    """What a command is about: the first of its fields, and the market if that is an account."""
    fields = command._fields
    if fields and fields[0] == "account" and "market" in fields:
        return command[0], command[fields.index("market")]
    return command[0] if fields else 0


class World:
    """The venue as a pure machine; `views` are computed by the functions of projections.py."""

    def __init__(self) -> None:
        self.state = State()

    def apply(self, record: c.Record) -> list[Event]:
        """Executes one record and returns its events; raises ValueError if its time lies before the last one's."""
        state = self.state
        if record.time < state.time:
            raise ValueError(f"time {record.time} lies before {state.time}")
        state.seq += 1
        state.time = record.time
        state.origin, state.author = record.origin, record.author
        state.events = []
        expire(state)
        try:
            check_common(state, record)
            self.execute(record.command)
        except Refused as refused:
            tag = c.TAGS[type(record.command)]
            state.emit(e.REJECTED, tag, account_of(record.command), int(refused.code), refused.a, refused.b)
        return self.state.events

    def execute(self, command: c.Command) -> None:
        """Runs the rule of a command; raises `Refused`, and then has changed nothing."""
        kind = type(command)
        refuse_if(kind not in RULES, Code.RulesetNotSupported)
        state = self.state.scratch_copy() if kind in TRIED_FIRST else self.state
        RULES[kind](state, command)
        state.set_at[kind.__name__, entity_of(command)] = state.seq
        if kind in SCANNED_AFTER:
            scan(state)
        self.state = state

    def check(self) -> None:
        """Asserts that money is conserved and that nothing in the state contradicts anything else."""
        check_state(self.state)

    def assets(self) -> list[projections.Row]:
        """One row per asset."""
        return projections.assets(self.state)

    def markets(self) -> list[projections.Row]:
        """One row per market."""
        return projections.markets(self.state)

    def auctions(self) -> list[projections.Row]:
        """One row per open auction."""
        return projections.auctions(self.state)

    def groups(self) -> projections.Row:
        """How groups move together."""
        return projections.groups(self.state)

    def backstop(self) -> projections.Row:
        """Vaults and liquidators."""
        return projections.backstop(self.state)

    def authors(self) -> list[projections.Row]:
        """One row per author."""
        return projections.authors(self.state)

    def holders(self, market: int) -> list[projections.Row] | None:
        """One row per account that has lots in a market; None when unknown."""
        return projections.holders(self.state, market)

    def parameters(self) -> projections.Row:
        """The parameters of the venue."""
        return projections.parameters(self.state)

    def account(self, account: int) -> projections.Row | None:
        """One account with its balances, pools and positions; None when unknown."""
        return projections.account(self.state, account)

    def orders(self, account: int, market: int = 0) -> list[projections.Row]:
        """The open orders of an account by id, of one market or of all."""
        return projections.orders(self.state, account, market)

    def book(self, market: int, levels: int) -> list[list[projections.Row]] | None:
        """Depth of a market, bids then asks, best first; None when unknown."""
        return projections.book(self.state, market, levels)

    def queue(self, market: int, side: int, price: int) -> list[projections.Row]:
        """The orders of one level in priority."""
        return projections.queue(self.state, market, side=side, price=price)
