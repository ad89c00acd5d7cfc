"""Finding commands: by what they name, with an index of one's own or without.

| module | what is there |
|---|---|
| `naming` | which fields of a command or an event name accounts, orders and markets |
| `filters` | what somebody looks for, held against a record or an event |
| `index` | which seqs name an account or an order: a file beside nothing of the venue |
"""
