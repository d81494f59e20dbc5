"""Gradient of lookup tables of both kernel sets against a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.kernels.numba import lookup as fast
from neonlike.kernels.reference import lookup as reference

SETS = pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])


@SETS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("work", [0, 1 << 60])
@pytest.mark.parametrize(("size", "count"), [(1, 1), (3, 50), (37, 20), (5, 0)])
@pytest.mark.parametrize("pad_idx", [None, 0, 3])
def test_bprop(
    kernels: Any,
    dtype: Any,
    work: int,
    size: int,
    count: int,
    pad_idx: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast, "_PARALLEL_WORK", work)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 7, count).astype(np.int32)
    err = rng.standard_normal((size, count)).astype(dtype)
    dw = rng.standard_normal((9, size)).astype(dtype)
    want = dw.astype(np.float64)
    for i in set(ids.tolist()) - {pad_idx}:
        want[i] = err[:, ids == i].sum(axis=1, dtype=np.float64)
    kernels.bprop(ids, err, dw, pad_idx)
    np.testing.assert_allclose(dw, want, rtol=2e-5, atol=1e-5)
