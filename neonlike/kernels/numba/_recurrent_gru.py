"""Sweeps of the GRU; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` stands for zeros, an empty ``dh0`` is not wanted; the rest is explained in
``_recurrent_panel``.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._jit import jit, pjit, prange
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_panel import (
    Block,
    Panels,
    accumulate,
    add,
    block_of,
    load,
    load_state,
    pack,
    panels_of,
    store,
    store_state,
    time,
)
from neonlike.kernels.numba._recurrent_vector import elementwise

PANEL_ROWS = 9  # times n: gates and their deltas, three more

_product = elementwise(lambda x, y: [x * y], reads=2)
_blend = elementwise(lambda z, q, last: [last + z * (q - last)], reads=3)
_update_deltas = elementwise(  # d_q, d_z, share of the state before
    lambda z, q, last, s: [s * z, s * (q - last), s * (1.0 - z)], reads=4
)
_reset_deltas = elementwise(  # d_r, gradient of the state before, reset state
    lambda r, last, u, dh: [u * last, dh + r * u, r * last], reads=4
)


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
    work: Panels,
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // (3 * n)
    for d in range(directions):
        q = (3 * d + 2) * n
        pack(w[3 * d * n : q], work.weights[d], 0)
        pack(w[q : q + n], work.weights[d], 2 * n * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            _forward(
                work.weights[block.direction], b, gates, h, h0, n, block, act, gate, panel
            )


@jit
def _forward(
    w: Array,
    b: Array,
    gates: Array,
    h: Array,
    h0: Array,
    n: int,
    block: Block,
    act: Code,
    gate: Code,
    panel: Array,
) -> None:
    row, pitch = block.direction * n, block.pitch
    size = n * pitch
    r, z, q, last, reset = 0, size, 2 * size, 3 * size, 4 * size  # where in the panel
    panel[: 5 * size] = 0
    load_state(h0, row, n, panel, last, block)
    for step in range(block.geometry[1]):
        t = time(step, block)
        load(gates, 3 * row, 3 * n, panel, r, block, t, b)
        if step or h0.size:
            accumulate(w, 0, 2 * n, n, panel, last, r, pitch)
        activate(gate, panel, r, 2 * size)
        if step or h0.size:
            _product(panel, (r, last, reset), (), size)
            accumulate(w, 2 * n * n, n, n, panel, reset, q, pitch)
        activate(act, panel, q, size)
        _blend(panel, (z, q, last), (), size)
        store(panel, r, gates, 3 * row, 3 * n, block, t)
        store(panel, last, h, row, n, block, t)


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
    work: Panels,
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // (3 * n)
    for d in range(directions):
        q = (3 * d + 2) * n
        pack(w[3 * d * n : q].T, work.weights[d], 0)
        pack(w[q : q + n].T, work.weights[d], 2 * n * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _backward(
                weights, gates, h, h0, err, delta, reset_h, dh0, n, block, act, gate, panel
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
    n: int,
    block: Block,
    act: Code,
    gate: Code,
    panel: Array,
) -> None:
    row, pitch, steps = block.direction * n, block.pitch, block.geometry[1]
    size = n * pitch
    r, z, q, last, dh, u = 0, size, 2 * size, 3 * size, 4 * size, 5 * size  # where in the panel
    d_r, d_z, d_q = 6 * size, 7 * size, 8 * size
    panel[: 9 * size] = 0
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        load(gates, 3 * row, 3 * n, panel, r, block, t, gates[:0])
        if step:
            load(h, row, n, panel, last, block, time(step - 1, block), h[:0])
        else:
            load_state(h0, row, n, panel, last, block)
        add(err, row, n, panel, dh, block, t)
        _update_deltas(panel, (z, q, last, dh, d_q, d_z, dh), (), size)
        times_slope(act, panel, q, d_q, size)
        panel[u : u + size] = 0
        accumulate(w, 2 * n * n, n, n, panel, d_q, u, pitch)
        _reset_deltas(panel, (r, last, u, dh, d_r, dh, last), (), size)
        times_slope(gate, panel, r, d_r, 2 * size)
        store(panel, d_r, delta, 3 * row, 3 * n, block, t)
        store(panel, last, reset_h, row, n, block, t)
        if step or dh0.size:
            accumulate(w, 0, n, 2 * n, panel, d_r, dh, pitch)
    if dh0.size:
        store_state(panel, dh, dh0, row, n, block)
