"""Scripts in neon's own import style run as they are and reach the numbers of the original.

The numbers are those of neon 2.6 with ``-b cpu -r 0`` (spec examples 2): cost of the first
minibatch, mean of the recorded costs of each epoch, validation loss after each epoch.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.serialization._objects import save_obj

SCRIPTS = Path(__file__).with_name("scripts")
SHARED = Path(__file__).parents[3] / "shared" / "data"

RUNS: dict[str, dict[str, Any]] = {
    "mnist_mlp.py": {
        "data": "mnist_small",
        "first": 6.928192,
        "mean": [3.699141, 0.885925, 0.553508],
        "loss": [1.195681, 0.825554, 0.602133],
        "says": "DISPLAY - Misclassification error = ",
    },
    "conv_autoencoder.py": {
        "data": "mnist_small",
        "first": 42.659500,
        "mean": [43.211796],
        "says": "reconstructions: (128, 28, 28)",
    },
    "cifar10.py": {
        "data": "cifar10",
        "first": 9.991094,
        "mean": [4.841313, 3.205333, 2.986506],
        "loss": [3.334419],
        "says": "Misclassification error = ",
    },
    "timeseries_lstm.py": {
        "data": None,
        "first": 0.717050,
        "mean": [0.645156, 0.491182, 0.261493, 0.074658, 0.020450, 0.014154],
        "loss": [0.414032, 0.132326, 0.070571, 0.058634, 0.053723, 0.051206],
        "says": "parameters: 4546",
    },
    "imdb_lstm.py": {
        "data": "imdb",
        "first": 1.002889,
        "mean": [2.224235],
        "loss": [0.993239],
        "says": "Test  Accuracy - [",
    },
}


def run(script: str, *arguments: str) -> str:
    """Run a script with ``neonlike run``; return all that it says."""
    done = subprocess.run(
        [sys.executable, "-m", "neonlike", "run", str(SCRIPTS / script), "-r", "0", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def read(history: Path) -> tuple[float, list[float], list[float]]:
    with h5py.File(history) as file:
        costs = file["cost/train"][()]
        ends = file["time_markers/minibatch"][()].astype(int)
        loss = file["cost/loss"][()].tolist() if "cost/loss" in file else []
    means = [float(part.mean()) for part in np.split(costs, ends)[: len(ends)]]
    return float(costs[0]), means, loss


@pytest.mark.parametrize("script", list(RUNS))
def test_numbers_of_the_original(script: str, tmp_path: Path) -> None:
    expected = RUNS[script]
    if expected["data"] and not (SHARED / expected["data"]).is_dir():
        pytest.skip(f"the data set {expected['data']} is not beside this checkout")
    arguments = ["-b", "cpu", "-e", str(len(expected["mean"])), "-o", str(tmp_path / "h.h5")]
    if expected["data"]:
        arguments += ["-w", str(SHARED / expected["data"])]
    if "loss" in expected:
        arguments += ["-eval", "1"]
    said = run(script, *arguments)
    assert expected["says"] in said
    first, means, loss = read(tmp_path / "h.h5")
    assert first == pytest.approx(expected["first"], abs=1e-5 * expected["first"])
    assert means == pytest.approx(expected["mean"], rel=1e-5, abs=2e-6)
    wanted = expected.get("loss", [])
    assert loss[: len(wanted)] == pytest.approx(wanted, rel=1e-5, abs=2e-6)


def test_mnist_script_on_generated_digits(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    y = np.arange(256) % 10
    images = rng.randint(0, 60, (256, 28, 28))
    images[np.arange(256), 2 * y] += 190  # one bright row per class
    part = (images.astype(np.uint8), y)
    save_obj((part, part), tmp_path / "mnist.pkl.gz")
    said = run(
        "mnist_mlp.py", "-w", str(tmp_path), "-e", "20", "-z", "32", "-o", str(tmp_path / "h.h5")
    )
    first, means, _ = read(tmp_path / "h.h5")
    assert first == pytest.approx(10 * np.log(2), rel=0.01)  # the weights are nearly zero
    assert means[-1] < means[0] / 10
    assert "Misclassification error = 0.0%" in said
    assert f"Epoch 0   [Train |{20 * chr(0x2588)}|    8/8" in said
