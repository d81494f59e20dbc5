"""``neonlike train``: YAML experiments, and what is refused in them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike import NervanaObject
from neonlike.backends import cleanup_backend
from neonlike.cli import main
from neonlike.serialization._objects import save_obj

SHARED = Path(__file__).parents[3] / "shared" / "data" / "mnist_small"
EXPERIMENT = """
backend: reference
epochs: 2
batchsize: 128
wt_init: &wt
    type: Gaussian
    config: {loc: 0.0, scale: 0.01}
layers:
-   type: Linear
    config: {nout: 100, init: *wt}
-   type: Activation
    config: {transform: {type: Rectlin}}
-   type: Linear
    config: {nout: 10, init: *wt, name: special_linear}
-   type: Activation
    config: {transform: {type: Logistic, config: {shortcut: true}}}
cost: CrossEntropyBinary
optimizer:
    type: GradientDescentMomentum
    config: {learning_rate: 0.1, momentum_coef: 0.9}
dataset:
    name: mnist
"""
SMALL = EXPERIMENT.replace("batchsize: 128", "batchsize: 32")


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty home and current folder; no backend and no handlers stay behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["neonlike"])
    logger = logging.getLogger("neonlike")
    before = logger.propagate, logger.level, list(logger.handlers)
    yield
    logger.propagate, logger.level, logger.handlers = before
    cleanup_backend()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    y = np.arange(64) % 10
    images = np.zeros((64, 28, 28), np.uint8)
    images[np.arange(64), 2 * y] = 200
    save_obj(((images, y), (images, y)), tmp_path / "mnist.pkl.gz")
    return tmp_path


def write(text: str) -> str:
    Path("experiment.yaml").write_text(text, encoding="utf-8")
    return "experiment.yaml"


def train(*words: str) -> dict[str, Any]:
    """Train, and return what the history says."""
    assert main([*words, "-o", "h.h5", "--no_progress_bar", "-r", "0"]) == 0
    with h5py.File("h.h5") as file:
        found = {name: data[()] for name, data in file["cost"].items()}
        return found | {"epochs": int(file["config"].attrs["total_epochs"])}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data set is not beside this checkout")
def test_the_numbers_of_the_original() -> None:
    found = train("train", write(EXPERIMENT), "-w", str(SHARED), "-b", "cpu", "--eval_freq", "1")
    means = found["train"].reshape(2, -1).mean(axis=1)
    assert found["train"][0] == pytest.approx(6.928192, abs=1e-5)
    assert means == pytest.approx([3.699141, 0.885925], rel=1e-5)
    assert found["loss"] == pytest.approx([1.195681, 0.825554], rel=1e-5)


def test_the_file_counts_unless_the_command_line_says_otherwise(mnist: Path) -> None:
    path = write(SMALL)
    found = train(path)  # neon's own form, data in the current folder
    assert (found["epochs"], len(found["train"])) == (2, 4)
    assert NervanaObject.be.backend_name == "reference"
    found = train("-eval", "1", "-e", "3", path, "-b", "mkl", "-z", "64")
    assert (found["epochs"], len(found["train"]), len(found["loss"])) == (3, 6, 3)
    assert NervanaObject.be.backend_name == "mkl"


def test_defaults_and_a_gpu_experiment(mnist: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="neonlike")
    text = EXPERIMENT.replace("backend: reference", "backend: gpu").replace("epochs: 2\n", "")
    found = train("train", write(text.replace("batchsize: 128\n", "")), "-z", "32", "-w", ".")
    assert (found["epochs"], len(found["train"])) == (1, 2)
    assert NervanaObject.be.backend_name == "cpu"


def test_profile(mnist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--profile", "--profile_iterations", "3", "--profile_iter_skip", "1", "-v", "-v"]
    assert main(["train", write(SMALL), *words]) == 0
    text = capsys.readouterr().err
    assert "| fprop special_linear " in text
    assert "-- INFORMATION: HYPER PARAMETERS" in text


def test_model_file(mnist: Path) -> None:
    assert main(["train", write(SMALL), "-s", "m.prm", "--no_progress_bar"]) == 0
    assert main([
        "train", "experiment.yaml", "--model_file", "m.prm", "-e", "3", "--no_progress_bar",
    ]) == 0  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 2", "epoch: 2", "unknown entry 'epoch', did you mean 'epochs'? (allowed: back"),
        ("nout: 100", "nuot: 100", "layers[0] (Linear): unknown argument 'nuot', did you mean"),
        ("scale: 0.01", "size: 1", "layers[0] (Linear).init (Gaussian): unknown argument 'size'"),
        ("Rectlin", "Rectify", "layers[1] (Activation).transform: no class named 'Rectify'"),
        ("momentum_coef: 0.9", "mom: 1", "optimizer (GradientDescentMomentum): unknown argument"),
        ("name: mnist", "name: mnits", "there is no data set 'mnits'; known: BABI, CIFAR10"),
        ("name: mnist", "path: /data", "dataset: expected an entry 'name'"),
        ("cost: CrossEntropyBinary", "cost: CrossEntropy", "cost: no class named 'CrossEntropy'"),
        ("cost: CrossEntropyBinary", "", "has no entry 'cost'"),
        ("type: Linear", "kind: Linear", "layers[0]: expected entries 'type' and 'config'"),
        ("dataset:\n", "dataset: [\n", "cannot read experiment.yaml: while parsing"),
        ("batchsize: 128", "batchsize: 1000", "data set mnist: train: the batch size 1000 is"),
        ("backend: reference", "backend: abacus", "backend must be one of"),
    ],
)
def test_what_is_wrong_is_named(
    mnist: Path, old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", write(EXPERIMENT.replace(old, new))]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_missing_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "nowhere.yaml"])
    assert ended.value.code == 2
    assert "nowhere.yaml" in capsys.readouterr().err
    write("- 1\n")
    assert main(["train", "experiment.yaml"]) == 1
    assert "expected entries 'name: value'" in capsys.readouterr().err
