"""Observations on their way in: recorded ones and those that come over a network."""
