"""Recurrent sweeps: one nopython call runs all steps of all columns and directions.

Arguments, layouts and formulas: ``neonlike.kernels.reference.recurrent``. Columns are
independent, so each thread takes panels of them through all steps without ever waiting
(``_recurrent_panel``); both directions are panels of the same parallel region.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._recurrent_blocks import blocks
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba import _recurrent_gru as _gru
from neonlike.kernels.numba import _recurrent_lstm as _lstm
from neonlike.kernels.numba import _recurrent_rnn as _rnn
from neonlike.kernels.numba import blas
from neonlike.kernels.numba._recurrent_gradient import gradients, make_plan
from neonlike.kernels.numba._recurrent_panel import WIDE, Work
from neonlike.kernels.numba._recurrent_setup import (
    make_work,
    plain_codes,
    row_unit,
    threads_for,
    widened,
)

_EMPTY = {np.dtype(t): np.empty((0, 0), t) for t in (np.float32, np.float64)}


def _rows(*arrays: Array | None) -> list[Array]:
    """All as C-contiguous arrays, which compiled code indexes best; None as an empty one."""
    empty = next(_EMPTY[x.dtype] for x in arrays if x is not None)
    return [empty if x is None else widened(x) for x in arrays]


def project(w_in: Array, x: Array, out: Array) -> None:
    """See the reference set."""
    for rows, features in blocks(w_in, len(x)):
        blas.gemm(w_in[rows], x[features], out[rows])


def unproject(w_in: Array, delta: Array, deltas: Array, alpha: float, beta: float) -> None:
    """See the reference set."""
    for rows, features in blocks(w_in, len(deltas)):
        blas.gemm(w_in[rows].T, delta[rows], deltas[features], alpha, beta)


def input_gradient(delta: Array, x: Array, out: Array) -> None:
    """See the reference set."""
    for rows, features in blocks(out, len(x)):
        blas.gemm(delta[rows], x[features].T, out[rows])


def _fills_panels(w: Array, geometry: Triple) -> bool:
    """Whether panels have little padding: else products over all steps at once are faster."""
    columns, unit = geometry[0] * geometry[2], row_unit(w.shape[1], w.itemsize)
    return 3 * -(-columns // unit) * unit <= 4 * columns


def _work(
    module: Any,
    w_in: Array,
    w: Array,
    features: int,
    geometry: Triple,
    scratch: Scratch,
    *,
    backwards: bool,
) -> Work:
    """Cut a sweep into panels for as many threads as the work is worth.

    Args:
        module: the cell's, with GATES (row blocks per direction) and PANEL_ROWS.
        w_in, w: input and recurrent weights.
        features: rows of the inputs or of their deltas, 0 if there are none.
        geometry: (outer, steps, inner).
        scratch: where panels and packed weights go.
        backwards: the directions of a panel must follow each other, since both add to the deltas.
    """
    gates, n, nin = module.GATES, w.shape[1], w_in.shape[1]
    directions = w.shape[0] // (gates * n)
    return make_work(
        w,
        w_in,
        geometry,
        module.PANEL_ROWS,
        scratch,
        directions=directions,
        sweeps=1 if backwards else directions,
        inputs=nin,
        split=nin if features > nin else 0,
        products=gates * n * (n + (nin if features else 0)) // WIDE,
    )


def _forward(
    module: Any,
    x: Array | None,
    projection: Array,
    arrays: tuple[Array | None, ...],
    geometry: Triple,
    acts: tuple[Any, ...],
    scratch: Scratch,
) -> None:
    """Call ``module.fprop``.

    Args:
        module: the cell's; any, since its compiled functions take more than Python can check.
        x: the inputs.
        projection: what holds their projection if ``x`` is None.
        arrays: those of ``module.fprop``: w_in, w, b, then those after ``x``.
        geometry, acts, scratch: see the reference set.
    """
    w_in, w, b, *others = arrays
    assert w_in is not None
    assert w is not None
    if x is not None and not _fills_panels(w, geometry):
        project(w_in, x, projection)
        x = None
    features = 0 if x is None else len(x)
    work = _work(module, w_in, w, features, geometry, scratch, backwards=False)
    launch(module.fprop, *_rows(w_in, w, b, x, *others), *plain_codes(acts), work)


def _backward(
    module: Any,
    deltas: Array | None,
    scale: tuple[float, float],
    delta: Array,
    arrays: tuple[Array | None, ...],
    geometry: Triple,
    acts: tuple[Any, ...],
    scratch: Scratch,
) -> None:
    """Call ``module.bprop``.

    Args:
        module: the cell's.
        deltas, scale: gradient of the inputs, (alpha, beta).
        delta: gradient of the sums, also among ``arrays``.
        arrays: those of ``module.bprop`` before ``deltas``, w_in and w first.
        geometry, acts, scratch: see the reference set.
    """
    w_in, w = arrays[:2]
    assert w_in is not None
    assert w is not None
    own = deltas if _fills_panels(w, geometry) else None
    features = 0 if own is None else len(own)
    work = _work(module, w_in, w, features, geometry, scratch, backwards=True)
    alpha, beta = float(scale[0]), float(scale[1])
    launch(module.bprop, *_rows(*arrays, own), alpha, beta, *plain_codes(acts), work)
    if deltas is not None and own is None:
        unproject(w_in, delta, deltas, alpha, beta)


def rnn_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
    h: Array,
    h0: Array | None,
    geometry: Triple,
    act: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    _forward(_rnn, x, h, (w_in, w, b, h, h0), geometry, (act,), scratch)


def rnn_bprop(
    w_in: Array,
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays = w_in, w, h, err, delta, dh0
    _backward(_rnn, deltas, (alpha, beta), delta, arrays, geometry, (act,), scratch)


def lstm_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
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
    arrays = w_in, w, b, gates, h, c, c_act, h0, c0
    _forward(_lstm, x, gates, arrays, geometry, (act, gate), scratch)


def lstm_bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array | None,
    err: Array,
    delta: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays = w_in, w, gates, c, c_act, c0, err, delta, dh0
    _backward(_lstm, deltas, (alpha, beta), delta, arrays, geometry, (act, gate), scratch)


def gru_fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array | None,
    gates: Array,
    h: Array,
    h0: Array | None,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    _forward(_gru, x, gates, (w_in, w, b, gates, h, h0), geometry, (act, gate), scratch)


def gru_bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    h: Array,
    h0: Array | None,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array | None,
    deltas: Array | None,
    alpha: float,
    beta: float,
    geometry: Triple,
    act: Any,
    gate: Any,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    arrays = w_in, w, gates, h, h0, err, delta, reset_h, dh0
    _backward(_gru, deltas, (alpha, beta), delta, arrays, geometry, (act, gate), scratch)


def weight_gradients(
    delta: Array,
    x: Array | None,
    h: Array,
    h0: Array | None,
    reset_h: Array | None,
    dw_in: Array,
    dw: Array,
    db: Array,
    geometry: Triple,
    scratch: Scratch,
) -> None:
    """See the reference set."""
    features, nin = 0 if x is None else len(x), dw_in.shape[1]
    threads = threads_for(dw.size + dw_in.size, geometry)
    directions = len(h) // dw.shape[1]
    sizes = dw, features, nin, reset_h is not None, directions
    plan = make_plan(*sizes, geometry, threads, scratch)
    delta, inputs, h, state, reset = _rows(delta, x, h, h0, reset_h)
    launch(gradients, delta, inputs, h, state, reset, dw_in, dw, db, plan)
