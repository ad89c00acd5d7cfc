"""Policies that observe and report."""
