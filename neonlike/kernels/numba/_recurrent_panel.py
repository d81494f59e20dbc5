"""Panels: the columns that one thread carries through all steps, in contiguous memory.

A panel is a flat array; each operand of a sweep has a range of it with rows of ``pitch`` elements,
``width`` columns and padding up to half a line (32 bytes), so that element-wise passes run over
whole lines whatever the batch size, and products with packed weights need no strides.

Columns ``first`` to ``first + width`` of a panel count the sequences (o, k) of the sweep as
``o * inner + k``; their place in an array at step t is ``(o * steps + t) * inner + k``
(header of ``reference.recurrent``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inline, inner
from neonlike.kernels.numba._recurrent_ahead import look_ahead, some_rows
from neonlike.kernels.numba._recurrent_passes import (
    elementwise,
    fill_rows,
    product_tile,
    thin_tile,
    transfer,
)
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._vector import turn_lines

LINE_BYTES = _vector.LINE_BYTES
WIDE, NARROW = _vector.WIDE, _vector.QUARTER
_MAX_WIDTH = 64  # columns: a panel of 4 * 256 gate rows then fills a quarter of an L2 cache
_MIN_WIDTH = 16  # columns: fewer are not worth a thread

_copy_in, _copy_in_biased = transfer("copy_in"), transfer("copy_in_biased", biased=True)
_copy_out, _blend_out = transfer("copy_out", out=True), transfer("blend_out", out=True, blend=True)
_bias_rows = fill_rows("bias_rows")
_fill = elementwise("fill", lambda value: [value], reads=0)
_scale = elementwise("scale", lambda x, factor: [x * factor], reads=1)
_wide_tile, _wide_half = product_tile(WIDE), product_tile(WIDE, half=True)
_narrow_tile, _narrow_half = product_tile(NARROW), product_tile(NARROW, half=True)
_THIN = 2  # columns of a thin tile
_thin_tiles, _thin_tile = thin_tile(WIDE, 4, _THIN), thin_tile(WIDE, 1, _THIN)
# Columns beyond whole halves of lines that thin tiles do faster than another half; none if packed
# rows are no whole vectors.
_MOST_THIN = 6 if WIDE % _vector.LANES == 0 else 0


class Work(NamedTuple):
    """How a sweep is cut into panels, and its scratch memory.

    Attributes:
        geometry: (outer, steps, inner).
        directions: 1 or 2.
        units: n, units per direction.
        features: rows of the inputs that each direction reads.
        split: distance in rows between the inputs of the directions.
        width: columns per panel.
        unit: what row lengths are rounded up to.
        panels: one panel per thread (threads, size).
        recurrent, inputs: packed weights (directions, size).
        products: rows of all tiles that multiply a line of a panel in a step.
        plans: what to fetch ahead (threads, PLAN_SIZE).
    """

    geometry: Triple
    directions: int
    units: int
    features: int
    split: int
    width: int
    unit: int
    panels: Array
    recurrent: Array
    inputs: Array
    products: int
    plans: Array


class Block(NamedTuple):
    """The columns of one panel.

    Attributes:
        geometry: (outer, steps, inner).
        direction: 0 forwards, 1 backwards in time.
        first, width: its columns among the outer * inner sequences.
        pitch: elements from one panel row to the next.
        plan: what the thread fetches ahead.
    """

    geometry: Triple
    direction: int
    first: int
    width: int
    pitch: int
    plan: Array


def panel_width(columns: int, threads: int, unit: int, sweeps: int = 1) -> int:
    """Columns per panel: as many panels as keep all threads busy, in widths that tiles do fast.

    Each of the columns goes through ``sweeps`` panels, which may run at the same time.
    """
    panels = -(-columns // _MAX_WIDTH)
    while sweeps * panels % threads and columns >= (panels + 1) * _MIN_WIDTH:
        panels += 1
    width = -(-columns // panels)
    step = _THIN if 0 < width % unit <= _MOST_THIN else unit
    return -(-width // step) * step


@inner
def panels_of(work: Work) -> int:
    """Panels per direction."""
    panels: int = (work.geometry[0] * work.geometry[2] + work.width - 1) // work.width
    return panels


@inner
def block_of(item: int, part: int, work: Work) -> Block:
    """The columns of panel ``item``, counted through both directions, on thread ``part``."""
    direction, number = divmod(item, panels_of(work))
    first = number * work.width
    width = min(work.width, work.geometry[0] * work.geometry[2] - first)
    pitch = (width + work.unit - 1) // work.unit * work.unit
    plan = work.plans[part]
    plan[:] = 0
    return Block(work.geometry, direction, first, width, pitch, plan)


@inline
def sweep_panels(sweep: Any, part: int, work: Work, args: tuple[Any, ...]) -> None:
    """Call ``sweep(block, panel, work, *args)`` for the share of ``part`` of all panels."""
    parts, panels = work.panels.shape[0], work.directions * panels_of(work)
    first, last = span(part, parts, panels, 1)
    for item in range(first, last):
        sweep(block_of(item, part, work), work.panels[part], work, *args)


@inline
def sweep_columns(sweep: Any, part: int, work: Work, args: tuple[Any, ...]) -> None:
    """``sweep_panels``, but both directions of a panel, which add to the same memory, by one."""
    panels = panels_of(work)
    first, last = span(part, work.panels.shape[0], panels, 1)
    for number in range(first, last):
        for d in range(work.directions):
            sweep(block_of(number + d * panels, part, work), work.panels[part], work, *args)


@inner
def time(step: int, block: Block) -> int:
    """The step of the sequence that the block's direction takes as its ``step``-th."""
    return block.geometry[1] - 1 - step if block.direction else step


