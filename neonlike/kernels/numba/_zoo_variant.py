"""The vanilla LSTM with peepholes and its variants (zoo 4.2); arguments in ``reference._zoo_lstm``.

    i, f = sigma(... + p * c-)    c = f * c- + i * g    o = sigma(... + p_o * c)    h = o * phi(c)

Panels hold all of i, f, o, g: first those that there are, in the order of the arrays, then the
others, which are 1, or 1 minus the gate that they are coupled with.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._recurrent_activation import Code, activate, times_slope
from neonlike.kernels.numba._recurrent_panel import (
    Block,
    Work,
    accumulate,
    clear,
    load,
    pack,
    pack_transposed,
    store,
    store_state,
    sweep_panels,
)
from neonlike.kernels.numba._recurrent_passes import elementwise, fill_rows
from neonlike.kernels.numba._recurrent_setup import make_work, plain_codes, widened
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._vector_math import Lanes
from neonlike.kernels.reference._zoo_lstm import CFIG, CIFG

PANEL_ROWS = 18  # times the units
# what is where in a panel, in these rows: gates at 0 to 3; forwards
CELLS, CELLS_ACT, LAST, WEIGHTS, GATES_BEFORE = 4, 5, 6, 7, 10
# backwards, with the errors of the gates at 4 to 7
DH, DC, C_ACT, BEFORE, PEEPS, SEEN = 8, 9, 10, 11, 12, 15
Gates = tuple[int, int, int, int]  # i, f, o, g
Codes = tuple[Code, ...]  # of gates, g and phi


class Form(NamedTuple):
    """What a variant is made of.

    Attributes:
        places: of i, f, o, g in a panel.
        present: gates that there are: those at the first places.
        coupling: FREE, CIFG or CFIG.
        truncate: errors go back in time inside the cells alone.
    """

    places: Gates
    present: int
    coupling: int
    truncate: bool


def _new_cells(i: Lanes, f: Lanes, g: Lanes, c: Lanes) -> list[Lanes]:
    """The cells, and a copy of them to be activated."""
    new = f * c + i * g
    return [new, new]


def _output_errors(o: Lanes, c_act: Lanes, d_h: Lanes) -> list[Lanes]:
    """Errors of the output gate and of ``c_act``."""
    return [d_h * c_act, d_h * o]


def _cell_errors(
    i: Lanes, f: Lanes, g: Lanes, c_before: Lanes, d_c: Lanes, later: Lanes
) -> list[Lanes]:
    """Errors of i, f, g and of the cells before."""
    d_c = d_c + later
    return [d_c * g, d_c * c_before, d_c * i, d_c * f]


_copy = elementwise("variant_copy", lambda x: [x], reads=1)
_add = elementwise("variant_add", lambda x, y: [x + y], reads=2)
_subtract = elementwise("variant_subtract", lambda x, y: [x - y], reads=2)
_complement = elementwise("variant_complement", lambda x: [1.0 - x], reads=1)
_multiply = elementwise("variant_multiply", lambda x, y: [x * y], reads=2)
_add_product = elementwise("variant_add_product", lambda z, x, y: [z + x * y], reads=3)
_cells = elementwise("variant_cells", _new_cells, reads=4)
_split_output = elementwise("variant_output_errors", _output_errors, reads=3)
_split_cells = elementwise("variant_cell_errors", _cell_errors, reads=6)
_fill_rows = fill_rows("variant_rows")


@jit
def _fprop(
    w: Array,
    peep: Array,
    w_gate: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    form: Form,
    acts: Codes,
    work: Work,
) -> None:
    """Pack the weights, and share the panels among threads."""
    pack(w, work.recurrent[0], 0 * work.units)
    if w_gate.size:
        pack(w_gate, work.inputs[0], 0 * work.units)
    args = (peep, w_gate, gates, h, c, c_act, form, acts)
    share(_forward_part, work.panels.shape[0], (work, args))


@inner
def _forward_part(part: int, work: Work, args: tuple[Any, ...]) -> None:
    sweep_panels(_forward, part, work, args)


@inner
def _forward(
    block: Block,
    panel: Array,
    work: Work,
    peep: Array,
    w_gate: Array,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    form: Form,
    acts: Codes,
) -> None:
    m, size = work.units, work.units * block.pitch
    (i, f, o, g), rows = _offsets(form.places, size), form.present * work.units
    cells, cells_act, last = CELLS * size, CELLS_ACT * size, LAST * size
    peeps, before = WEIGHTS * size, GATES_BEFORE * size
    gate, g_act, phi = acts
    _prepare(panel, peep, peeps, form, block, work)
    load(h, 0 * m, m, panel, last, block, 0 * m)
    load(c, 0 * m, m, panel, cells, block, 0 * m)
    for t in range(block.geometry[1]):
        if w_gate.size:
            _copy(panel, (0 * size, before), (), 3 * size)
        load(gates, 0 * m, rows, panel, 0 * size, block, t)
        accumulate(work.recurrent[0], 0 * m, rows, m, panel, last, 0 * size, block)
        if w_gate.size and t:
            accumulate(work.inputs[0], 0 * m, 3 * m, 3 * m, panel, before, 0 * size, block)
        for number in range(2):
            place = form.places[number]
            if place < form.present:
                at, weights = place * size, peeps + number * size
                _add_product(panel, (at, weights, cells, at), (), size)
                activate(gate, panel, at, size)
        activate(g_act, panel, g, size)
        _couple(panel, form, size)
        _cells(panel, (i, f, g, cells, cells, cells_act), (), size)
        if form.places[2] < form.present:
            _add_product(panel, (o, peeps + 2 * size, cells, o), (), size)
            activate(gate, panel, o, size)
        activate(phi, panel, cells_act, size)
        _multiply(panel, (o, cells_act, last), (), size)
        store(panel, 0 * size, gates, 0 * m, rows, block, t)
        store(panel, cells, c, 0 * m, m, block, t + 1)
        store(panel, cells_act, c_act, 0 * m, m, block, t)
        store(panel, last, h, 0 * m, m, block, t + 1)


@inner
def _offsets(places: Gates, size: int) -> Gates:
    """Where i, f, o, g are in a panel."""
    i, f, o, g = places
    return i * size, f * size, o * size, g * size


@inner
def _prepare(panel: Array, peep: Array, peeps: int, form: Form, block: Block, work: Work) -> None:
    """Clear a panel but for the gates that are always 1 and the peepholes' weights."""
    rows, size = 0 * work.units, work.units * block.pitch
    clear(panel, rows, panel.shape[0])
    others = form.present * size
    _complement(panel, (others, others), (), 4 * size - others)
    _fill_rows(peep, rows, panel, peeps, block.pitch, 3 * work.units)


