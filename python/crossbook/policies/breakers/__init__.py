"""Breakers: what stops a market, or the withdrawals of an asset, when something is wrong; see `docs/policies_risk.md`.

`guards` is the default, `velocity` watches moves only. `readings` are what they measure, `hold` is how a market is
held and let go again, `records` is what they put on record.
"""
