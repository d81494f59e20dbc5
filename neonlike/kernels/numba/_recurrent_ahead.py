"""Bring what the next step of a sweep reads and writes to the caches while this one multiplies.

The columns of a panel are short pieces, a row of the arrays apart, so the processor does not
foresee them, and for big arrays a sweep would wait for memory a third of its time. ``expect`` says
once per panel which rows of which arrays each step uses, ``look_ahead`` which step comes next, and
each product of a tile asks ``some_rows`` for a few rows of lines to fetch on its way.

The plan of a thread is a flat array of integers: a header, the distances in bytes of the lines of a
row, and for each range of rows its address, the bytes from row to row, and their number.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._jit import inner

LINE_BYTES = _vector.LINE_BYTES
_LEAST_BYTES = 1 << 20  # smaller arrays stay in the caches by themselves
_RANGES, _LINES, _RANGE, _LINE, _ROW, _SHARE = 0, 1, 2, 3, 4, 5  # header: counts and cursors
_HEADER, _MOST_LINES, _MOST_RANGES = 8, 16, 8
_TABLE = _HEADER + _MOST_LINES
PLAN_SIZE = _TABLE + 3 * _MOST_RANGES

Rows = tuple[int, int, int]  # address, bytes from row to row, rows


@inner
def expect(plan: Array, x: Array, row: int, rows: int, shift: int) -> None:
    """Each step uses ``rows`` rows of ``x`` from ``row`` on, ``shift`` columns from its own."""
    if x.size * x.itemsize >= _LEAST_BYTES and plan[_RANGES] < _MOST_RANGES:
        at = _TABLE + 3 * plan[_RANGES]
        stride = x.shape[1] * x.itemsize
        plan[at] = np.int64(x.ctypes.data) + row * stride + shift * x.itemsize
        plan[at + 1], plan[at + 2] = stride, rows
        plan[_RANGES] += 1


@inner
def look_ahead(
    plan: Array, geometry: Triple, t: int, first: int, width: int, item: int, work: int
) -> None:
    """Fetch step ``t`` from now on, if there is such a step.

    Args:
        plan: of the thread.
        geometry, t: of the sweep; the step.
        first, width: columns of the panel.
        item: bytes of an element.
        work: products of a row of weights with a line that are still to come.
    """
    outer_steps, inner_columns = geometry[1], geometry[2]
    plan[_RANGE : _ROW + 1] = 0
    lines = done = 0
    while 0 <= t < outer_steps and done < width:
        outer, k = divmod(first + done, inner_columns)
        run = min(inner_columns - k, width - done)
        start = ((outer * outer_steps + t) * inner_columns + k) * item
        for line in range(start // LINE_BYTES, (start + run * item - 1) // LINE_BYTES + 1):
            if lines < _MOST_LINES:
                plan[_HEADER + lines] = line * LINE_BYTES
                lines += 1
        done += run
    plan[_LINES] = lines
    total = 0
    for n in range(plan[_RANGES]):
        total += plan[_TABLE + 3 * n + 2] * lines
    plan[_SHARE] = (total << 16) // max(work, 1) + 1


@inner
def some_rows(plan: Array, count: int) -> Rows:
    """What to fetch during ``count`` of the products that ``look_ahead`` was told of."""
    if plan[_RANGE] >= plan[_RANGES] or plan[_LINES] == 0:
        return 0 * count, 0 * count, 0 * count
    at = _TABLE + 3 * plan[_RANGE]
    row, stride = plan[_ROW], plan[at + 1]
    rows = min(((plan[_SHARE] * count) >> 16) + 1, plan[at + 2] - row, count)
    address = plan[at] + row * stride + plan[_HEADER + plan[_LINE]]
    plan[_ROW] += rows
    if plan[_ROW] == plan[at + 2]:
        plan[_ROW] = 0
        plan[_LINE] += 1
        if plan[_LINE] == plan[_LINES]:
            plan[_LINE] = 0
            plan[_RANGE] += 1
    return address, stride, rows