@inner
def _couple(panel: Array, form: Form, size: int) -> None:
    """Make one of input and forget gate from the other."""
    i, f, _, _ = _offsets(form.places, size)
    if form.coupling == CIFG:
        _complement(panel, (i, f), (), size)
    elif form.coupling == CFIG:
        _complement(panel, (f, i), (), size)


@jit
def _bprop(
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
    form: Form,
    acts: Codes,
    work: Work,
) -> None:
    """Pack the weights, and share the panels among threads."""
    pack_transposed(w, work.recurrent[0], 0 * work.units)
    if w_gate.size:
        pack_transposed(w_gate, work.inputs[0], 0 * work.units)
    args = (peep, w_gate, gates, c, c_act, err, delta, dh0, dc0, form, acts)
    share(_backward_part, work.panels.shape[0], (work, args))


@inner
def _backward_part(part: int, work: Work, args: tuple[Any, ...]) -> None:
    sweep_panels(_backward, part, work, args)


@inner
def _backward(
    block: Block,
    panel: Array,
    work: Work,
    peep: Array,
    w_gate: Array,
    gates: Array,
    c: Array,
    c_act: Array,
    err: Array,
    delta: Array,
    dh0: Array,
    dc0: Array,
    form: Form,
    acts: Codes,
) -> None:
    m, size = work.units, work.units * block.pitch
    rows, deltas, dh = form.present * m, 4 * size, DH * size
    back, between = not form.truncate, w_gate.size > 0
    _prepare(panel, peep, PEEPS * size, form, block, work)
    for t in range(block.geometry[1] - 1, -1, -1):
        load(err, 0 * m, m, panel, dh, block, t)
        if back:
            accumulate(work.recurrent[0], 0 * m, m, rows, panel, deltas, dh, block)
        if back and between:
            clear(panel, SEEN * size, 3 * size)
            accumulate(work.inputs[0], 0 * m, 3 * m, 3 * m, panel, deltas, SEEN * size, block)
        load(gates, 0 * m, rows, panel, 0 * m, block, t)
        load(c_act, 0 * m, m, panel, C_ACT * size, block, t)
        load(c, 0 * m, m, panel, BEFORE * size, block, t)
        _couple(panel, form, size)
        _gate_errors(panel, form, acts, between, size)
        store(panel, deltas, delta, 0 * m, rows, block, t)
    clear(panel, dh, size)
    if back:
        accumulate(work.recurrent[0], 0 * m, m, rows, panel, deltas, dh, block)
    store_state(panel, dh, dh0, 0 * m, m, block)
    store_state(panel, DC * size, dc0, 0 * m, m, block)


