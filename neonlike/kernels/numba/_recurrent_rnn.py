"""Sweeps of the plain recurrent layer; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` stands for zeros, an empty ``dh0`` is not wanted; the rest is explained in
``_recurrent_panel``.
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._jit import inner, pjit, prange
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
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

PANEL_ROWS = 3  # times n


@pjit
def fprop(
    w: Array, b: Array, h: Array, h0: Array, geometry: Triple, act: Code, work: Panels
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // n
    for d in range(directions):
        pack(w[d * n : (d + 1) * n], work.weights[d], 0 * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _forward(weights, b, h, h0, n, block, act, work.panels[worker])


@inner
def _forward(
    w: Array, b: Array, h: Array, h0: Array, n: int, block: Block, act: Code, panel: Array
) -> None:
    row, pitch = block.direction * n, block.pitch
    size = n * pitch
    last, new = 0 * size, 1 * size  # where in the panel
    clear(panel, last, 2 * size)
    load_state(h0, row, n, panel, last, block)
    for step in range(block.geometry[1]):
        t = time(step, block)
        load_biased(h, row, n, panel, new, block, t, b)
        if step or h0.size:
            accumulate(w, 0 * n, n, n, panel, last, new, pitch)
        activate(act, panel, new, size)
        store(panel, new, h, row, n, block, t)
        last, new = new, last


@pjit
def bprop(
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    geometry: Triple,
    act: Code,
    work: Panels,
) -> None:
    """All panels of both directions."""
    n = w.shape[1]
    directions = w.shape[0] // n
    for d in range(directions):
        pack(w[d * n : (d + 1) * n].T, work.weights[d], 0 * n)
    items, workers = directions * panels_of(geometry, work.width), work.panels.shape[0]
    for worker in prange(workers):
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            block = block_of(item, geometry, work.width, work.unit)
            weights = work.weights[block.direction]
            _backward(weights, h, err, delta, dh0, n, block, act, work.panels[worker])


@inner
def _backward(
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    n: int,
    block: Block,
    act: Code,
    panel: Array,
) -> None:
    row, pitch, steps = block.direction * n, block.pitch, block.geometry[1]
    size = n * pitch
    outputs, last, new = 0 * size, 1 * size, 2 * size  # where in the panel
    clear(panel, outputs, 3 * size)
    for step in range(steps - 1, -1, -1):
        t = time(step, block)
        load(err, row, n, panel, new, block, t)
        if step < steps - 1:
            accumulate(w, 0 * n, n, n, panel, last, new, pitch)
        load(h, row, n, panel, outputs, block, t)
        times_slope(act, panel, outputs, new, size)
        store(panel, new, delta, row, n, block, t)
        last, new = new, last
    if dh0.size:
        clear(panel, new, size)
        accumulate(w, 0 * n, n, n, panel, last, new, pitch)
        store_state(panel, new, dh0, row, n, block)
