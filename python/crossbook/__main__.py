"""The console script; says what to install where the command line's own requirements are missing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from crossbook.cli import main as command_line
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.stderr.write(f"error: the command line needs {error.name}\nhint: pip install 'crossbook[cli]'\n")
        sys.exit(2)
    command_line(prog_name="crossbook")


if __name__ == "__main__":
    main()
