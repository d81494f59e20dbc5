"""Direct convolution: packed input rows times packed weights, in tiles of one line of columns.

    out[k, place(u), n] = beta * out + after(sum_{c,tap} weights[c,tap,k] * x[c, read(u,tap), n])

with ``after(y) = y + bias[k]``, times a slope where that is negative. The tables of a plan say what
u reads and where it goes, so that this serves fprop and each phase of bprop. Layout: x (C,D,H,W,N),
out (K,M,P,Q,N), a packed row (position, column).

For each group of columns, output plane m and strip of output rows p: pack the missing input rows,
then for each block of output channels (weights stay in the first cache) run along the row, one
``broadcast_tile`` for 64 bytes of (q, n). Taps outside the image are left out of a tile's segments.
A group that is no multiple of a tile lies flat, so that a tile spans several q, and is scattered
from a small buffer. Source: spec performance 2.1, 2.2.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._memory import STREAM_BYTES, address
from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba import _vector
from neonlike.kernels.numba._conv_pack import (
    Group,
    Strides,
    Work,
    fetch_rows,
    flat_strides,
    group_width,
    line_strides,
    prepare,
)
from neonlike.kernels.numba._conv_plan import Plan
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share

LINE_BYTES = _vector.LINE_BYTES
WIDE, HALF, QUARTER = _vector.WIDE, _vector.HALF, _vector.QUARTER
wide_tile = _vector.broadcast_tile(WIDE, rectifies=True)
half_tile = _vector.broadcast_tile(HALF, rectifies=True)
quarter_tile = _vector.broadcast_tile(QUARTER, rectifies=True)

RING_BYTES = 256 << 10  # share of the second cache; weights and outputs pass through it too

After = tuple[Array, float]  # biases, slope


def direct(
    plan: Plan,
    x: Array,
    w: Array,
    out: Array,
    alpha: float,
    beta: float,
    scratch: Scratch,
    *,
    bias: Array | None = None,
    slope: float = 1.0,
    swap: bool = False,
) -> None:
    """Convolve x with w (C, T, R, S, K) by the tables of ``plan``; with ``swap`` K are inputs."""
    line, maps = LINE_BYTES // x.itemsize, len(out)
    taps = len(x) * len(plan.taps)
    rows = row_blocks(maps)
    packed = scratch("conv weights", (int(rows[-1].sum()) * taps,), x.dtype)
    width = group_width(plan, x, line, RING_BYTES)
    work = prepare(plan, x, maps, width, (len(plan.taps), 3), WIDE * line, scratch)
    w = w.reshape(len(w), -1, w.shape[-1])
    after = biases(bias, maps, scratch, x.dtype), float(slope)
    arguments = plan, work, x, w, swap, packed, rows, out
    launch(convolve, *arguments, float(alpha), float(beta), after, streams(out))


def biases(bias: Array | None, maps: int, scratch: Scratch, dtype: np.dtype[Any]) -> Array:
    """The biases (maps, 1), zeros if there are none, as long as the rows of all tiles together."""
    if bias is None:
        return _no_biases(maps + WIDE, dtype)
    padded = scratch("conv bias", (maps + WIDE,), dtype)
    launch(_pad, bias, padded)
    return padded


def _pad(bias: Array, padded: Array) -> None:
    padded[: len(bias)], padded[len(bias) :] = bias[:, 0], 0


@functools.lru_cache(maxsize=1024)
def _no_biases(count: int, dtype: np.dtype[Any]) -> Array:
    return np.zeros(count, dtype)


def streams(out: Array) -> bool:
    """Whether whole lines of ``out`` should be stored past the caches."""
    if out.nbytes < STREAM_BYTES:
        return False
    row = out.shape[-1] * out.itemsize
    return row % LINE_BYTES == 0 and address(out) % LINE_BYTES == 0


@functools.lru_cache(maxsize=1024)
def row_blocks(maps: int) -> Array:
    """Cut the output maps into (first, rows) blocks; the last may reach beyond the end."""
    rest = -(-maps // QUARTER) * QUARTER
    heights: list[int] = []
    while rest > 0:
        heights.append(next((h for h in (WIDE, HALF) if h <= rest), QUARTER))
        rest -= heights[-1]
    return np.stack([np.cumsum([0, *heights[:-1]]), heights], axis=1)


@functools.lru_cache(maxsize=1024)
def blocks_end(maps: int) -> int:
    """Where the last of the ``row_blocks`` ends."""
    return int(row_blocks(maps)[-1].sum())


@inner
def pack_weights(
    part: int,
    parts: int,
    w: Array,
    swap: bool,
    taps: Array,
    blocks: Array,
    alpha: float,
    packed: Array,
) -> None:
    """Order ``alpha * w`` by (block, tap, input channel, row of the block), zeros beyond the end.

    ``w`` is (C, taps, K); with ``swap`` K are the input channels, else C.
    """
    for n in range(part, taps.shape[0], parts):
        if swap:
            pack_swapped_tap(w, taps[n], n, taps.shape[0], blocks, alpha, packed)
        else:
            pack_tap(w, taps[n], n, taps.shape[0], blocks, alpha, packed)


@inline
def pack_tap(
    w: Array, tap: int, n: int, taps: int, blocks: Array, alpha: float, packed: Array
) -> None:
    """Pack the ``n``-th of ``taps`` taps; rows of ``w`` are read from front to end."""
    inputs, _, outputs = w.shape
    factor = packed.dtype.type(alpha)
    for c in range(inputs):
        for b in range(blocks.shape[0]):
            first, rows = blocks[b, 0], blocks[b, 1]
            start = first * taps * inputs + (n * inputs + c) * rows
            inside = min(rows, outputs - first)
            for k in range(inside):
                packed[start + k] = factor * w[c, tap, first + k]
            for k in range(inside, rows):
                packed[start + k] = 0


@inline
def pack_swapped_tap(
    w: Array, tap: int, n: int, taps: int, blocks: Array, alpha: float, packed: Array
) -> None:
    """Pack the ``n``-th of ``taps`` taps; the rows of a block are read side by side."""
    outputs, _, inputs = w.shape
    factor = packed.dtype.type(alpha)
    for b in range(blocks.shape[0]):
        first, rows = blocks[b, 0], blocks[b, 1]
        start = first * taps * inputs + n * inputs * rows
        inside = min(rows, outputs - first)
        for c in range(inputs):
            for k in range(inside):
                packed[start + c * rows + k] = factor * w[first + k, tap, c]
            for k in range(inside, rows):
                packed[start + c * rows + k] = 0


@jit
def convolve(
    plan: Plan,
    work: Work,
    x: Array,
    w: Array,
    swap: bool,
    packed: Array,
    blocks: Array,
    out: Array,
    alpha: float,
    beta: float,
    after: After,
    stream: bool,
) -> None:
    """Pack the weights; then share the items (group of columns, output plane, strip of rows)."""
    parts = work.rings.shape[0]
    share(pack_weights, parts, (parts, w, swap, plan.taps, blocks, alpha, packed))
    share(convolve_part, parts, (plan, work, x, packed, blocks, out, beta, after, stream))


@inner
def convolve_part(
    part: int,
    plan: Plan,
    work: Work,
    x: Array,
    weights: Array,
    blocks: Array,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
) -> None:
    """The items of thread ``part``."""
    zeros = 0  # for this number of columns, the padding in the ring is zero
    items = work.groups.shape[0] * plan.depth.shape[0] * work.strips
    for item in range(part, items, work.rings.shape[0]):
        number, rest = divmod(item, plan.depth.shape[0] * work.strips)
        m, strip = divmod(rest, work.strips)
        group = work.groups[number, 0], work.groups[number, 1]
        if zeros != group[1]:
            work.rings[part, :] = 0
            zeros = group[1]
        convolve_strip(
            plan, work, part, m, strip, group, x, weights, blocks, out, beta, after, stream
        )


@inline
def convolve_strip(
    plan: Plan,
    work: Work,
    part: int,
    m: int,
    strip: int,
    group: Group,
    x: Array,
    weights: Array,
    blocks: Array,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
) -> None:
    """A strip of rows of output plane ``m``, for one group of columns."""
    ring, alive, segments = work.rings[part], work.alive[part], work.tables[part]
    channels, columns = x.shape[0], group[1]
    line = LINE_BYTES // x.itemsize
    flat = columns % line != 0
    strides = line_strides(plan, channels, columns, line)
    if flat:
        strides = flat_strides(plan, channels, columns, line)
    rows, outputs, taps = plan.height.shape[0], plan.w_places.shape[0], plan.shift.shape[0]
    alive[:] = -1
    for p in range(rows * strip // work.strips, rows * (strip + 1) // work.strips):
        fetch_rows(x, plan, m, p, group, strides, ring, alive)
        place = plan.d_places[m], plan.h_places[p]
        q = 0
        while q < outputs:  # runs of outputs that meet the same taps
            low, high, stop = 0, taps, outputs
            if not flat:
                low, high, stop = plan.reach[q, 0], plan.reach[q, 1], q + 1
                while stop < outputs and plan.reach[stop, 0] == low and plan.reach[stop, 1] == high:
                    stop += 1
            count = set_segments(plan, m, p, low, high, strides, channels, segments)
            convolve_run(
                ring,
                segments,
                count,
                strides,
                weights,
                plan.taps.shape[0] * channels,
                blocks,
                group,
                place,
                plan.w_places,
                q,
                stop,
                out,
                beta,
                after,
                stream,
            )
            q = stop


@inline
def set_segments(
    plan: Plan,
    m: int,
    p: int,
    low: int,
    high: int,
    strides: Strides,
    channels: int,
    segments: Array,
) -> int:
    """List what the taps ``low`` to ``high`` of each row of a window read; return how many."""
    rows, taps = plan.height.shape[1], plan.shift.shape[0]
    last = -1
    for t in range(plan.depth.shape[1]):
        for r in range(rows):
            d, h = plan.depth[m, t], plan.height[p, r]
            if d < 0 or h < 0:
                continue
            start = (t * plan.span + h % plan.span) * strides[2]
            for s in range(low, high):
                weight = ((t * rows + r) * taps + s) * channels
                at = start + plan.shift[s] * strides[0]
                length = segments[last, 2]
                follows = weight == segments[last, 0] + length
                if last >= 0 and follows and at == segments[last, 1] + length * strides[1]:
                    segments[last, 2] += channels
                else:
                    last += 1
                    segments[last, 0] = weight
                    segments[last, 1] = at
                    segments[last, 2] = channels
    return last + 1


@inline
def convolve_run(
    ring: Array,
    segments: Array,
    count: int,
    strides: Strides,
    weights: Array,
    taps: int,
    blocks: Array,
    group: Group,
    place: Group,
    w_places: Array,
    low: int,
    high: int,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
) -> None:
    """The outputs ``low`` to ``high`` of row ``place`` (d, h), of all channels."""
    outputs, depth, height, width, batch = out.shape
    first, columns = group
    item, line, zero = out.itemsize, LINE_BYTES // out.itemsize, out.dtype.type(0)
    stride = depth * height * width * batch
    start = (place[0] * height + place[1]) * width * batch + first
    size = w_places.shape[0] * columns
    whole = columns == batch and w_places.shape[0] == width  # the row is contiguous in out
    buffer = ring.ctypes.data + (ring.shape[0] - WIDE * line) * item
    reads, slope = segments.ctypes.data, out.dtype.type(after[1])
    for b in range(blocks.shape[0]):
        k, rows = blocks[b]
        w = weights.ctypes.data + k * taps * item
        then = after[0].ctypes.data + k * item, slope
        for j in range(low * columns, high * columns, line):
            fits = k + rows <= outputs and (columns % line == 0 or (whole and j + line <= size))
            q, n = j // columns, j % columns
            at = start + k * stride + w_places[q] * batch + n
            x = ring.ctypes.data + (q * strides[0] + n) * item
            y = out.ctypes.data + at * item if fits else buffer
            step = stride if fits else line
            factor = out.dtype.type(beta) if fits else zero
            past = stream and fits
            if rows == WIDE:
                wide_tile(w, x, strides[1], reads, count, y, step, factor, past, then, zero)
            elif rows == HALF:
                half_tile(w, x, strides[1], reads, count, y, step, factor, past, then, zero)
            else:
                quarter_tile(w, x, strides[1], reads, count, y, step, factor, past, then, zero)
            if not fits:
                scatter(ring, k, min(rows, outputs - k), j, group, place, w_places, out, beta)


@inline
def scatter(
    ring: Array,
    k: int,
    rows: int,
    j: int,
    group: Group,
    place: Group,
    w_places: Array,
    out: Array,
    beta: float,
) -> None:
    """Copy ``rows`` rows of the tile at (k, j) from the buffer at the end of ``ring``."""
    line = LINE_BYTES // out.itemsize
    buffer = ring.shape[0] - WIDE * line
    first, columns = group
    factor = out.dtype.type(beta)
    for at in range(j, min(j + line, w_places.shape[0] * columns)):
        w, n = w_places[at // columns], first + at % columns
        for row in range(rows):
            value = ring[buffer + row * line + at - j]
            if beta != 0:
                value += factor * out[k + row, place[0], place[1], w, n]
            out[k + row, place[0], place[1], w, n] = value
