"""Pooling of regions, and choice of boxes, in plain NumPy (spec backend 14).

Arrays: x (C,H,W,N); out, argmax, err (C,P,Q,R) for R regions; ``bins`` from ``kernels._roi``:
images (R,), rows (R,P,2) and columns (R,Q,2), first and last (exclusive) input of every bin.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._roi import Bins
from neonlike.kernels._types import Array


def fprop(x: Array, bins: Bins, out: Array, argmax: Array) -> None:
    """Largest input of each bin, and its place ``row * W + column``; 0 and -1 for an empty bin."""
    images, rows, columns = bins
    width = x.shape[2]
    for p, q, r in np.ndindex(out.shape[1:]):
        (top, bottom), (left, right) = rows[r, p], columns[r, q]
        if top >= bottom or left >= right:
            out[:, p, q, r], argmax[:, p, q, r] = 0, -1
            continue
        inputs = x[:, top:bottom, left:right, images[r]].reshape(len(x), -1)
        down, across = np.divmod(inputs.argmax(axis=1), right - left)
        out[:, p, q, r] = inputs.max(axis=1)
        argmax[:, p, q, r] = (top + down) * width + left + across


def bprop(err: Array, images: Array, argmax: Array, out: Array) -> None:
    """Set ``out``, like x, to the errors, each at the place that argmax names in its image."""
    out[...] = 0
    used = np.nonzero(argmax >= 0)
    places = out.reshape(len(out), -1, out.shape[-1])
    np.add.at(places, (used[0], argmax[used], images[used[3]]), err[used])


def nms(boxes: Array, threshold: float, normalized: bool) -> list[int]:
    """Indices of the boxes that no better box overlaps, best first.

    Args:
        boxes: (n, 5) rows x1, y1, x2, y2, score.
        threshold: a box goes when intersection / union with a kept one exceeds it.
        normalized: sides are x2 - x1; else, for pixel indices, x2 - x1 + 1.
    """
    x1, y1, x2, y2, score = boxes.T
    extra = 0 if normalized else 1
    areas = (x2 - x1 + extra) * (y2 - y1 + extra)
    order = np.argsort(-score, kind="stable")
    keep = []
    while order.size:
        best, others = order[0], order[1:]
        keep.append(int(best))
        width = np.minimum(x2[best], x2[others]) - np.maximum(x1[best], x1[others]) + extra
        height = np.minimum(y2[best], y2[others]) - np.maximum(y1[best], y1[others]) + extra
        common = np.maximum(width, 0) * np.maximum(height, 0)
        with np.errstate(invalid="ignore"):  # 0/0 of two boxes without area: no overlap
            overlap = common / (areas[best] + areas[others] - common)
        order = others[~(overlap > threshold)]
    return keep
