"""Products of two matrices with long rows: few results, each the sum of many products.

    out[i, j] = alpha * sum_l a[i, l] b[j, l] + beta * out[i, j]

Weight gradients are like that: a holds errors, b inputs, l runs over batch (and steps). Where the
rows lie a large power of two apart, they all compete for a few sets of the caches while BLAS packs
them. Here nothing is packed: l is walked in chunks, and ``dot_tile`` multiplies a chunk of all rows
of a, from the second cache, with that of ``COLUMNS`` rows of b, from the first. Each thread does a
share of b's rows, so results do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inner, jit, owner
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba.blas import LONG_ROWS

LINE_BYTES = _vector.LINE_BYTES
ROWS, COLUMNS = _vector.DOT_ROWS, _vector.DOT_COLUMNS
dot_tile = _vector.dot_tile(ROWS, COLUMNS)

CHUNK = 64  # lines: COLUMNS rows of b stay in the first cache


def product(a: Array, b: Array, out: Array, alpha: float, beta: float, parts: int) -> None:
    """Multiply a (m, k) by the transposed b (n, k) into out (m, n), both row-major."""
    if _effort(a, b) <= _effort(b, a):
        _product(a, b, out, False, alpha, beta, parts)
    else:
        _product(b, a, out, True, alpha, beta, parts)


def _effort(a: Array, b: Array) -> tuple[bool, int, int]:
    """Whether the rows of a leave the second cache, then how much whole tiles compute."""
    m, n = len(a), len(b)
    return m > LONG_ROWS, -(-m // ROWS) * ROWS * -(-n // COLUMNS) * COLUMNS, m


@jit
def _product(
    a: Array, b: Array, out: Array, transposed: bool, alpha: float, beta: float, parts: int
) -> None:
    """Multiply in ``parts``, each on a thread."""
    share(_part, parts, (a, b, out, transposed, alpha, beta, parts))


@owner
def _part(
    part: int,
    a: Array,
    b: Array,
    out: Array,
    transposed: bool,
    alpha: float,
    beta: float,
    parts: int,
) -> None:
    """A share of the rows of b."""
    line = LINE_BYTES // a.itemsize
    (m, k), n = a.shape, b.shape[0]
    first, last = span(part, parts, n, COLUMNS)
    if first == last:
        return
    whole = k // line * line
    padded = (m + ROWS - 1) // ROWS * ROWS
    blocks = (last - first + COLUMNS - 1) // COLUMNS
    ends, right = np.empty((m, line), a.dtype), np.empty((COLUMNS, CHUNK * line), a.dtype)
    sums = np.zeros((blocks, padded, COLUMNS), a.dtype)
    rows = np.minimum(np.arange(padded), m - 1)  # tiles beyond the end read the last row again
    reads = rows * (a.strides[0] // a.itemsize)
    for start in range(0, whole, CHUNK * line):
        length = min(CHUNK * line, whole - start)
        _multiply(
            a.ctypes.data + start * a.itemsize, reads, b, first, last, start, length, right, sums
        )
    if whole < k:
        _pack(a, 0, m, whole, k - whole, ends)
        _multiply(ends.ctypes.data, rows * line, b, first, last, whole, k - whole, right, sums)
    _deliver(sums, first, last, out, transposed, out.dtype.type(alpha), out.dtype.type(beta))


@inner
def _multiply(
    x: int,
    reads: Array,
    b: Array,
    first: int,
    last: int,
    start: int,
    length: int,
    right: Array,
    sums: Array,
) -> None:
    """Add the products of the rows at ``x`` with ``length`` elements of rows of b, from ``start``.

    Where a tile would read beyond the end, the rows of b are copied to ``right``.
    """
    item, like = b.itemsize, sums.dtype.type(0)
    line = LINE_BYTES // item
    lines = (length + line - 1) // line
    for block in range(sums.shape[0]):
        j = first + block * COLUMNS
        count = min(COLUMNS, last - j)
        y, apart = b.ctypes.data + j * b.strides[0] + start * item, b.strides[0] // item
        if count < COLUMNS or length < lines * line:
            _pack(b, j, count, start, length, right[:, : lines * line])
            y, apart = right.ctypes.data, right.shape[1]
        for i in range(0, sums.shape[1], ROWS):
            at = reads.ctypes.data + i * reads.itemsize
            target = sums.ctypes.data + (block * sums.shape[1] + i) * COLUMNS * item
            dot_tile(x, at, y, apart, lines, target, like)


@inner
def _pack(x: Array, first: int, rows: int, start: int, length: int, to: Array) -> None:
    """Copy a part of the rows from ``first`` on, zeros behind it and in the rows that are left."""
    to[:] = 0
    for i in range(rows):
        for j in range(length):
            to[i, j] = x[first + i, start + j]


@inner
def _deliver(
    sums: Array, first: int, last: int, out: Array, transposed: bool, alpha: float, beta: float
) -> None:
    """Write ``alpha * sums + beta * out``."""
    for i in range(out.shape[1] if transposed else out.shape[0]):
        for j in range(first, last):
            row, column = (j, i) if transposed else (i, j)
            value = alpha * sums[(j - first) // COLUMNS, i, (j - first) % COLUMNS]
            out[row, column] = value if beta == 0 else value + beta * out[row, column]
