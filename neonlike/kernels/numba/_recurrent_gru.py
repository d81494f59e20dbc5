"""Sweeps of the GRU; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` stands for zeros, an empty ``dh0`` is not wanted. ``panels`` (workers, size) is
scratch, ``width`` the columns per panel.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._jit import jit, pjit, prange
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_panel import (
    accumulate,
    add,
    add_bias,
    load,
    load_state,
    panels_of,
    place,
    store,
    store_state,
    time,
)

PANEL_ROWS = 9  # times n: gates and their deltas, three more


@pjit
def fprop(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    h0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panels: Array,
    width: int,
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // (3 * w.shape[1]) * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        panel = panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _forward(w, b, gates, h, h0, geometry, act, gate, panel, width, item)


@jit
def _forward(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    h0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panel: Array,
    width: int,
    item: int,
) -> None:
    n = w.shape[1]
    d, first, width = place(item, geometry, width)
    row, size = d * n, n * width
    w_rz, w_q = w[3 * row : 3 * row + 2 * n], w[3 * row + 2 * n : 3 * (row + n)]
    r, q, last, reset = 0, 2 * size, 3 * size, 4 * size  # where in the panel; z follows r
    load_state(h0, row, n, panel, last, first, width)
    for step in range(geometry[1]):
        t = time(step, d, geometry)
        load(gates, 3 * row, 3 * n, panel, r, geometry, t, first, width)
        add_bias(b, 3 * row, 3 * n, panel, r, width)
        if step or h0.size:
            accumulate(w_rz, panel, last, r, width)
        activate(gate, panel, r, q)
        if step or h0.size:
            for k in range(size):
                panel[reset + k] = panel[r + k] * panel[last + k]
            accumulate(w_q, panel, reset, q, width)
        activate(act, panel, q, q + size)
        for k in range(size):
            panel[last + k] += panel[size + k] * (panel[q + k] - panel[last + k])
        store(panel, r, gates, 3 * row, 3 * n, geometry, t, first, width)
        store(panel, last, h, row, n, geometry, t, first, width)


@pjit
def bprop(
    w: Array,
    gates: Array,
    h: Array,
    h0: Array,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panels: Array,
    width: int,
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // (3 * w.shape[1]) * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        panel = panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _backward(
                w, gates, h, h0, err, delta, reset_h, dh0, geometry, act, gate, panel, width, item
            )


@jit
def _backward(
    w: Array,
    gates: Array,
    h: Array,
    h0: Array,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panel: Array,
    width: int,
    item: int,
) -> None:
    n, steps = w.shape[1], geometry[1]
    d, first, width = place(item, geometry, width)
    row, size = d * n, n * width
    w_rz, w_q = w[3 * row : 3 * row + 2 * n].T, w[3 * row + 2 * n : 3 * (row + n)].T
    r, q, deltas, dh, last, u = 0, 2 * size, 3 * size, 6 * size, 7 * size, 8 * size
    d_q = deltas + 2 * size
    panel[dh : dh + size] = 0
    for step in range(steps - 1, -1, -1):
        t = time(step, d, geometry)
        load(gates, 3 * row, 3 * n, panel, r, geometry, t, first, width)
        if step:
            before = time(step - 1, d, geometry)
            load(h, row, n, panel, last, geometry, before, first, width)
        else:
            load_state(h0, row, n, panel, last, first, width)
        add(err, row, n, panel, dh, geometry, t, first, width)
        _update_gate(panel, deltas, dh, last, size)
        times_slope(act, panel, q, panel, d_q, size)
        panel[u : u + size] = 0
        accumulate(w_q, panel, d_q, u, width)
        _reset_gate(panel, deltas, dh, last, u, size)
        times_slope(gate, panel, r, panel, deltas, 2 * size)
        accumulate(w_rz, panel, deltas, dh, width)
        store(panel, deltas, delta, 3 * row, 3 * n, geometry, t, first, width)
        store(panel, last, reset_h, row, n, geometry, t, first, width)
    if dh0.size:
        store_state(panel, dh, dh0, row, n, first, width)


@jit
def _update_gate(panel: Array, deltas: int, s: int, last: int, size: int) -> None:
    """``d_q = s * z``, ``d_z = s * (q - last)``, then ``s *= 1 - z``."""
    one = panel.dtype.type(1)
    for k in range(size):
        panel[deltas + 2 * size + k] = panel[s + k] * panel[size + k]
    for k in range(size):
        panel[deltas + size + k] = panel[s + k] * (panel[2 * size + k] - panel[last + k])
    for k in range(size):
        panel[s + k] *= one - panel[size + k]


@jit
def _reset_gate(panel: Array, deltas: int, dh: int, last: int, u: int, size: int) -> None:
    """``d_r = u * last``, ``dh += r * u``, then ``last *= r``."""
    for k in range(size):
        panel[deltas + k] = panel[u + k] * panel[last + k]
    for k in range(size):
        panel[dh + k] += panel[k] * panel[u + k]
    for k in range(size):
        panel[last + k] *= panel[k]
