"""Stress: shocks tried on a copy of the present, reported on record; see `docs/policies_risk.md`.

`shocks` is the policy, `assessment` what a copy is worth after a shock, `report` what is put on record.
"""
