"""Reading the HDF5 history that ``Callbacks`` writes (spec training 8.4)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]


@dataclass
class History:
    """The curves of one training run.

    Attributes:
        epochs: how many were completed.
        batch_cost: training cost after every minibatch, as the callback smoothed it.
        batch_epoch: the same minibatches on an epoch axis (1.0 is the end of the first epoch).
        curves: name -> (epochs at which it was measured, counted from 1; values):
            ``train`` the mean minibatch cost, ``loss`` the validation cost, metrics by name.
    """

    epochs: int
    batch_cost: Column
    batch_epoch: Column
    curves: dict[str, tuple[Column, Column]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> History:
        """Read a history file; of an interrupted run also the minibatches of the last epoch."""
        import h5py

        with h5py.File(path, "r") as file:
            marks = file["time_markers"]
            epochs = int(marks.attrs.get("epochs_complete", 0))
            ends = np.asarray(marks["minibatch"], np.int64)[:epochs]
            cost = np.trim_zeros(np.asarray(file["cost/train"], np.float64), "b")
            planned = len(file["cost/train"]) // max(int(file["config"].attrs["total_epochs"]), 1)
            history = cls(epochs, cost, _epoch_axis(ends, planned)[: len(cost)])
            history.curves["train"] = _epoch_means(cost, ends)
            for group in ("cost", "metrics"):
                for name, data in file.get(group, {}).items():
                    if data.attrs["time_markers"] == "epoch_freq":
                        history.curves[name] = _measured(data, epochs)
        return history


def _epoch_axis(ends: npt.NDArray[np.int64], planned: int) -> Column:
    """Place minibatch i of an epoch with n minibatches at (i + 1) / n of it.

    One more epoch of ``planned`` minibatches follows, for those of an unfinished one.
    """
    counts = [*np.diff(ends, prepend=0), planned]
    pieces = [epoch + np.arange(1, n + 1) / max(n, 1) for epoch, n in enumerate(counts)]
    return np.concatenate(pieces)


def _epoch_means(cost: Column, ends: npt.NDArray[np.int64]) -> tuple[Column, Column]:
    pieces = np.split(cost, ends)[: len(ends)]
    table = np.array(
        [(epoch, piece.mean()) for epoch, piece in enumerate(pieces, 1) if len(piece)], np.float64
    ).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _measured(data: Any, epochs: int) -> tuple[Column, Column]:
    freq = int(data.attrs["epoch_freq"])
    count = epochs // freq
    return freq * np.arange(1.0, count + 1), np.asarray(data, np.float64)[:count]
