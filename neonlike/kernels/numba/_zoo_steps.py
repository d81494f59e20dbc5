"""Pieces of the zoo's sweeps: products, activations and copies on one step of a sequence.

A step is ``n`` columns of a C-contiguous array, from column ``c`` on; all pieces work in place on
the whole array, so that sweeps need no memory of their own and inner loops vectorise. Small
products are loops, since a call of BLAS costs more than they do: these are what training with one
example at a time is made of.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._activation import (
    CENTERED,
    EXPLIN,
    LOGISTIC,
    RECTLIN,
    RECTLINCLIP,
    TANH,
)
from neonlike.kernels._types import Array
from neonlike.kernels.numba._gemm import gemm
from neonlike.kernels.numba._jit import inline, inner
from neonlike.kernels.numba._recurrent_activation import Code
from neonlike.kernels.numba._recurrent_activation import activate as activate_vectors
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES

BLOCK = 1024  # elements that are activated at a time
LOOPS = 1024  # multiplications up to which loops are quicker than BLAS


@inner
def clear(x: Array, row: int, c: int, rows: int, n: int) -> None:
    """``x = 0``."""
    for r in range(row, row + rows):
        for j in range(c, c + n):
            x[r, j] = 0


@inner
def copy(
    x: Array, row: int, c: int, out: Array, out_row: int, out_c: int, rows: int, n: int
) -> None:
    """``out = x``."""
    for r in range(rows):
        for j in range(n):
            out[out_row + r, out_c + j] = x[row + r, c + j]


@inner
def add(
    x: Array, row: int, c: int, out: Array, out_row: int, out_c: int, rows: int, n: int
) -> None:
    """``out += x``."""
    for r in range(rows):
        for j in range(n):
            out[out_row + r, out_c + j] += x[row + r, c + j]


@inner
def product(
    w: Array, x: Array, row: int, c: int, out: Array, out_row: int, out_c: int, n: int
) -> None:
    """``out += w x``."""
    rows, inside = w.shape
    if rows * inside * n > LOOPS:
        seen = x[row : row + inside, c : c + n]
        gemm(w, seen, out[out_row : out_row + rows, out_c : out_c + n], 1.0, 1.0)
    elif n == 1:
        for r in range(rows):
            total = out[out_row + r, out_c]
            for k in range(inside):
                total += w[r, k] * x[row + k, c]
            out[out_row + r, out_c] = total
    else:
        for r in range(rows):
            for k in range(inside):
                for j in range(n):
                    out[out_row + r, out_c + j] += w[r, k] * x[row + k, c + j]


@inner
def product_t(
    w: Array, x: Array, row: int, c: int, out: Array, out_row: int, out_c: int, n: int
) -> None:
    """``out += w^T x``."""
    rows, inside = w.shape
    if rows * inside * n > LOOPS:
        seen = x[row : row + rows, c : c + n]
        gemm(w.T, seen, out[out_row : out_row + inside, out_c : out_c + n], 1.0, 1.0)
    else:
        for r in range(rows):
            for k in range(inside):
                for j in range(n):
                    out[out_row + k, out_c + j] += w[r, k] * x[row + r, c + j]


@inline
def working_memory(like: Array) -> Array:
    """What ``activate`` needs."""
    return np.empty(BLOCK, like.dtype)


@inner
def activate(act: Code, x: Array, row: int, c: int, rows: int, n: int, memory: Array) -> None:
    """Apply the activation in place, on packed blocks of ``x`` in whole vectors."""
    width = min(n, BLOCK)
    height = BLOCK // width
    for top in range(row, row + rows, height):
        bottom = min(top + height, row + rows)
        for left in range(c, c + n, width):
            right = min(left + width, c + n)
            size = _pack(x, top, bottom, left, right, memory)
            activate_vectors(act, memory, 0, size)
            _unpack(memory, x, top, bottom, left, right)


@inner
def _pack(x: Array, top: int, bottom: int, left: int, right: int, memory: Array) -> int:
    """Copy a block to the memory; return its size in whole vectors, with zeros at the end."""
    place = 0
    for r in range(top, bottom):
        for j in range(left, right):
            memory[place] = x[r, j]
            place += 1
    line = LINE_BYTES // memory.itemsize
    whole = (place + line - 1) // line * line
    memory[place:whole] = 0
    return whole


@inner
def _unpack(memory: Array, x: Array, top: int, bottom: int, left: int, right: int) -> None:
    """Copy the memory to a block."""
    place = 0
    for r in range(top, bottom):
        for j in range(left, right):
            x[r, j] = memory[place]
            place += 1


@inner
def slope_at(act: Code, y: float) -> float:
    """Return the derivative at the output ``y``."""
    kind, slope, limit = act
    result = 1.0
    if kind == TANH:
        result = 1.0 - y * y
    elif kind == LOGISTIC:
        result = y * (1.0 - y)
    elif kind == CENTERED:
        result = (slope * slope - y * y) / (2.0 * slope)
    elif kind == EXPLIN:
        result = 1.0 if y > 0 else (y + slope if y < 0 else 0.0)
    elif kind in (RECTLIN, RECTLINCLIP):
        result = 1.0 if y > 0 else (slope if y < 0 else 0.0)
        if kind == RECTLINCLIP and y >= limit:
            result = 0.0
    return result


@inner
def times_slope(act: Code, y: Array, row: int, error: Array, c: int, rows: int, n: int) -> None:
    """``error *= act'(y)`` for the same rows and columns of both."""
    for r in range(row, row + rows):
        for j in range(c, c + n):
            error[r, j] *= slope_at(act, y[r, j])
