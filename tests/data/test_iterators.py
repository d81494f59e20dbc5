"""Iterators: refused input, descriptions, changes of the batch size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.backends import gen_backend
from neonlike.data import (
    ArrayIterator,
    DataIterator,
    HDF5Iterator,
    HDF5IteratorAutoencoder,
    HDF5IteratorOneHot,
    NervanaDataIterator,
)

X = np.arange(60, dtype=np.uint8).reshape(10, 6)
Y = np.arange(10) % 3


@pytest.fixture(autouse=True)
def backend() -> Any:
    """These checks do not depend on the kernel set."""
    return gen_backend("reference", batch_size=4)


@pytest.mark.parametrize(
    ("error", "message", "kwargs"),
    [
        (AttributeError, "need the argument nclass", {"y": Y}),
        (AssertionError, "y has 9 entries", {"y": Y[:9], "nclass": 3}),
        (AssertionError, r"label 2, which is outside 0\.\.1", {"y": Y, "nclass": 2}),
        (AssertionError, "label -1, which is outside", {"y": Y - 1, "nclass": 3}),
        (AssertionError, "label 0.5, which is not an integer", {"y": Y + 0.5, "nclass": 9}),
        (AssertionError, "label nan, which is not an integer", {"y": Y * np.nan, "nclass": 9}),
        (AssertionError, "one label per example", {"y": np.zeros((10, 2)), "nclass": 3}),
        (TypeError, "real numbers, got dtype <U1", {"y": ["a"] * 10, "nclass": 3}),
        (AssertionError, r"lshape \(1, 2, 2\) has 4", {"lshape": (1, 2, 2)}),
        (AssertionError, r"lshape \(7,\) has 7", {"lshape": 7}),
        (ValueError, r"lshape \(-2, -3\): a size must be .* at least 1", {"lshape": (-2, -3)}),
        (TypeError, "lshape must be a tuple", {"lshape": np.array([2, 3])}),
        (TypeError, "nclass must be a whole number .* got 3.0", {"y": Y, "nclass": 3.0}),
        (TypeError, "nclass must be a whole number .* got '3'", {"y": Y, "nclass": "3"}),
        (IndexError, r"must be of shape \(ndata, M\)", {"y": Y, "make_onehot": False}),
        (AssertionError, "batch size 4 is larger than the data set, which has 3", {"X": X[:3]}),
        (AssertionError, r"X\[1\] has 9 examples", {"X": [X, X[:9]]}),
        (TypeError, "an array or a list of arrays", {"X": (X, X)}),
        (TypeError, "an array or a list of arrays", {"X": []}),
        (AssertionError, "the data set is empty", {"X": X[:0]}),
        (ValueError, r"must be of shape \(ndata, F\), got \(10,\)", {"X": Y}),
        (ValueError, r"got \(10, 1, 4\); give X.reshape\(len\(X\), -1\)", {"X": X[:, None, :4]}),
        (ValueError, "an array for each input", {"X": X.tolist()}),
        (TypeError, "real numbers", {"X": X.astype(str)}),
    ],
)
def test_array_iterator_refuses(
    error: type[Exception], message: str, kwargs: dict[str, Any]
) -> None:
    with pytest.raises(error, match=message):
        ArrayIterator(**{"X": X, **kwargs})


def test_float_labels_of_integer_value_are_accepted() -> None:
    _, t = next(iter(ArrayIterator(X, Y.astype(float), nclass=3)))
    np.testing.assert_array_equal(t.get().argmax(axis=0), Y[:4])


def test_description_of_array_iterator() -> None:
    data = ArrayIterator(X, Y, nclass=3, lshape=(1, 2, 3), name="train")
    assert data.get_description() == {
        "type": "neonlike.data.dataiterator.ArrayIterator",
        "config": {"nclass": 3, "lshape": (1, 2, 3), "name": "train"},
    }
    assert "lshape" not in ArrayIterator([X, X]).get_description()["config"]


def test_same_tensors_in_every_batch() -> None:
    data = ArrayIterator(X)
    tensors = {id(tensor) for x, t in data for tensor in (x, t)}
    assert len(tensors) == 1


def test_changed_batch_size(backend: Any) -> None:
    data = ArrayIterator(X, Y, nclass=3)
    backend.bsz = 5
    assert data.nbatches == 2
    assert [(x.shape, t.shape) for x, t in data] == [((6, 5), (3, 5))] * 2
    backend.bsz = 11
    with pytest.raises(AssertionError, match="batch size 11"):
        next(iter(data))


def test_old_name_warns() -> None:
    with pytest.warns(DeprecationWarning, match="ArrayIterator"):
        data = DataIterator(X)
    assert isinstance(data, ArrayIterator)
    assert data.ndata == 10


def test_base_class_is_abstract() -> None:
    data = NervanaDataIterator()
    for call in (data.nbatches, data.reset, data.__iter__):
        with pytest.raises(NotImplementedError, match="NervanaDataIterator"):
            call()
    data.nbatches = 3
    assert data.nbatches == 3


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "data.h5")
    with h5py.File(path, "w") as file:
        file["input"] = X
        file["input"].attrs["lshape"] = (1, 2, 3)
        file["output"] = Y.reshape(-1, 1)
        file["output"].attrs["nclass"] = 3
    return path


def change(path: str, **content: Any) -> None:
    """Replace datasets (None: delete); keys with a dot are attributes."""
    with h5py.File(path, "a") as file:
        for key, value in content.items():
            name, _, attr = key.partition("__")
            place = file[name].attrs if attr else file
            if (attr or name) in place:
                del place[attr or name]
            if value is not None:
                place[attr or name] = value


@pytest.mark.parametrize(
    ("cls", "error", "message", "content"),
    [
        (HDF5Iterator, KeyError, "no dataset 'input', only", {"input": None}),
        (HDF5Iterator, TypeError, "'input' must hold real", {"input": np.full((10, 6), b"a")}),
        (HDF5Iterator, KeyError, "needs the attribute 'lshape'", {"input__lshape": None}),
        (HDF5Iterator, AssertionError, r"lshape \(1, 7\) has 7", {"input__lshape": (1, 7)}),
        (HDF5Iterator, AssertionError, "'output' has 9", {"output": Y[:9, np.newaxis]}),
        (HDF5Iterator, AssertionError, r"shape \(ndata, F\), got \(10,\)", {"input": Y}),
        (HDF5Iterator, AssertionError, "'mean' must have 6 values .* got 5", {"mean": Y[:5]}),
        (HDF5Iterator, IndexError, r"'output' must be of shape \(ndata, M\)", {"output": Y}),
        (HDF5IteratorOneHot, AssertionError, "attribute 'nclass'", {"output__nclass": None}),
        (HDF5IteratorOneHot, AssertionError, "label 2", {"output__nclass": 2}),
    ],
)
def test_hdf5_iterator_refuses(
    path: str, cls: Any, error: type[Exception], message: str, content: dict[str, Any]
) -> None:
    change(path, **content)
    with pytest.raises(error, match=f"data.h5.*{message}"):
        next(iter(cls(path)))


def test_hdf5_file_missing_or_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OSError, match="no such HDF5 file"):
        HDF5Iterator(str(tmp_path / "none.h5"))
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(OSError, match="text.h5 cannot be read as an HDF5 file"):
        HDF5Iterator(str(tmp_path / "text.h5"))
    assert capsys.readouterr().err == ""  # nothing from the destructor


def test_hdf5_batch_larger_than_the_data(path: str, backend: Any) -> None:
    backend.bsz = 11
    with pytest.raises(AssertionError, match="use a batch size of at most 10"):
        HDF5Iterator(path)


def test_hdf5_without_output(path: str) -> None:
    change(path, output=None)
    assert next(iter(HDF5IteratorOneHot(path)))[1] is None
    x, t = next(iter(HDF5IteratorAutoencoder(path)))
    assert x is t


def test_hdf5_user_hooks(path: str) -> None:
    class Doubled(HDF5Iterator):
        def gen_input(self, mini_batch: np.ndarray) -> None:
            self.inpbuf[:] = 2 * mini_batch

        def allocate_outputs(self) -> None:
            self.outbuf = self.be.iobuf(7)

        def gen_output(self, mini_batch: np.ndarray) -> None:
            self.outbuf[:] = 5

        mini_batch_out = np.zeros((1, 4))

    x, t = next(iter(Doubled(path)))
    np.testing.assert_array_equal(x.get(), 2 * X[:4].T)
    assert (t.get() == 5).all()


def test_hdf5_description_and_cleanup(path: str) -> None:
    data = HDF5Iterator(path, name="train")
    assert data.get_description()["config"] == {"hdf_filename": path, "name": "train"}
    data.cleanup()
    data.cleanup()
    with h5py.File(path, "a"):  # closed, so it can be opened for writing
        pass


def test_hdf5_changed_batch_size(path: str, backend: Any) -> None:
    data = HDF5IteratorOneHot(path)
    assert [x.shape for x, _ in data] == [(6, 4)] * 3
    data.reset()
    backend.bsz = 5
    assert [(x.shape, t.shape) for x, t in data] == [((6, 5), (3, 5))] * 2
