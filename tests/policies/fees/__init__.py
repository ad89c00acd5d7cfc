"""Scenarios of the role fees."""
