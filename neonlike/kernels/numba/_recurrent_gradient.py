"""Weight gradients of recurrent sweeps: one pass over the gate deltas for all weights.

``[dw_in, dw, db] = delta [x, before, 1]^T``, with ``before`` the states one step before (candidate
rows of the GRU: the reset states). For a chunk of columns the rows of x, before and 1 are copied
side by side, so that steps without a predecessor, and columns that are no neighbours in memory, are
settled once; then the rows of ``delta`` pass in groups of ROWS through ``dot_tile``. Threads share
the rows, so no sum depends on their number.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES, clear, copy_rows
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span

ROWS, COLUMNS = _vector.DOT_ROWS, _vector.DOT_COLUMNS
TILE = ROWS * COLUMNS
_dot_tile = _vector.dot_tile(ROWS, COLUMNS)

_CHUNK_LINES = 48  # columns at a time, in lines: enough for the tile to run at full speed
_CHUNK_BYTES = 1 << 20  # for all rows of a chunk: about an L2 cache


class Plan(NamedTuple):
    """Sizes of the pass.

    Attributes:
        geometry: (outer, steps, inner).
        directions: 1 or 2.
        units: n.
        features, split: rows of x that each direction reads (0: no input gradient), and their
            distance from one direction to the next.
        rows: gate rows per direction.
        plain: how many of them use the states before; the others use the reset states.
        tiles: groups of ROWS gate rows per direction.
        before, reset, ones, delta: rows of a chunk where these operands begin; x is at 0.
        chunk: columns at a time.
        pitch: elements from row to row of a chunk.
        offsets: where the rows of a tile begin, counted from the first.
        chunks, sums: scratch, (threads, elements) and (tiles of all directions, sums).
    """

    geometry: Triple
    directions: int
    units: int
    features: int
    split: int
    rows: int
    plain: int
    tiles: int
    before: int
    reset: int
    ones: int
    delta: int
    chunk: int
    pitch: int
    offsets: Array
    chunks: Array
    sums: Array


def _up(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def make_plan(
    dw: Array,
    features: int,
    nin: int,
    candidates: bool,
    directions: int,
    geometry: Triple,
    threads: int,
    scratch: Scratch,
) -> Plan:
    """The sizes for gradients ``dw`` (directions * rows, n).

    Args:
        dw: its shape and dtype count.
        features, nin: rows of x (0: no input gradient), and those that each direction reads.
        candidates: whether the last n rows of each direction use the reset states.
        directions, geometry, threads: of the sweep.
        scratch: where chunks and sums go.
    """
    sizes = dw.shape, dw.itemsize, features, nin, candidates, directions, geometry, threads
    numbers, chunks, sums = _layout(*sizes)
    chunk_memory = scratch("gradient chunks", chunks, dw.dtype)
    return Plan._make((*numbers, chunk_memory, scratch("gradient sums", sums, dw.dtype)))


@functools.lru_cache(maxsize=1024)
def _layout(
    shape: tuple[int, int],
    itemsize: int,
    features: int,
    nin: int,
    candidates: bool,
    directions: int,
    geometry: Triple,
    threads: int,
) -> tuple[tuple[Any, ...], tuple[int, int], tuple[int, int]]:
    """All of a plan but its scratch, and the shapes of that."""
    rows, n = shape[0] // directions, shape[1]
    nin = nin if features else 0
    plain = rows - n if candidates else rows
    tiles = _up(plain, ROWS) // ROWS + _up(rows - plain, ROWS) // ROWS
    before = _up(nin, COLUMNS)
    reset = before + _up(n, COLUMNS)
    ones = reset + (_up(n, COLUMNS) if candidates else 0)
    delta = ones + COLUMNS
    line = LINE_BYTES // itemsize
    lines = min(_CHUNK_LINES, max(8, _CHUNK_BYTES // LINE_BYTES // delta))
    columns = geometry[0] * geometry[1] * geometry[2]
    chunk = _up(-(-columns // -(-columns // (lines * line))), line)
    pitch = chunk + line  # an odd number of lines: rows meet in few places of the caches otherwise
    split = nin if features > nin else 0
    numbers = (
        geometry, directions, n, nin, split, rows, plain, tiles,
        before, reset, ones, delta, chunk, pitch, np.arange(ROWS) * pitch,
    )  # fmt: skip
    chunks = min(threads, directions * tiles), apart((delta + ROWS) * pitch, itemsize)
    return numbers, chunks, (directions * tiles, (reset + COLUMNS) * ROWS)


@jit
def gradients(
    delta: Array,
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    dw_in: Array,
    dw: Array,
    db: Array,
    plan: Plan,
) -> None:
    """Share the tiles among threads; empty arrays stand for what is None in the reference set."""
    arguments = (delta, x, h, h0, reset_h, dw_in, dw, db, plan)
    share(_part, plan.chunks.shape[0], arguments)


@inner
def _part(
    part: int,
    delta: Array,
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    dw_in: Array,
    dw: Array,
    db: Array,
    plan: Plan,
) -> None:
    outer, steps, inner = plan.geometry
    chunk, columns = plan.chunks[part], outer * steps * inner
    first, last = span(part, plan.chunks.shape[0], plan.directions * plan.tiles, 1)
    for d in range(plan.directions):
        start, stop = max(first, d * plan.tiles), min(last, (d + 1) * plan.tiles)
        if start < stop:
            plan.sums[start:stop] = 0
            clear(chunk, 0 * d, chunk.shape[0])
            for column in range(0, columns, plan.chunk):
                width = min(plan.chunk, columns - column)
                _gather(x, h, h0, reset_h, d, column, width, chunk, plan)
                for tile in range(start, stop):
                    _add(delta, tile, column, width, chunk, plan)
            for tile in range(start, stop):
                _scatter(tile, dw_in, dw, db, plan)


@inner
def _gather(
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    d: int,
    column: int,
    width: int,
    chunk: Array,
    plan: Plan,
) -> None:
    """Copy the operands of direction ``d`` for ``width`` columns, zeros behind them."""
    n, pitch = plan.units, plan.pitch
    if width < plan.chunk:
        clear(chunk, 0 * d, chunk.shape[0])
    if x.size:
        copy_rows(x, d * plan.split, column, chunk, 0 * d, pitch, plan.features, width)
    if plan.plain < plan.rows:
        copy_rows(reset_h, d * n, column, chunk, plan.reset * pitch, pitch, n, width)
    chunk[plan.ones * pitch : plan.ones * pitch + width] = 1
    _gather_before(h, h0, d, column, width, chunk, plan)


@inner
def _gather_before(
    h: Array, h0: Array, d: int, column: int, width: int, chunk: Array, plan: Plan
) -> None:
    """The states that the steps of the chunk start from, run by run of neighbouring columns."""
    _, steps, inner = plan.geometry
    n, pitch, sequence = plan.units, plan.pitch, steps * inner
    done = 0
    while done < width:
        outer, place = divmod(column + done, sequence)
        t, k = divmod(place, inner)
        target = plan.before * pitch + done
        starts = t == (steps - 1 if d else 0)
        if starts:
            run = min(inner - k, width - done)
            if h0.size:
                copy_rows(h0, d * n, outer * inner + k, chunk, target, pitch, n, run)
            else:
                for row in range(n):
                    chunk[target + row * pitch : target + row * pitch + run] = 0
        else:
            run = min((sequence if d == 0 else sequence - inner) - place, width - done)
            source = column + done + (inner if d else -inner)
            copy_rows(h, d * n, source, chunk, target, pitch, n, run)
        done += run


@inner
def _rows_of(tile: int, plan: Plan) -> tuple[int, int, bool]:
    """First gate row of a tile, rows inside, and whether they use the reset states."""
    d, number = divmod(tile, plan.tiles)
    plain_tiles = (plan.plain + ROWS - 1) // ROWS
    candidate = number >= plain_tiles
    first = plan.plain + (number - plain_tiles) * ROWS if candidate else number * ROWS
    end = plan.rows if candidate else plan.plain
    return d * plan.rows + first, min(ROWS, end - first), candidate


@inner
def _add(delta: Array, tile: int, column: int, width: int, chunk: Array, plan: Plan) -> None:
    """Add the products of ROWS rows of ``delta`` with all operands of the chunk to the sums."""
    row, inside, candidate = _rows_of(tile, plan)
    pitch, item, zero = plan.pitch, chunk.itemsize, chunk.dtype.type(0)
    own = plan.delta * pitch
    if inside < ROWS:
        clear(chunk, own, ROWS * pitch)
    copy_rows(delta, row, column, chunk, own, pitch, inside, width)
    base, sums = chunk.ctypes.data, plan.sums[tile].ctypes.data
    offsets, rows = plan.offsets.ctypes.data, base + own * item
    lines = (width * item + LINE_BYTES - 1) // LINE_BYTES
    states = plan.reset if candidate else plan.before
    for operand in range(0, plan.reset + COLUMNS, COLUMNS):
        if operand < plan.before:
            source = operand
        elif operand < plan.reset:
            source = states + operand - plan.before
        else:
            source = plan.ones
        _dot_tile(rows, offsets, base + source * pitch * item, pitch, lines, sums, zero)
        sums += TILE * item


@inner
def _scatter(tile: int, dw_in: Array, dw: Array, db: Array, plan: Plan) -> None:
    """Write the sums of a tile to the gradients."""
    row, inside, _ = _rows_of(tile, plan)
    sums = plan.sums[tile]
    for r in range(inside):
        for c in range(plan.features):
            dw_in[row + r, c] = sums[c // COLUMNS * TILE + r * COLUMNS + c % COLUMNS]
        for c in range(plan.units):
            place = plan.before + c
            dw[row + r, c] = sums[place // COLUMNS * TILE + r * COLUMNS + c % COLUMNS]
        db[row + r, 0] = sums[plan.reset // COLUMNS * TILE + r * COLUMNS]
