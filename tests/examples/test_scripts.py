"""The scripts from the command line: a quick run, its folder, predictions, and refusals."""

from __future__ import annotations

import csv
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import compare
import h5py
import networks
import numpy as np
import pytest
import train
from data import GenderData, SyntheticSource
from photo_files import INF, NAN, save_archive, save_photo, save_photo_folder
from PIL import Image

from neonlike.backends import cleanup_backend
from neonlike.callbacks.callbacks import Callback, Callbacks
from neonlike.layers import Conv

GENDER = Path(__file__).parents[2] / "examples" / "gender"
FILES = {
    "activity_ReNet_0.png", "activity_ReNet_1.png", "graph.png",
    "matrices_ReNet_0.png", "matrices_ReNet_1.png",
    "config.json", "curves.png", "environment.json", "errors.png", "confusion.png",
    "feature_maps.png", "filters.png", "gradients.png", "history.csv", "history.h5",
    "predictions.csv", "report.html", "result.json", "roc.png", "checkpoints",
    "singular_values.png",
}  # fmt: skip
QUICKEST = ("--network", "birnn_last", "--size", "16", "--name", "small")
SMALL = ("--quick", "--train", "40", "--valid", "20", "--test", "20")
PLAIN = ("-b", "reference", "--no_progress_bar")  # small jobs: NumPy, nothing to compile


