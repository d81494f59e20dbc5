"""Training that is killed at any moment and restarted computes what an undisturbed run computes.

Real processes, real SIGKILL. ``NEONLIKE_TEST_KILLS=20`` makes 20 trials of each
network instead of one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.util.persist import load_obj

PROGRAM = Path(__file__).with_name("killed_run.py")
TRIALS = int(os.environ.get("NEONLIKE_TEST_KILLS", "1"))
MINIBATCHES = 28  # at least, in four epochs

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="kill -9 exists on POSIX only"
)


def run(net: str, folder: Path, **options: int) -> int:
    """Start the program; return its exit status, which is 0 or that of a kill."""
    words = [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(
        [sys.executable, str(PROGRAM), net, str(folder), *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def result(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return content


@pytest.mark.parametrize("net", ["mlp", "conv", "lstm"])
def test_killed_runs_compute_the_same(net: str, tmp_path: Path) -> None:
    straight = tmp_path / "straight"
    straight.mkdir()
    assert run(net, straight) == 0
    expected = result(straight)
    assert len(set(expected["costs"])) >= MINIBATCHES
    rng = np.random.RandomState(len(net))
    for trial in range(TRIALS):
        folder = tmp_path / f"trial{trial}"
        folder.mkdir()
        first = int(rng.randint(1, MINIBATCHES + 1))
        second = int(rng.randint(1, MINIBATCHES - first + 3))
        writes = int(rng.randint(1, 5))
        statuses = [
            run(net, folder, batch=first, freq=int(rng.randint(1, 5))),
            run(net, folder, batch=second),
            run(net, folder, write=writes),
            run(net, folder),
        ]
        assert statuses[0] == -signal.SIGKILL, first
        assert result(folder) == expected, (first, second, writes)
        assert not list(folder.glob(".run.safetensors*")), "half-written files stay behind"


def test_killed_while_the_checkpoint_is_written(tmp_path: Path) -> None:
    """The last complete checkpoint is there, whole."""
    assert run("mlp", tmp_path, write=4) == -signal.SIGKILL
    assert list(tmp_path.glob(".run.safetensors.*.tmp"))
    content = load_obj(tmp_path / "run.safetensors")
    assert content["train_state"]["epoch"]["batches"] == 6
    assert content["epoch_index"] == 0
