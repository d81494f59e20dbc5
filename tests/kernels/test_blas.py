"""Matrix products of both kernel sets against float64 NumPy, over layouts, sizes and threads."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import pytest

from neonlike.kernels.numba import _gemm, _threads
from neonlike.kernels.numba import blas as fast
from neonlike.kernels.reference import blas as reference

RNG = np.random.default_rng(0)
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-4}, np.float64: {"rtol": 1e-12, "atol": 1e-11}}


def rows(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return RNG.standard_normal(shape).astype(dtype)


def columns(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return rows(shape[::-1], dtype).T


def row_slice(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return rows((shape[0], shape[1] + 3), dtype)[:, 1:-2]


def column_slice(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return row_slice(shape[::-1], dtype).T


def stepped(shape: tuple[int, int], dtype: Any) -> np.ndarray:
    return rows((shape[0] * 2, shape[1] * 3), dtype)[::-2, ::3]


SETS = pytest.mark.parametrize("gemm", [fast.gemm, reference.gemm], ids=["numba", "reference"])


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = _threads.get_num_threads()
    if request.param > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("the machine has one core")
    _threads.set_num_threads(request.param)
    yield request.param
    _threads.set_num_threads(before)


def check(gemm: Callable[..., None], a: Any, b: Any, out: Any, alpha: float, beta: float) -> None:
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    want = alpha * a64 @ b64 + (beta * out.astype(np.float64) if beta else 0)
    gemm(a, b, out, alpha, beta)
    np.testing.assert_allclose(out, want, **TOLERANCE[out.dtype.type])


@SETS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transposed(gemm: Callable[..., None], dtype: Any) -> None:
    for left, right, target in itertools.product([rows, columns], repeat=3):
        a, b, out = left((5, 9), dtype), right((9, 7), dtype), target((5, 7), dtype)
        check(gemm, a, b, out, 0.5, 2.0)


@SETS
@pytest.mark.parametrize("layout", [row_slice, column_slice, stepped])
def test_views(gemm: Callable[..., None], layout: Callable[..., Any]) -> None:
    for place in range(3):
        layouts = [rows, columns, rows]
        layouts[place] = layout
        shapes = (5, 9), (9, 7), (5, 7)
        a, b, out = (make(s, np.float32) for make, s in zip(layouts, shapes, strict=True))
        check(gemm, a, b, out, 0.5, 2.0)


@pytest.mark.parametrize("layout", [rows, columns])
def test_nopython_gemm(layout: Callable[..., Any]) -> None:
    for shape in [(5, 9, 7), (1, 4, 3), (3, 1, 1), (1, 1, 1), (4, 6, 1)]:
        m, k, n = shape
        operands = [layout(s, np.float32) for s in ((m, k), (k, n), (m, n))]
        check(_gemm.gemm, *operands, 1.5, 0.0)


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (1, 5, 1), (7, 1, 3), (1, 300, 129), (129, 40, 1), (200, 90, 130), (33, 64, 1100)],
)
def test_split_over_threads(threads: int, shape: tuple[int, int, int], monkeypatch: Any) -> None:
    monkeypatch.setattr(fast, "_PARALLEL_WORK", 0)
    m, k, n = shape
    for left, right, target in itertools.product([rows, columns], repeat=3):
        a, b, out = left((m, k), np.float32), right((k, n), np.float32), target((m, n), np.float32)
        check(fast.gemm, a, b, out, 1.0, 0.0)
        check(fast.gemm, a, b, out, -1.0, 0.25)


@SETS
def test_beta_zero_never_reads_the_old_output(gemm: Callable[..., None]) -> None:
    out = np.full((3, 4), np.nan, dtype=np.float32)
    gemm(np.ones((3, 2), np.float32), np.ones((2, 4), np.float32), out)
    np.testing.assert_array_equal(out, 2)


@SETS
@pytest.mark.parametrize(("m", "k", "n"), [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_empty(gemm: Callable[..., None], m: int, k: int, n: int) -> None:
    out = np.ones((m, n), np.float32)
    gemm(np.ones((m, k), np.float32), np.ones((k, n), np.float32), out, 1.0, 0.5)
    np.testing.assert_array_equal(out, 0.5 + k)


@SETS
def test_integers_are_exact(gemm: Callable[..., None]) -> None:
    a = RNG.integers(-1000, 1000, (4, 5)).astype(np.int32)
    out = np.zeros((4, 4), np.int32)
    gemm(a, a.T, out)
    np.testing.assert_array_equal(out, a @ a.T)


def test_overlapping_rows_are_copied() -> None:
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(8, dtype=np.float32), 3)
    out = np.empty((6, 6), np.float32)
    check(fast.gemm, windows, windows.T, out, 1.0, 0.0)


def test_cached_kernel_finds_blas_in_a_new_process(tmp_path: Any) -> None:
    script = (
        "import numpy as np\n"
        "from neonlike.kernels.numba import _gemm\n"
        "x, out = np.full((3, 3), 2, np.float32), np.empty((3, 3), np.float32)\n"
        "_gemm.gemm(x, x, out, 1.0, 0.0)\n"
        "assert (out == 12).all()\n"
        "print(sum(_gemm.gemm.stats.cache_hits.values()))\n"
    )
    hits = [_run(script, tmp_path) for _ in range(2)]
    assert hits == ["0", "1"]


def _run(script: str, cache: Any) -> str:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [0.0, 0.5])
@pytest.mark.parametrize("sizes", [(17, 1024, 30), (40, 1280, 18), (16, 2048, 16)])
def test_long_rows(
    sizes: tuple[int, int, int], beta: float, dtype: Any, threads: int
) -> None:  # the lengths are multiples of the stride that BLAS is slow at
    m, k, n = sizes
    a, b = rows((m, k), dtype), columns((k, n), dtype)
    assert fast._is_long(a, b.T)
    check(fast.gemm, a, b, rows((m, n), dtype), 0.7, beta)
    check(fast.gemm, a, b, row_slice((m, n), dtype), 1.0, beta)
    check(fast.gemm, a, b, columns((m, n), dtype), 1.0, beta)


def test_long_rows_that_end_within_a_chunk() -> None:
    a, b = rows((20, 1536), np.float32)[:, :1501], rows((23, 1536), np.float32)[:, :1501]
    assert fast._is_long(a, b)
    check(fast.gemm, a, b.T, np.full((20, 23), np.nan, np.float32), 1.0, 0.0)


@SETS
def test_inf_and_nan_are_silent(gemm: Callable[..., None]) -> None:
    a, b, out = np.full((2, 3), np.inf), np.zeros((3, 2)), np.zeros((2, 2))
    gemm(a, b, out)  # inf * 0; warnings are errors
    assert np.isnan(out).all()
    with pytest.warns(RuntimeWarning, match="invalid"):
        np.add(np.inf, -np.inf)  # here the settings are as before