@inner
def prepare(step: int, block: Block, work: Work) -> None:
    """Fetch what the block's ``step``-th step uses during the products to come."""
    lines = (block.pitch * work.panels.itemsize + LINE_BYTES - 1) // LINE_BYTES
    t = time(step, block)
    item = work.panels.itemsize
    look_ahead(block.plan, block.geometry, t, block.first, block.width, item, work.products * lines)


@inner
def clear(panel: Array, start: int, size: int) -> None:
    """Set ``size`` elements, rounded up to whole lines, to zero."""
    line = LINE_BYTES // panel.itemsize
    _fill(panel, (start,), (0.0,), (size + line - 1) // line * line)


@inner
def copy_rows(
    x: Array, row: int, column: int, panel: Array, start: int, pitch: int, rows: int, width: int
) -> None:
    """Copy ``rows`` rows of ``width`` elements from ``x[row, column]`` on to ``panel[start:]``."""
    _copy_in(x, row, column, panel, start, pitch, rows, width, ())


@inline
def _move(
    function: Any,
    x: Array,
    row: int,
    rows: int,
    panel: Array,
    start: int,
    block: Block,
    t: int,
    more: tuple[Any, ...],
) -> None:
    """Call a ``transfer`` for each run of columns that lie together in ``x`` at step ``t``."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        function(x, row, column, panel, start + done, block.pitch, rows, run, more)
        done += run


@inner
def load(x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int) -> None:
    """Copy rows of ``x`` at step ``t`` to ``panel[start:]``."""
    _move(_copy_in, x, row, rows, panel, start, block, t, ())


@inner
def load_biased(
    x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int, bias: Array
) -> None:
    """``load``, plus ``bias`` (all rows of ``x``, 1)."""
    _move(_copy_in_biased, x, row, rows, panel, start, block, t, (bias,))


@inner
def store(panel: Array, start: int, x: Array, row: int, rows: int, block: Block, t: int) -> None:
    """Copy ``panel[start:]`` to rows of ``x`` at step ``t``."""
    _move(_copy_out, x, row, rows, panel, start, block, t, ())


@inner
def blend(
    panel: Array, start: int, x: Array, row: int, rows: int, block: Block, t: int, old: float
) -> None:
    """``x = panel[start:] + old * x`` on rows of ``x`` at step ``t``."""
    _move(_blend_out, x, row, rows, panel, start, block, t, (old,))


@inner
def load_state(x: Array, row: int, rows: int, panel: Array, start: int, block: Block) -> None:
    """Fill ``panel[start:]`` from a state (rows, sequences); an empty state stands for zeros."""
    clear(panel, start, rows * block.pitch)
    if x.size:
        _copy_in(x, row, block.first, panel, start, block.pitch, rows, block.width, ())


@inner
def store_state(panel: Array, start: int, x: Array, row: int, rows: int, block: Block) -> None:
    """Copy ``panel[start:]`` to a state (rows, sequences)."""
    _copy_out(x, row, block.first, panel, start, block.pitch, rows, block.width, ())


@inner
def packed_size(rows: int, count: int) -> int:
    """Elements of packed weights (rows, count)."""
    return (rows + NARROW - 1) // NARROW * NARROW * count


@inner
def pack(w: Array, packed: Array, start: int) -> None:
    """Order weights (rows, count) by tile, (count, rows of the tile) each, zeros beyond the end."""
    rows, count = w.shape
    line = LINE_BYTES // w.itemsize
    for row in range(0, rows, WIDE):
        height = WIDE if rows - row >= WIDE else NARROW
        for top in range(row, min(row + WIDE, rows), height):
            inside, done = min(height, rows - top), 0
            if height == inside == line:
                done = count // line * line
                pack_squares(w, top, packed, start, done)
            elif inside < height:
                packed[start : start + height * count] = 0
            for first in range(done, count, line):  # whole lines of a row at a time
                for k in range(inside):
                    for i in range(first, min(first + line, count)):
                        packed[start + i * height + k] = w[top + k, i]
            start += height * count


@inline
def pack_squares(w: Array, top: int, packed: Array, start: int, columns: int) -> None:
    """Pack the rows from ``top`` on, as many as a line is long, up to ``columns``, whole lines."""
    line, item = LINE_BYTES // w.itemsize, w.itemsize
    source = w.ctypes.data + top * w.strides[0]
    target = packed.ctypes.data + start * item
    for first in range(0, columns, line):
        there = target + first * line * item
        turn_lines(source + first * item, w.strides[0] // item, there, w.dtype.type(0))


@inner
def pack_transposed(w: Array, packed: Array, start: int) -> None:
    """``pack`` of the transpose of ``w`` (count, rows)."""
    count, rows = w.shape
    row = 0
    while row < rows:
        height = WIDE if rows - row >= WIDE else NARROW
        inside = min(height, rows - row)
        if inside < height:
            packed[start : start + height * count] = 0
        _copy_in(w, 0 * row, row, packed, start, height, count, inside, ())
        start += height * count
        row += height


@inner
def accumulate(
    packed: Array, start: int, rows: int, count: int, panel: Array, x: int, out: int, block: Block
) -> None:
    """``panel[out:] += w @ panel[x:]`` with the weights (rows, count) packed from ``start`` on.

    Up to NARROW - 1 rows beyond the result are touched: zero is added to them.
    """
    line, pitch = LINE_BYTES // panel.itemsize, block.pitch
    rest, whole = block.width % (line // 2), rows // WIDE * WIDE
    thin = 0 < rest <= _MOST_THIN
    edge = block.width - rest if thin else pitch  # tiles of lines and their halves end here
    for row in range(0, whole, WIDE):
        w, target = start + row * count, out + row * pitch
        for j in range(0, edge, line):
            if j + line <= edge:
                _wide_tile(
                    packed, w, panel, x + j, target + j, pitch, count, some_rows(block.plan, count)
                )
            else:
                _wide_half(packed, w, panel, x + j, target + j, pitch, count, ())
    if thin:
        _accumulate_thin(packed, start, whole, count, panel, x, out, edge, block)
    for row in range(whole, rows, NARROW):
        w, target = start + row * count, out + row * pitch
        for j in range(0, pitch, line):
            if j + line <= pitch:
                _narrow_tile(packed, w, panel, x + j, target + j, pitch, count, ())
            else:
                _narrow_half(packed, w, panel, x + j, target + j, pitch, count, ())


@inner
def _accumulate_thin(
    packed: Array,
    start: int,
    rows: int,
    count: int,
    panel: Array,
    x: int,
    out: int,
    first: int,
    block: Block,
) -> None:
    """``accumulate`` for the columns from ``first`` on and ``rows`` whole tiles."""
    row, pitch = 0, block.pitch
    while row < rows:
        several = row + 4 * WIDE <= rows
        w, target = start + row * count, out + row * pitch
        for j in range(first, block.width, _THIN):
            if several:
                _thin_tiles(packed, w, panel, x + j, target + j, pitch, count, ())
            else:
                _thin_tile(packed, w, panel, x + j, target + j, pitch, count, ())
        row += 4 * WIDE if several else WIDE


@inner
def project(
    x: Array,
    z: Array,
    b: Array,
    rows: int,
    panel: Array,
    xs: int,
    sums: int,
    block: Block,
    t: int,
    work: Work,
) -> None:
    """``panel[sums:] = w_in x_t + b``, or ``z_t + b`` if ``x`` is empty; ``rows`` per direction.

    The inputs go to ``panel[xs:]``.
    """
    d = block.direction
    if x.size:
        _bias_rows(b, d * rows, panel, sums, block.pitch, rows)
        load(x, d * work.split, work.features, panel, xs, block, t)
        accumulate(work.inputs[d], 0 * t, rows, work.features, panel, xs, sums, block)
    else:
        load_biased(z, d * rows, rows, panel, sums, block, t, b)


@inner
def store_deltas(
    deltas: Array,
    alpha: float,
    beta: float,
    rows: int,
    panel: Array,
    delta: int,
    dx: int,
    block: Block,
    t: int,
    work: Work,
) -> None:
    """``deltas = alpha * w_in^T delta + beta * deltas`` at step ``t``, unless ``deltas`` is empty.

    The second direction adds to what the first has written, if they read the same inputs.
    """
    if deltas.size == 0:
        return
    d, size = block.direction, work.features * block.pitch
    clear(panel, dx, size)
    accumulate(work.inputs[d], 0 * t, work.features, rows, panel, delta, dx, block)
    if alpha != 1.0:
        line = LINE_BYTES // panel.itemsize
        _scale(panel, (dx, dx), (alpha,), (size + line - 1) // line * line)
    old = 1.0 if d > 0 and work.split == 0 else beta
    if old == 0.0:
        store(panel, dx, deltas, d * work.split, work.features, block, t)
    else:
        blend(panel, dx, deltas, d * work.split, work.features, block, t, old)
