"""Scenarios of this role's policies on a real venue."""
