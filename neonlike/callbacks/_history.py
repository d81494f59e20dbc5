"""The layout of the training history (spec training 8.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def total_minibatches(callback_data: Any) -> int:
    """Number of minibatches that were planned when training began."""
    return int(callback_data["config"].attrs["total_minibatches"])


def first_minibatch(callback_data: Any, epoch: int) -> int:
    """Number of minibatches before ``epoch``."""
    return int(callback_data["time_markers/minibatch"][epoch - 1]) if epoch > 0 else 0


class PointWriter:
    """Writes single numbers into a one-dimensional float32 dataset.

    Once per minibatch ``dataset[i] = value`` is felt: it parses the selection
    anew each time and takes six times as long.
    """

    def __init__(self, dataset: Any) -> None:
        import h5py

        self._id = dataset.id
        self._file_space = dataset.id.get_space()
        self._memory_space = h5py.h5s.create_simple((1,))
        self._value = np.zeros(1, dtype=np.float32)

    def write(self, index: int, value: float) -> None:
        """Set element ``index``."""
        self._value[0] = value
        self._file_space.select_hyperslab((index,), (1,))
        self._id.write(self._memory_space, self._file_space, self._value)


def per_minibatch(
    callback_data: Any, path: str, shape: tuple[int, ...] = (), dtype: Any = "f4"
) -> Any:
    """Create a dataset with one entry (of ``shape``) per minibatch."""
    dataset = callback_data.create_dataset(
        path, (total_minibatches(callback_data), *shape), dtype=dtype
    )
    dataset.attrs["time_markers"] = "minibatch"
    return dataset


def per_epoch(callback_data: Any, path: str, epochs: int, epoch_freq: int) -> Any:
    """Create a dataset with one number per evaluation, every ``epoch_freq`` epochs."""
    dataset = callback_data.create_dataset(path, (epochs // epoch_freq,), dtype=np.float32)
    dataset.attrs["time_markers"] = "epoch_freq"
    dataset.attrs["epoch_freq"] = epoch_freq
    return dataset


def check_freq(callback: Any, freq: int) -> int:
    """Return ``freq`` if something can be recorded every ``freq``-th epoch."""
    if freq < 1:
        raise ValueError(f"{type(callback).__name__}: freq must be at least 1, got {freq}")
    return freq


def append_record(group: Any, name: str, values: Any) -> None:
    """Add ``values`` as the last column of a dataset that has one column per record."""
    values = np.asarray(values)
    if name not in group:
        dtype = "i8" if values.dtype.kind == "i" else "f4"
        group.create_dataset(name, (*values.shape, 0), dtype, maxshape=(*values.shape, None))
    data = group[name]
    data.resize(data.shape[-1] + 1, axis=data.ndim - 1)
    data[..., -1] = values


def copy_history(callback_data: Any) -> dict[str, dict[str, Any]]:
    """Return the values and attributes of everything but ``config``, by path."""
    found: dict[str, dict[str, Any]] = {}

    def visit(path: str, item: Any) -> None:
        if path != "config":
            found[path] = {"attrs": dict(item.attrs)}
            if hasattr(item, "shape"):
                found[path] |= {"values": item[()], "grows": None in item.maxshape}

    callback_data.visititems(visit)
    return found


def restore_history(callback_data: Any, saved: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a copied history into that of a run that has begun, which may be longer or shorter."""
    for path, item in saved.items():
        if path not in callback_data:
            _create(callback_data, path, item)
        target = callback_data[path]
        if "values" in item:
            values = item["values"]
            if item.get("grows"):
                target.resize(values.shape)
            common = tuple(slice(0, min(n)) for n in zip(target.shape, values.shape, strict=True))
            target[common] = values[common]
        for key in item["attrs"].keys() - target.attrs.keys():
            target.attrs[key] = item["attrs"][key]


def _create(callback_data: Any, path: str, item: Mapping[str, Any]) -> None:
    if "values" in item:
        values = item["values"]
        limits = (*values.shape[:-1], None) if item.get("grows") else None
        callback_data.create_dataset(path, data=values, maxshape=limits)
    else:
        callback_data.create_group(path)
