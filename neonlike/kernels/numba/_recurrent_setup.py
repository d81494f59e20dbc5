"""What recurrent sweeps settle before their compiled code runs: layouts, row lengths, threads."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba._recurrent_activation import Code
from neonlike.kernels.numba._recurrent_ahead import PLAN_SIZE
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES, NARROW, Work, panel_width
from neonlike.kernels.numba._threads import get_num_threads

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


def row_unit(units: int, itemsize: int) -> int:
    """What row lengths of panels are rounded up to: ``units`` rows make whole lines."""
    half_line = LINE_BYTES // 2 // itemsize
    return half_line if units % 2 == 0 else 2 * half_line


def threads_for(weights: int, geometry: Triple) -> int:
    """As many threads as the work is worth."""
    outer, steps, inner = geometry
    worth = weights * outer * steps * inner >= PARALLEL_WORK
    return get_num_threads() if worth else 1


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
    sweeps: int = 1,
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
        sweeps: directions whose panels may run at the same time.
        inputs: ``features`` of ``Work``.
    """
    units, columns = w.shape[1], geometry[0] * geometry[2]
    threads = threads_for(w.size + others.size, geometry)
    rows = panel_rows * units + inputs + NARROW
    width, unit, panels = _cut(columns, units, rows, w.itemsize, threads, sweeps)
    return Work(
        geometry,
        directions,
        units,
        inputs,
        split,
        width,
        unit,
        scratch("recurrent panels", panels, w.dtype),
        scratch("recurrent weights", _packed(w.shape, directions), w.dtype),
        scratch("input weights", _packed(others.shape, directions), w.dtype),
        products,
        scratch("recurrent plans", (threads, PLAN_SIZE), np.int64),
    )


@functools.lru_cache(maxsize=1024)
def _cut(
    columns: int, units: int, rows: int, itemsize: int, threads: int, sweeps: int
) -> tuple[int, int, tuple[int, int]]:
    """Width of a panel, what row lengths are rounded up to, and the shape of all panels."""
    unit, line = row_unit(units, itemsize), LINE_BYTES // itemsize
    width = panel_width(columns, threads, unit, sweeps)
    panel = -(-rows * (-(-width // unit) * unit) // line) * line + line
    parts = min(threads, sweeps * -(-columns // width))
    return width, unit, (parts, apart(panel, itemsize))


@functools.lru_cache(maxsize=1024)
def _packed(shape: tuple[int, int], directions: int) -> tuple[int, int]:
    """Shape of packed weights, or their transposes, at most: each direction's, in two parts."""
    rows, columns = shape
    return directions, (rows // directions + 2 * NARROW) * (columns + 2 * NARROW)
