"""The HDF5 file of the training history, as callbacks see it. Loads h5py: import it late."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np


class Markers(h5py.Dataset):  # type: ignore[misc]  # h5py is untyped
    """Numbers of minibatches that are read as integers, to be used as indices.

    The file keeps them as float32, as neon's files do; but HDF5 and NumPy do not
    take floats as indices any more, and callbacks written for neon use them so.
    """

    def __getitem__(self, args: Any, new_dtype: Any = None) -> Any:
        return np.asarray(super().__getitem__(args, new_dtype)).astype(np.int64)[()]


class MarkerGroup(h5py.Group):  # type: ignore[misc]  # h5py is untyped
    """``time_markers``: all in it are ``Markers``."""

    def __getitem__(self, name: Any) -> Any:
        return _with_markers(super().__getitem__(name))


class HistoryFile(h5py.File):  # type: ignore[misc]  # h5py is untyped
    """An HDF5 file whose ``time_markers`` are integers for its readers."""

    def __getitem__(self, name: Any) -> Any:
        return _with_markers(super().__getitem__(name))


def _with_markers(item: Any) -> Any:
    if item.name == "/time_markers":
        return MarkerGroup(item.id)
    return Markers(item.id) if item.name.startswith("/time_markers/") else item
