"""Histograms of the magnitudes in tensors (spec backend 15)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.backends._base import BackendBase
from neonlike.backends._cpu_tensor import CPUTensor


class HistMixin(BackendBase):
    """One row of counts per tag, over bins of rint(log2(abs(value))).

    Attributes:
        hist_bins: number of bins.
        hist_offset: exponent of the first bin, which also counts all smaller ones.
        hist_max: number of rows.
        hist_buf: the counts, (hist_max, hist_bins) int32.
        hist_idx: next free row.
        hist_map: row by tag.
    """

    hist_bins: int = 0
    hist_offset: int = 0
    hist_max: int = 4096
    hist_buf: CPUTensor
    hist_idx: int
    hist_map: dict[Any, int]

    def set_hist_buffers(self, hist_bins: int, hist_offset: int) -> None:
        """Start afresh with other bins; nothing happens if they are the same."""
        if (hist_bins, hist_offset) != (self.hist_bins, self.hist_offset):
            self.hist_bins, self.hist_offset = hist_bins, hist_offset
            self._clear_histograms()

    def dump_hist_data(self) -> tuple[CPUTensor, dict[Any, int]]:
        """Return the counts and the row of each tag, and start afresh."""
        data = (self.hist_buf, self.hist_map)
        self._clear_histograms()
        return data

    def add_histogram(self, tensor: CPUTensor, tag: Any) -> CPUTensor:
        """Count the values of ``tensor`` into the next row; return the row (1, bins).

        Raises:
            AssertionError: all rows are used.
        """
        assert self.hist_idx < self.hist_max, f"more than {self.hist_max} histograms"
        with np.errstate(all="ignore"):
            exponents = np.rint(np.log2(np.abs(tensor._tensor.astype(np.float32))))
        edges = np.arange(self.hist_bins + 1, dtype=np.float64) + self.hist_offset
        edges[0] = -np.inf
        counts, _ = np.histogram(exponents[~np.isnan(exponents)], edges)
        row = self.hist_buf[self.hist_idx]
        row[:] = counts
        self.hist_map[tag] = self.hist_idx
        self.hist_idx += 1
        return row

    def _clear_histograms(self) -> None:
        shape = (self.hist_max, self.hist_bins)
        self.hist_buf = self.tensor(np.zeros(shape, np.int32))
        self.hist_idx = 0
        self.hist_map = {}
