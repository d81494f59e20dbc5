"""Sweeps of the plain recurrent layer; arguments and formulas in ``reference.recurrent``.

An empty ``h0`` stands for zeros, an empty ``dh0`` is not wanted. ``panels`` (workers, size) is
scratch, ``width`` the columns per panel.
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

PANEL_ROWS = 3  # times n


@pjit
def fprop(
    w: Array, b: Array, h: Array, h0: Array, geometry: Triple, act: Code, panels: Array, width: int
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // w.shape[1] * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _forward(w, b, h, h0, geometry, act, panels[worker], width, item)


@jit
def _forward(
    w: Array,
    b: Array,
    h: Array,
    h0: Array,
    geometry: Triple,
    act: Code,
    panel: Array,
    width: int,
    item: int,
) -> None:
    n = w.shape[1]
    d, first, width = place(item, geometry, width)
    row, size = d * n, n * width
    w_d = w[row : row + n]
    last, new = 0, size  # where in the panel
    load_state(h0, row, n, panel, last, first, width)
    for step in range(geometry[1]):
        t = time(step, d, geometry)
        load(h, row, n, panel, new, geometry, t, first, width)
        add_bias(b, row, n, panel, new, width)
        if step or h0.size:
            accumulate(w_d, panel, last, new, width)
        activate(act, panel, new, new + size)
        store(panel, new, h, row, n, geometry, t, first, width)
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
    panels: Array,
    width: int,
) -> None:
    """All panels of both directions."""
    items = w.shape[0] // w.shape[1] * panels_of(geometry, width)
    workers = panels.shape[0]
    for worker in prange(workers):
        for item in range(items * worker // workers, items * (worker + 1) // workers):
            _backward(w, h, err, delta, dh0, geometry, act, panels[worker], width, item)


@jit
def _backward(
    w: Array,
    h: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    geometry: Triple,
    act: Code,
    panel: Array,
    width: int,
    item: int,
) -> None:
    n = w.shape[1]
    d, first, width = place(item, geometry, width)
    row, size = d * n, n * width
    w_t = w[row : row + n].T
    outputs, last, new = 0, size, 2 * size  # where in the panel
    steps = geometry[1]
    for step in range(steps - 1, -1, -1):
        t = time(step, d, geometry)
        load(err, row, n, panel, new, geometry, t, first, width)
        if step < steps - 1:
            accumulate(w_t, panel, last, new, width)
        load(h, row, n, panel, outputs, geometry, t, first, width)
        times_slope(act, panel, outputs, panel, new, size)
        store(panel, new, delta, row, n, geometry, t, first, width)
        last, new = new, last
    if dh0.size:
        panel[new : new + size] = 0
        accumulate(w_t, panel, last, new, width)
        store_state(panel, new, dh0, row, n, first, width)
