"""Packed input rows: what fprop, bprop and update of a convolution read instead of x.

x (C,D,H,W,N) has channel strides that are large powers of two, which would map all channels to
the same cache sets. So a group of batch columns of the needed input rows is copied to a ring:

    ring[c][t][slot][position][column]      slot = h % span; span rows are alive at a time

with the zero padding included, followed by one row of zeros, for taps outside the image. Output
rows are made in order, so each of them packs only the rows that its predecessor did not need.
Source: spec performance 2.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba._conv_plan import Plan
from neonlike.kernels.numba._jit import inline, inner
from neonlike.kernels.numba._vector import LINE_BYTES, copy_line

Group = tuple[int, int]  # first column, number of columns


class Work(NamedTuple):
    """How a call is cut into items, and the memory of each thread."""

    groups: Array  # (groups, 2) first column and number of columns
    strips: int  # of output rows
    stride: int  # of the channels in a ring
    rings: Array  # (threads, ring and the caller's own elements)
    offsets: Array  # (threads, channels * taps) where each tap begins in the ring
    alive: Array  # (threads, planes, span) the row in each slot of the ring, -1 for none


def prepare(plan: Plan, x: Array, width: int, taps: int, extra: int, scratch: Scratch) -> Work:
    """Cut the batch into groups of ``width`` columns, the rest being a group of its own.

    A ring is followed by ``extra`` elements for the caller; ``taps`` is the length of the
    table of offsets.
    """
    channels, batch, line = x.shape[0], x.shape[-1], LINE_BYTES // x.itemsize
    threads = numba.get_num_threads()
    first = np.arange(0, batch, width)
    groups = np.stack([first, np.minimum(width, batch - first)], axis=1)
    row = len(plan.fill) * min(width, batch)
    planes = plan.depth.shape[1]
    stride = round_up(planes * plan.span * row, line) | line  # odd multiple: no two channels clash
    size = channels * stride + round_up(row + line, line) + extra
    return Work(
        groups,
        _strips(len(plan.height), len(groups) * len(plan.depth), threads),
        stride,
        scratch("conv rings", (threads, size), x.dtype),
        scratch("conv offsets", (threads, taps), np.int64),
        scratch("conv alive", (threads, planes, plan.span), np.int64),
    )


def round_up(count: int, step: int) -> int:
    """The smallest multiple of ``step`` that is not below ``count``."""
    return -(-count // step) * step


def _strips(rows: int, others: int, threads: int) -> int:
    """In how many strips to cut ``rows``, for an even share of ``rows * others`` items of work.

    Few, since each strip packs the rows at its top anew.
    """
    even = (n for n in range(1, rows + 1) if n * others % threads == 0)
    enough = -(-4 * threads // others)
    return max(1, min(rows, enough, next(even, rows)))


@inline
def fetch_rows(
    x: Array, plan: Plan, m: int, p: int, group: Group, stride: int, ring: Array, alive: Array
) -> None:
    """Pack the rows that output row (m, p) needs and that are not in the ring yet."""
    size = plan.fill.shape[0] * group[1]
    for t in range(plan.depth.shape[1]):
        for r in range(plan.height.shape[1]):
            d, h = plan.depth[m, t], plan.height[p, r]
            slot = h % plan.span
            if d >= 0 and h >= 0 and alive[t, slot] != h:
                alive[t, slot] = h
                pack_row(x, d, h, plan.fill, group, ring, (t * plan.span + slot) * size, stride)


@inner
def pack_row(
    x: Array, d: int, h: int, fill: Array, group: Group, ring: Array, start: int, stride: int
) -> None:
    """Copy row (d, h) of all channels: channel c goes to ``ring[start + c * stride:]``."""
    channels, depth, height, width, batch = x.shape
    first, columns = group
    item = x.itemsize
    for c in range(channels):
        source = (((c * depth + d) * height + h) * width) * batch + first
        target = start + c * stride
        for w in fill:
            if w < 0:
                ring[target : target + columns] = 0
            elif columns * item % LINE_BYTES == 0:
                for n in range(0, columns, LINE_BYTES // item):
                    copy_line(
                        x.ctypes.data + (source + w * batch + n) * item,
                        ring.ctypes.data + (target + n) * item,
                    )
            else:
                for n in range(columns):
                    ring[target + n] = x[c, d, h, w, first + n]
            target += columns


@inline
def set_offsets(
    plan: Plan, m: int, p: int, group: Group, stride: int, channels: int, offsets: Array
) -> None:
    """Where in the ring each (c, t, r, s) begins for output row (m, p)."""
    size = plan.fill.shape[0] * group[1]
    zeros = channels * stride
    i = 0
    for c in range(channels):
        for t in range(plan.depth.shape[1]):
            for r in range(plan.height.shape[1]):
                d, h = plan.depth[m, t], plan.height[p, r]
                row = c * stride + (t * plan.span + h % plan.span) * size
                start = row if d >= 0 and h >= 0 else zeros
                for shift in plan.shift:
                    offsets[i] = start + shift * group[1]
                    i += 1
