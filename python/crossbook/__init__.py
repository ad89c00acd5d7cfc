"""An event-sourced exchange core for cross-margin perpetual futures.

```python
from crossbook import Venue

with Venue.create("session", "venue.toml") as venue:
    venue.place(account=1, market="BTC-PERP", side="buy", price="64000.5", size="0.01")
```

Importing this package imports nothing else: names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crossbook.config import VenueConfig
    from crossbook.errors import CrossbookError
    from crossbook.receipt import Receipt
    from crossbook.session import Envelope
    from crossbook.venue import Venue

_HOMES: Final = {
    "CrossbookError": "errors",
    "Envelope": "session",
    "Receipt": "receipt",
    "Venue": "venue",
    "VenueConfig": "config",
}

__all__ = ["CrossbookError", "Envelope", "Receipt", "Venue", "VenueConfig"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'crossbook' has no attribute {name!r}")
    return getattr(import_module(f"crossbook.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
