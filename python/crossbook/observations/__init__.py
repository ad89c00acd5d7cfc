"""Observations: what sources outside say about prices, on its way into the journal.

| module | what is there |
|---|---|
| `quotes` | what a source said, and the book of feeds that turns it into a command |
| `payloads` | quotes out of bytes that came over a network |
| `files` | recorded observations: CSV, JSON lines, Parquet |
| `gateway` | observations as they come: from a function, into a venue |
| `http` | a poller of HTTP addresses (extra `oracle`) |
| `websocket` | a listener to WebSockets (extra `oracle`) |

Nothing here judges a price: whatever was said is recorded, and an oracle policy decides what to make of it.
"""
