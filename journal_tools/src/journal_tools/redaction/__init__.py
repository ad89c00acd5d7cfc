"""Forgetting personal values in a copy of a session, whose hashes stay valid.

| module | what is there |
|---|---|
| `kept` | what the journal commits to, which values lie beside it, and whether they fit |
| `copying` | the copy |
"""
