"""Scenarios of the role insurance."""
