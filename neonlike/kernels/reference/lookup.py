"""Gradient of a lookup table in plain NumPy (spec backend 14)."""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array


def bprop(ids: Array, err: Array, dw: Array, pad_idx: int | None) -> None:
    """Set row i of ``dw`` to the sum of the columns of ``err`` whose id is i.

    Rows whose id does not occur, and the row ``pad_idx``, are left alone.

    Args:
        ids: (n,) integers from 0 to vocabulary size - 1.
        err: (E, n).
        dw: (vocabulary size, E).
        pad_idx: id that is skipped, or None.
    """
    used = np.ones(ids.shape, bool) if pad_idx is None else ids != pad_idx
    dw[ids[used]] = 0
    np.add.at(dw, ids[used], err.T[used])
