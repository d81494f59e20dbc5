"""Bins of pooled regions, for all kernel sets (spec backend 14)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from neonlike.kernels._types import Array

Bins: TypeAlias = tuple[Array, Array, Array]  # images (R,), rows (R,P,2), columns (R,Q,2)


def region_bins(rois: Array, scale: float, size: tuple[int, int], pooled: tuple[int, int]) -> Bins:
    """Divide every region into bins.

    A region spans ``first = round(min * scale)`` to ``round(max * scale)`` (half to even), at
    least one input; its bin i of P covers ``first + [floor(i h / P), ceil((i + 1) h / P))``,
    clipped to the feature map.

    Args:
        rois: (R, 5) rows image, xmin, ymin, xmax, ymax.
        scale: feature map coordinate per picture coordinate.
        size: height and width of the feature map.
        pooled: numbers of bins (P, Q) down and across.
    """
    corners = np.rint(rois[:, 1:].astype(np.float64) * scale).astype(np.int64)
    xmin, ymin, xmax, ymax = corners.T
    rows = _axis_bins(ymin, ymax, size[0], pooled[0])
    columns = _axis_bins(xmin, xmax, size[1], pooled[1])
    return rois[:, 0].astype(np.int64), rows, columns


def _axis_bins(first: Array, last: Array, limit: int, bins: int) -> Array:
    length = np.maximum(last - first + 1, 1)[:, None]
    i = np.arange(bins)
    starts = first[:, None] + i * length // bins
    stops = first[:, None] - (-(i + 1) * length // bins)
    return np.stack([starts, stops], axis=-1).clip(0, limit)
