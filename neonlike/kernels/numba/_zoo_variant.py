"""The vanilla LSTM with peepholes and its variants (zoo 4.2).

    i, f = sigma(... + p * c-)    c = f * c- + i * g    o = sigma(... + p_o * c)    h = o * phi(c)

``blocks`` are the places of i, f, o, g among the gates; a gate that is not there (-1) has the
value 1, or is 1 minus the other one. In the backward pass the errors of the gates' values gather
in ``delta`` and become those of the net inputs there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._zoo_steps import (
    activate,
    clear,
    copy,
    product,
    product_t,
    slope_at,
    times_slope,
    working_memory,
)
from neonlike.kernels.reference._zoo_lstm import CFIG, CIFG


@inner
def _peep(weights: Array, cells: Array, c: int, gates: Array, row: int, here: int, n: int) -> None:
    """``gates += weights * cells``."""
    for r in range(len(weights)):
        for j in range(n):
            gates[row + r, here + j] += weights[r] * cells[r, c + j]


@inner
def _add_peeped(weights: Array, delta: Array, row: int, here: int, out: Array, n: int) -> None:
    """``out += weights * delta``."""
    for r in range(len(weights)):
        for j in range(n):
            out[r, j] += weights[r] * delta[row + r, here + j]


@inline
def _value(gates: Array, place: int, m: int, r: int, column: int) -> float:
    value: float = gates[place * m + r, column] if place >= 0 else gates.dtype.type(1)
    return value


@inline
def _coupled(i: float, f: float, coupling: int) -> tuple[float, float]:
    """Input and forget gate."""
    return (1.0 - f if coupling == CFIG else i), (1.0 - i if coupling == CIFG else f)


@inner
def _new_cells(gates: Array, c: Array, here: int, n: int, blocks: Any, coupling: int) -> None:
    """``c = f * c- + i * g``."""
    m = c.shape[0]
    pi, pf, _, pg = blocks
    for r in range(m):
        for j in range(here, here + n):
            i, f = _value(gates, pi, m, r, j), _value(gates, pf, m, r, j)
            i, f = _coupled(i, f, coupling)
            c[r, n + j] = f * c[r, j] + i * gates[pg * m + r, j]


@inner
def _new_outputs(gates: Array, c_act: Array, h: Array, here: int, n: int, po: int) -> None:
    """``h = o * phi(c)``."""
    m = h.shape[0]
    for r in range(m):
        for j in range(here, here + n):
            h[r, n + j] = _value(gates, po, m, r, j) * c_act[r, j]


@jit
def _variant_fprop(
    w: Array,
    peep: Array,
    w_gate: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    blocks: Any,
    coupling: int,
    acts: Any,
) -> None:
    m, n = h.shape[0], h.shape[1] - gates.shape[1]
    gate, g_act, c_phi = acts
    _, _, po, pg = blocks
    memory = working_memory(gates)
    for t in range(gates.shape[1] // n):
        here, after = t * n, (t + 1) * n
        product(w, h, 0, here, gates, 0, here, n)
        if w_gate.size and t:
            product(w_gate, gates, 0, here - n, gates, 0, here, n)
        for number in range(2):
            if blocks[number] >= 0:
                _peep(peep[number], c, here, gates, blocks[number] * m, here, n)
                activate(gate, gates, blocks[number] * m, here, m, n, memory)
        activate(g_act, gates, pg * m, here, m, n, memory)
        _new_cells(gates, c, here, n, blocks, coupling)
        if po >= 0:
            _peep(peep[2], c, after, gates, po * m, here, n)
            activate(gate, gates, po * m, here, m, n, memory)
        copy(c, 0, after, c_act, 0, here, m, n)
        activate(c_phi, c_act, 0, here, m, n, memory)
        _new_outputs(gates, c_act, h, here, n, po)


@inner
def _output_errors(
    gates: Array,
    c_act: Array,
    err: Array,
    delta: Array,
    dh: Array,
    dc: Array,
    here: int,
    po: int,
    c_phi: Any,
) -> None:
    """Errors of the output gate's value and of the cells, from those of the outputs."""
    m, n = dh.shape
    for r in range(m):
        for j in range(n):
            value, error = c_act[r, here + j], err[r, here + j] + dh[r, j]
            dc[r, j] += error * _value(gates, po, m, r, here + j) * slope_at(c_phi, value)
            if po >= 0:
                delta[po * m + r, here + j] += error * value


