"""Every example runs with ``--quick``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from neonlike.kernels.numba._cache import cache_folder

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# scripts with tests of their own; scripts that work for others, or on what others have written
ELSEWHERE = {"gender", "zoo", "reseg", "tutorials"}
HELPERS = {
    *{"data.py", "image_caption_data.py", "prepare.py"},
    *{"inference.py", "demo.py", "detect.py"},
}
SCRIPTS = sorted(
    path
    for path in EXAMPLES.rglob("*.py")
    if path.relative_to(EXAMPLES).parts[0] not in ELSEWHERE
    and path.name not in HELPERS
    and path.read_text("utf-8").startswith("#!")
)


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a script: a home of its own, but the kernels compiled already."""
    kernels = Path(cache_folder()).parent
    ours = {"HOME": str(home), "NUMBA_CACHE_DIR": str(kernels), "MPLBACKEND": "agg"}
    return {**os.environ, **ours}


def run(script: Path, folder: Path, *arguments: str, answers: str = "") -> str:
    """Run a script in ``folder``, which reads ``answers``; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *arguments],
        cwd=folder,
        input=answers,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_quick(script: Path, data_folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "examples"  # scripts may write beside themselves
    shutil.copytree(script.parent, copy, ignore=shutil.ignore_patterns("results", "__pycache__"))
    shutil.copytree(EXAMPLES / "detection", tmp_path / "detection")  # modules of ssd, faster_rcnn
    run(copy / script.name, tmp_path, "--quick", "-r", "0", "-w", str(data_folder))


def test_sentences_that_are_alike(data_folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(" . ".join(["the fox runs", "it sees a bird", "the bird flies up"] * 100))
    options = ["--embed_dim", "8", "--nhidden", "8", "--max_len_w", "6", "-r", "0"]
    folder = EXAMPLES / "skip_thought"
    run(folder / "train.py", tmp_path, str(text), *options, "-e", "1", "-s", "st.prm")
    shown = run(
        folder / "inference.py",
        tmp_path,
        str(text),
        *["--model_file", "st.prm", "--max_len_w", "6", "--count", "2"],
    )
    assert shown.count("1.00") >= 2  # the same sentence elsewhere in the text


def test_questions_about_a_story(data_folder: Path, tmp_path: Path) -> None:
    babi = EXAMPLES / "babi"
    options = ["-w", str(data_folder), "-t", "15", "-r", "0"]
    run(babi / "train.py", tmp_path, "--quick", *options, "-s", "babi.p")
    shown = run(
        babi / "demo.py",
        tmp_path,
        *options,
        *["--model_weights", "babi.p"],
        answers="Mice are afraid of wolves.\nWhat are mice afraid of?\n\n",
    )
    assert shown.count("%") == 5


def test_pictures_of_cifar10(data_folder: Path, tmp_path: Path) -> None:
    options = ["-w", str(data_folder), "--out_dir", "png"]
    shown = run(EXAMPLES / "cifar10_msra" / "data.py", tmp_path, *options)
    assert shown.strip().endswith("png/train.cfg")
    lines = (tmp_path / "png" / "val-index.tsv").read_text().splitlines()
    assert len(lines) == 501
    assert (tmp_path / "png" / lines[1].split("\t")[0]).exists()


@pytest.mark.parametrize("name", ["mnist_mlp", "multi_optimizer"])
def test_yaml_file_trains_the_network_of_its_script(
    name: str, data_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mnist.pkl.gz").symlink_to(data_folder / "mnist.pkl.gz")
    options = ["-r", "0", "-e", "1", "-eval", "1", "--no_progress_bar"]
    run(EXAMPLES / f"{name}.py", tmp_path, *options, "-w", ".", "-o", "script.h5")
    subprocess.run(
        [sys.executable, "-m", "neonlike", "train", EXAMPLES / f"{name}.yaml"]
        + [*options, "-o", "yaml.h5"],
        cwd=tmp_path,
        env=environment(tmp_path),
        check=True,
    )
    losses = []
    for file in ("script.h5", "yaml.h5"):
        with h5py.File(tmp_path / file) as history:
            losses.append(float(history["cost/loss"][0]))
    assert losses[0] == losses[1]
