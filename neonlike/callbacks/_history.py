"""The layout of the training history (spec training 8.4)."""

from __future__ import annotations

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
