"""Margin: parameters that move with the markets; see `docs/policies_risk.md`.

`static` is the default and moves nothing, `volatility` moves tiers, scenario tables and correlations. `covariance` is
the one module that computes with floats; `scaling` and `tables` turn what it finds into integers that are journaled.
"""
