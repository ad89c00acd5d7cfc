"""An event-sourced exchange core for cross-margin perpetual futures.

```python
from crossbook import Venue

with Venue.create("session", "venue.toml") as venue:
    account = venue.create_account().account
    venue.deposit(account=account, asset="USDC", amount=10_000)
    venue.set_mark(market="BTC-PERP", price=64_000)
    venue.place(account=account, market="BTC-PERP", side="buy", price="64000.5", size="0.01").raise_if_rejected()
```

The docstring of `crossbook.config` shows a whole `venue.toml`.

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
