"""Weight gradient: scalar products of packed input rows with packed error rows.

    dw[c,t,r,s,k] = alpha * sum_{m,p,q,n} x[c, read(m,p,q; t,r,s), n] err[k,m,p,q,n] + beta * dw

Layout: x (C,D,H,W,N), err (K,M,P,Q,N), dw (C,T,R,S,K). One item is a group of batch columns and a
strip of output rows. The input row of a tap (c,t,r,s) is a contiguous piece of the ring that
begins at its offset, as long as the packed error row (q, n); so a ``dot_tile`` of taps times
output maps runs along both. Each thread adds into sums[block of k][tap][k of the block] of its
own; the order of all additions depends on the number of threads only. Source: spec performance 2.2.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._conv_pack import (
    Work,
    fetch_rows,
    pack_row,
    prepare,
    round_up,
    set_offsets,
)
from neonlike.kernels.numba._conv_plan import Plan
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share

LINE_BYTES = _vector.LINE_BYTES
ROWS, COLUMNS = _vector.DOT_ROWS, _vector.DOT_COLUMNS
dot_tile = _vector.dot_tile(ROWS, COLUMNS)

LENGTH = 512  # elements of a scalar product that make up for the final sum over lanes


def gradient(
    plan: Plan, x: Array, err: Array, out: Array, alpha: float, beta: float, scratch: Scratch
) -> None:
    """Gradient of the weights ``out`` (C, T, R, S, K), by the tables of a forward plan."""
    outputs, batch, line = len(err), err.shape[-1], LINE_BYTES // x.itemsize
    width = round_up(-(-LENGTH // err.shape[3]), line)
    taps = len(x) * len(plan.taps)
    row = round_up(err.shape[3] * min(width, batch), line) + line  # avoids powers of two
    maps = round_up(outputs, COLUMNS)
    work = prepare(plan, x, width, round_up(taps, ROWS), maps * row + line, scratch)
    sums = scratch(
        "conv sums", (len(work.rings), maps // COLUMNS, round_up(taps, ROWS), COLUMNS), x.dtype
    )
    positions = np.arange(err.shape[3])
    accumulate(plan, work, x, err, positions, row, sums)
    finish(sums, out.reshape(taps, outputs), alpha, beta)


@jit
def accumulate(
    plan: Plan, work: Work, x: Array, err: Array, positions: Array, row: int, sums: Array
) -> None:
    """Share the items (group of columns, output plane, strip of output rows) among threads."""
    share(accumulate_part, work.rings.shape[0], (plan, work, x, err, positions, row, sums))


@inner
def accumulate_part(
    part: int, plan: Plan, work: Work, x: Array, err: Array, positions: Array, row: int, sums: Array
) -> None:
    """Add up the items of thread ``part`` in ``sums[part]``."""
    work.rings[part, :] = 0  # rows are read beyond their end, where the errors are 0
    work.offsets[part, :] = 0
    sums[part, :] = 0
    items = work.groups.shape[0] * plan.depth.shape[0] * work.strips
    for item in range(part, items, work.rings.shape[0]):
        add_strip(plan, work, part, item, x, err, positions, row, sums[part])


@inline
def add_strip(
    plan: Plan,
    work: Work,
    part: int,
    item: int,
    x: Array,
    err: Array,
    positions: Array,
    row: int,
    sums: Array,
) -> None:
    ring, offsets, alive = work.rings[part], work.offsets[part], work.alive[part]
    number, rest = divmod(item, plan.depth.shape[0] * work.strips)
    m, strip = divmod(rest, work.strips)
    group = work.groups[number, 0], work.groups[number, 1]
    rows = plan.height.shape[0]
    size = positions.shape[0] * group[1]
    lines = (size * x.itemsize + LINE_BYTES - 1) // LINE_BYTES
    errors = ring.shape[0] - sums.shape[0] * COLUMNS * row
    for k in range(err.shape[0]):  # a shorter group before may have left errors beyond the end
        ring[errors + k * row + size : errors + (k + 1) * row] = 0
    alive[:] = -1
    for p in range(rows * strip // work.strips, rows * (strip + 1) // work.strips):
        fetch_rows(x, plan, m, p, group, work.stride, ring, alive)
        set_offsets(plan, m, p, group, work.stride, x.shape[0], offsets)
        pack_row(err, m, p, positions, group, ring, errors, row)
        add_row(ring, offsets, errors, row, lines, sums)


@inline
def add_row(ring: Array, offsets: Array, errors: int, row: int, lines: int, sums: Array) -> None:
    """Add the products of one output row; error rows of ``lines`` lines begin at ``errors``."""
    item = ring.itemsize
    like = ring.dtype.type(0)
    blocks, taps, _ = sums.shape
    for block in range(blocks):
        y = ring.ctypes.data + (errors + block * COLUMNS * row) * item
        for i in range(0, taps, ROWS):
            target = sums.ctypes.data + (block * taps + i) * COLUMNS * item
            reads = offsets.ctypes.data + i * offsets.itemsize
            dot_tile(ring.ctypes.data, reads, y, row, lines, target, like)


@jit
def finish(sums: Array, out: Array, alpha: float, beta: float) -> None:
    """Add the threads' ``sums`` in order; ``out`` (taps, K) = ``alpha * sum + beta * out``."""
    factor, keep = out.dtype.type(alpha), out.dtype.type(beta)
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            total = out.dtype.type(0)
            for part in range(sums.shape[0]):
                total += sums[part, k // COLUMNS, i, k % COLUMNS]
            out[i, k] = factor * total if beta == 0 else factor * total + keep * out[i, k]
