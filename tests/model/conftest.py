"""Every scenario is played twice: to the model and to the kernel."""

from __future__ import annotations

import pytest

from tests.model.desk import Desk
from tests.model.engines import Engine, KernelEngine, ModelEngine


@pytest.fixture(params=[ModelEngine, KernelEngine], ids=["model", "kernel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    made: Engine = request.param()
    return made


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)
