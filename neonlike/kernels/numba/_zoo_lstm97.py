"""The LSTM of 1997: ``s_t = s_{t-1} + in * g``, ``y_t = out * h(s_t)`` (zoo 4.1).

Rows of the gates: B input gates, B output gates, C cell inputs; cell c belongs to block c // (C/B).
The steps are functions of their own, which training with one example at a time shares.
"""

from __future__ import annotations

from typing import Any

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inner, jit, owner
from neonlike.kernels.numba._zoo_steps import (
    activate,
    clear,
    copy,
    product,
    product_t,
    slope_at,
    working_memory,
)


@inner
def forward_step(
    t: int, w: Array, gates: Array, u: Array, s: Array, hs: Array, acts: Any, memory: Array
) -> None:
    """One step; arguments as in ``lstm97_fprop``, and ``working_memory``."""
    cells, n = s.shape[0], s.shape[1] - gates.shape[1]
    blocks = (gates.shape[0] - cells) // 2
    size, first = cells // blocks, 2 * blocks
    here, after = t * n, (t + 1) * n
    gate, g_act, h_act = acts
    product(w, u, 0, here, gates, 0, here, n)
    activate(gate, gates, 0, here, first, n, memory)
    activate(g_act, gates, first, here, cells, n, memory)
    copy(gates, 0, here, u, cells, after, first, n)
    for c in range(cells):
        for j in range(here, after):
            s[c, n + j] = s[c, j] + gates[c // size, j] * gates[first + c, j]
    copy(s, 0, after, hs, 0, here, cells, n)
    activate(h_act, hs, 0, here, cells, n, memory)
    for c in range(cells):
        for j in range(here, after):
            u[c, n + j] = gates[blocks + c // size, j] * hs[c, j]


@inner
def backward_step(
    t: int,
    w: Array,
    gates: Array,
    hs: Array,
    err: Array,
    delta: Array,
    du: Array,
    ds: Array,
    truncate: bool,
    acts: Any,
) -> None:
    """One step backwards: fills its columns of ``delta``, brings ``du`` and ``ds`` to it."""
    cells, n = ds.shape
    blocks = (gates.shape[0] - cells) // 2
    size, first = cells // blocks, 2 * blocks
    here = t * n
    gate, g_act, h_act = acts
    copy(du, cells, 0, delta, 0, here, first, n)
    for c in range(cells):
        b = c // size
        for j in range(n):
            k = here + j
            inp, out, g, squashed = gates[b, k], gates[blocks + b, k], gates[first + c, k], hs[c, k]
            dy = err[c, k] + du[c, j]
            ds[c, j] += dy * out * slope_at(h_act, squashed)
            delta[b, k] += ds[c, j] * g
            delta[blocks + b, k] += dy * squashed
            delta[first + c, k] = ds[c, j] * inp * slope_at(g_act, g)
    for r in range(first):
        for j in range(here, here + n):
            delta[r, j] *= slope_at(gate, gates[r, j])
    if not truncate:
        clear(du, 0, 0, du.shape[0], n)
        product_t(w, delta, 0, here, du, 0, 0, n)


@owner
def lstm97_fprop(w: Array, gates: Array, u: Array, s: Array, hs: Array, acts: Any) -> None:
    """All steps forward."""
    memory = working_memory(gates)
    for t in range(gates.shape[1] // (s.shape[1] - gates.shape[1])):
        forward_step(t, w, gates, u, s, hs, acts, memory)


@jit
def lstm97_bprop(
    w: Array,
    gates: Array,
    hs: Array,
    err: Array,
    delta: Array,
    du0: Array,
    ds0: Array,
    truncate: bool,
    acts: Any,
) -> None:
    """All steps backward."""
    cells, n = ds0.shape
    clear(du0, 0, 0, du0.shape[0], n)
    clear(ds0, 0, 0, cells, n)
    for t in range(err.shape[1] // n - 1, -1, -1):
        backward_step(t, w, gates, hs, err, delta, du0, ds0, truncate, acts)
