"""Journals of every ruleset, kept for ever: they replay to the roots that were recorded when they were made."""
