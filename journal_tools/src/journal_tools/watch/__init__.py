"""Conditions on the past: a small language, and what its names mean in a state.

| module | what is there |
|---|---|
| `language` | text to an expression: comparisons, and, or, not, exact arithmetic; nothing else is let through |
| `operands` | the names: `account(17).equity`, `market(BTC-PERP).mark`, and where they are in a state |
| `reading` | the state they are read from, decoded again only if its bytes changed |
"""
