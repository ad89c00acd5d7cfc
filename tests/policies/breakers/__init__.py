"""Scenarios of the role breakers."""
