"""Pooling of regions, and choice of boxes; contract in the reference set."""

from __future__ import annotations

import numpy as np

from neonlike.kernels._roi import Bins
from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads


def fprop(x: Array, bins: Bins, out: Array, argmax: Array) -> None:
    """Largest input of each bin, and its place ``row * W + column``; 0 and -1 for an empty bin."""
    _fprop(x, *bins, out, argmax, get_num_threads())


def bprop(err: Array, images: Array, argmax: Array, out: Array) -> None:
    """Set ``out``, like x, to the errors, each at the place that argmax names in its image."""
    _bprop(err, images, argmax, out, get_num_threads())


def nms(boxes: Array, threshold: float, normalized: bool) -> list[int]:
    """Indices of the boxes that no better box overlaps, best first.

    Args:
        boxes: (n, 5) rows x1, y1, x2, y2, score.
        threshold: a box goes when intersection / union with a kept one exceeds it.
        normalized: sides are x2 - x1; else, for pixel indices, x2 - x1 + 1.
    """
    order = np.argsort(-boxes[:, 4], kind="stable")
    keep = np.ones(len(boxes), np.bool_)
    _nms(boxes[order], float(threshold), 0 if normalized else 1, keep)
    kept: list[int] = order[keep].tolist()
    return kept


@jit
def _fprop(
    x: Array, images: Array, rows: Array, columns: Array, out: Array, argmax: Array, parts: int
) -> None:
    share(_fprop_part, parts, (x, images, rows, columns, out, argmax, parts))


@inner
def _fprop_part(
    part: int,
    x: Array,
    images: Array,
    rows: Array,
    columns: Array,
    out: Array,
    argmax: Array,
    parts: int,
) -> None:
    """A part of the maps."""
    first, last = span(part, parts, x.shape[0], 1)
    for c in range(first, last):
        _fprop_map(x[c], images, rows, columns, out[c], argmax[c])


@jit
def _fprop_map(
    x: Array, images: Array, rows: Array, columns: Array, out: Array, argmax: Array
) -> None:
    P, Q, R = out.shape
    for p in range(P):
        for q in range(Q):
            for r in range(R):
                top, bottom = rows[r, p]
                left, right = columns[r, q]
                largest, where = x.dtype.type(0), -1
                for h in range(top, bottom):
                    for w in range(left, right):
                        value = x[h, w, images[r]]
                        if where < 0 or (not value <= largest and largest == largest):
                            largest, where = value, h * x.shape[1] + w
                out[p, q, r], argmax[p, q, r] = largest, where


@jit
def _bprop(err: Array, images: Array, argmax: Array, out: Array, parts: int) -> None:
    share(_bprop_part, parts, (err, images, argmax, out, parts))


@inner
def _bprop_part(
    part: int, err: Array, images: Array, argmax: Array, out: Array, parts: int
) -> None:
    """A part of the maps."""
    first, last = span(part, parts, out.shape[0], 1)
    for c in range(first, last):
        _bprop_map(err[c], images, argmax[c], out[c])


@jit
def _bprop_map(err: Array, images: Array, argmax: Array, out: Array) -> None:
    P, Q, R = err.shape
    width = out.shape[1]
    out[:] = 0
    for p in range(P):
        for q in range(Q):
            for r in range(R):
                where = argmax[p, q, r]
                if where >= 0:
                    out[where // width, where % width, images[r]] += err[p, q, r]


@jit
def _nms(boxes: Array, threshold: float, extra: int, keep: Array) -> None:
    """Take the boxes, sorted by score, that are not kept from ``keep``."""
    side = boxes.dtype.type(extra)
    for i in range(boxes.shape[0]):
        for j in range(i):
            if keep[j] and _overlap(boxes[i], boxes[j], side) > threshold:
                keep[i] = False
                break


@jit
def _overlap(a: Array, b: Array, extra: float) -> float:
    """Intersection over union of two boxes."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]) + extra, extra * 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]) + extra, extra * 0)
    area_a = (a[2] - a[0] + extra) * (a[3] - a[1] + extra)
    area_b = (b[2] - b[0] + extra) * (b[3] - b[1] + extra)
    common = width * height
    return float(common / (area_a + area_b - common))
