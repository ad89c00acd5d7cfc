"""The field set of RTS 24: Table 2 of the Annex to Commission Delegated Regulation (EU) 2017/580, and what is here.

The regulation is about trading venues in the Union; this venue is none, and has no legal entities, no clients with
identification codes, no financial instruments with ISINs. The report keeps every field in its place all the same, so
that what is missing is seen to be missing and an operator knows which column to join from its own register.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Field(NamedTuple):
    """A field of the regulation: its number, our column, its name there, and what stands in it (nothing: empty)."""

    number: int
    column: str
    name: str
    ours: str


FIELDS: Final = (
    Field(1, "submitting_entity", "Identification of the entity which submitted the order",
          "the master account; the operator's register says whose LEI that is"),
    Field(2, "dea", "Direct Electronic Access (DEA)", ""),
    Field(3, "client", "Client identification code", "the account"),
    Field(4, "investment_decision", "Investment decision within firm",
          "the author id of the policy that acted for the account; empty for the client itself"),
    Field(5, "execution_decision", "Execution within firm", ""),
    Field(6, "non_executing_broker", "Non-executing broker", ""),
    Field(7, "trading_capacity", "Trading capacity", ""),
    Field(8, "liquidity_provision", "Liquidity provision activity", ""),
    Field(9, "date_time", "Date and time", "the stamped time of the event, to the nanosecond, in UTC"),
    Field(10, "validity_period", "Validity period", "GTCV, IOCV, FOKV, or GTSV for a time of expiry"),
    Field(11, "order_restriction", "Order restriction", ""),
    Field(12, "validity_date_time", "Validity period and time", "the time of expiry of GTSV orders"),
    Field(13, "priority_time", "Priority time stamp", "when the order got the priority it has"),
    Field(14, "priority_size", "Priority size", ""),
    Field(15, "sequence_number", "Sequence number", "counts events of orders from genesis"),
    Field(16, "segment_mic", "Segment MIC code", ""),
    Field(17, "order_book", "Order book code", "the symbol of the market"),
    Field(18, "instrument", "Financial instrument identification code", ""),
    Field(19, "date_of_receipt", "Date of receipt", "the stamped date of the command that placed the order"),
    Field(20, "order_id", "Order identification code", "the order id; empty for a refused order, which got none"),
    Field(21, "event", "New order, order modification, order cancellation, order rejection, partial or full execution",
          "NEWO, REME, REMA, REMH, CAME, CAMO, REMO, EXPI, PARF, FILL"),
    Field(22, "order_type", "Order type", "limit, market; liquidation and hedge are orders of the venue"),
    Field(23, "order_type_class", "Order type classification", "LMTO: there are no stop orders"),
    Field(24, "limit_price", "Limit price", "the limit; of a market order, its protection bound"),
    Field(25, "additional_limit_price", "Additional limit price", ""),
    Field(26, "stop_price", "Stop price", ""),
    Field(27, "pegged_limit_price", "Pegged limit price", ""),
    Field(28, "transaction_price", "Transaction price", "the price of an execution"),
    Field(29, "price_currency", "Price currency", "the symbol of the settlement asset, which need not be an ISO code"),
    Field(30, "currency_of_leg_2", "Currency of leg 2", ""),
    Field(31, "price_notation", "Price notation", "MONE"),
    Field(32, "side", "Buy-sell indicator", "BUYI, SELL"),
    Field(33, "order_status", "Order status", "ACTI while it can trade, INAC once it is gone or was refused"),
    Field(34, "quantity_notation", "Quantity notation", "UNIT, of the underlying"),
    Field(35, "quantity_currency", "Quantity currency", ""),
    Field(36, "initial_quantity", "Initial quantity", "the size it was placed with"),
    Field(37, "remaining_quantity", "Remaining quantity including hidden", "after the event"),
    Field(38, "displayed_quantity", "Displayed quantity", "all of what remains: nothing is hidden here"),
    Field(39, "traded_quantity", "Traded quantity", "of an execution"),
    Field(40, "minimum_acceptable_quantity", "Minimum acceptable quantity (MAQ)", ""),
    Field(41, "minimum_executable_size", "Minimum executable size (MES)", ""),
    Field(42, "mes_first_execution_only", "MES first execution only", ""),
    Field(43, "passive_only", "Passive only indicator", "post-only"),
    Field(44, "passive_or_aggressive", "Passive or aggressive indicator", "of an execution: PASV, AGRE"),
    Field(45, "self_execution_prevention", "Self-execution prevention", "unless the order asks for none"),
    Field(46, "strategy_linked_order", "Strategy linked order identification", ""),
    Field(47, "routing_strategy", "Routing strategy", ""),
    Field(48, "transaction_id", "Trading venue transaction identification code", "the trade id"),
    Field(49, "trading_phase", "Trading phases", "the mode of the market"),
    Field(50, "indicative_auction_price", "Indicative auction price", ""),
    Field(51, "indicative_auction_volume", "Indicative auction volume", ""),
)  # fmt: skip
