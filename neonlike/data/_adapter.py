"""``DataLoaderAdapter``: batches of named arrays become tensors (spec data 13)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._transformers import DataLoaderTransformer

Batch = Sequence[tuple[str, NDArray[Any]]]


class DataLoaderAdapter(DataLoaderTransformer):
    """Turn batches ``((name, array (N, ...)), ...)`` into tuples of tensors ``(prod, N)``.

    The tensors keep the dtype of the arrays and are refilled for every batch.
    An item ``audio_length`` becomes percent of the longest duration (the
    ``max_duration`` of the loader's ``config``); ``char_map`` becomes one row
    without its zeros.

    Args:
        dataloader: yields such batches; has ``ndata`` and ``reset()``.

    Attributes:
        shape: shape of the first item of one example.
        nbatches: ``ceil(ndata / N)``.
    """

    def __init__(self, dataloader: Any) -> None:
        super().__init__(dataloader, None)
        self.outputs: list[Any] = []
        self.max_duration = _max_duration(getattr(dataloader, "config", {}))
        self._shapes = _item_shapes(dataloader)
        self.shape = self._shapes[0]
        self.nbatches = math.ceil(int(dataloader.ndata) / int(self.be.bsz))

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each item of one example."""
        return self._shapes

    def transform(self, t: Batch) -> tuple[Any, ...]:
        """Return the items as tensors."""
        values = [self._columns(name, np.asarray(array)) for name, array in t]
        if [(v.shape, v.dtype) for v in values] != [(o.shape, o.dtype) for o in self.outputs]:
            self.outputs = [self.be.zeros(v.shape, dtype=v.dtype) for v in values]
        for output, value in zip(self.outputs, values, strict=True):
            output[:] = value
        return tuple(self.outputs)

    def _columns(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        if name == "char_map":
            return np.ascontiguousarray(array[array != 0].reshape(1, -1))
        columns = np.ascontiguousarray(array.reshape(len(array), -1).T)
        if name == "audio_length":
            if self.max_duration is None:
                raise ValueError("audio_length needs a max_duration in the loader's config")
            return (columns * 100 / self.max_duration).astype(array.dtype)
        return columns


def _item_shapes(dataloader: Any) -> list[tuple[int, ...]]:
    if hasattr(dataloader, "shapes"):
        return list(dataloader.shapes())
    first = next(iter(dataloader))
    dataloader.reset()
    return [np.shape(array)[1:] for _, array in first]


def _max_duration(config: dict[str, Any]) -> float | None:
    """Return the number in aeon's ``max_duration``, such as ``'30 seconds'``."""
    for entry in config.get("etl", []):
        if "max_duration" in entry:
            return float(str(entry["max_duration"]).split()[0])
    return None
