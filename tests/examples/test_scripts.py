"""The scripts from the command line: a quick run, its folder, predictions, and refusals."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from photo_files import save_photo, save_photo_folder
from PIL import Image

GENDER = Path(__file__).parents[2] / "examples" / "gender"
FILES = {
    "config.json", "curves.png", "environment.json", "errors.png", "confusion.png",
    "feature_maps.png", "filters.png", "gradients.png", "history.csv", "history.h5",
    "predictions.csv", "report.html", "result.json", "roc.png", "checkpoints",
}  # fmt: skip


def run(script: str, *words: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a script of the example and check its exit code."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(GENDER / script), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(GENDER.parents[1])},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A quick training run: its working folder, and what it printed."""
    cwd = tmp_path_factory.mktemp("quick")
    done = run("train.py", "--quick", "-e", 2, "--no_progress_bar", cwd=cwd)
    return cwd, done.stdout


def test_the_last_two_lines_are_the_error_and_the_report(quick: tuple[Path, str]) -> None:
    cwd, printed = quick
    error, report = printed.strip().splitlines()[-2:]
    assert error.startswith("test error: ")
    assert error.endswith(" %")
    assert 0 <= float(error.split()[2]) <= 60
    assert (cwd / report.removeprefix("report: ")).is_file()


def test_the_run_folder_is_complete(quick: tuple[Path, str]) -> None:
    folder = quick[0] / "runs" / "renet-synthetic"
    assert {path.name for path in folder.iterdir()} == FILES
    assert {p.name for p in (folder / "checkpoints").iterdir()} == {"best.prm", "last.prm"}
    config = json.loads((folder / "config.json").read_text())
    assert config["network"] == "renet"
    assert config["options"]["batch_size"] == 64
    assert config["options"]["epochs"] == 2
    environment = json.loads((folder / "environment.json").read_text())
    assert {"neonlike", "numpy", "processor", "threads", "seed"} <= set(environment)
    rows = list(csv.DictReader((folder / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert {"train_cost", "loss", "Top1Misclass", "TrainError"} <= set(rows[0])
    with h5py.File(folder / "history.h5") as file:
        assert file["cost/train"].shape == (14,)
        assert file["metrics/Top1Misclass"].shape == (2,)


def test_the_report_says_synthetic_and_metadata(quick: tuple[Path, str]) -> None:
    page = (quick[0] / "runs" / "renet-synthetic" / "report.html").read_text("utf-8")
    assert "synthetic faces" in page
    assert "metadata, not facts" in page
    assert page.count("<figure") == 7
    assert "http" not in page.replace("http-equiv", "")
    assert "ReNet_0" in page


def test_the_same_seed_gives_the_same_run(quick: tuple[Path, str]) -> None:
    cwd, _ = quick
    run("train.py", "--quick", "-e", 2, "--no_progress_bar", "--name", "again", cwd=cwd)
    histories = [
        (cwd / "runs" / n / "history.csv").read_text() for n in ("renet-synthetic", "again")
    ]
    assert histories[0] == histories[1]


def test_predictions_on_photos(quick: tuple[Path, str], tmp_path: Path) -> None:
    cwd, _ = quick
    save_photo(tmp_path / "photos" / "a.png", (50, 40))
    save_photo(tmp_path / "photos" / "b.jpg", (40, 60), seed=1)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no")
    done = run("predict.py", "--run", "runs/renet-synthetic", tmp_path / "photos", cwd=cwd)
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert "a.png" in lines[0]
    assert lines[0].endswith(" %")
    assert "broken.jpg: not a readable picture" in done.stderr
    with Image.open(cwd / "runs" / "renet-synthetic" / "predictions.png") as sheet:
        assert min(sheet.size) > 100


def test_predictions_equal_those_of_the_test(quick: tuple[Path, str]) -> None:
    cwd, _ = quick
    folder = cwd / "runs" / "renet-synthetic"
    done = run("predict.py", "--run", folder, "--held_out", "--sheet", "s.png", cwd=cwd)
    told = [float(line.split()[-2]) for line in done.stdout.splitlines()[:-1]]
    with (folder / "predictions.csv").open() as file:
        scores = np.array([float(row["p_male"]) for row in csv.DictReader(file)])
    np.testing.assert_allclose(told, 100 * np.maximum(scores, 1 - scores), atol=0.06)


def test_cross_validation_on_a_folder(tmp_path: Path) -> None:
    save_photo_folder(tmp_path / "photos", 12, 12)
    words = ["--source", "folder:photos", "--folds", 2, "--quick", "-e", 1, "--network", "birnn"]
    done = run("train.py", *words, "--no_progress_bar", "--name", "cv", cwd=tmp_path)
    assert done.stdout.strip().splitlines()[-1] == f"report: {Path('runs/cv/report.html')}"
    rows = list(csv.DictReader((tmp_path / "runs" / "cv" / "predictions.csv").open()))
    assert len({row["picture"] for row in rows}) == 24
    done = run("predict.py", "--run", "runs/cv/fold-1", "--held_out", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 13
    done = run("predict.py", "--run", "runs/cv", "--held_out", cwd=tmp_path, code=1)
    assert "choose one of its folds: fold-1, fold-2" in done.stderr


def test_comparison_keeps_finished_networks(tmp_path: Path) -> None:
    words = ["--networks", "mlp,cnn", "--quick", "-e", 1, "--no_progress_bar", "--name", "c"]
    first = run("compare.py", *words, cwd=tmp_path)
    assert "mlp: test error" in first.stdout
    again = run("compare.py", *words, cwd=tmp_path)
    assert "mlp: finished before" in again.stdout
    files = {path.name for path in (tmp_path / "runs" / "c").iterdir()}
    assert {"mlp", "cnn", "report.html", "roc.png", "table.csv", "table.md"} <= files
    assert again.stdout.splitlines()[2].startswith("network  parameters")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--source", "folder:nowhere"], "nowhere: no such folder; expected"),
        (["--source", "folder:empty"], "empty: no pictures in it; expected"),
        (["--source", "folder:one"], "2 pictures of class female and 0 of male"),
        (["--source", "imdb-wiki:empty"], "empty: no IMDB-WIKI table in it"),
        (["--source", "tape"], "source 'tape': expected synthetic"),
        (["--quick", "-z", "300"], "300"),
        (["--quick", "--size", "20"], "ReNet"),
        (["--folds", "5"], "--folds needs photos"),
        (["--quick", "--train", "1", "--valid", "1"], "the train part has"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    save_photo_folder(tmp_path / "empty", 0, 0)
    save_photo_folder(tmp_path / "one", 2, 0)
    done = run("train.py", *words, cwd=tmp_path, code=1)
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("train.py: ")
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "data" not in path.parts]
    assert all("one" in path.parts for path in left)
    assert not list(tmp_path.glob("runs/renet*"))
