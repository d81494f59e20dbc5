"""Matrix product on threads: each computes a part of the columns, or of the rows, with BLAS."""

from __future__ import annotations

from neonlike.kernels._types import Array
from neonlike.kernels.numba._gemm import leading_dimension, xgemm
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span

_CHUNK = 16  # parts begin at multiples of it, so that each has whole vectors
_MANY_ROWS = 256  # enough to cut these, since parts of columns meet in every row


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
    """Part number ``part`` of the rows of the product, or of the columns if these are more."""
    m, n = out.shape
    k = a.shape[0] if a_transposed else a.shape[1]
    lda, ldb, ldc = leading_dimension(a), leading_dimension(b), leading_dimension(out)
    cuts_columns = m <= n and m < _MANY_ROWS
    start, stop = span(part, parts, n if cuts_columns else m, _CHUNK)
    if stop == start:
        return
    top, bottom, left, right = (0, m, start, stop) if cuts_columns else (start, stop, 0, n)
    a_start = top if a_transposed else top * lda
    b_start = left * ldb if b_transposed else left
    # memory holds out.T column-major, and out.T = b.T @ a.T
    xgemm(
        b_transposed, a_transposed, right - left, bottom - top, k, alpha,
        b, b_start, ldb, a, a_start, lda, beta, out, top * ldc + left, ldc,
    )  # fmt: skip
