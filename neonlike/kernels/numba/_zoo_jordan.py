"""The Jordan net: ``s_{t+1} = alpha s_t + y_t`` is what the next step sees (zoo 2)."""

from __future__ import annotations

from typing import Any

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import jit, owner
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


@owner
def _jordan_fprop(
    w_state: Array,
    w_out: Array,
    b_out: Array,
    fed_back: Array,
    h: Array,
    y: Array,
    s: Array,
    alpha: float,
    act: Any,
    out_act: Any,
) -> None:
    n, units, outputs = s.shape[1] - h.shape[1], h.shape[0], y.shape[0]
    memory = working_memory(h)
    for t in range(h.shape[1] // n):
        here, after = t * n, (t + 1) * n
        product(w_state, s, 0, here, h, 0, here, n)
        activate(act, h, 0, here, units, n, memory)
        for r in range(outputs):
            for j in range(here, after):
                y[r, j] = b_out[r, 0]
        product(w_out, h, 0, here, y, 0, here, n)
        activate(out_act, y, 0, here, outputs, n, memory)
        for r in range(outputs):
            for j in range(here, after):
                s[r, n + j] = alpha * s[r, j] + fed_back[r, j]


def jordan_fprop(
    w_state: Array,
    w_out: Array,
    b_out: Array,
    teacher: Array | None,
    h: Array,
    y: Array,
    s: Array,
    alpha: float,
    act: Any,
    out_act: Any,
) -> None:
    """Hidden units read what the outputs, or a teacher, have left in the state."""
    fed_back = y if teacher is None else teacher
    _jordan_fprop(w_state, w_out, b_out, fed_back, h, y, s, float(alpha), act, out_act)


@jit
def jordan_bprop(
    w_state: Array,
    w_out: Array,
    h: Array,
    y: Array,
    err: Array,
    delta: Array,
    delta_out: Array,
    ds0: Array,
    alpha: float,
    taught: bool,
    act: Any,
    out_act: Any,
) -> None:
    """Backwards through outputs, hidden units and states."""
    (outputs, n), units = ds0.shape, h.shape[0]
    clear(ds0, 0, 0, outputs, n)
    for t in range(err.shape[1] // n - 1, -1, -1):
        here = t * n
        copy(err, 0, here, delta_out, 0, here, outputs, n)
        if not taught:
            add(ds0, 0, 0, delta_out, 0, here, outputs, n)
        times_slope(out_act, y, 0, delta_out, here, outputs, n)
        clear(delta, 0, here, units, n)
        product_t(w_out, delta_out, 0, here, delta, 0, here, n)
        times_slope(act, h, 0, delta, here, units, n)
        for r in range(outputs):
            for j in range(n):
                ds0[r, j] *= alpha
        product_t(w_state, delta, 0, here, ds0, 0, 0, n)
