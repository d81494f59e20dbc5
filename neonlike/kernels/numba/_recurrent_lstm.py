"""Sweeps of the LSTM; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` or ``c0`` stands for zeros, an empty ``dh0`` is not wanted; the rest is explained
in ``_recurrent_panel``.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._jit import inner, pjit, prange
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_math import Lanes
from neonlike.kernels.numba._recurrent_panel import (
    Block,
    Panels,
    accumulate,
    block_of,
    clear,
    load,
    load_biased,
    load_state,
    pack,
    panels_of,
    store,
    store_state,
    time,
)
from neonlike.kernels.numba._recurrent_passes import elementwise

PANEL_ROWS = 12  # times n: gates and their deltas, four more


def _new_cell(i: Lanes, f: Lanes, g: Lanes, c: Lanes) -> list[Lanes]:
    """The cell, and a copy of it to be activated."""
    new = f * c + i * g
    return [new, new]


def _cell_deltas(i: Lanes, f: Lanes, g: Lanes, c_last: Lanes, s: Lanes, dc: Lanes) -> list[Lanes]:
    """d_i, d_f, d_g and the gradient of the cell before."""
    dc = dc + s
    return [dc * g, dc * c_last, dc * i, dc * f]


_update_cell = elementwise("update_cell", _new_cell, reads=4)
_output = elementwise("output", lambda o, c_act: [o * c_act], reads=2)
_output_deltas = elementwise("output_deltas", lambda o, c_act, s: [s * c_act, s * o], reads=3)
_other_deltas = elementwise("other_deltas", _cell_deltas, reads=6)


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
    work: Panels,
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // (4 * n)
    for d in range(directions):
        pack(w[4 * d * n : 4 * (d + 1) * n], work.weights[d], 0 * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _forward(weights, b, gates, h, c, c_act, h0, c0, n, block, act, gate, panel)


@inner
def _forward(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array,
    c0: Array,
    n: int,
    block: Block,
    act: Code,
    gate: Code,
    panel: Array,
) -> None:
    row, pitch = block.direction * n, block.pitch
    size = n * pitch
    i, f, o, g = 0 * size, 1 * size, 2 * size, 3 * size  # where in the panel
    cell, cell_act, last = 4 * size, 5 * size, 6 * size
    clear(panel, i, 7 * size)
    load_state(h0, row, n, panel, last, block)
    load_state(c0, row, n, panel, cell, block)
    for step in range(block.geometry[1]):
        t = time(step, block)
        load_biased(gates, 4 * row, 4 * n, panel, i, block, t, b)
        if step or h0.size:
            accumulate(w, 0 * n, 4 * n, n, panel, last, i, pitch)
        activate(gate, panel, i, 3 * size)
        activate(act, panel, g, size)
        _update_cell(panel, (i, f, g, cell, cell_act), (), size)
        activate(act, panel, cell_act, size)
        _output(panel, (o, cell_act, last), (), size)
        store(panel, i, gates, 4 * row, 4 * n, block, t)
        store(panel, cell, c, row, n, block, t)
        store(panel, cell_act, c_act, row, n, block, t)
        store(panel, last, h, row, n, block, t)


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
    work: Panels,
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // (4 * n)
    for d in range(directions):
        pack(w[4 * d * n : 4 * (d + 1) * n].T, work.weights[d], 0 * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _backward(weights, gates, c, c_act, c0, err, delta, dh0, n, block, act, gate, panel)


@inner
def _backward(
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    n: int,
    block: Block,
    act: Code,
    gate: Code,
    panel: Array,
) -> None:
    row, pitch, steps = block.direction * n, block.pitch, block.geometry[1]
    size = n * pitch
    i, f, o, g = 0 * size, 1 * size, 2 * size, 3 * size  # where in the panel
    d_i, d_f, d_o, d_g = 4 * size, 5 * size, 6 * size, 7 * size
    s, dc, cell_act, cell_last = 8 * size, 9 * size, 10 * size, 11 * size
    clear(panel, i, 12 * size)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        load(err, row, n, panel, s, block, t)
        if step < steps - 1:
            accumulate(w, 0 * n, n, 4 * n, panel, d_i, s, pitch)
        load(gates, 4 * row, 4 * n, panel, i, block, t)
        load(c_act, row, n, panel, cell_act, block, t)
        if step:
            load(c, row, n, panel, cell_last, block, time(step - 1, block))
        else:
            load_state(c0, row, n, panel, cell_last, block)
        _output_deltas(panel, (o, cell_act, s, d_o, s), (), size)
        times_slope(act, panel, cell_act, s, size)
        _other_deltas(panel, (i, f, g, cell_last, s, dc, d_i, d_f, d_g, dc), (), size)
        times_slope(gate, panel, i, d_i, 3 * size)
        times_slope(act, panel, g, d_g, size)
        store(panel, d_i, delta, 4 * row, 4 * n, block, t)
    if dh0.size:
        clear(panel, s, size)
        accumulate(w, 0 * n, n, 4 * n, panel, d_i, s, pitch)
        store_state(panel, s, dh0, row, n, block)
