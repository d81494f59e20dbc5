"""What recurrent sweeps settle before their compiled code runs: layouts, row lengths, threads."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._recurrent_activation import Code
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES

PARALLEL_WORK = 1 << 18  # multiplications per sweep; one thread does less in about 10 us


def widened(x: Array) -> Array:
    """``x``, or for a slice of columns an array as wide as its parent with the same rows.

    The columns that kernels index are the same; the last row reaches beyond the memory but is
    never read there.
    """
    if x.flags.c_contiguous:
        return x
    assert x.strides[1] == x.itemsize, "rows must be contiguous"
    shape = x.shape[0], x.strides[0] // x.itemsize
    return np.lib.stride_tricks.as_strided(x, shape, x.strides)


def row_unit(w: Array) -> int:
    """What row lengths of panels are rounded up to: n rows make whole lines."""
    half_line = LINE_BYTES // 2 // w.itemsize
    return half_line if w.shape[1] % 2 == 0 else 2 * half_line


def threads_for(weights: int, geometry: Triple) -> int:
    """As many threads as the work is worth."""
    outer, steps, inner = geometry
    worth = weights * outer * steps * inner >= PARALLEL_WORK
    return numba.get_num_threads() if worth else 1


def plain_codes(acts: tuple[Any, ...]) -> tuple[Code, ...]:
    """Codes of activations as tuples of always the same types."""
    return tuple((int(a[0]), float(a[1]), float(a[2])) for a in acts)
