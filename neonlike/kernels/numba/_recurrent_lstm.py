"""Sweeps of the LSTM; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` or ``c0`` stands for zeros, an empty ``dh0`` is not wanted. ``panels``
(workers, size) is scratch, ``width`` the columns per panel.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._jit import jit, pjit, prange
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_panel import (
    accumulate,
    add_bias,
    load,
    load_state,
    panels_of,
    place,
    store,
    store_state,
    time,
)

PANEL_ROWS = 12  # times n: gates and their deltas, four more


@pjit
def fprop(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array,
    c0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panels: Array,
    width: int,
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // (4 * w.shape[1]) * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        panel = panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _forward(w, b, gates, h, c, c_act, h0, c0, geometry, act, gate, panel, width, item)


@jit
def _forward(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array,
    c0: Array,
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
    w_d = w[4 * row : 4 * (row + n)]
    sums, cell, cell_act, last = 0, 4 * size, 5 * size, 6 * size  # where in the panel
    load_state(h0, row, n, panel, last, first, width)
    load_state(c0, row, n, panel, cell, first, width)
    for step in range(geometry[1]):
        t = time(step, d, geometry)
        load(gates, 4 * row, 4 * n, panel, sums, geometry, t, first, width)
        add_bias(b, 4 * row, 4 * n, panel, sums, width)
        if step or h0.size:
            accumulate(w_d, panel, last, sums, width)
        activate(gate, panel, 0, 3 * size)
        activate(act, panel, 3 * size, 4 * size)
        _update_cell(panel, cell, cell_act, size)
        activate(act, panel, cell_act, cell_act + size)
        for k in range(size):
            panel[last + k] = panel[2 * size + k] * panel[cell_act + k]
        store(panel, sums, gates, 4 * row, 4 * n, geometry, t, first, width)
        store(panel, cell, c, row, n, geometry, t, first, width)
        store(panel, cell_act, c_act, row, n, geometry, t, first, width)
        store(panel, last, h, row, n, geometry, t, first, width)


@jit
def _update_cell(panel: Array, cell: int, copy: int, size: int) -> None:
    """``c = f * c + i * g``, written twice: ``copy`` is for its activation."""
    for k in range(size):
        new = panel[size + k] * panel[cell + k] + panel[k] * panel[3 * size + k]
        panel[cell + k] = new
        panel[copy + k] = new


@pjit
def bprop(
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    geometry: Triple,
    act: Code,
    gate: Code,
    panels: Array,
    width: int,
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // (4 * w.shape[1]) * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        panel = panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _backward(
                w, gates, c, c_act, c0, err, delta, dh0, geometry, act, gate, panel, width, item
            )


@jit
def _backward(
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array,
    err: Array,
    delta: Array,
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
    w_t = w[4 * row : 4 * (row + n)].T
    ifog, deltas, s, dc = 0, 4 * size, 8 * size, 9 * size  # where in the panel
    cell_act, cell_last = 10 * size, 11 * size
    panel[dc : dc + size] = 0
    for step in range(steps - 1, -1, -1):
        t = time(step, d, geometry)
        load(err, row, n, panel, s, geometry, t, first, width)
        if step < steps - 1:
            accumulate(w_t, panel, deltas, s, width)
        load(gates, 4 * row, 4 * n, panel, ifog, geometry, t, first, width)
        load(c_act, row, n, panel, cell_act, geometry, t, first, width)
        if step:
            before = time(step - 1, d, geometry)
            load(c, row, n, panel, cell_last, geometry, before, first, width)
        else:
            load_state(c0, row, n, panel, cell_last, first, width)
        _output_gate(panel, deltas, s, cell_act, size)
        times_slope(act, panel, cell_act, panel, s, size)
        _other_gates(panel, deltas, s, dc, cell_last, size)
        times_slope(gate, panel, ifog, panel, deltas, 3 * size)
        times_slope(act, panel, 3 * size, panel, deltas + 3 * size, size)
        store(panel, deltas, delta, 4 * row, 4 * n, geometry, t, first, width)
    if dh0.size:
        panel[s : s + size] = 0
        accumulate(w_t, panel, deltas, s, width)
        store_state(panel, s, dh0, row, n, first, width)


@jit
def _output_gate(panel: Array, deltas: int, s: int, cell_act: int, size: int) -> None:
    """``d_o = s * act(c)``, then ``s *= o``."""
    for k in range(size):
        panel[deltas + 2 * size + k] = panel[s + k] * panel[cell_act + k]
    for k in range(size):
        panel[s + k] *= panel[2 * size + k]


@jit
def _other_gates(panel: Array, deltas: int, s: int, dc: int, cell_last: int, size: int) -> None:
    """``dc += s``; ``d_i = dc * g``, ``d_g = dc * i``, ``d_f = dc * c_last``; ``dc *= f``."""
    for k in range(size):
        panel[dc + k] += panel[s + k]
    for k in range(size):
        panel[deltas + k] = panel[dc + k] * panel[3 * size + k]
    for k in range(size):
        panel[deltas + 3 * size + k] = panel[dc + k] * panel[k]
    for k in range(size):
        panel[deltas + size + k] = panel[dc + k] * panel[cell_last + k]
    for k in range(size):
        panel[dc + k] *= panel[size + k]
