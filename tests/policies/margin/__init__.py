"""Scenarios of the role margin."""
