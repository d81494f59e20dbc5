"""Text iterators, text data sets and text preprocessing against data.h5."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from data_helpers import attribute, check_epochs, plain_shape
from golden_cases import case_info, case_names, golden_file

from neonlike.data import text, text_preprocessing

TEXT_CASES = [n for n in case_names("data", "text_") if n != "text_create_valid_file"]


@pytest.mark.parametrize("name", TEXT_CASES)
def test_text(make_be: Callable[..., Any], name: str, tmp_path: Path) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])
    path = tmp_path / "text.txt"
    path.write_text(info["text"])
    tokenizer = text.PTB.newline_tokenizer if info["tokenizer"] else None
    data = text.Text(info["time_steps"], str(path), info["vocab"], tokenizer, **info["kwargs"])
    for key in ("vocab", "nclass", "ndata", "seq_length"):
        assert getattr(data, key) == attribute(group, key)
    assert plain_shape(data.shape) == attribute(group, "shape")
    check_indices(data, group)
    check_epochs(data, group, info)


@pytest.mark.parametrize("name", case_names("data", "textnmt_"))
def test_text_nmt(make_be: Callable[..., Any], name: str, tmp_path: Path) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])
    with h5py.File(tmp_path / info["file"], "w") as file:
        for key in ("s_vocab", "t_vocab"):
            file[key] = [word.encode() for word in info[key]]
        for key in ("X", "y"):
            file[key] = group["in"][key][()]
    data = text.TextNMT(*info["args"], str(tmp_path), **info["kwargs"])
    assert data.t_vocab == [word.encode() for word in info["t_vocab"]]
    assert (data.nclass, data.ndata) == (attribute(group, "nclass"), attribute(group, "ndata"))
    check_indices(data, group)
    check_epochs(data, group, info)


def test_shakespeare(make_be: Callable[..., Any], tmp_path: Path) -> None:
    info, group = (
        case_info("data", "dataset_shakespeare"),
        golden_file("data")["dataset_shakespeare"],
    )
    make_be(batch_size=info["batch_size"])
    (tmp_path / info["file"]).write_text(info["text"])
    data = text.Shakespeare(*info["args"], path=str(tmp_path))
    check_indices(data.train_iter, group["train"])
    check_indices(data.valid_iter, group["valid"])
    assert data.valid_iter.vocab == attribute(group["valid"], "vocab")
    assert sorted(p.name for p in tmp_path.iterdir()) == attribute(group, "files_written")


@pytest.mark.parametrize("name", case_names("data", "dataset_ptb"))
def test_ptb(make_be: Callable[..., Any], name: str, tmp_path: Path) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])
    for phase, content in info["texts"].items():
        (tmp_path / f"ptb.{phase}.txt").write_text(content)
    data = text.PTB(*info["args"], path=str(tmp_path), **info["kwargs"])
    for phase in info["texts"]:
        iterator = data.get_iterator(phase)
        check_indices(iterator, group[phase])
        assert iterator.get_prev_target == group[phase].attrs["get_prev_target"]
    assert data.vocab == attribute(group, "vocab")


def test_imdb(make_be: Callable[..., Any], tmp_path: Path) -> None:
    info, group = case_info("data", "dataset_imdb"), golden_file("data")["dataset_imdb"]
    make_be(batch_size=info["batch_size"])
    (tmp_path / "imdb.pkl").write_bytes(pickle.dumps((info["X"], info["y"]), 2))
    data = text.IMDB(*info["args"], path=str(tmp_path))
    assert data.data_dict["nclass"] == attribute(group, "nclass")
    for name in ("train", "test"):
        iterator = data.get_iterator(name)
        assert iterator.shape == attribute(group[name], "shape")
        check_epochs(iterator, group[name], {})


def test_create_valid_file(tmp_path: Path) -> None:
    info = case_info("data", "text_create_valid_file")
    group = golden_file("data")["text_create_valid_file"]
    (tmp_path / info["file"]).write_text(info["text"])
    paths = text.Text.create_valid_file(str(tmp_path / info["file"]), info["valid_split"])
    assert [Path(p).name for p in paths] == info["names"]
    assert [Path(p).read_text() for p in paths] == [group.attrs["train"], group.attrs["valid"]]


def test_clean_string() -> None:
    strings = case_info("data", "clean_string")["strings"]
    expected = attribute(golden_file("data")["clean_string"], "result")
    assert [text_preprocessing.clean_string(s) for s in strings] == expected


def test_pad_sentences() -> None:
    group = golden_file("data")["pad_sentences"]
    sentences = case_info("data", "pad_sentences")["sentences"]
    for name, kwargs in {
        "default": {},
        "length4": {"sentence_length": 4},
        "length8_pad7": {"sentence_length": 8, "pad_val": 7},
    }.items():
        padded = text_preprocessing.pad_sentences(sentences, **kwargs)
        assert padded.dtype == np.int32
        np.testing.assert_array_equal(padded, group[name])


@pytest.mark.parametrize("name", case_names("data", "pad_data"))
def test_pad_data(name: str, tmp_path: Path) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps((info["X"], info["y"]), 2))
    train, test, nclass = text_preprocessing.pad_data(str(path), **info["kwargs"])
    assert nclass == attribute(group, "nclass")
    for key, array in zip(("X_train", "y_train", "X_test", "y_test"), (*train, *test), strict=True):
        assert array.dtype == group[key].dtype
        np.testing.assert_array_equal(array, group[key])


@pytest.mark.parametrize("name", case_names("data", "padded_xy"))
def test_padded_xy(name: str) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    X, y = text_preprocessing.get_paddedXY(info["X"], info["y"], **info["kwargs"])
    np.testing.assert_array_equal(X, group["X"])
    np.testing.assert_array_equal(y, group["y"])


def check_indices(data: text.Text, group: h5py.Group) -> None:
    for key in ("X", "y"):
        array = getattr(data, key)
        assert array.dtype == group[key].dtype
        np.testing.assert_array_equal(array, group[key])
