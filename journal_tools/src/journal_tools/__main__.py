"""`python -m journal_tools`, and the command `journal`."""

from __future__ import annotations

from journal_tools.cli import main

if __name__ == "__main__":
    main(prog_name="journal")
