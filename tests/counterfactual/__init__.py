"""Scenarios of branches: what stays, what moves, what is refused."""
