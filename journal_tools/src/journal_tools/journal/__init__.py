"""Reading a journal from its files alone, as docs/journal_format.md describes them.

| module | what is there |
|---|---|
| `files` | the small JSON files, each under its own digest |
| `pages` | LMDB data files, page by page, without liblmdb: nothing is mapped, nothing is locked |
| `blocks` | the block and the chain |
| `session` | a whole session: segments in order, blocks and records from any seq |
"""

from journal_tools.journal.blocks import Block, Chain, Record
from journal_tools.journal.session import Journal, Segment

__all__ = ["Block", "Chain", "Journal", "Record", "Segment"]
