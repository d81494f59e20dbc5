"""Sweeps of the GRU; arguments and formulas in ``reference.recurrent``.

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
    packed_size,
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

GATES = 3
PANEL_ROWS = 10  # times n, before the rows of the inputs: gates and their deltas, four more


def _split_error(z: Lanes, q: Lanes, last: Lanes, e: Lanes, dh: Lanes) -> list[Lanes]:
    """d_q, d_z and the share of the state before."""
    s = e + dh
    return [s * z, s * (q - last), s * (1.0 - z)]


def _split_reset(r: Lanes, last: Lanes, u: Lanes, dh: Lanes) -> list[Lanes]:
    """d_r, gradient of the state before, reset state."""
    return [u * last, dh + r * u, r * last]


_product = elementwise("product", lambda x, y: [x * y], reads=2)
_mix = elementwise("mix", lambda z, q, last: [last + z * (q - last)], reads=3)
_update_deltas = elementwise("update_deltas", _split_error, reads=5)
_reset_deltas = elementwise("reset_deltas", _split_reset, reads=4)


@jit
def fprop(
    w_in: Array,
    w: Array,
    b: Array,
    x: Array,
    gates: Array,
    h: Array,
    h0: Array,
    act: Code,
    gate: Code,
    work: Work,
) -> None:
    """Pack the weights, and share the panels of all directions among threads."""
    n = work.units
    for d in range(work.directions):
        r, q, end = 3 * d * n, (3 * d + 2) * n, 3 * (d + 1) * n
        pack(w[r:q], work.recurrent[d], 0 * n)
        pack(w[q:end], work.recurrent[d], packed_size(2 * n, n))
        if x.size:
            pack(w_in[r:end], work.inputs[d], 0 * n)
    share(_forward_part, work.panels.shape[0], (work, (b, x, gates, h, h0, act, gate)))


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
    h0: Array,
    act: Code,
    gate: Code,
) -> None:
    n, pitch = work.units, block.pitch
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    r, z, q = 0 * size, 1 * size, 2 * size  # where in the panel
    last, reset, xs = 3 * size, 4 * size, PANEL_ROWS * size
    clear(panel, r, panel.shape[0])
    load_state(h0, row, n, panel, last, block)
    expect(block.plan, x, block.direction * work.split, work.features, 0)
    expect(block.plan, gates, 3 * row, 3 * n, 0)
    expect(block.plan, h, row, n, 0)
    for step in range(block.geometry[1]):
        t = time(step, block)
        prepare(step + 1, block, work)
        project(x, gates, b, 3 * n, panel, xs, r, block, t, work)
        if step or h0.size:
            accumulate(w, 0 * n, 2 * n, n, panel, last, r, block)
        activate(gate, panel, r, 2 * size)
        if step or h0.size:
            _product(panel, (r, last, reset), (), size)
            accumulate(w, packed_size(2 * n, n), n, n, panel, reset, q, block)
        activate(act, panel, q, size)
        _mix(panel, (z, q, last), (), size)
        store(panel, r, gates, 3 * row, 3 * n, block, t)
        store(panel, last, h, row, n, block, t)


@jit
def bprop(
    w_in: Array,
    w: Array,
    gates: Array,
    h: Array,
    h0: Array,
    err: Array,
    delta: Array,
    reset_h: Array,
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
        r, q, end = 3 * d * n, (3 * d + 2) * n, 3 * (d + 1) * n
        pack_transposed(w[r:q], work.recurrent[d], 0 * n)
        pack_transposed(w[q:end], work.recurrent[d], packed_size(n, 2 * n))
        if deltas.size:
            pack_transposed(w_in[r:end], work.inputs[d], 0 * n)
    args = (gates, h, h0, err, delta, reset_h, dh0, deltas, alpha, beta, act, gate)
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
    h: Array,
    h0: Array,
    err: Array,
    delta: Array,
    reset_h: Array,
    dh0: Array,
    deltas: Array,
    alpha: float,
    beta: float,
    act: Code,
    gate: Code,
) -> None:
    n, pitch, steps = work.units, block.pitch, block.geometry[1]
    row, size, w = block.direction * n, n * pitch, work.recurrent[block.direction]
    r, z, q = 0 * size, 1 * size, 2 * size  # where in the panel
    d_r, d_z, d_q = 3 * size, 4 * size, 5 * size
    last, dh, u, e = 6 * size, 7 * size, 8 * size, 9 * size
    clear(panel, r, panel.shape[0])
    before = block.geometry[2] if block.direction else -block.geometry[2]
    expect(block.plan, gates, 3 * row, 3 * n, 0)
    expect(block.plan, h, row, n, before)
    expect(block.plan, err, row, n, 0)
    expect(block.plan, delta, 3 * row, 3 * n, 0)
    expect(block.plan, reset_h, row, n, 0)
    expect(block.plan, deltas, block.direction * work.split, work.features, 0)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        prepare(step - 1, block, work)
        load(gates, 3 * row, 3 * n, panel, r, block, t)
        if step:
            load(h, row, n, panel, last, block, time(step - 1, block))
        else:
            load_state(h0, row, n, panel, last, block)
        load(err, row, n, panel, e, block, t)
        _update_deltas(panel, (z, q, last, e, dh, d_q, d_z, dh), (), size)
        times_slope(act, panel, q, d_q, size)
        clear(panel, u, size)
        accumulate(w, packed_size(n, 2 * n), n, n, panel, d_q, u, block)
        _reset_deltas(panel, (r, last, u, dh, d_r, dh, last), (), size)
        times_slope(gate, panel, r, d_r, 2 * size)
        store(panel, d_r, delta, 3 * row, 3 * n, block, t)
        store(panel, last, reset_h, row, n, block, t)
        store_deltas(deltas, alpha, beta, 3 * n, panel, d_r, PANEL_ROWS * size, block, t, work)
        if step or dh0.size:
            accumulate(w, 0 * n, n, 2 * n, panel, d_r, dh, block)
    if dh0.size:
        store_state(panel, dh, dh0, row, n, block)
