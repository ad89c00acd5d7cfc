"""Verifying a session whole, from genesis: docs/journal_format.md, *Verifying a session*, and nothing that is executed.

| module | what is there |
|---|---|
| `verdict` | what was found, what was counted, and what was not looked at |
| `survey` | the small files, each for itself |
| `segment` | a data file: its bytes, its pages, its blocks |
| `whole` | all of it in order, and that each part continues the one before |
"""

from journal_tools.checking.verdict import Unchecked, Verdict
from journal_tools.checking.whole import Anchor, verify

__all__ = ["Anchor", "Unchecked", "Verdict", "verify"]
