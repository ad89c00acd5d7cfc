"""Importers: recorded order flow becomes journaled sessions of this venue, and each says how well it came out.

| importer | what it reads | what it shows |
|---|---|---|
| `lobster` | NASDAQ order flow, LOBSTER's message and orderbook files | how often priority picks the recorded order |
| `matching_benchmark` | order streams of a public matching-engine benchmark | the report stream, byte for byte |
| `kraken` | a websocket capture of book snapshots and updates | the exchange's own checksum of the book |

Every importer goes through the front door: typed commands to a `crossbook.Venue`, whose journal replays to the same
state root. `docs/real_order_flow.md` describes the methods and what was measured.
"""
