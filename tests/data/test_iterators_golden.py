"""ArrayIterator and the HDF5 iterators deliver what neon's delivered, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from data_helpers import attribute, check_epochs, plain_shape
from golden_cases import case_info, case_names, golden_file

from neonlike.data import dataiterator, hdf5iterator


@pytest.mark.parametrize("name", case_names("data", "array_"))
def test_array_iterator(make_be: Callable[..., Any], name: str) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])

    def read(key: Any) -> Any:
        return [read(k) for k in key] if isinstance(key, list) else key and group[key][()]

    kwargs = dict(info["kwargs"])
    if "lshape" in kwargs:
        kwargs["lshape"] = tuple(kwargs["lshape"])
    data = dataiterator.ArrayIterator(read(info["X"]), read(info["y"]), **kwargs)
    assert plain_shape(data.shape) == attribute(group, "shape")
    assert plain_shape(getattr(data, "lshape", "absent")) == attribute(group, "lshape")
    assert data.ndata == attribute(group, "ndata")
    check_epochs(data, group, info)


@pytest.mark.parametrize("name", case_names("data", "hdf5_"))
def test_hdf5_iterator(make_be: Callable[..., Any], name: str, tmp_path: Path) -> None:
    info, group = case_info("data", name), golden_file("data")[name]
    make_be(batch_size=info["batch_size"])
    path = str(tmp_path / "data.h5")
    write_hdf5(path, group, info["file"])
    data = getattr(hdf5iterator, info["class"])(path)
    assert plain_shape(data.shape) == attribute(group, "shape")
    assert plain_shape(data.lshape) == attribute(group, "lshape")
    check_epochs(data, group, info)
    data.cleanup()


def write_hdf5(path: str, group: h5py.Group, layout: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for key in ("input", "mean", "output"):
            if layout[key] is not None:
                file[key] = group[layout[key]][()]
        file["input"].attrs["lshape"] = layout["input.attrs.lshape"]
        if layout["output.attrs.nclass"] is not None:
            file["output"].attrs["nclass"] = np.int64(layout["output.attrs.nclass"])
