"""Make the gender example's modules importable as its own scripts see them."""

from __future__ import annotations

import logging
import shutil
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


DATA = HERE.parents[2] / "shared" / "data"
FILES = (
    "mnist_small/mnist.pkl.gz",
    "cifar10/cifar-10-python.tar.gz",
    "imdb/imdb.pkl",
    "imdb/imdb.vocab",
    "babi/tasks_1-20_v1-2.tar.gz",
    "shakespeare/shakespeare_input.txt",
    *(f"wikitext2_ptb_small/ptb.{part}.txt" for part in ("train", "valid", "test")),
)


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of the data sets: some classes write beside their files."""
    if not DATA.exists():
        pytest.skip("needs the data sets in ../shared/data")
    folder = tmp_path_factory.mktemp("data")
    for file in FILES:
        shutil.copy(DATA / file, folder)
    return folder
