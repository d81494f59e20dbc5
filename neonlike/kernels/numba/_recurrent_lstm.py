"""Sweeps of the LSTM; arguments and formulas in ``reference.recurrent``.

Empty arrays stand for what is None there; the rest is explained in ``_recurrent_panel``.
"""

from __future__ import annotations

from typing import Any

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_ahead import expect
from neonlike.kernels.numba._recurrent_panel import (
    Block,
    Work,
    accumulate,
    clear,
    load,
    load_state,
    pack,
    pack_transposed,
    prepare,
    project,
    store,
    store_deltas,
    store_state,
    sweep_columns,
    sweep_panels,
    time,
)
from neonlike.kernels.numba._recurrent_passes import elementwise
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._vector_math import Lanes

GATES = 4
PANEL_ROWS = 12  # times n, before the rows of the inputs: gates and their deltas, four more


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


@jit
def fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array,
    c0: Array,
    act: Code,
    gate: Code,
    work: Work,
) -> None:
    """Pack the weights, and share the panels of all directions among threads."""
    n = work.units
    for d in range(work.directions):
        rows = slice(4 * d * n, 4 * (d + 1) * n)
        pack(w[rows], work.recurrent[d], 0 * n)
        if x.size:
            pack(w_in[rows], work.inputs[d], 0 * n)
    args = (b, x, gates, h, c, c_act, h0, c0, act, gate)
    share(_forward_part, work.panels.shape[0], (work, args))


@inner
def _forward_part(part: int, work: Work, args: tuple[Any, ...]) -> None:
    sweep_panels(_forward, part, work, args)


@inner
def _forward(
    block: Block,
    panel: Array,
    work: Work,
    b: Array,
    x: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    h0: Array,
    c0: Array,
    act: Code,
    gate: Code,
) -> None:
    n, pitch = work.units, block.pitch
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    i, f, o, g = 0 * size, 1 * size, 2 * size, 3 * size  # where in the panel
    cell, cell_act, last, xs = 4 * size, 5 * size, 6 * size, PANEL_ROWS * size
    clear(panel, i, panel.shape[0])
    load_state(h0, row, n, panel, last, block)
    load_state(c0, row, n, panel, cell, block)
    expect(block.plan, x, block.direction * work.split, work.features, 0)
    expect(block.plan, gates, 4 * row, 4 * n, 0)
    expect(block.plan, c, row, n, 0)
    expect(block.plan, c_act, row, n, 0)
    expect(block.plan, h, row, n, 0)
    for step in range(block.geometry[1]):
        t = time(step, block)
        prepare(step + 1, block, work)
        project(x, gates, b, 4 * n, panel, xs, i, block, t, work)
        if step or h0.size:
            accumulate(w, 0 * n, 4 * n, n, panel, last, i, block)
        activate(gate, panel, i, 3 * size)
        activate(act, panel, g, size)
        _update_cell(panel, (i, f, g, cell, cell_act), (), size)
        activate(act, panel, cell_act, size)
        _output(panel, (o, cell_act, last), (), size)
        store(panel, i, gates, 4 * row, 4 * n, block, t)
        store(panel, cell, c, row, n, block, t)
        store(panel, cell_act, c_act, row, n, block, t)
        store(panel, last, h, row, n, block, t)


@jit
def bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    deltas: Array,
    alpha: float,
    beta: float,
    act: Code,
    gate: Code,
    work: Work,
) -> None:
    """Pack the weights, and share the panels among threads."""
    n = work.units
    for d in range(work.directions):
        rows = slice(4 * d * n, 4 * (d + 1) * n)
        pack_transposed(w[rows], work.recurrent[d], 0 * n)
        if deltas.size:
            pack_transposed(w_in[rows], work.inputs[d], 0 * n)
    args = (gates, c, c_act, c0, err, delta, dh0, deltas, alpha, beta, act, gate)
    share(_backward_part, work.panels.shape[0], (work, args))


@inner
def _backward_part(part: int, work: Work, args: tuple[Any, ...]) -> None:
    sweep_columns(_backward, part, work, args)


@inner
def _backward(
    block: Block,
    panel: Array,
    work: Work,
    gates: Array,
    c: Array,
    c_act: Array,
    c0: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    deltas: Array,
    alpha: float,
    beta: float,
    act: Code,
    gate: Code,
) -> None:
    n, pitch, steps = work.units, block.pitch, block.geometry[1]
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    i, f, o, g = 0 * size, 1 * size, 2 * size, 3 * size  # where in the panel
    d_i, d_f, d_o, d_g = 4 * size, 5 * size, 6 * size, 7 * size
    s, dc, cell_act, cell_last = 8 * size, 9 * size, 10 * size, 11 * size
    clear(panel, i, panel.shape[0])
    before = block.geometry[2] if block.direction else -block.geometry[2]
    expect(block.plan, err, row, n, 0)
    expect(block.plan, gates, 4 * row, 4 * n, 0)
    expect(block.plan, c_act, row, n, 0)
    expect(block.plan, c, row, n, before)
    expect(block.plan, delta, 4 * row, 4 * n, 0)
    expect(block.plan, deltas, block.direction * work.split, work.features, 0)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        prepare(step - 1, block, work)
        load(err, row, n, panel, s, block, t)
        if step < steps - 1:
            accumulate(w, 0 * n, n, 4 * n, panel, d_i, s, block)
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
        store_deltas(deltas, alpha, beta, 4 * n, panel, d_i, PANEL_ROWS * size, block, t, work)
    if dh0.size:
        clear(panel, s, size)
        accumulate(w, 0 * n, n, 4 * n, panel, d_i, s, block)
        store_state(panel, s, dh0, row, n, block)