def run(script: str, *words: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a script of the example and check its exit code."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(GENDER / script), *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=400,
        env=os.environ | {"PYTHONPATH": str(GENDER.parents[1])},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A quick training run: its working folder, and what it printed."""
    cwd = tmp_path_factory.mktemp("quick")
    done = run("train.py", "--quick", "--no_progress_bar", cwd=cwd)
    return cwd, done.stdout


def test_the_last_two_lines_are_the_error_and_the_report(quick: tuple[Path, str]) -> None:
    cwd, printed = quick
    error, report = printed.strip().splitlines()[-2:]
    assert error.startswith("test error: ")
    assert error.endswith(" %")
    assert float(error.split()[2]) < 35  # measured 26; chance is 50
    assert (cwd / report.removeprefix("report: ")).is_file()


def test_the_run_folder_is_complete(quick: tuple[Path, str]) -> None:
    folder = quick[0] / "runs" / "renet-synthetic"
    assert {path.name for path in folder.iterdir()} == FILES
    assert {p.name for p in (folder / "checkpoints").iterdir()} == {"best.prm", "last.prm"}
    config = json.loads((folder / "config.json").read_text())
    assert config["network"] == "renet"
    assert config["options"]["batch_size"] == 32
    assert config["options"]["epochs"] == 6
    environment = json.loads((folder / "environment.json").read_text())
    assert {"neonlike", "numpy", "processor", "threads", "seed"} <= set(environment)
    rows = read_csv(folder / "history.csv")
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert {"train_cost", "loss", "Top1Misclass", "TrainError"} <= set(rows[0])
    with h5py.File(folder / "history.h5") as file:
        assert file["cost/train"].shape == (78,)
        assert file["metrics/Top1Misclass"].shape == (6,)


def test_the_report_says_synthetic_and_metadata(quick: tuple[Path, str]) -> None:
    page = (quick[0] / "runs" / "renet-synthetic" / "report.html").read_text("utf-8")
    assert "synthetic faces" in page
    assert "metadata, not facts" in page
    assert page.count("<figure") == 13
    assert "http:" not in page
    assert "https:" not in page
    assert "ReNet_0" in page


def test_the_same_seed_gives_the_same_run(quick: tuple[Path, str]) -> None:
    cwd, _ = quick
    run("train.py", "--quick", "-e", 1, "--no_progress_bar", "--name", "again", cwd=cwd)
    files = [cwd / "runs" / name / "history.csv" for name in ("renet-synthetic", "again")]
    first, again = (file.read_text().splitlines()[:2] for file in files)
    assert first == again


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
    scores = np.array([float(row["p_male"]) for row in read_csv(folder / "predictions.csv")])
    np.testing.assert_allclose(told, 100 * np.maximum(scores, 1 - scores), atol=0.06)


def test_comparison_keeps_finished_networks(tmp_path: Path) -> None:
    words = ["--networks", "mlp,birnn", "--size", 16, *SMALL, "-e", 1, *PLAIN, "--name", "c"]
    first = run("compare.py", *words, cwd=tmp_path)
    assert "mlp: test error" in first.stdout
    again = run("compare.py", *words, cwd=tmp_path)
    assert "mlp: finished before" in again.stdout
    files = {path.name for path in (tmp_path / "runs" / "c").iterdir()}
    assert {"mlp", "birnn", "report.html", "roc.png", "table.csv", "table.md"} <= files
    assert again.stdout.splitlines()[2].startswith("network  parameters")


def test_a_finished_run_counts_only_with_the_same_options() -> None:
    wanted = {"epochs": 10, "source": "synthetic", "name": "new", "batch_size": None}
    assert compare.same_run(wanted | {"name": "old", "batch_size": 64}, wanted)
    assert not compare.same_run(wanted | {"epochs": 5}, wanted)
    assert not compare.same_run({}, wanted)


def test_a_refusal_is_one_line_and_a_non_zero_exit(tmp_path: Path) -> None:
    done = run("train.py", "--source", "folder:nowhere", cwd=tmp_path, code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("train.py: nowhere: no such folder; expected one with female/")
    assert len(done.stderr.splitlines()) == 1
    done = run("predict.py", "--run", "nowhere", "a.jpg", cwd=tmp_path, code=1)
    assert done.stderr.startswith("predict.py: nowhere: not the folder of a run")
    done = run("compare.py", "--networks", "mlp,resnet", cwd=tmp_path, code=1)
    assert done.stderr.startswith("compare.py: --networks resnet: expected some of mlp,cnn,")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Return ``main(*words)``: train.py run in this process, in ``tmp_path``."""
    logger = logging.getLogger("neonlike")
    before = logger.handlers[:], logger.propagate, logger.level
    monkeypatch.chdir(tmp_path)

    def run_main(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["train.py", *words, *PLAIN])
        return train.main()

    yield run_main
    logger.handlers[:], logger.propagate, logger.level = before
    cleanup_backend()


@pytest.fixture
def refuse(main: Callable[..., int]) -> Callable[..., str]:
    """Return ``refuse(*words)``: the sentence with which train.py ends."""

    def end(*words: str) -> str:
        with pytest.raises(SystemExit) as stop:
            main(*words)
        assert isinstance(stop.value.code, str)
        return stop.value.code

    return end


def test_an_imdb_wiki_archive_is_trained_on(main: Callable[..., int], tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"name": f"Person {n // 3}", "gender": float(n // 3 % 2)} for n in range(90)
    ]
    rows[0]["gender"] = NAN
    rows[1]["size"] = (1, 1)
    rows[2]["face_score"] = -INF
    save_archive(tmp_path, "wiki", rows)
    words = ("--source", f"imdb-wiki:{tmp_path}", "--quick", "-e", "1", *QUICKEST)
    assert main(*words) == 0
    folder = tmp_path / "runs" / "small"
    assert "IMDB-WIKI photos" in (folder / "report.html").read_text("utf-8")
    assert len({row["picture"] for row in read_csv(folder / "predictions.csv")}) >= 6


def test_cross_validation_on_a_folder(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_photo_folder(tmp_path / "photos", 12, 12)
    words = ("--source", "folder:photos", "--folds", "2", "--quick", "-e", "1", *QUICKEST)
    assert main(*words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {Path('runs/small/report.html')}"
    rows = read_csv(tmp_path / "runs" / "small" / "predictions.csv")
    assert len({row["picture"] for row in rows}) == 24
    done = run("predict.py", "--run", "runs/small/fold-1", "--held_out", *PLAIN, cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 13
    done = run("predict.py", "--run", "runs/small", "--held_out", cwd=tmp_path, code=1)
    assert "choose one of its folds: fold-1, fold-2" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--source", "folder:empty"), "empty: no pictures in it; expected"),
        (("--source", "folder:one"), "2 pictures of class female and 0 of male"),
        (("--source", "folder:broken"), "the train part has 0 usable pictures of class female"),
        (("--source", "imdb-wiki:empty"), "empty: no IMDB-WIKI table in it"),
        (("--source", "tape"), "source 'tape': expected synthetic"),
        (
            ("--source", "folder:one", "--classes", "a"),
            "expected folder names for label 0",
        ),
        (("--folds", "5"), "--folds needs photos"),
        (("-e", "0"), "--epochs 0: expected at least 1"),
        (("-eval", "0"), "--eval_freq 0: expected at least 1"),
        ((*SMALL, "-z", "30"), "batch"),
        ((*SMALL, "--size", "20"), "do not divide the picture"),
        ((*SMALL, "--size", "12", "--network", "cnn_too_deep"), "Convolution"),
        ((*SMALL, "--train", "1"), "the train part has"),
        ((*SMALL, "--name", "taken"), "exists and is not the folder of a run"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_leaves_nothing(
    refuse: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.setitem(networks.NETWORKS, "cnn_too_deep", cnn_too_deep)
    save_photo_folder(tmp_path / "empty", 0, 0)
    save_photo_folder(tmp_path / "one", 2, 0)
    for photo in save_photo_folder(tmp_path / "broken", 10, 10).rglob("*.jpg"):
        photo.write_bytes(b"no")
    (tmp_path / "runs" / "taken").mkdir(parents=True)
    message = refuse(*words)
    assert message.startswith("train.py: ")
    assert sentence in message
    assert "\n" not in message
    assert {path.name for path in (tmp_path / "runs").iterdir()} <= {"taken", "data"}
    assert not list(tmp_path.rglob("*.tmp*"))
    assert not list(tmp_path.rglob(".preparing*"))


def cnn_too_deep() -> list[Any]:
    """A network whose last convolution is larger than the map that reaches it."""
    return [*networks.cnn()[:7], Conv((5, 5, 8), **networks.conv), *networks.cnn()[7:]]


def test_a_prepared_file_that_was_damaged_is_named(
    refuse: Callable[..., str], tmp_path: Path
) -> None:
    source = SyntheticSource((40, 20, 20), difficulty=0.5)
    folder = GenderData(source, 32, data_dir="runs/data").prepare()
    with h5py.File(folder / "train.h5", "a") as file:
        del file["input"].attrs["lshape"]
    message = refuse(*SMALL)
    assert "train.h5: dataset 'input' needs the attribute 'lshape'" in message
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"data"}


def test_ctrl_c_finishes_the_batch_and_writes_the_report(
    main: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupt(Callback):
        def __init__(self) -> None:
            super().__init__(epoch_freq=None, minibatch_freq=1)

        def on_minibatch_end(self, data: Any, model: Any, epoch: int, minibatch: int) -> None:
            if (epoch, minibatch) == (1, 0):
                os.kill(os.getpid(), signal.SIGINT)

    def callbacks(*args: Any, **kwargs: Any) -> Callbacks:
        made = Callbacks(*args, **kwargs)
        made.add_callback(Interrupt())
        return made

    monkeypatch.setattr(train, "Callbacks", callbacks)
    assert main(*SMALL, *QUICKEST) == 130
    folder = tmp_path / "runs" / "small"
    result = json.loads((folder / "result.json").read_text())
    assert result["interrupted"] is True
    assert result["epochs"] == 1
    assert "stopped by Ctrl-C" in (folder / "report.html").read_text("utf-8")
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"best.prm", "last.prm"}
