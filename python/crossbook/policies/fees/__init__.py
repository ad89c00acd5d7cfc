"""Fees: what an account pays by what it traded in the last days; see `docs/policies_risk.md`.

`volume_tiers` is the default, `maker_share` pays rebates; both may play at once, in slots of their own. `volumes`
counts, `book` knows whose volume it is and what everybody pays.
"""
