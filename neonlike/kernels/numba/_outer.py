"""Sums of outer products, for blocks of rows as ``row_blocks`` cuts them."""

from __future__ import annotations

from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inline

WIDE, HALF = _vector.WIDE, _vector.HALF
wide_tile = _vector.outer_tile(WIDE)
half_tile = _vector.outer_tile(HALF)
quarter_tile = _vector.outer_tile(_vector.QUARTER)


@inline
def add_outer(
    rows: int, x: int, x_step: int, y: int, y_step: int, count: int, out: int, zero: float
) -> None:
    """``outer_tile(rows)`` for the heights that there are."""
    if rows == WIDE:
        wide_tile(x, x_step, y, y_step, count, out, zero)
    elif rows == HALF:
        half_tile(x, x_step, y, y_step, count, out, zero)
    else:
        quarter_tile(x, x_step, y, y_step, count, out, zero)
