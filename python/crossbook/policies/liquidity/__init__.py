"""Policies that quote for those who entrusted their money to them."""
