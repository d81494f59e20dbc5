"""Make the gender example's modules importable as its own scripts see them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "examples" / "gender")]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The example's log, also after a script has cut the package's logger off from the root."""
    logger = logging.getLogger("neonlike.gender")
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, logger="neonlike.gender"):
        yield caplog
    logger.removeHandler(caplog.handler)