@inner
def _cell_errors(
    gates: Array,
    c: Array,
    delta: Array,
    dc: Array,
    here: int,
    blocks: Any,
    coupling: int,
    g_act: Any,
) -> None:
    """Errors of the values of i and f and of g's net input, from those of the cells."""
    m, n = dc.shape
    pi, pf, _, pg = blocks
    for r in range(m):
        for j in range(n):
            k = here + j
            g = gates[pg * m + r, k]
            i, f = _value(gates, pi, m, r, k), _value(gates, pf, m, r, k)
            i, f = _coupled(i, f, coupling)
            d_i, d_f = dc[r, j] * g, dc[r, j] * c[r, k]
            if pi >= 0:
                delta[pi * m + r, k] += d_i - d_f if coupling == CIFG else d_i
            if pf >= 0:
                delta[pf * m + r, k] += d_f - d_i if coupling == CFIG else d_f
            delta[pg * m + r, k] = dc[r, j] * i
            dc[r, j] *= f
    times_slope(g_act, gates, pg * m, delta, here, m, n)


@jit
def _variant_bprop(
    w: Array,
    peep: Array,
    w_gate: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    dc0: Array,
    blocks: Any,
    coupling: int,
    truncate: bool,
    acts: Any,
) -> None:
    (m, n), steps = dh0.shape, err.shape[1] // dh0.shape[1]
    gate, g_act, c_phi = acts
    po = blocks[2]
    clear(dh0, 0, 0, m, n)
    clear(dc0, 0, 0, m, n)
    for t in range(steps - 1, -1, -1):
        here = t * n
        clear(delta, 0, here, delta.shape[0], n)
        if w_gate.size and not truncate and t < steps - 1:
            product_t(w_gate, delta, 0, here + n, delta, 0, here, n)
        _output_errors(gates, c_act, err, delta, dh0, dc0, here, po, c_phi)
        if po >= 0:
            times_slope(gate, gates, po * m, delta, here, m, n)
            _add_peeped(peep[2], delta, po * m, here, dc0, n)
        _cell_errors(gates, c, delta, dc0, here, blocks, coupling, g_act)
        for number in range(2):
            row = blocks[number] * m
            if row >= 0:
                times_slope(gate, gates, row, delta, here, m, n)
                if not truncate:
                    _add_peeped(peep[number], delta, row, here, dc0, n)
        clear(dh0, 0, 0, m, n)
        if not truncate:
            product_t(w, delta, 0, here, dh0, 0, 0, n)


def variant_fprop(
    w: Array,
    peep: Array,
    w_gate: Array | None,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    blocks: tuple[int, int, int, int],
    coupling: int,
    acts: tuple[Any, Any, Any],
) -> None:
    """All steps forward."""
    between = np.empty((0, 0), w.dtype) if w_gate is None else w_gate
    _variant_fprop(w, peep, between, gates, h, c, c_act, blocks, coupling, acts)


def variant_bprop(
    w: Array,
    peep: Array,
    w_gate: Array | None,
    gates: Array,
    c: Array,
    c_act: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    dc0: Array,
    blocks: tuple[int, int, int, int],
    coupling: int,
    truncate: bool,
    acts: tuple[Any, Any, Any],
) -> None:
    """All steps backward."""
    between = np.empty((0, 0), w.dtype) if w_gate is None else w_gate
    _variant_bprop(
        w, peep, between, gates, c, c_act, err, delta, dh0, dc0, blocks, coupling, truncate, acts
    )
