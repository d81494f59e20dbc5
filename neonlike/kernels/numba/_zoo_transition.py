"""Deep transitions ``z^l = act_l(... + W_l z^{l-1} + S_l h_{t-1})``, ``h_t = z^L`` (zoo 3).

And truncated back-propagation through the plain recurrent layer, which has one level (zoo 2).
"""

from __future__ import annotations

from typing import Any

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, jit, owner
from neonlike.kernels.numba._zoo_steps import (
    activate,
    add,
    clear,
    copy,
    product,
    product_t,
    times_slope,
    working_memory,
)


@inline
def _matrix(w: Array, place: int, rows: int, columns: int) -> Array:
    """The matrix that begins at ``place`` of the flat weights (P, 1)."""
    matrix: Array = w[place : place + rows * columns].reshape((rows, columns))
    return matrix


@owner
def transition_fprop(w: Array, z: Array, h: Array, table: Array, acts: Any) -> None:
    """Levels one after the other, step by step."""
    n, last, memory = h.shape[1] - z.shape[1], table[-1, 0], working_memory(z)
    for t in range(z.shape[1] // n):
        here = t * n
        top, below = 0, 0
        for level in range(len(table)):
            rows, inside, place, skip = table[level]
            matrix = _matrix(w, place, rows, inside)
            if level == 0:
                product(matrix, h, 0, here, z, top, here, n)
            else:
                product(matrix, z, below, here, z, top, here, n)
            if skip >= 0:
                product(_matrix(w, skip, rows, last), h, 0, here, z, top, here, n)
            activate(acts[level], z, top, here, rows, n, memory)
            top, below = top + rows, top
        copy(z, below, here, h, 0, here + n, last, n)


@jit
def transition_bprop(
    w: Array, z: Array, err: Array, delta: Array, dh0: Array, table: Array, acts: Any
) -> None:
    """From the last level down to the state before, step by step backwards.

    The error of a level gathers in its rows of ``delta``.
    """
    last, n = dh0.shape
    clear(dh0, 0, 0, last, n)
    for t in range(err.shape[1] // n - 1, -1, -1):
        here, top = t * n, z.shape[0] - last
        copy(err, 0, here, delta, top, here, last, n)
        add(dh0, 0, 0, delta, top, here, last, n)
        clear(dh0, 0, 0, last, n)
        for level in range(len(table) - 1, -1, -1):
            rows, inside, place, skip = table[level]
            times_slope(acts[level], z, top, delta, here, rows, n)
            if skip >= 0:
                product_t(_matrix(w, skip, rows, last), delta, top, here, dh0, 0, 0, n)
            matrix = _matrix(w, place, rows, inside)
            if level == 0:
                product_t(matrix, delta, top, here, dh0, 0, 0, n)
            else:
                clear(delta, top - inside, here, inside, n)
                product_t(matrix, delta, top, here, delta, top - inside, here, n)
            top -= inside


@jit
def chunked_bprop(
    w: Array, h: Array, err: Array, delta: Array, dh0: Array, k: int, act: Any
) -> None:
    """``delta_t = act'(h_t) * (err_t + w^T delta_{t+1})``; chunks begin without error."""
    rows, n = dh0.shape
    clear(dh0, 0, 0, rows, n)
    for t in range(err.shape[1] // n - 1, -1, -1):
        here = t * n
        copy(err, 0, here, delta, 0, here, rows, n)
        add(dh0, 0, 0, delta, 0, here, rows, n)
        times_slope(act, h, 0, delta, here, rows, n)
        clear(dh0, 0, 0, rows, n)
        if t % k:
            product_t(w, delta, 0, here, dh0, 0, 0, n)
