"""The state as docs/digests.md writes it down, taken apart field by field; neither Rust nor crossbook is needed.

| module | what is there |
|---|---|
| `shape` | the parts and their fields, as the tables of that page name them |
| `decode` | a kernel snapshot as entities with fields, and snapshot files under their SHA-256 |
| `compare` | which fields of two states differ |
"""

from journal_tools.snapshots.compare import Difference, differences
from journal_tools.snapshots.decode import SUBSYSTEMS, Entity, State, entities, file_state

__all__ = ["SUBSYSTEMS", "Difference", "Entity", "State", "differences", "entities", "file_state"]
