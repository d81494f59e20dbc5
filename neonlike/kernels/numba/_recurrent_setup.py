"""What recurrent sweeps settle before their compiled code runs: layouts, row lengths, threads."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba._recurrent_activation import Code
from neonlike.kernels.numba._recurrent_ahead import PLAN_SIZE
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES, NARROW, Work, panel_width

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


def make_work(
    w: Array,
    others: Array,
    geometry: Triple,
    panel_rows: int,
    scratch: Scratch,
    *,
    directions: int = 1,
    inputs: int = 0,
    split: int = 0,
    products: int = 0,
) -> Work:
    """Cut a sweep into panels for as many threads as the work is worth.

    Args:
        w, others: recurrent weights, and those of the inputs or between gates.
        geometry: (outer, steps, inner).
        panel_rows: of a panel, in units, before the rows of the inputs.
        scratch: where panels and packed weights go.
        directions, split, products: see ``Work``.
        inputs: ``features`` of ``Work``.
    """
    units, unit, columns = w.shape[1], row_unit(w), geometry[0] * geometry[2]
    threads = threads_for(w.size + others.size, geometry)
    width, line = panel_width(columns, threads, unit), LINE_BYTES // w.itemsize
    pitch = -(-width // unit) * unit
    panel = -(-(panel_rows * units + inputs + NARROW) * pitch // line) * line + line
    shape = min(threads, -(-columns // width)), apart(panel, w.itemsize)
    return Work(
        geometry,
        directions,
        units,
        inputs,
        split,
        width,
        unit,
        scratch("recurrent panels", shape, w.dtype),
        scratch("recurrent weights", (directions, _packed_size(w, directions)), w.dtype),
        scratch("input weights", (directions, _packed_size(others, directions)), w.dtype),
        products,
        scratch("recurrent plans", (threads, PLAN_SIZE), np.int64),
    )


def _packed_size(w: Array, directions: int) -> int:
    """What packed weights of a direction, or their transpose, take at most, in two parts."""
    rows, columns = w.shape
    return int(rows // directions + 2 * NARROW) * int(columns + 2 * NARROW)
