"""Panels: the columns that one thread carries through all steps, in contiguous memory.

A panel is a flat array; each operand of a sweep has a range of it with rows of ``pitch`` elements,
``width`` columns and padding up to half a line (32 bytes), so that element-wise passes run over
whole lines whatever the batch size, and products with packed weights need no strides.

Columns ``first`` to ``first + width`` of a panel count the sequences (o, k) of the sweep as
``o * inner + k``; their place in an array at step t is ``(o * steps + t) * inner + k``
(header of ``reference.recurrent``).
"""

from __future__ import annotations

from typing import NamedTuple

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inner
from neonlike.kernels.numba._recurrent_passes import elementwise, product_tile, transfer

LINE_BYTES = _vector.LINE_BYTES
WIDE, NARROW = _vector.WIDE, _vector.QUARTER
_MAX_WIDTH = 64  # columns: a panel of 4 * 256 gate rows then fills a quarter of an L2 cache
_MIN_WIDTH = 16  # columns: half the batch is not worth a thread below

_copy_in = transfer("copy_in", inwards=True)
_copy_in_biased = transfer("copy_in_biased", inwards=True, biased=True)
_copy_out = transfer("copy_out", inwards=False)
_fill = elementwise("fill", lambda value: [value], reads=0)
_wide_tile, _wide_half = product_tile(WIDE), product_tile(WIDE, half=True)
_narrow_tile, _narrow_half = product_tile(NARROW), product_tile(NARROW, half=True)


class Panels(NamedTuple):
    """Scratch of a sweep.

    Attributes:
        panels: one panel per thread (workers, size).
        weights: packed recurrent weights (directions, size).
        width: columns per panel.
        unit: what row lengths are rounded up to.
    """

    panels: Array
    weights: Array
    width: int
    unit: int


class Block(NamedTuple):
    """The columns of one panel.

    Attributes:
        geometry: (outer, steps, inner).
        direction: 0 forwards, 1 backwards in time.
        first, width: its columns among the outer * inner sequences.
        pitch: elements from one panel row to the next.
    """

    geometry: Triple
    direction: int
    first: int
    width: int
    pitch: int


def panel_width(directions: int, columns: int, threads: int, unit: int) -> int:
    """Columns per panel in multiples of ``unit``: as many panels as keep all threads busy."""
    panels = -(-columns // _MAX_WIDTH)
    while directions * panels % threads and columns >= (panels + 1) * _MIN_WIDTH:
        panels += 1
    return -(-columns // panels // unit) * unit


@inner
def panels_of(geometry: Triple, width: int) -> int:
    """Panels per direction."""
    panels: int = (geometry[0] * geometry[2] + width - 1) // width
    return panels


@inner
def block_of(item: int, geometry: Triple, width: int, unit: int) -> Block:
    """The columns of panel ``item``, counted through both directions."""
    direction, number = divmod(item, panels_of(geometry, width))
    first = number * width
    width = min(width, geometry[0] * geometry[2] - first)
    return Block(geometry, direction, first, width, (width + unit - 1) // unit * unit)


@inner
def time(step: int, block: Block) -> int:
    """The step of the sequence that the block's direction takes as its ``step``-th."""
    return block.geometry[1] - 1 - step if block.direction else step


@inner
def clear(panel: Array, start: int, size: int) -> None:
    """Set ``size`` elements to zero."""
    _fill(panel, (start,), (0.0,), size)


@inner
def load(x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int) -> None:
    """Copy rows of ``x`` at step ``t`` to ``panel[start:]``."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _copy_in(x, row, column, panel, start + done, block.pitch, rows, run)
        done += run


@inner
def load_biased(
    x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int, bias: Array
) -> None:
    """``load``, plus ``bias`` (all rows of ``x``, 1)."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _copy_in_biased(x, row, column, panel, start + done, block.pitch, rows, run, bias)
        done += run


@inner
def store(panel: Array, start: int, x: Array, row: int, rows: int, block: Block, t: int) -> None:
    """Copy ``panel[start:]`` to rows of ``x`` at step ``t``."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _copy_out(x, row, column, panel, start + done, block.pitch, rows, run)
        done += run


@inner
def load_state(x: Array, row: int, rows: int, panel: Array, start: int, block: Block) -> None:
    """Fill ``panel[start:]`` from a state (rows, sequences); an empty state stands for zeros."""
    clear(panel, start, rows * block.pitch)
    if x.size:
        _copy_in(x, row, block.first, panel, start, block.pitch, rows, block.width)


@inner
def store_state(panel: Array, start: int, x: Array, row: int, rows: int, block: Block) -> None:
    """Copy ``panel[start:]`` to a state (rows, sequences)."""
    _copy_out(x, row, block.first, panel, start, block.pitch, rows, block.width)


@inner
def packed_size(rows: int, count: int) -> int:
    """Elements of packed weights (rows, count)."""
    return (rows + NARROW - 1) // NARROW * NARROW * count


@inner
def pack(w: Array, packed: Array, start: int) -> None:
    """Order weights (rows, count) by tile, (count, rows of the tile) each, zeros beyond the end."""
    rows, count = w.shape
    row = 0
    while row < rows:
        height = WIDE if rows - row >= WIDE else NARROW
        for k in range(height):
            for i in range(count):
                packed[start + i * height + k] = w[row + k, i] if row + k < rows else 0
        start += height * count
        row += height


@inner
def accumulate(
    packed: Array, start: int, rows: int, count: int, panel: Array, x: int, out: int, pitch: int
) -> None:
    """``panel[out:] += w @ panel[x:]`` with the weights (rows, count) packed from ``start`` on.

    Up to NARROW - 1 rows beyond the result are touched: zero is added to them.
    """
    line = LINE_BYTES // panel.itemsize
    row = 0
    while row < rows:
        wide = rows - row >= WIDE
        w = start + row * count
        for j in range(0, pitch, line):
            source, target = x + j, out + row * pitch + j
            if j + line <= pitch:
                if wide:
                    _wide_tile(packed, w, panel, source, target, pitch, count)
                else:
                    _narrow_tile(packed, w, panel, source, target, pitch, count)
            elif wide:
                _wide_half(packed, w, panel, source, target, pitch, count)
            else:
                _narrow_half(packed, w, panel, source, target, pitch, count)
        row += WIDE if wide else NARROW
