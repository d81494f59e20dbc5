"""``neonlike`` plot, inspect, info, warmup and bench."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from compiled import compiled_only

from neonlike.cli import _bench, main
from neonlike.cli._warmup_kinds import KINDS
from neonlike.cli._warmup_kinds import train as train_kind
from neonlike.serialization._objects import save_obj

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """The history of a run with histograms, and feature maps as a deconv callback writes them."""
    path = tmp_path / "h.h5"
    with h5py.File(GOLDEN / "training.h5") as golden, h5py.File(path, "w") as file:
        for name in golden["callback/hist_per_epoch/callback_data"]:
            golden.copy(f"callback/hist_per_epoch/callback_data/{name}", file)
        images = np.random.RandomState(0).randint(0, 256, (8, 8, 3, 2), np.uint8)
        file["deconv/img/batch_4/HWC_uint8"] = images
        file["deconv/img/batch_4/HWC_uint8"].attrs["7"] = 1
        file["deconv/max_act/0001/batch_img"] = np.array([[4, 7]], np.uint16)
        file["deconv/max_act/0001/vis"] = images[None, ..., 0]
    return path


@pytest.mark.parametrize("axis", ["epoch", "minibatch"])
def test_plot(history: Path, axis: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = history.parent / "pages"
    assert main(["plot", str(history), "-o", str(folder), "--axis", axis]) == 0
    assert capsys.readouterr().out.split() == [
        str(folder / "cost-hist.html"), str(folder / "deconv.html"),
    ]  # fmt: skip
    for page in folder.iterdir():
        text = page.read_text(encoding="utf-8")
        assert '<script type="text/javascript" src=' not in text
        assert "<link" not in text
    text = (folder / "cost-hist.html").read_text(encoding="utf-8")
    assert {"Cost", axis.title(), "Linear_11_0_W"} <= set(text.replace('"', "\n").split("\n"))


def test_plot_as_nvis(
    history: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(history.parent)
    with h5py.File(history, "a") as file:
        del file["deconv"], file["hist"]
    assert main(["plot", "-i", "h.h5"]) == 0
    assert [path.name for path in Path("nvis").iterdir()] == ["cost-hist.html"]


def test_plot_refuses_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", str(tmp_path / "no.h5")]) == 1
    assert "there is no history" in capsys.readouterr().err
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["input"] = np.zeros(3)
    assert main(["plot", str(tmp_path / "x.h5")]) == 1
    assert "x.h5 is no history of a training run" in capsys.readouterr().err
    (tmp_path / "y.h5").write_text("no HDF5")
    assert main(["plot", str(tmp_path / "y.h5")]) == 1


def test_plot_without_bokeh(
    history: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    assert main(["plot", str(history), "-o", str(history.parent)]) == 1
    assert "need bokeh: pip install 'neonlike[viz]'" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((GOLDEN / "prm").glob("*.prm*")), ids=lambda p: p.name)
def test_inspect(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert "values in parameters" in text
    assert "epochs" in text


def test_inspect_shows_layers_and_shapes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(GOLDEN / "prm" / "tree_py3.prm")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "written by  neon 2.6.0" in lines
    assert "optimizer   GradientDescentMomentum" in lines
    assert "    Linear_9           Linear      W 8 x 6         48       1" in lines
    assert lines[-1] == "126 values in parameters"


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_inspect_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)
    loop: dict[str, object] = {"type": "X", "config": {}}
    loop["config"] = {"layers": [loop]}
    files = {
        "hostile.prm": (pickle.dumps(Hostile()), "refused"),
        "cut.prm": ((GOLDEN / "prm" / "mlp_py3.prm").read_bytes()[:200], "cannot be read"),
        "loop.prm": (pickle.dumps({"model": loop}), "holds no model of neon's form"),
        "number.prm": (pickle.dumps({"model": 3}), "holds no model of neon's form"),
        "list.prm": (pickle.dumps([1]), "holds no model but a list"),
        "data.prm": (pickle.dumps({"x": 1}), "holds no model: its entries are x"),
    }
    for name, (content, message) in files.items():
        Path(name).write_bytes(content)
        assert main(["inspect", name]) == 1
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
    assert main(["inspect", "nowhere.prm"]) == 1
    assert not Path("executed").exists()


def test_inspect_optimizers_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = {"default": {"type": "neon.optimizers.optimizer.Adam", "config": {}}}
    optimizer = {"type": "MultiOptimizer", "config": {"optimizer_mapping": mapping}}
    model = {"type": "neon.layers.container.Sequential", "config": {"layers": []}}
    save_obj({"model": model, "optimizer": optimizer}, tmp_path / "m.prm")
    assert main(["inspect", str(tmp_path / "m.prm")]) == 0
    assert "optimizer  MultiOptimizer: default Adam" in capsys.readouterr().out


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    for name in ("neonlike", "python", "numpy", "BLAS", "threads", "numba", "kernel set"):
        assert facts[name]
    if facts["kernel set"] == "numba":
        assert facts["threading layer"] in ("tbb", "omp", "workqueue")
        assert Path(facts["kernel cache"]).is_dir()
    assert main(["info"]) == 0
    assert re.search(f"kernel set +{facts['kernel set']}", capsys.readouterr().out)


def test_info_reports_broken_kernels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        raise OSError("no LLVM here")

    monkeypatch.setattr("neonlike.kernels.load", fail)
    assert main(["info"]) == 0
    assert "cannot be loaded: OSError: no LLVM here" in capsys.readouterr().out


@pytest.mark.parametrize("kind", list(KINDS))
def test_warmup_networks(be: object, kind: str) -> None:
    train_kind(kind)


@compiled_only
def test_warmup(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["warmup", "affine"]) == 0
    said = capsys.readouterr()
    assert "kernels are compiled" in said.out
    assert said.err == ""  # a progress bar on terminals only
    with pytest.raises(SystemExit):
        main(["warmup", "affin"])
    assert "unknown kind 'affin', choose from affine, conv" in capsys.readouterr().err


def test_warmup_without_a_compiler(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEONLIKE_JIT", "0")
    assert main(["warmup"]) == 1
    assert "NEONLIKE_JIT=0 switches the compiler off" in capsys.readouterr().err


def test_bench_hands_over(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "neonlike", "bench", "--list"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "net_" in done.stdout


def test_bench_needs_the_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_bench.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["bench"]) == 1
    assert "get the source and run 'neonlike bench' in its folder" in capsys.readouterr().err
