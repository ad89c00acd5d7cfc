"""Policies that work orders for accounts that entrusted them."""
