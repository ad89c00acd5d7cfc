"""Proofs that need no trust in whoever keeps the journal: docs/journal_proofs.md.

| module | what is there |
|---|---|
| `merkle` | the Merkle tree of RFC 6962: roots while reading, proofs, and how they are checked |
| `leaves` | what is hashed: a leaf for each record, and one for each block |
| `note` | C2SP signed notes: names, key ids, Ed25519 |
| `checkpoint` | C2SP checkpoints of a session, with what they say beyond the root |
| `evidence` | proof files: made with a journal, checked without one |
| `sums` | the Merkle sum tree of what is owed to accounts |
| `outputs` | files that the user asked for, written where nothing was |
"""
