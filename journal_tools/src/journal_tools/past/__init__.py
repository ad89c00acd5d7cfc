"""The past: what was the case after a seq or at a time, by re-execution.

| module | what is there |
|---|---|
| `units` | names and units of assets and markets, to find by what people call them |
"""
