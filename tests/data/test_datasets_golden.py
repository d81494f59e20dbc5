"""Image data sets, question answering and synthetic tasks against data.h5."""

from __future__ import annotations

import io
import itertools
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_helpers import attribute, check_epochs, flat, plain_shape
from golden_cases import arrays, case_info, case_names, golden_file

from neonlike.data import image, questionanswer, ticker
from neonlike.util.persist import save_obj


@pytest.fixture
def mnist_folder(tmp_path: Path) -> str:
    raw = arrays(golden_file("data")["mnist_raw"])
    content = (raw["X_train"], raw["y_train"]), (raw["X_test"], raw["y_test"])
    save_obj(content, tmp_path / "mnist.pkl.gz")
    return str(tmp_path)


@pytest.mark.parametrize("name", case_names("data", "dataset_mnist"))
def test_mnist(make_be: Callable[..., Any], name: str, mnist_folder: str) -> None:
    make_be(batch_size=2)
    info, group = case_info("data", name), golden_file("data")[name]
    data = image.MNIST(path=mnist_folder, **info["kwargs"])
    (X_train, y_train), (X_test, y_test), nclass = data.load_data()
    got = {"X_train": X_train, "y_train": y_train, "X_test": X_test, "y_test": y_test}
    for key, array in got.items():
        assert array.dtype == group.attrs[f"dtype_{key}"]
        np.testing.assert_allclose(array, group[key], rtol=1e-6, atol=1e-6)
    assert nclass == attribute(group, "nclass")
    assert plain_shape(data.train_iter.shape) == attribute(group, "iter_shape")
    assert (data.train_iter.name, data.valid_iter.name) == ("train", "valid")


@pytest.fixture
def cifar_folder(tmp_path: Path) -> str:
    """The raw batches in the archive, pickled as the original's (protocol 2)."""
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as tar:
        for name, group in golden_file("data")["cifar10_raw"].items():
            batch = {"data": group["data"][()], "labels": group["labels"][()].tolist()}
            add_file(tar, f"cifar-10-batches-py/{name}", pickle.dumps(batch, 2))
    return str(tmp_path)


@pytest.mark.parametrize("name", case_names("data", "dataset_cifar10"))
def test_cifar10(make_be: Callable[..., Any], name: str, cifar_folder: str) -> None:
    make_be(batch_size=2)
    info, group = case_info("data", name), golden_file("data")[name]
    data = image.CIFAR10(path=cifar_folder, **info["kwargs"])
    (X_train, y_train), (X_test, y_test), nclass = data.load_data()
    got = {"X_train": X_train, "y_train": y_train, "X_test": X_test, "y_test": y_test}
    for key, expected in arrays(group).items():
        np.testing.assert_allclose(got[key][: len(expected)], expected, rtol=1e-6, atol=1e-6)
    assert nclass == attribute(group, "nclass_load_data")
    assert data.train_iter.nclass == attribute(group, "nclass_iter")
    assert plain_shape(data.valid_iter.shape) == attribute(group, "iter_shape")


def test_contrast_normalization() -> None:
    group = golden_file("data")["cifar10_contrast"]
    for scale in (1, 55):
        got = image.CIFAR10.global_contrast_normalize(group["in/X"][()], scale)
        np.testing.assert_allclose(got, group[f"scale{scale}"], rtol=1e-6, atol=1e-6)


def test_whitening(tmp_path: Path) -> None:
    group = golden_file("data")["cifar10_zca_whiten"]
    cache = str(tmp_path / "cache.pkl")
    for _ in range(2):  # computed, then from the cache
        sets = image.CIFAR10.zca_whiten(group["in/train"][()], group["in/test"][()], cache)
        for got, key in zip(sets, ("train", "test"), strict=True):
            np.testing.assert_allclose(got, group[key], rtol=1e-4, atol=1e-4)


def test_babi(make_be: Callable[..., Any], tmp_path: Path) -> None:
    make_be(batch_size=2)
    info, group = case_info("data", "dataset_babi"), golden_file("data")["dataset_babi"]
    with tarfile.open(tmp_path / info["archive"], "w:gz") as tar:
        for name, content in info["files"].items():
            add_file(tar, name, content.encode())
    data = questionanswer.BABI(path=str(tmp_path))
    for key in ("vocab", "vocab_size", "word_to_index", "story_maxlen", "query_maxlen"):
        assert getattr(data, key) == attribute(group, key)
    for key in ("train_parsed", "test_parsed"):
        assert json.loads(json.dumps(getattr(data, key))) == attribute(group, key)
    for name in ("train", "test"):
        for key, array in zip(("story", "query", "answer"), getattr(data, name), strict=True):
            assert array.dtype == group[name][key].dtype
            np.testing.assert_array_equal(array, group[name][key])


def test_qa(make_be: Callable[..., Any]) -> None:
    info, group = (
        case_info("data", "seeded/qa_two_epochs"),
        golden_file("data")["seeded/qa_two_epochs"],
    )
    make_be(batch_size=info["batch_size"], rng_seed=info["rng_seed"])
    given = arrays(group["in"])
    data = questionanswer.QA(given["story"], given["query"], given["answer"])
    assert plain_shape(data.shape) == attribute(group, "shape")
    check_epochs(data, group, info)


@pytest.mark.parametrize("name", case_names("data", "seeded/ticker"))
def test_ticker(make_be: Callable[..., Any], name: str) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])
    task = getattr(ticker, info["task"])(*info["task_args"])
    assert task.time_steps_max == attribute(group, "time_steps_max")
    assert task.max_columns == attribute(group, "max_columns")
    data = ticker.Ticker(task)
    for key in ("ndata", "nin", "nout"):
        assert getattr(data, key) == attribute(group, key)
    assert plain_shape(data.shape) == attribute(group, "shape")
    np.random.seed(info["numpy_global_seed_before_iteration"])
    batches = [
        flat("x", x) | flat("t", t)
        for x, t in itertools.islice(iter(data), info["stop_after_batches"])
    ]
    for key, expected in arrays(group["epoch0"]).items():
        np.testing.assert_array_equal(np.stack([batch[key] for batch in batches]), expected)


def add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