@inner
def _gate_errors(panel: Array, form: Form, acts: Codes, between: bool, size: int) -> None:
    """From the error of h to those of the gates' net inputs and of the cells before."""
    i, f, o, g = _offsets(form.places, size)
    d_i, d_f, d_o, d_g = 4 * size + i, 4 * size + f, 4 * size + o, 4 * size + g
    dh, dc, c_act, before = DH * size, DC * size, C_ACT * size, BEFORE * size
    _, g_act, phi = acts
    _split_output(panel, (o, c_act, dh, d_o, dh), (), size)
    times_slope(phi, panel, c_act, dh, size)
    _through_gate(panel, 2, dh, True, form, acts, between, size)
    _split_cells(panel, (i, f, g, before, dh, dc, d_i, d_f, d_g, dc), (), size)
    if form.coupling == CIFG:
        _subtract(panel, (d_i, d_f, d_i), (), size)
    elif form.coupling == CFIG:
        _subtract(panel, (d_f, d_i, d_f), (), size)
    for number in range(2):
        _through_gate(panel, number, dc, not form.truncate, form, acts, between, size)
    times_slope(g_act, panel, g, d_g, size)


@inner
def _through_gate(
    panel: Array,
    number: int,
    cells: int,
    peeped: bool,
    form: Form,
    acts: Codes,
    between: bool,
    size: int,
) -> None:
    """From the error of a gate, if it is there, to that of its net input, and on to ``cells``."""
    place = form.places[number]
    if place < form.present:
        value, error = place * size, (4 + place) * size
        if between:
            _add(panel, (error, (SEEN + number) * size, error), (), size)
        times_slope(acts[0], panel, value, error, size)
        if peeped:
            _add_product(panel, (cells, (PEEPS + number) * size, error, cells), (), size)


def variant_fprop(
    w: Array,
    peep: Array,
    w_gate: Array | None,
    gates: Array,
    h: Array,
    c: Array,
    c_act: Array,
    blocks: Gates,
    coupling: int,
    acts: tuple[Any, Any, Any],
    scratch: Scratch,
) -> None:
    """See the reference set."""
    between = np.empty((0, 0), w.dtype) if w_gate is None else w_gate
    work = _work(w, between, gates, h.shape[1] - gates.shape[1], scratch)
    form, codes = _form(blocks, coupling, truncate=False), plain_codes(acts)
    _fprop(w, peep.reshape(-1, 1), between, gates, h, c, c_act, form, codes, work)


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
    blocks: Gates,
    coupling: int,
    truncate: bool,
    acts: tuple[Any, Any, Any],
    scratch: Scratch,
) -> None:
    """See the reference set."""
    between = np.empty((0, 0), w.dtype) if w_gate is None else w_gate
    work = _work(w, between, gates, dh0.shape[1], scratch)
    form, codes = _form(blocks, coupling, truncate), plain_codes(acts)
    arrays = between, gates, c, c_act, widened(err), delta, dh0, dc0
    _bprop(w, peep.reshape(-1, 1), *arrays, form, codes, work)


def _form(blocks: Gates, coupling: int, truncate: bool) -> Form:
    """Give the gates that are not there the places behind the others."""
    present = sum(block >= 0 for block in blocks)
    behind = iter(range(present, len(blocks)))
    i, f, o, g = (block if block >= 0 else next(behind) for block in blocks)
    return Form((i, f, o, g), present, coupling, truncate)


def _work(w: Array, w_gate: Array, gates: Array, columns: int, scratch: Scratch) -> Work:
    geometry = 1, gates.shape[1] // columns, columns
    return make_work(w, w_gate, geometry, PANEL_ROWS, scratch)
