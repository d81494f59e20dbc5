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
from neonlike.kernels.numba._jit import jit
from neonlike.kernels.numba._recurrent_vector import product_tile, transfer

LINE_BYTES = _vector.LINE_BYTES
WIDE, NARROW = _vector.WIDE, _vector.QUARTER
_MAX_WIDTH = 64  # columns: a panel of 4 * 256 gate rows then fills a quarter of an L2 cache
_MIN_WIDTH = 16  # columns: half the batch is not worth a thread below

_copy_in, _add_in, _copy_out = transfer(True), transfer(True, accumulate=True), transfer(False)
_wide_tile, _wide_half = product_tile(WIDE), product_tile(WIDE, half=True)
_narrow_tile, _narrow_half = product_tile(NARROW), product_tile(NARROW, half=True)
_row_tile, _row_half = product_tile(1), product_tile(1, half=True)


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


@jit
def panels_of(geometry: Triple, width: int) -> int:
    """Panels per direction."""
    panels: int = (geometry[0] * geometry[2] + width - 1) // width
    return panels


@jit
def block_of(item: int, geometry: Triple, width: int, unit: int) -> Block:
    """The columns of panel ``item``, counted through both directions."""
    direction, number = divmod(item, panels_of(geometry, width))
    first = number * width
    width = min(width, geometry[0] * geometry[2] - first)
    return Block(geometry, direction, first, width, (width + unit - 1) // unit * unit)


@jit
def time(step: int, block: Block) -> int:
    """The step of the sequence that the block's direction takes as its ``step``-th."""
    return block.geometry[1] - 1 - step if block.direction else step


@jit
def load(
    x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int, bias: Array
) -> None:
    """Copy rows of ``x`` at step ``t`` to ``panel[start:]``, plus ``bias`` if it is not empty."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _copy_in(x, row, column, panel, start + done, block.pitch, rows, run, bias)
        done += run


@jit
def add(x: Array, row: int, rows: int, panel: Array, start: int, block: Block, t: int) -> None:
    """Add rows of ``x`` at step ``t`` to ``panel[start:]``."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _add_in(x, row, column, panel, start + done, block.pitch, rows, run, x[:0])
        done += run


@jit
def store(panel: Array, start: int, x: Array, row: int, rows: int, block: Block, t: int) -> None:
    """Copy ``panel[start:]`` to rows of ``x`` at step ``t``."""
    _, steps, inner = block.geometry
    done = 0
    while done < block.width:
        outer, k = divmod(block.first + done, inner)
        run = min(inner - k, block.width - done)
        column = (outer * steps + t) * inner + k
        _copy_out(x, row, column, panel, start + done, block.pitch, rows, run, x[:0])
        done += run


@jit
def load_state(x: Array, row: int, rows: int, panel: Array, start: int, block: Block) -> None:
    """Fill ``panel[start:]`` from a state (rows, sequences); an empty state stands for zeros."""
    panel[start : start + rows * block.pitch] = 0
    if x.size:
        _copy_in(x, row, block.first, panel, start, block.pitch, rows, block.width, x[:0])


@jit
def store_state(panel: Array, start: int, x: Array, row: int, rows: int, block: Block) -> None:
    """Copy ``panel[start:]`` to a state (rows, sequences)."""
    _copy_out(x, row, block.first, panel, start, block.pitch, rows, block.width, x[:0])


@jit
def tile_rows(rest: int) -> int:
    """Rows of the next tile when ``rest`` are left."""
    if rest >= WIDE:
        return WIDE
    return NARROW if rest >= NARROW else 1


@jit
def pack(w: Array, packed: Array, start: int) -> None:
    """Order the weights ``w`` (rows, count) by tile: (count, rows of the tile) each."""
    rows, count = w.shape
    row = 0
    while row < rows:
        height = tile_rows(rows - row)
        for k in range(height):
            for i in range(count):
                packed[start + i * height + k] = w[row + k, i]
        start += height * count
        row += height


@jit
def accumulate(
    packed: Array, start: int, rows: int, count: int, panel: Array, x: int, out: int, pitch: int
) -> None:
    """``panel[out:] += w @ panel[x:]`` with the weights (rows, count) packed from ``start`` on."""
    line = LINE_BYTES // panel.itemsize
    row = 0
    while row < rows:
        height = tile_rows(rows - row)
        w, target = start + row * count, out + row * pitch
        for j in range(0, pitch, line):
            if j + line <= pitch:
                if height == WIDE:
                    _wide_tile(packed, w, panel, x + j, target + j, pitch, count)
                elif height == NARROW:
                    _narrow_tile(packed, w, panel, x + j, target + j, pitch, count)
                else:
                    _row_tile(packed, w, panel, x + j, target + j, pitch, count)
            elif height == WIDE:
                _wide_half(packed, w, panel, x + j, target + j, pitch, count)
            elif height == NARROW:
                _narrow_half(packed, w, panel, x + j, target + j, pitch, count)
            else:
                _row_half(packed, w, panel, x + j, target + j, pitch, count)
        row += height
