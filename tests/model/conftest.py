"""Every scenario is played twice: to the model and to the kernel."""

from __future__ import annotations

import pytest

from tests.model.desk import Desk
from tests.model.engines import Engine, KernelEngine, ModelEngine

# Scenarios of commands that the kernel does not execute yet are played to the model alone.
MODEL_ALONE = {"test_waterfall_reduction", "test_waterfall_moves", "test_waterfall_losses"}


@pytest.fixture(params=[ModelEngine, KernelEngine], ids=["model", "kernel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param is KernelEngine and request.path.stem in MODEL_ALONE:
        pytest.skip("the kernel does not execute these commands yet")
    made: Engine = request.param()
    return made


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)
