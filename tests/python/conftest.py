from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.python.worlds import make_venue

from crossbook import Venue


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """A volatile venue with one market at mark 64,000 and accounts 1 and 2, each with 10,000 USDC."""
    with make_venue(tmp_path / "venue") as made:
        yield made
