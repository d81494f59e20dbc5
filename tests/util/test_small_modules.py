"""compat, shelver, modeldesc, display_information, update_dataset_cache."""

from __future__ import annotations

import argparse
import copy
import logging
import multiprocessing
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.util import compat, display_information, update_dataset_cache
from neonlike.util.modeldesc import ModelDescription
from neonlike.util.persist import load_obj, save_obj
from neonlike.util.shelver import atomic_shelve

GOLDEN = Path(__file__).parents[1] / "golden" / "prm"


def test_compat(tmp_path: Path) -> None:
    assert compat.PY3
    assert list(compat.xrange(3)) == [0, 1, 2]
    assert compat.pickle is pickle
    path = tmp_path / "py2.pkl"
    path.write_bytes(b"\x80\x02U\x02\xe4x.")  # a str of Python 2
    with path.open("rb") as file:
        assert compat.pickle_load(file) == "äx"


def count(filename: str, times: int) -> None:
    for _ in range(times):
        with atomic_shelve(filename) as shelf:
            shelf["n"] = shelf.get("n", 0) + 1


def test_shelf_of_several_processes(tmp_path: Path) -> None:
    filename = str(tmp_path / "shelf")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, args=(filename, 20)) for _ in range(2)]
    for process in processes:
        process.start()
    count(filename, 20)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with atomic_shelve(filename) as shelf:
        assert shelf["n"] == 60


def test_model_description_queries() -> None:
    tree = ModelDescription(str(GOLDEN / "tree_py3.prm"))
    assert tree.version == "2.6.0"
    names = tree.layers()
    assert len(names) == 15  # two containers with six and seven layers
    first = names[1]
    assert tree.getlayer(first)["config"]["name"] == first
    assert tree.getlayer(first)["params"]["W"].shape == (8, 6)
    assert tree.getlayer("none") is None
    assert tree.layers(regex="Linear") == [n for n in names if n.startswith("Linear")]
    assert tree.layers("nout") == [8, 3, 4, 3]
    assert tree.layers("nout", regex="x") == []


def test_model_description_equality() -> None:
    one = ModelDescription(load_obj(GOLDEN / "mlp_py3.prm"))
    two = ModelDescription(copy.deepcopy(dict(one)))
    assert one == two
    two["model"]["config"]["layers"][0]["config"]["name"] = "other"
    assert one == two
    two["model"]["config"]["layers"][0]["params"]["W"][0, 0] += 1
    assert one != two
    assert one != ModelDescription({"epoch_index": 3})
    assert ModelDescription({}) != ModelDescription({})
    assert one != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"a": [1, (2, "x")]}, {"a": [1, (2, "x")], "name": "n"}, True),
        ([1, 2], [1, 2, 3], False),
        ([1], (1,), False),
        (1, 1.0, False),
        (np.zeros(2), np.zeros(2), True),
        (np.zeros(2), np.zeros(3), False),
        ({"a": 1}, {"b": 1}, False),
        ("ab", "ab", True),
    ],
)
def test_match(a: Any, b: Any, same: bool) -> None:
    assert ModelDescription.match(a, b) is same


@pytest.fixture
def displayed(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(logging.getLogger("neonlike"), "propagate", True)
    return caplog


def test_display_platform_and_cpu(displayed: pytest.LogCaptureFixture) -> None:
    display_information.display_platform_information()
    display_information.display_cpu_information()
    assert "-- INFORMATION: PLATFORM & OS ---------\n" in displayed.text
    assert f"{'python version':>25}: {sys.version.split()[0]}\n" in displayed.text
    assert "-- INFORMATION: CPU -------------------\n" in displayed.text
    assert "-" * 40 in displayed.text
    assert {record.levelname for record in displayed.records} == {"DISPLAY"}


def test_display_parameters(displayed: pytest.LogCaptureFixture) -> None:
    args = argparse.Namespace(backend="cpu", batch_size=128, epochs=3)
    momentum = {"learning_rate": 0.1, "momentum_coef": 0.9}
    inner = {"type": "GradientDescentMomentum", "config": momentum}
    root = {
        "batchsize": 64,
        "optimizer": {
            "type": "MultiOptimizer",
            "config": {"optimizer_mapping": {"default": inner}},
        },
    }
    display_information.display_model_params(args, root)
    assert "-- INFORMATION: HYPER PARAMETERS ------\n" in displayed.text
    for row in ("batch size: 64", "epochs: 3", "type: MultiOptimizer", "rate: 0.1", "coef: 0.9"):
        assert row in displayed.text
    display_information.display_model_params(args, {})
    assert "Some hyper parameters cannot be displayed" in displayed.text


def test_update_dataset_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "cache.pkl")
    mean = np.repeat([[1.0], [2.0], [3.0]], 4, axis=0)
    save_obj({"global_mean": mean, "img_size": 2, "other": 5}, path)
    monkeypatch.setattr(sys, "argv", ["update_dataset_cache", path])
    update_dataset_cache.main()
    cache = load_obj(path)
    assert cache["global_mean"].tolist() == [[3.0], [2.0], [1.0]]
    assert cache["other"] == 5
    with pytest.raises(ValueError, match=r"must be of shape \(12, 1\), got \(3, 1\)"):
        update_dataset_cache.convert(path)
    save_obj([1], path)
    with pytest.raises(ValueError, match="expected a dict"):
        update_dataset_cache.convert(path)
