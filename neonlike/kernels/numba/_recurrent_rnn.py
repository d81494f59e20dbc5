"""Sweeps of the plain recurrent layer; arguments and formulas in ``reference.recurrent``.

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
from neonlike.kernels.numba._share import share

GATES = 1
PANEL_ROWS = 3  # times n, before the rows of the inputs


@jit
def fprop(
    w_in: Array, w: Array, b: Array, x: Array, h: Array, h0: Array, act: Code, work: Work
) -> None:
    """Pack the weights, and share the panels of all directions among threads."""
    n = work.units
    for d in range(work.directions):
        rows = slice(d * n, (d + 1) * n)
        pack(w[rows], work.recurrent[d], 0 * n)
        if x.size:
            pack(w_in[rows], work.inputs[d], 0 * n)
    share(_forward_part, work.panels.shape[0], (work, (b, x, h, h0, act)))


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
    h: Array,
    h0: Array,
    act: Code,
) -> None:
    n, pitch = work.units, block.pitch
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    last, new, xs = 0 * size, 1 * size, PANEL_ROWS * size  # where in the panel
    clear(panel, last, panel.shape[0])
    load_state(h0, row, n, panel, last, block)
    expect(block.plan, x, block.direction * work.split, work.features, 0)
    expect(block.plan, h, row, n, 0)
    for step in range(block.geometry[1]):
        t = time(step, block)
        prepare(step + 1, block, work)
        project(x, h, b, n, panel, xs, new, block, t, work)
        if step or h0.size:
            accumulate(w, 0 * n, n, n, panel, last, new, block)
        activate(act, panel, new, size)
        store(panel, new, h, row, n, block, t)
        last, new = new, last


@jit
def bprop(
    w_in: Array,
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    deltas: Array,
    alpha: float,
    beta: float,
    act: Code,
    work: Work,
) -> None:
    """Pack the weights, and share the panels among threads."""
    n = work.units
    for d in range(work.directions):
        rows = slice(d * n, (d + 1) * n)
        pack_transposed(w[rows], work.recurrent[d], 0 * n)
        if deltas.size:
            pack_transposed(w_in[rows], work.inputs[d], 0 * n)
    args = (h, err, delta, dh0, deltas, alpha, beta, act)
    share(_backward_part, work.panels.shape[0], (work, args))


@inner
def _backward_part(part: int, work: Work, args: tuple[Any, ...]) -> None:
    sweep_columns(_backward, part, work, args)


@inner
def _backward(
    block: Block,
    panel: Array,
    work: Work,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    deltas: Array,
    alpha: float,
    beta: float,
    act: Code,
) -> None:
    n, pitch, steps = work.units, block.pitch, block.geometry[1]
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    outputs, last, new = 0 * size, 1 * size, 2 * size  # where in the panel
    clear(panel, outputs, panel.shape[0])
    expect(block.plan, err, row, n, 0)
    expect(block.plan, h, row, n, 0)
    expect(block.plan, delta, row, n, 0)
    expect(block.plan, deltas, block.direction * work.split, work.features, 0)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        prepare(step - 1, block, work)
        load(err, row, n, panel, new, block, t)
        if step < steps - 1:
            accumulate(w, 0 * n, n, n, panel, last, new, block)
        load(h, row, n, panel, outputs, block, t)
        times_slope(act, panel, outputs, new, size)
        store(panel, new, delta, row, n, block, t)
        store_deltas(deltas, alpha, beta, n, panel, new, PANEL_ROWS * size, block, t, work)
        last, new = new, last
    if dh0.size:
        clear(panel, new, size)
        accumulate(w, 0 * n, n, n, panel, last, new, block)
        store_state(panel, new, dh0, row, n, block)
