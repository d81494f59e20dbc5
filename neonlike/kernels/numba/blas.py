"""Matrix product on ndarrays (spec backend 7): own threads outside, single-threaded BLAS inside."""

from __future__ import annotations

import numba
import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba._gemm import leading_dimension, xgemm
from neonlike.kernels.numba._gemm_long import is_long, product
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.reference import blas as reference

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_PARALLEL_WORK = 1 << 22  # m * n * k: below, about 80 µs, threads cost more than they gain
_CHUNK = 16  # parts begin at multiples of it, so that each has whole vectors


def gemm(a: Array, b: Array, out: Array, alpha: float = 1.0, beta: float = 0.0) -> None:
    """``out (m, n) = alpha * a (m, k) @ b (k, n) + beta * out``; any strides and dtypes.

    Views with unit stride along an axis are used in place, other views are copied.
    """
    if a.size * b.size == 0 or not (a.dtype == b.dtype == out.dtype and out.dtype in _FLOATS):
        reference.gemm(a, b, out, alpha, beta)  # BLAS knows neither integers nor empty operands
    elif _is_blas_ready(out):
        _gemm(_blas_ready(a), _blas_ready(b), out, float(alpha), float(beta))
    else:
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
    return x if _is_blas_ready(x) else np.ascontiguousarray(x)


def _is_row_major(x: Array) -> bool:
    return x.strides[1] == x.itemsize or x.shape[1] == 1


def _gemm(a: Array, b: Array, out: Array, alpha: float, beta: float) -> None:
    """Bring all operands to row-major form, which saves compiling a kernel for each layout."""
    if not _is_row_major(out):
        a, b, out = b.T, a.T, out.T
    a_transposed, b_transposed = not _is_row_major(a), not _is_row_major(b)
    work = out.size * a.shape[1]
    a, b = a.T if a_transposed else a, b.T if b_transposed else b
    parts = numba.get_num_threads() if work >= _PARALLEL_WORK else 1
    if b_transposed and not a_transposed and is_long(a, b):
        product(a, b, out, alpha, beta, parts)
        return
    _split(a, a_transposed, b, b_transposed, out, alpha, beta, parts)


@jit
def _split(
    a: Array,
    a_transposed: bool,
    b: Array,
    b_transposed: bool,
    out: Array,
    alpha: float,
    beta: float,
    parts: int,
) -> None:
    """Compute the product in ``parts``, each on a thread."""
    share(_part, parts, (a, a_transposed, b, b_transposed, out, alpha, beta, parts))


@inner
def _part(
    part: int,
    a: Array,
    a_transposed: bool,
    b: Array,
    b_transposed: bool,
    out: Array,
    alpha: float,
    beta: float,
    parts: int,
) -> None:
    """Part number ``part`` of the columns of the product, or of the rows if it has more."""
    m, n = out.shape
    k = a.shape[0] if a_transposed else a.shape[1]
    lda, ldb, ldc = leading_dimension(a), leading_dimension(b), leading_dimension(out)
    start, stop = span(part, parts, max(m, n), _CHUNK)
    if stop == start:
        return
    top, bottom, left, right = (0, m, start, stop) if n >= m else (start, stop, 0, n)
    a_start = top if a_transposed else top * lda
    b_start = left * ldb if b_transposed else left
    # memory holds out.T column-major, and out.T = b.T @ a.T
    xgemm(
        b_transposed, a_transposed, right - left, bottom - top, k, alpha,
        b, b_start, ldb, a, a_start, lda, beta, out, top * ldc + left, ldc,
    )  # fmt: skip
