"""Products of two matrices with long rows: few results, each the sum of many products.

    out[i, j] = alpha * sum_l a[i, l] b[j, l] + beta * out[i, j]

Weight gradients are like that: a holds errors, b inputs, l runs over batch (and steps). Where the
rows lie a large power of two apart, they all compete for a few sets of the caches while BLAS packs
them. Here l is walked in chunks: a chunk of a's rows is packed for the second cache, at a distance
that is no power of two; then ``dot_tile`` multiplies it with the rows of b in place, ``COLUMNS`` at
a time. Each thread does a share of b's rows, so results do not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span

LINE_BYTES = _vector.LINE_BYTES
ROWS, COLUMNS = _vector.DOT_ROWS, _vector.DOT_COLUMNS
dot_tile = _vector.dot_tile(ROWS, COLUMNS)

CHUNK = 64  # lines: COLUMNS rows of b stay in the first cache


def product(a: Array, b: Array, out: Array, alpha: float, beta: float, parts: int) -> None:
    """Multiply a (m, k) by the transposed b (n, k) into out (m, n), both row-major."""
    if len(a) <= len(b):
        _product(a, b, out, False, alpha, beta, parts)
    else:
        _product(b, a, out, True, alpha, beta, parts)


@jit
def _product(
    a: Array, b: Array, out: Array, transposed: bool, alpha: float, beta: float, parts: int
) -> None:
    """Multiply in ``parts``, each on a thread."""
    share(_part, parts, (a, b, out, transposed, alpha, beta, parts))


@inner
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
    chunk = CHUNK * line
    row = chunk + line
    padded = (m + ROWS - 1) // ROWS * ROWS
    blocks = (last - first + COLUMNS - 1) // COLUMNS
    left, right = np.empty((padded, row), a.dtype), np.empty((COLUMNS, row), a.dtype)
    left[m:, :] = 0
    sums = np.zeros((blocks, padded, COLUMNS), a.dtype)
    offsets = np.arange(padded) * row
    for start in range(0, k, chunk):
        length = min(chunk, k - start)
        lines = (length + line - 1) // line
        _pack(a, 0, m, start, length, lines * line, left)
        for block in range(blocks):
            j = first + block * COLUMNS
            count = min(COLUMNS, last - j)
            if count == COLUMNS and length == lines * line:
                y, apart = b.ctypes.data + j * b.strides[0] + start * b.itemsize, b.strides[0]
            else:
                right[count:, :] = 0
                _pack(b, j, count, start, length, lines * line, right)
                y, apart = right.ctypes.data, row * a.itemsize
            _multiply(left, offsets, y, apart // a.itemsize, lines, sums[block])
    _deliver(sums, first, last, out, transposed, out.dtype.type(alpha), out.dtype.type(beta))


@inner
def _pack(x: Array, first: int, rows: int, start: int, length: int, end: int, to: Array) -> None:
    """Copy a chunk of the rows from ``first`` on; zeros up to ``end``."""
    for i in range(rows):
        for j in range(length):
            to[i, j] = x[first + i, start + j]
        for j in range(length, end):
            to[i, j] = 0


@inner
def _multiply(x: Array, offsets: Array, y: int, apart: int, lines: int, sums: Array) -> None:
    """Add the products of packed rows with ``COLUMNS`` rows, ``apart``, from address ``y`` on."""
    like = sums.dtype.type(0)
    for i in range(0, sums.shape[0], ROWS):
        reads = offsets.ctypes.data + i * offsets.itemsize
        target = sums.ctypes.data + i * COLUMNS * sums.itemsize
        dot_tile(x.ctypes.data, reads, y, apart, lines, target, like)


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
