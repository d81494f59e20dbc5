"""Sweeps of the GRU; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` stands for zeros, an empty ``dh0`` is not wanted; the rest is explained in
``_recurrent_panel``.
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
    packed_size,
    panels_of,
    store,
    store_state,
    time,
)
from neonlike.kernels.numba._recurrent_passes import elementwise

PANEL_ROWS = 10  # times n: gates and their deltas, four more


def _split_error(z: Lanes, q: Lanes, last: Lanes, e: Lanes, dh: Lanes) -> list[Lanes]:
    """d_q, d_z and the share of the state before."""
    s = e + dh
    return [s * z, s * (q - last), s * (1.0 - z)]


_product = elementwise("product", lambda x, y: [x * y], reads=2)
_blend = elementwise("blend", lambda z, q, last: [last + z * (q - last)], reads=3)
_update_deltas = elementwise("update_deltas", _split_error, reads=5)
_reset_deltas = elementwise(
    "reset_deltas",  # d_r, gradient of the state before, reset state
    lambda r, last, u, dh: [u * last, dh + r * u, r * last],
    reads=4,
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
        pack(w[3 * d * n : q], work.weights[d], 0 * n)
        pack(w[q : q + n], work.weights[d], packed_size(2 * n, n))
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            _forward(work.weights[block.direction], b, gates, h, h0, n, block, act, gate, panel)


@inner
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
    r, z, q = 0 * size, 1 * size, 2 * size  # where in the panel
    last, reset = 3 * size, 4 * size
    clear(panel, r, 5 * size)
    load_state(h0, row, n, panel, last, block)
    for step in range(block.geometry[1]):
        t = time(step, block)
        load_biased(gates, 3 * row, 3 * n, panel, r, block, t, b)
        if step or h0.size:
            accumulate(w, 0 * n, 2 * n, n, panel, last, r, pitch)
        activate(gate, panel, r, 2 * size)
        if step or h0.size:
            _product(panel, (r, last, reset), (), size)
            accumulate(w, packed_size(2 * n, n), n, n, panel, reset, q, pitch)
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
        pack(w[3 * d * n : q].T, work.weights[d], 0 * n)
        pack(w[q : q + n].T, work.weights[d], packed_size(n, 2 * n))
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        panel = work.panels[worker]
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _backward(weights, gates, h, h0, err, delta, reset_h, dh0, n, block, act, gate, panel)


@inner
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
    r, z, q = 0 * size, 1 * size, 2 * size  # where in the panel
    d_r, d_z, d_q = 3 * size, 4 * size, 5 * size
    last, dh, u, e = 6 * size, 7 * size, 8 * size, 9 * size
    clear(panel, r, 10 * size)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        load(gates, 3 * row, 3 * n, panel, r, block, t)
        if step:
            load(h, row, n, panel, last, block, time(step - 1, block))
        else:
            load_state(h0, row, n, panel, last, block)
        load(err, row, n, panel, e, block, t)
        _update_deltas(panel, (z, q, last, e, dh, d_q, d_z, dh), (), size)
        times_slope(act, panel, q, d_q, size)
        clear(panel, u, size)
        accumulate(w, packed_size(n, 2 * n), n, n, panel, d_q, u, pitch)
        _reset_deltas(panel, (r, last, u, dh, d_r, dh, last), (), size)
        times_slope(gate, panel, r, d_r, 2 * size)
        store(panel, d_r, delta, 3 * row, 3 * n, block, t)
        store(panel, last, reset_h, row, n, block, t)
        if step or dh0.size:
            accumulate(w, 0 * n, n, 2 * n, panel, d_r, dh, pitch)
    if dh0.size:
        store_state(panel, dh, dh0, row, n, block)
