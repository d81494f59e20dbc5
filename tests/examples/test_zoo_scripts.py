"""The scripts of examples/zoo and examples/reseg: each runs with --quick, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neonlike.util.persist import save_obj

ROOT = Path(__file__).parents[2]
CHORALES = ROOT.parent / "shared/data/jsb_chorales/jsb-chorales-quarter.json"


def run(script: str, *words: object, cwd: Path) -> str:
    """Run a script of the examples; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / script), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "script", ["adding", "embedded_reber", "gradient_flow", "temporal_order", "very_long_lag"]
)
def test_quick_run(script: str, tmp_path: Path) -> None:
    printed = run(f"zoo/{script}.py", "--quick", cwd=tmp_path)
    assert "accepted" in printed


def test_reber_as_in_1997(tmp_path: Path) -> None:
    printed = run("zoo/embedded_reber.py", "--quick", "--of-1997", cwd=tmp_path)
    assert [line.split()[0] for line in printed.splitlines()[:2]] == ["3x2", "4x1"]
    assert printed.count("not learnt after 1024 strings") == 2


def test_progress_is_for_terminals_only(tmp_path: Path) -> None:
    assert "\r" not in run("zoo/temporal_order.py", "--quick", cwd=tmp_path)


def test_gradient_flow_obeys_the_law(tmp_path: Path) -> None:
    picture = tmp_path / "flow.png"
    printed = run("zoo/gradient_flow.py", "--quick", "--out", picture, cwd=tmp_path)
    deviations = [
        float(line.split()[-1]) for line in printed.splitlines() if "from the law" in line
    ]
    assert len(deviations) == 2
    assert max(deviations) < 1e-9
    assert "over 61 steps 0\n" in printed
    with Image.open(picture) as image:
        assert image.width > 1000


def test_an_lstm_is_watched(tmp_path: Path) -> None:
    printed = run("zoo/watch_an_lstm.py", "--quick", "--out", "seen", cwd=tmp_path)
    assert printed.splitlines()[-1] == f"report: {Path('seen', 'report.html')}"
    pictures = {path.stem for path in (tmp_path / "seen").glob("*.png")}
    assert pictures == {
        "activity_memory", "gates_memory", "gradient_history", "gradients", "graph",
        "matrices_memory", "singular_values",
    }  # fmt: skip


@pytest.mark.skipif(not CHORALES.exists(), reason="the chorales are not part of the repository")
def test_chorales(tmp_path: Path) -> None:
    assert "accepted" in run("zoo/chorales.py", CHORALES, "--quick", cwd=tmp_path)


@pytest.mark.skipif(not CHORALES.exists(), reason="the chorales are not part of the repository")
def test_odyssey(tmp_path: Path) -> None:
    words = "--variants", "NP,CIFG,NOAF", "--out", "odyssey.png"
    printed = run("zoo/lstm_odyssey.py", CHORALES, "--quick", *words, cwd=tmp_path)
    assert sorted(line.split()[0] for line in printed.splitlines()[-4:-1]) == ["CIFG", "NOAF", "NP"]
    with Image.open(tmp_path / "odyssey.png") as image:
        assert image.width > 1000


def test_renet_reads_digits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    part = rng.integers(256, size=(640, 28, 28), dtype=np.uint8), rng.integers(10, size=640)
    save_obj((part, part), tmp_path / "mnist.pkl.gz")
    words = "--quick", "--no_progress_bar", "-w", tmp_path
    assert "accepted" in run("zoo/renet_mnist.py", *words, cwd=tmp_path)


def test_reseg_writes_overlays(tmp_path: Path) -> None:
    words = "--quick", "--no_progress_bar", "--out", "pictures"
    printed = run("reseg/segment.py", *words, cwd=tmp_path)
    assert "mean IoU" in printed
    with Image.open(tmp_path / "pictures" / "overlays.png") as image:
        assert image.size == (8 * 48 * 3, 3 * 48 * 3)
