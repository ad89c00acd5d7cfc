"""Policies of the role `mark`: the price that values positions and margin (`docs/policies_mark_funding.md`)."""
