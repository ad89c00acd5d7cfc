"""Insurance: what the funds should hold, what part of the fees goes to them; see `docs/policies_risk.md`.

`target` is the default, `share` a fixed part of the fees; `earnings` is what both count fees by.
"""
