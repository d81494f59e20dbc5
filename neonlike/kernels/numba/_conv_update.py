"""Weight gradient: scalar products of packed input rows with packed error rows.

    dw[c,t,r,s,k] = alpha * sum_{m,p,q,n} x[c, read(m,p,q; t,r,s), n] err[k,m,p,q,n] + beta * dw

Layout: x (C,D,H,W,N), err (K,M,P,Q,N), dw (C,T,R,S,K). One item is a group of batch columns and a
strip of output rows. The input row of a tap (t,r,c,s) is a contiguous piece of the flat ring that
begins at its offset, as long as the packed error row (q, n); so a ``dot_tile`` of taps times
output maps runs along both. Taps whose row lies outside the image are left out. Each thread adds
into sums[block of k][tap][k of the block] of its own; the order of all additions depends on the
number of threads only. Source: spec performance 2.2.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._conv_pack import (
    Group,
    Strides,
    Work,
    fetch_rows,
    flat_strides,
    group_width,
    pack_row,
    prepare,
    round_up,
)
from neonlike.kernels.numba._conv_plan import Plan
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share

LINE_BYTES = _vector.LINE_BYTES
ROWS, COLUMNS = _vector.DOT_ROWS, _vector.DOT_COLUMNS
dot_tile = _vector.dot_tile(ROWS, COLUMNS)

LENGTH = 512  # elements of a scalar product that make up for the final sum over lanes
CHUNK = 64  # lines of a scalar product: its rows of errors stay in the first cache
RING_BYTES = 512 << 10  # share of the second cache


def gradient(
    plan: Plan, x: Array, err: Array, out: Array, alpha: float, beta: float, scratch: Scratch
) -> None:
    """Gradient of the weights ``out`` (C, T, R, S, K), by the tables of a forward plan."""
    outputs, _, _, width, batch = err.shape
    line = LINE_BYTES // x.itemsize
    group = group_width(plan, x, -(-LENGTH // width), RING_BYTES)
    row = round_up(width * min(group, batch), line) + line  # avoids powers of two
    maps, taps = round_up(outputs, COLUMNS), len(x) * len(plan.taps)
    work = prepare(plan, x, outputs, group, (1, round_up(taps, ROWS)), (maps + 1) * row, scratch)
    shape = (len(work.rings), maps // COLUMNS, round_up(taps, ROWS) + ROWS, COLUMNS)
    sums = scratch("conv sums", shape, x.dtype)
    launch(accumulate, plan, work, x, err, np.array([[0, 0, width, 1]]), row, sums)
    weights = out.reshape(len(x), -1, len(plan.shift), outputs)
    launch(finish, sums, weights, float(alpha), float(beta))


@jit
def accumulate(
    plan: Plan, work: Work, x: Array, err: Array, runs: Array, row: int, sums: Array
) -> None:
    """Share the items (group of columns, output plane, strip of output rows) among threads."""
    share(accumulate_part, work.rings.shape[0], (plan, work, x, err, runs, row, sums))


@inner
def accumulate_part(
    part: int, plan: Plan, work: Work, x: Array, err: Array, runs: Array, row: int, sums: Array
) -> None:
    """Add up the items of thread ``part`` in ``sums[part]``; error rows are ``row`` apart."""
    sums[part, :] = 0
    zeros = 0  # for this number of columns, padding and ends of rows are zero
    items = work.groups.shape[0] * plan.depth.shape[0] * work.strips
    for item in range(part, items, work.rings.shape[0]):
        number, rest = divmod(item, plan.depth.shape[0] * work.strips)
        m, strip = divmod(rest, work.strips)
        group = work.groups[number, 0], work.groups[number, 1]
        if zeros != group[1]:
            work.rings[part, :] = 0
            zeros = group[1]
        add_strip(plan, work, part, m, strip, group, x, err, runs, row, sums[part])


@inline
def add_strip(
    plan: Plan,
    work: Work,
    part: int,
    m: int,
    strip: int,
    group: Group,
    x: Array,
    err: Array,
    runs: Array,
    row: int,
    sums: Array,
) -> None:
    """A strip of rows of output plane ``m``, for one group of columns."""
    ring, alive, offsets = work.rings[part], work.alive[part], work.tables[part, 0]
    line, columns = LINE_BYTES // x.itemsize, group[1]
    size = plan.w_places.shape[0] * columns
    lines = (size + line - 1) // line
    strides = flat_strides(plan, x.shape[0], columns, line)
    in_place = columns == err.shape[4] and size % line == 0 and err.shape[0] % COLUMNS == 0
    errors = ring.shape[0] - sums.shape[0] * COLUMNS * row
    rows = plan.height.shape[0]
    alive[:] = -1
    for p in range(rows * strip // work.strips, rows * (strip + 1) // work.strips):
        fetch_rows(x, plan, m, p, group, strides, ring, alive)
        if in_place:
            y = err.ctypes.data + (m * rows + p) * size * x.itemsize
            apart = err.shape[1] * rows * size
        else:
            pack_row(err, m, p, runs, group, (columns, row, row), ring, errors)
            y, apart = ring.ctypes.data + errors * x.itemsize, row
        for t in range(plan.depth.shape[1]):
            if plan.depth[m, t] >= 0:
                tap, count = set_offsets(plan, t, p, strides, x.shape[0], errors - row, offsets)
                add_products(ring, offsets, tap, count, y, apart, lines, sums)


@inline
def set_offsets(
    plan: Plan, t: int, p: int, strides: Strides, channels: int, zeros: int, offsets: Array
) -> tuple[int, int]:
    """Where the taps (r, c, s) of plane t begin in the ring; from which tap on, and how many.

    Only rows in the image count. The list is filled up with the row of ``zeros``.
    """
    rows = plan.height.shape[1]
    first, count = 0, 0
    for r in range(rows):
        h = plan.height[p, r]
        if h >= 0:
            if count == 0:
                first = r
            start = (t * plan.span + h % plan.span) * strides[2]
            for c in range(channels):
                for shift in plan.shift:
                    offsets[count] = start + c * strides[1] + shift * strides[0]
                    count += 1
    for i in range(count, (count + ROWS - 1) // ROWS * ROWS):
        offsets[i] = zeros
    return (t * rows + first) * channels * plan.shift.shape[0], count


@inline
def add_products(
    ring: Array,
    offsets: Array,
    tap: int,
    count: int,
    errors: int,
    apart: int,
    lines: int,
    sums: Array,
) -> None:
    """Multiply ``count`` input rows with all error rows, ``apart``, from address ``errors`` on."""
    item, like = ring.itemsize, ring.dtype.type(0)
    chunks = (lines + CHUNK - 1) // CHUNK
    for block in range(sums.shape[0]):
        for chunk in range(chunks):
            first, last = lines * chunk // chunks, lines * (chunk + 1) // chunks
            x = ring.ctypes.data + first * LINE_BYTES
            y = errors + block * COLUMNS * apart * item + first * LINE_BYTES
            for i in range(0, count, ROWS):
                target = sums.ctypes.data + (block * sums.shape[1] + tap + i) * COLUMNS * item
                reads = offsets.ctypes.data + i * offsets.itemsize
                dot_tile(x, reads, y, apart, last - first, target, like)


@jit
def finish(sums: Array, out: Array, alpha: float, beta: float) -> None:
    """Add the threads' ``sums`` in order; ``out`` (C, T*R, S, K) = ``alpha * sum + beta * out``."""
    channels, rows, taps, maps = out.shape
    factor, keep = out.dtype.type(alpha), out.dtype.type(beta)
    for c in range(channels):
        for row in range(rows):
            for s in range(taps):
                i = (row * channels + c) * taps + s
                for k in range(maps):
                    total = out.dtype.type(0)
                    for part in range(sums.shape[0]):
                        total += sums[part, k // COLUMNS, i, k % COLUMNS]
                    total *= factor
                    out[c, row, s, k] = total if beta == 0 else total + keep * out[c, row, s, k]
