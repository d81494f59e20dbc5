"""Histograms of parameters (spec training 8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import first_minibatch, total_minibatches

BINS = 64
OFFSET = -48  # power of two of the first bin, which also takes everything below


class HistCallback(Callback):
    """Write histograms of rint(log2 abs(w)) of the layers' attributes to ``hist/...``.

    Args:
        plot_per_mini: one histogram per minibatch instead of per epoch.
        filter_key: attributes of the layers, such as "W" or "dW".
    """

    def __init__(self, plot_per_mini: bool, filter_key: list[str]) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)
        self.plot_per_mini = plot_per_mini
        self.filter_key = self.filter = filter_key
        self.minibatches = 0

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the group, with a dataset for each attribute that exists already."""
        self.minibatches = total_minibatches(callback_data)
        group = callback_data.create_group("hist")
        attrs = group.attrs
        attrs["bins"] = BINS
        attrs["offset"] = OFFSET
        attrs["time_markers"] = "minibatch" if self.plot_per_mini else "epoch"
        attrs["time_steps"] = self.minibatches if self.plot_per_mini else epochs
        for name, _ in self._tensors(model):
            _require(group, name)

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Write the histograms of this minibatch."""
        if self.plot_per_mini:
            start = first_minibatch(callback_data, epoch)
            self._write(callback_data["hist"], model, start + minibatch)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Write the histograms of this epoch."""
        if not self.plot_per_mini:
            self._write(callback_data["hist"], model, epoch)

    def _write(self, group: Any, model: Any, column: int) -> None:
        for name, tensor in self._tensors(model):
            _require(group, name)[:, column] = log2_histogram(tensor.asnumpyarray())

    def _tensors(self, model: Any) -> Iterator[tuple[str, Any]]:
        """Yield the name of its dataset and each attribute that is there."""
        for index, layer in enumerate(model.layers.layers):
            for key in self.filter_key:
                tensor = getattr(layer, key, None)
                if tensor is not None:
                    yield f"{layer.name}_{index}_{key}", tensor


def _require(group: Any, name: str) -> Any:
    """Return a dataset of the group, made if it is not there."""
    if name not in group:
        group.create_dataset(name, (BINS, group.attrs["time_steps"]), dtype="i4")
    return group[name]


def log2_histogram(values: np.ndarray) -> np.ndarray:
    """Return the counts of rint(log2 abs(values)) in the bins from OFFSET to OFFSET + BINS.

    The first bin also takes everything smaller (zeros too), the last one its upper edge.
    """
    with np.errstate(divide="ignore"):
        power = np.rint(np.log2(np.abs(values.astype(np.float32)))).ravel()
    power = power[power <= OFFSET + BINS]
    index = np.clip(power - OFFSET, 0, BINS - 1).astype(np.int64)
    return np.bincount(index, minlength=BINS).astype(np.int32)
