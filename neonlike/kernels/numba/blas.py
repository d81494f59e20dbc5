"""Matrix product on ndarrays (spec backend 7): own threads outside, single-threaded BLAS inside.

Numba is loaded for products on threads only, and for those of long rows.
"""

from __future__ import annotations

import threading
from contextvars import Context

import numpy as np

from neonlike.kernels._launch import give_up, launch
from neonlike.kernels._memory import address
from neonlike.kernels._types import Array
from neonlike.kernels.numba import _threads
from neonlike.kernels.numba._blas import bind_gemm
from neonlike.kernels.reference import blas as reference

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_PARALLEL_WORK = 1 << 22  # m * n * k: below, about 80 µs, threads cost more than they gain
# products for ``_gemm_long``
_LONG = 1024  # shorter sums: BLAS
_FEWEST_ROWS = 16
LONG_ROWS = 128  # at most, of the smaller matrix: a chunk of them takes half of the second cache
_BAD_STRIDE = 1024  # bytes; BLAS is slow at its multiples


class _Silent(threading.local):
    """``run(function, *args)`` without NumPy's floating-point warnings.

    NumPy keeps their settings in a context. To run in one that is ready costs nothing that could
    be measured, to enter ``np.errstate`` as much as a small product. Only one thread at a time
    may use a context.
    """

    def __init__(self) -> None:
        context = Context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


_silent = _Silent()


def gemm(a: Array, b: Array, out: Array, alpha: float = 1.0, beta: float = 0.0) -> None:
    """``out (m, n) = alpha * a (m, k) @ b (k, n) + beta * out``; any strides and dtypes.

    Views with unit stride along an axis are used in place, other views are copied.
    """
    if a.size * b.size == 0 or not (a.dtype == b.dtype == out.dtype and out.dtype in _FLOATS):
        # BLAS knows neither integers nor empty operands
        launch(reference.gemm, a, b, out, alpha, beta)
    elif _is_blas_ready(out):
        _gemm(_blas_ready(a), _blas_ready(b), out, float(alpha), float(beta))
    else:
        give_up()
        copy = np.ascontiguousarray(out)
        _gemm(_blas_ready(a), _blas_ready(b), copy, float(alpha), float(beta))
        out[...] = copy


def _is_blas_ready(x: Array) -> bool:
    """Unit stride along one axis, and no overlap along the other."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return True
    (rows, columns), (down, right), size = x.shape, x.strides, x.itemsize
    return (right == size and down >= columns * size) or (down == size and right >= rows * size)


def _blas_ready(x: Array) -> Array:
    if _is_blas_ready(x):
        return x
    give_up()
    return np.ascontiguousarray(x)


def _is_row_major(x: Array) -> bool:
    return x.strides[1] == x.itemsize or x.shape[1] == 1


def _gemm(a: Array, b: Array, out: Array, alpha: float, beta: float) -> None:
    """Bring all operands to row-major form, which saves compiling a kernel for each layout."""
    if not _is_row_major(out):
        a, b, out = b.T, a.T, out.T
    a_transposed, b_transposed = not _is_row_major(a), not _is_row_major(b)
    work = out.size * a.shape[1]
    a, b = a.T if a_transposed else a, b.T if b_transposed else b
    parts = _threads.get_num_threads() if work >= _PARALLEL_WORK else 1
    if b_transposed and not a_transposed and _is_long(a, b):
        from neonlike.kernels.numba import _gemm_long

        launch(_gemm_long.product, a, b, out, alpha, beta, parts)
    elif parts > 1:
        from neonlike.kernels.numba import _gemm_parts

        operands = a, a_transposed, b, b_transposed
        launch(_gemm_parts.split, *operands, out, alpha, beta, parts)
    elif alpha == 1 and beta == 0 and all(x.flags.c_contiguous for x in (a, b, out)):
        # costs least, but would copy slices
        a, b = a.T if a_transposed else a, b.T if b_transposed else b
        launch(_silent.run, np.dot, a, b, out)
    else:
        _call_blas(a, a_transposed, b, b_transposed, out, alpha, beta)


def _is_long(a: Array, b: Array) -> bool:
    """Whether a (m, k) times the transposed b (n, k) is for ``_gemm_long``."""
    (m, length), n = a.shape, b.shape[0]
    return (
        length >= _LONG
        and _FEWEST_ROWS <= min(m, n) <= LONG_ROWS
        and a.strides[0] % _BAD_STRIDE == b.strides[0] % _BAD_STRIDE == 0
    )


def _call_blas(
    a: Array,
    a_transposed: bool,
    b: Array,
    b_transposed: bool,
    out: Array,
    alpha: float,
    beta: float,
) -> None:
    """Row-major operands as column-major ones: out.T = b.T @ a.T."""
    m, n = out.shape
    k = a.shape[0] if a_transposed else a.shape[1]
    call = bind_gemm(
        "sgemm" if out.itemsize == 4 else "dgemm",
        (b_transposed, a_transposed),
        (n, m, k),
        (_leading(b), _leading(a), _leading(out)),
        alpha,
        beta,
    )
    launch(call, address(b), address(a), address(out))


def _leading(x: Array) -> int:
    """Elements from one row to the next; of a single row, any number that is large enough."""
    return max(1, x.shape[1] if x.shape[0] == 1 else x.strides[0] // x.itemsize)
