"""The players can be found by name, as those of an installed package would be; the afternoon is lived once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from crossbook.counterfactual import Parent, read_parent
from crossbook.policies import catalogue
from tests.counterfactual.history import Afternoon
from tests.counterfactual.players import PLAYERS


@pytest.fixture(scope="package", autouse=True)
def players() -> Iterator[None]:
    """Entry points for the players."""
    points = [SimpleNamespace(name=name, load=lambda kind=kind: kind) for name, kind in PLAYERS.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "entry_points", lambda group: points if group == catalogue.GROUP else [])
        yield


@pytest.fixture(scope="package")
def afternoon(players: None, tmp_path_factory: pytest.TempPathFactory) -> Afternoon:
    """The parent, closed."""
    return Afternoon(tmp_path_factory.mktemp("afternoon") / "parent")


@pytest.fixture(scope="package")
def parent(afternoon: Afternoon) -> Parent:
    """The parent, read."""
    return read_parent(Path(afternoon.venue.path))
