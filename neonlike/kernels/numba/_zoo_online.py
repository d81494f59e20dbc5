"""Training of an LSTM of 1997 with read-out, one sequence at a time, in one call (spec zoo 8).

Per sequence: all steps forward, ``y = act(w_out h + b_out)`` at the steps with a target, all steps
backward from ``(y - target) act'``, and ``w -= rate * gradient`` for all weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inner, owner
from neonlike.kernels.numba._recurrent_activation import Code
from neonlike.kernels.numba._zoo_lstm97 import backward_step, forward_step
from neonlike.kernels.numba._zoo_steps import (
    activate,
    clear,
    product,
    slope_at,
    working_memory,
)


@inner
def _project(w_in: Array, b: Array, x: Array, start: int, gates: Array, steps: int) -> None:
    """Net inputs of all steps: input projection and biases (of as many rows as there are)."""
    for r in range(w_in.shape[0]):
        bias = b[r, 0] if r < b.shape[0] else 0.0
        for t in range(steps):
            gates[r, t] = bias
        for k in range(w_in.shape[1]):
            weight = w_in[r, k]
            for t in range(steps):
                gates[r, t] += weight * x[k, start + t]


@inner
def _read_out(
    w_out: Array,
    b_out: Array,
    u: Array,
    t: int,
    target: Array,
    column: int,
    y: Array,
    err: Array,
    d_out: Array,
    db_out: Array,
    act: Code,
    memory: Array,
) -> None:
    """Output and error of one step; gradients of the read-out, error of the cells' outputs."""
    outputs, cells = w_out.shape
    for r in range(outputs):
        y[r, column] = b_out[r, 0] if r < b_out.shape[0] else 0.0
    product(w_out, u, 0, t + 1, y, 0, column, 1)
    activate(act, y, 0, column, outputs, 1, memory)
    for r in range(outputs):
        value = y[r, column]
        delta = (value - target[r, column]) * slope_at(act, value)
        for c in range(cells):
            d_out[r, c] += delta * u[c, t + 1]
            err[c, t] += w_out[r, c] * delta
        if r < b_out.shape[0]:
            db_out[r, 0] += delta


@inner
def _add_outer(d: Array, t: int, seen: Array, column: int, out: Array) -> None:
    """``out += d[:, t] seen[:, column]^T``."""
    for r in range(out.shape[0]):
        factor = d[r, t]
        for k in range(out.shape[1]):
            out[r, k] += factor * seen[k, column]


@inner
def _descend(w: Array, gradient: Array, rate: float) -> None:
    """``w -= rate * gradient``; the gradient becomes zero."""
    for r in range(w.shape[0]):
        for k in range(w.shape[1]):
            w[r, k] -= rate * gradient[r, k]
            gradient[r, k] = 0


@owner
def lstm97_online(
    w_in: Array,
    w: Array,
    b: Array,
    w_out: Array,
    b_out: Array,
    x: Array,
    target: Array,
    mask: Array,
    y: Array,
    lengths: Array,
    rate: float,
    truncate: bool,
    acts: Any,
    out_act: Any,
) -> None:
    """Train on sequences that stand one after the other in the columns of ``x``."""
    longest, rows, cells = lengths.max(), w.shape[0], w_out.shape[1]
    gates, delta = np.empty((rows, longest), w.dtype), np.empty((rows, longest), w.dtype)
    u, s = np.zeros((rows, longest + 1), w.dtype), np.zeros((cells, longest + 1), w.dtype)
    hs, err = np.empty((cells, longest), w.dtype), np.empty((cells, longest), w.dtype)
    du, ds = np.zeros((rows, 1), w.dtype), np.zeros((cells, 1), w.dtype)
    dw_in, dw, db = np.zeros_like(w_in), np.zeros_like(w), np.zeros_like(b)
    dw_out, db_out = np.zeros_like(w_out), np.zeros_like(b_out)
    memory, start = working_memory(w), 0
    for number in range(len(lengths)):
        steps = lengths[number]
        _project(w_in, b, x, start, gates, steps)
        clear(err, 0, 0, cells, steps)
        for t in range(steps):
            forward_step(t, w, gates, u, s, hs, acts, memory)
            if mask[0, start + t]:
                _read_out(
                    w_out, b_out, u, t, target, start + t, y, err, dw_out, db_out, out_act, memory
                )
        clear(du, 0, 0, rows, 1)
        clear(ds, 0, 0, cells, 1)
        for t in range(steps - 1, -1, -1):
            backward_step(t, w, gates, hs, err, delta, du, ds, truncate, acts)
            _add_outer(delta, t, x, start + t, dw_in)
            _add_outer(delta, t, u, t, dw)
            for r in range(len(b)):
                db[r, 0] += delta[r, t]
        _descend(w_in, dw_in, rate)
        _descend(w, dw, rate)
        _descend(b, db, rate)
        _descend(w_out, dw_out, rate)
        _descend(b_out, db_out, rate)
        start += steps
