"""Tests of the whole; packages beneath import one another as `tests.<name>`."""
