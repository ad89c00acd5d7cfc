"""Scenarios of the role stress."""
