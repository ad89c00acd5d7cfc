"""Policies of the role `funding`: the premium, its epochs and what is paid (`docs/policies_mark_funding.md`)."""
