"""Matrix product on threads: each computes a part of the columns, or of the rows, with BLAS."""

from __future__ import annotations

from neonlike.kernels._types import Array
from neonlike.kernels.numba._gemm import leading_dimension, xgemm
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span

_CHUNK = 16  # parts begin at multiples of it, so that each has whole vectors


@jit
def split(
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
