"""Policies as a risk officer would try them: scenarios on a real venue, stamped times, no clock."""
