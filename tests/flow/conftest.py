"""Imports of the recorded hour, made once and looked at by several tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossbook.importers.lobster import Mode, QueueBy
from crossbook.importers.lobster_report import LobsterReport
from crossbook.importers.lobster_run import import_lobster
from tests.flow.shared import shared

HOUR = "AAPL_2012-06-21_34200000_37800000_message_50.csv.xz"

Importer = Callable[[Mode, QueueBy], LobsterReport]


@pytest.fixture(scope="session")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Importer:
    """Imports the hour, once per way of doing it."""
    done: dict[tuple[Mode, QueueBy], LobsterReport] = {}

    def importer(mode: Mode, queue_by: QueueBy) -> LobsterReport:
        if (mode, queue_by) not in done:
            path = tmp_path_factory.mktemp("hour") / "session"
            done[mode, queue_by] = import_lobster([shared("lobster", HOUR)], path, mode=mode, queue_by=queue_by)
        return done[mode, queue_by]

    return importer
