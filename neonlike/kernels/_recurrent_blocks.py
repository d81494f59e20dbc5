"""Which features the directions of a recurrent sweep read."""

from __future__ import annotations

from neonlike.kernels._types import Array


def blocks(w_in: Array, features: int) -> list[tuple[slice, slice]]:
    """Row blocks of input weights (rows, nin) and the features that they read.

    All rows read all features if there are nin of them; else the directions, stacked in the rows,
    read a part of nin features each.
    """
    rows, nin = w_in.shape
    parts = features // nin
    return [
        (slice(d * rows // parts, (d + 1) * rows // parts), slice(d * nin, (d + 1) * nin))
        for d in range(parts)
    ]
