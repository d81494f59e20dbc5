"""Region pooling and box choice of the Numba set against the reference set and plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neonlike.kernels._roi import region_bins
from neonlike.kernels.numba import roi as fast
from neonlike.kernels.reference import roi as reference

SETS = pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])


def test_region_bins_follow_the_formula() -> None:
    rois = np.array([[1, 0.5, 1.5, 9, 13], [0, 30, 2, 10, 2], [2, -3, -9, 2, 40]], np.float32)
    scale, size, pooled = 0.5, (6, 8), (3, 2)
    images, rows, columns = region_bins(rois, scale, size, pooled)
    assert images.tolist() == [1, 0, 2]
    for r, roi in enumerate(rois.tolist()):
        xmin, ymin, xmax, ymax = (round(v * scale) for v in roi[1:])
        for got, first, last, limit, bins in (
            (rows[r], ymin, ymax, size[0], pooled[0]),
            (columns[r], xmin, xmax, size[1], pooled[1]),
        ):
            length = max(last - first + 1, 1)
            for i in range(bins):
                start = first + math.floor(i * length / bins)
                stop = first + math.ceil((i + 1) * length / bins)
                assert got[i].tolist() == [min(max(v, 0), limit) for v in (start, stop)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pooling(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (3, 6, 8, 2)).astype(dtype)
    rois = np.column_stack([rng.integers(0, 2, 9), rng.integers(-4, 12, (9, 4))]).astype(dtype)
    bins = region_bins(rois, 1.0, (6, 8), (2, 3))
    err = rng.integers(-9, 9, (3, 2, 3, 9)).astype(dtype)
    results = []
    for kernels in (fast, reference):
        out, argmax = np.full_like(err, np.nan), np.full(err.shape, 99, np.int32)
        delta = np.full_like(x, np.nan)
        kernels.fprop(x, bins, out, argmax)
        kernels.bprop(err, bins[0], argmax, delta)
        results.append((out, argmax, delta))
    for got, want in zip(*results, strict=True):
        np.testing.assert_array_equal(got, want)
    argmax, delta = results[0][1:]
    assert (argmax == -1).any(), "the case should have an empty bin"
    assert delta.sum() == err[argmax >= 0].sum()


@SETS
def test_first_maximum_and_nan(kernels: Any) -> None:
    x = np.zeros((2, 2, 3, 1), np.float32)
    x[1, 1, 1] = np.nan
    bins = region_bins(np.array([[0, 0, 0, 2, 1]], np.float32), 1.0, (2, 3), (1, 1))
    out, argmax = np.empty((2, 1, 1, 1), np.float32), np.empty((2, 1, 1, 1), np.int32)
    kernels.fprop(x, bins, out, argmax)
    assert argmax.ravel().tolist() == [0, 4]
    assert out[0] == 0
    assert np.isnan(out[1])


def overlap(a: list[float], b: list[float], extra: int) -> float:
    sides = [max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]) + extra, 0) for i in (0, 1)]
    areas = [(c[2] - c[0] + extra) * (c[3] - c[1] + extra) for c in (a, b)]
    common = sides[0] * sides[1]
    return common / (sum(areas) - common)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 25),
    threshold=st.sampled_from([0.05, 0.3, 0.7]),
    normalized=st.booleans(),
)
def test_nms(seed: int, count: int, threshold: float, normalized: bool) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 40, (count, 2))
    boxes = np.hstack([corners, corners + rng.integers(1, 20, (count, 2)), np.zeros((count, 1))])
    boxes[:, 4] = rng.permutation(count) + 1.0
    rows = boxes.tolist()
    want: list[int] = []
    for i in sorted(range(count), key=lambda i: -rows[i][4]):
        extra = 0 if normalized else 1
        if all(overlap(rows[i], rows[j], extra) <= threshold for j in want):
            want.append(i)
    for kernels in (fast, reference):
        assert kernels.nms(boxes.astype(np.float32), threshold, normalized) == want


@pytest.mark.parametrize("kernels", [fast, reference])
def test_nms_of_boxes_without_area(kernels: Any) -> None:
    """Nothing overlaps them, not even an equal one (warnings are errors)."""
    boxes = np.array([[1, 1, 1, 1, 3], [1, 1, 1, 1, 2], [0, 0, 4, 4, 1], [2, 5, 2, 9, 4]])
    assert kernels.nms(boxes.astype(np.float32), 0.3, True) == [3, 0, 1, 2]
