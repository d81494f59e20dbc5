"""Which examples an epoch visits, for any size of data and batch (spec data 3 and 4)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neonlike.backends import gen_backend
from neonlike.data import ArrayIterator, HDF5Iterator

SIZES = st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, 23)))
RESETS = st.lists(st.booleans(), min_size=1, max_size=6)


def expected_epoch(start: int, ndata: int, n: int) -> list[list[int]]:
    """The last batch is completed with the first examples."""
    return [[(i + k) % ndata for k in range(n)] for i in range(start, ndata, n)]


def check(data: Any, ndata: int, n: int, resets: list[bool], full_batch_resets: bool) -> None:
    start = 0
    for reset in resets:
        if reset:
            data.reset()
            start = 0
        expected = expected_epoch(start, ndata, n)
        assert data.nbatches == len(expected)
        assert [x.get().ravel().astype(int).tolist() for x, _ in data] == expected
        missing = (start - ndata) % n
        if missing or full_batch_resets:
            start = missing
        assert data.start == start


@given(SIZES, RESETS)
@settings(max_examples=50, deadline=None)
def test_array_iterator(sizes: tuple[int, int], resets: list[bool]) -> None:
    n, ndata = sizes
    gen_backend("reference", batch_size=n)
    check(ArrayIterator(np.arange(ndata).reshape(-1, 1)), ndata, n, resets, False)


@given(SIZES, RESETS)
@settings(max_examples=20, deadline=None)
def test_hdf5_iterator(sizes: tuple[int, int], resets: list[bool]) -> None:
    n, ndata = sizes
    gen_backend("reference", batch_size=n)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "data.h5")
        with h5py.File(path, "w") as file:
            file["input"] = np.arange(ndata).reshape(-1, 1)
            file["input"].attrs["lshape"] = (1,)
        data = HDF5Iterator(path)
        check(data, ndata, n, resets, True)
        data.cleanup()
