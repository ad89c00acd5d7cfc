"""The ledger: every balance of a venue as the sum of the entries that made it.

Entries come from events alone, by the rules in docs/rules*.md; balances come from the state. That they agree is a
check of one by the other.

| module | what is there |
|---|---|
| `entries` | what a balance is, and what an entry |
| `dues` | what positions owe in funding and shared losses, and what its rounding comes to |
| `books` | events, and the entries they make |
| `balances` | what every balance is by the state |
"""
