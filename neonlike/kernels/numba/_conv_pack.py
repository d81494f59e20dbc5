"""Packed input rows: what fprop, bprop and update of a convolution read instead of x.

x (C,D,H,W,N) has channel strides that are large powers of two, which would map all channels to
the same cache sets. So a group of batch columns of the needed input rows is copied to a ring of
rows, in one of two layouts:

    ring[t][slot][position][channel][column]    lines: the sum over channels reads consecutively
    ring[t][slot][channel][position][column]    flat: columns of consecutive positions are adjacent

with slot = h % span, where span rows are alive at a time. Positions that stand for zero padding
are zero. Output rows are made in order, so each of them packs only the rows that its predecessor
did not need. Source: spec performance 2.2.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba._conv_plan import Plan
from neonlike.kernels.numba._jit import inline, inner
from neonlike.kernels.numba._threads import get_num_threads
from neonlike.kernels.numba._vector import LINE_BYTES, copy_line

PARALLEL_WORK = 1 << 22  # multiply-adds, some 80 us: below, threads cost more than they gain

Group = tuple[int, int]  # first column, number of columns
Strides = tuple[int, int, int]  # of positions, channels, rows in a ring


class Work(NamedTuple):
    """How a call is cut into items, and the memory of each thread."""

    groups: Array  # (groups, 2) first column and number of columns
    strips: int  # of output rows
    rings: Array  # (threads, ring and the caller's own elements)
    alive: Array  # (threads, planes, span) the row in each slot of the ring, -1 for none
    tables: Array  # (threads, rows, columns) for the caller


def round_up(count: int, step: int) -> int:
    """The smallest multiple of ``step`` that is not below ``count``."""
    return -(-count // step) * step


def _flat_strides(plan: Plan, channels: int, columns: int, line: int) -> Strides:
    """Strides of the flat layout; channels are an odd number of lines apart."""
    channel = (plan.positions * columns + line - 1) // line | 1
    return columns, channel * line, channels * channel * line


def _line_strides(plan: Plan, channels: int, columns: int, line: int) -> Strides:
    """Strides of the lines layout, for whole lines of columns."""
    position = channels * columns
    if position % (32 * line) == 0:  # consecutive positions would share their cache sets
        position += line
    return position, columns, plan.positions * position


flat_strides = inline(_flat_strides)
line_strides = inline(_line_strides)


def group_width(plan: Plan, x: Array, least: int, ring_bytes: int) -> int:
    """Columns of a group: wide ones read long pieces of x, but the ring must stay in the cache."""
    lines = max(1, plan.depth.shape[1] * plan.span * plan.positions * x.shape[0])
    line = LINE_BYTES // x.itemsize
    return int(max(round_up(least, line), ring_bytes // (lines * LINE_BYTES) * line))


def prepare(
    plan: Plan,
    x: Array,
    maps: int,
    width: int,
    table: tuple[int, int],
    extra: int,
    scratch: Scratch,
) -> Work:
    """Cut a convolution to ``maps`` output maps into items, and get memory for each thread.

    Groups have ``width`` columns, the rest being a group of its own. Each thread gets a ring,
    followed by ``extra`` elements for the caller, and a ``table``.
    """
    channels, batch, line = x.shape[0], x.shape[-1], LINE_BYTES // x.itemsize
    rows, planes = plan.height.shape[0], plan.depth.shape[1]
    points = plan.depth.shape[0] * rows * plan.w_places.shape[0] * batch
    large = channels * plan.taps.shape[0] * maps * points >= PARALLEL_WORK
    threads = get_num_threads() if large else 1
    groups = _groups(batch, width)
    columns = min(width, batch)
    row = max(f(plan, channels, columns, line)[2] for f in (_flat_strides, _line_strides))
    slack = 2 * line  # tiles at the end of a row read beyond it
    size = round_up(planes * plan.span * row + slack + extra, line)
    return Work(
        groups,
        _strips(rows, len(groups) * plan.depth.shape[0], threads),
        scratch("conv rings", (threads, size), x.dtype),
        scratch("conv alive", (threads, planes, plan.span), np.int64),
        scratch("conv tables", (threads, *table), np.int64),
    )


@functools.lru_cache(maxsize=1024)
def _groups(batch: int, width: int) -> Array:
    first = np.arange(0, batch, width)
    return np.stack([first, np.minimum(width, batch - first)], axis=1)


@functools.lru_cache(maxsize=1024)
def _strips(rows: int, others: int, threads: int) -> int:
    """In how many strips to cut ``rows``, for an even share of ``rows * others`` items of work.

    Few, since each strip packs the rows at its top anew.
    """
    even = (n for n in range(1, rows + 1) if n * others % threads == 0)
    enough = -(-4 * threads // others)
    return max(1, min(rows, enough, next(even, rows)))


@inline
def fetch_rows(
    x: Array, plan: Plan, m: int, p: int, group: Group, strides: Strides, ring: Array, alive: Array
) -> None:
    """Pack the rows that output row (m, p) needs and that are not in the ring yet."""
    for t in range(plan.depth.shape[1]):
        for r in range(plan.height.shape[1]):
            d, h = plan.depth[m, t], plan.height[p, r]
            slot = h % plan.span
            if d >= 0 and h >= 0 and alive[t, slot] != h:
                alive[t, slot] = h
                start = (t * plan.span + slot) * strides[2]
                pack_row(x, d, h, plan.runs, group, strides, ring, start)


@inner
def pack_row(
    x: Array,
    d: int,
    h: int,
    runs: Array,
    group: Group,
    strides: Strides,
    ring: Array,
    start: int,
) -> None:
    """Copy the runs of row (d, h) of all channels to the ring, from ``start`` on."""
    channels, depth, height, width, batch = x.shape
    first, columns = group
    item = x.itemsize
    line = LINE_BYTES // item
    apart = strides[0] * item
    for c in range(channels):
        for run in range(runs.shape[0]):
            position, left, count, step = runs[run, 0], runs[run, 1], runs[run, 2], runs[run, 3]
            w = (((c * depth + d) * height + h) * width + left) * batch + first
            source, stride = x.ctypes.data + w * item, step * batch * item
            at = start + c * strides[1] + position * strides[0]
            target = ring.ctypes.data + at * item
            if columns % line == 0:
                for n in range(0, columns * item, LINE_BYTES):
                    for i in range(count):
                        copy_line(source + n + i * stride, target + n + i * apart)
            else:
                for i in range(count):
                    for n in range(columns):
                        ring[at + i * strides[0] + n] = x[c, d, h, left + i * step, first + n]
