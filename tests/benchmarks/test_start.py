"""What a process loads before its first minibatch is done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import _probes

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from benchmarks.worker import build
build("neonlike", "cpu", 1, "net_mnist_mlp_n32")()
print([name for name in ("numba", "scipy.linalg", "h5py", "matplotlib") if name in sys.modules])
"""


def test_dense_nets_start_without_numba() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=os.environ | {"NEONLIKE_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_probes_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "wait4", raising=False)
    with pytest.raises(RuntimeError, match=r"os\.wait4.*python -m benchmarks run"):
        _probes.new_tree()
