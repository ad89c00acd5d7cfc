"""The reference model: docs/rules.md in plain Python. `world.World` is its door."""
