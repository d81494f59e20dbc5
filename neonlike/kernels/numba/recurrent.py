"""Recurrent sweeps: one nopython call runs all steps of all columns and directions.

Arguments, layouts and formulas: ``neonlike.kernels.reference.recurrent``. Columns are
independent, so each thread takes panels of them through all steps without ever waiting
(``_recurrent_panel``); both directions are panels of the same parallel region.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba import _recurrent_gru, _recurrent_lstm, _recurrent_rnn
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES, NARROW, Panels, panel_width

_EMPTY = {np.dtype(t): np.empty((0, 0), t) for t in (np.float32, np.float64)}
_PARALLEL_WORK = 1 << 18  # multiplications per sweep; one thread does less in about 10 us


def _rows(x: Array | None, like: Array) -> Array:
    """``x`` as a C-contiguous array, which compiled loops vectorise over; None as an empty one.

    A slice of columns becomes an array as wide as its parent: the columns that the kernel
    indexes are the same, the last row reaches beyond the memory but is never read there.
    """
    if x is None:
        return _EMPTY[like.dtype]
    if x.flags.c_contiguous:
        return x
    assert x.strides[1] == x.itemsize, "rows must be contiguous"
    shape = x.shape[0], x.strides[0] // x.itemsize
    return np.lib.stride_tricks.as_strided(x, shape, x.strides)


def _run(
    kernel: Callable[..., None],
    h: Array,
    arrays: tuple[Array | None, ...],
    geometry: Triple,
    acts: tuple[Any, ...],
    panel_rows: int,
    scratch: Scratch,
) -> None:
    """Call ``kernel`` with panels for as many threads as the work is worth.

    Args:
        h: any array with n rows per direction.
        arrays: the kernel's arrays in order, weights first.
        acts: activation codes.
        panel_rows: rows of all panels of a thread, in multiples of n.
    """
    w = arrays[0]
    assert w is not None
    n = w.shape[1]
    outer, steps, inner = geometry
    directions, columns = h.shape[0] // n, outer * inner
    worth = w.size * columns * steps >= _PARALLEL_WORK
    threads = numba.get_num_threads() if worth else 1
    half_line = LINE_BYTES // 2 // h.itemsize
    unit = half_line if n % 2 == 0 else 2 * half_line  # n rows make whole lines
    width = panel_width(directions, columns, threads, unit)
    workers = min(threads, directions * -(-columns // width))
    work = Panels(
        scratch("recurrent panels", (workers, (panel_rows * n + NARROW) * width), h.dtype),
        scratch(
            "recurrent weights", (directions, (w.shape[0] + 4 * NARROW) * (n + NARROW)), h.dtype
        ),
        width,
        unit,
    )
    codes = tuple((int(a[0]), float(a[1]), float(a[2])) for a in acts)
    kernel(*(_rows(x, h) for x in arrays), geometry, *codes, work)


def rnn_fprop(
    w: Array, b: Array, h: Array, h0: Array | None, geometry: Triple, act: Any, scratch: Scratch
) -> None:
    """See the reference set."""
    rows = _recurrent_rnn.PANEL_ROWS
    _run(_recurrent_rnn.fprop, h, (w, b, h, h0), geometry, (act,), rows, scratch)


def rnn_bprop(
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array | None,
    geometry: Triple,
    act: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays, rows = (w, h, err, delta, dh0), _recurrent_rnn.PANEL_ROWS
    _run(_recurrent_rnn.bprop, h, arrays, geometry, (act,), rows, scratch)


def lstm_fprop(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array | None,
    c0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays, rows = (w, b, gates, h, c, c_act, h0, c0), _recurrent_lstm.PANEL_ROWS
    _run(_recurrent_lstm.fprop, h, arrays, geometry, (act, gate), rows, scratch)


def lstm_bprop(
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array | None,
    err: Array,
    delta: Array,
    dh0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays, rows = (w, gates, c, c_act, c0, err, delta, dh0), _recurrent_lstm.PANEL_ROWS
    _run(_recurrent_lstm.bprop, c, arrays, geometry, (act, gate), rows, scratch)


def gru_fprop(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    h0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays, rows = (w, b, gates, h, h0), _recurrent_gru.PANEL_ROWS
    _run(_recurrent_gru.fprop, h, arrays, geometry, (act, gate), rows, scratch)


def gru_bprop(
    w: Array,
    gates: Array,
    h: Array,
    h0: Array | None,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays, rows = (w, gates, h, h0, err, delta, reset_h, dh0), _recurrent_gru.PANEL_ROWS
    _run(_recurrent_gru.bprop, h, arrays, geometry, (act, gate), rows, scratch)
