"""Liquidation policies, rung by rung."""
