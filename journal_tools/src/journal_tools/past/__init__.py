"""The past: what was the case after a seq or at a time, by re-execution.

| module | what is there |
|---|---|
| `units` | names and units of assets and markets, to find by what people call them |
| `subject` | what somebody asks about: an account, a market, an asset, the venue |
| `fields` | what a venue shows, as fields with names |
| `life` | the life of an order |
| `hindsight` | what had been observed by a time and was only sequenced later |
"""
