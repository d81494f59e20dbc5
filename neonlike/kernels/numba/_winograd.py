"""Winograd convolution: 3x3 or 5x5 filters, stride 1, in a half to a quarter of the products.

    out[k] = outputs( sum_c filters(w[c, :, :, k]) * inputs(x[c]) )

on tiles of m x m outputs (m = 2 or 4 for 3x3, 4 for 5x5), with the linear maps of
``_winograd_transform``. Layout: x (C,1,H,W,N), w (C,1,R,R,K), out (K,1,P,Q,N); backwards, x is the
error, C and K change places and the filter is turned by half a circle.

A *unit* is one tile of one line (64 bytes) of batch columns. A few units at a time, so that all of
it stays in the second cache: transform the inputs of all channels to points[point][unit][c][line];
then, for each block of output maps, one ``broadcast_tile`` over c per point to
products[point][unit][k][line], and transform these to the result. Products are written in the order
of their places: if they jumped, the core would fetch ahead what another thread writes. Lines of
inputs are found by a table of addresses, outside the image that of zeros; outputs beyond the image
or the batch go through a patch of memory. Source: spec performance 2.2.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba import _vector, _winograd_transform
from neonlike.kernels.numba._conv_direct import After, biases, blocks_end, row_blocks, streams
from neonlike.kernels.numba._conv_pack import PARALLEL_WORK, round_up
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._threads import get_num_threads
from neonlike.kernels.numba._vector import copy_line

LINE_BYTES = _vector.LINE_BYTES
WIDE, HALF = _vector.WIDE, _vector.HALF
wide_tile = _vector.broadcast_tile(WIDE)
half_tile = _vector.broadcast_tile(HALF)
quarter_tile = _vector.broadcast_tile(_vector.QUARTER)
transform = _winograd_transform.transform
inputs_4 = transform(_winograd_transform.inputs_4, 4)
inputs_6 = transform(_winograd_transform.inputs_6, 6)
inputs_8 = transform(_winograd_transform.inputs_8, 8)
filters_2x3 = transform(_winograd_transform.filters_2x3, 3)
filters_4x3 = transform(_winograd_transform.filters_4x3, 3)
filters_4x5 = transform(_winograd_transform.filters_4x5, 5)
outputs_2x3 = transform(_winograd_transform.outputs_2x3, 4, rectifies=True)
outputs_4x3 = transform(_winograd_transform.outputs_4x3, 6, rectifies=True)
outputs_4x5 = transform(_winograd_transform.outputs_4x5, 8, rectifies=True)
stream_2x3 = transform(_winograd_transform.outputs_2x3, 4, stream=True, rectifies=True)
stream_4x3 = transform(_winograd_transform.outputs_4x3, 6, stream=True, rectifies=True)
stream_4x5 = transform(_winograd_transform.outputs_4x5, 8, stream=True, rectifies=True)

fetch_listed = _winograd_transform.fetch_listed
fetch_outputs = _winograd_transform.fetch(4, write=True)
POINTS_BYTES = 640 << 10  # share of the second cache
MOST_UNITS = 4  # that share the weights in the first cache
# Measured times, in those of a direct product, for each point of a unit, by (size, taps): of a
# product, of the transform of an input and of that of an output.
EFFORT = {(2, 3): (1.2, 5.0, 6.0), (4, 3): (1.15, 7.0, 8.5), (4, 5): (1.5, 6.5, 6.6)}

Unit = tuple[int, int, int]  # first input row, first input column, first batch column


class Tiling(NamedTuple):
    """How a call is cut into units, and where they lie in the memory of a thread, in elements."""

    size: int  # of a tile of outputs
    taps: int  # of a filter along an axis
    side: int  # of a tile of inputs
    pad_h: int
    pad_w: int
    rows: int  # of tiles
    columns: int  # of tiles
    lines: int  # of batch columns
    together: int  # units that are worked on together
    point: int  # size of a point of a unit
    products: int  # where the products begin
    patch: int  # where the patch begins
    zeros: int  # where a line of zeros begins


def winograd(
    size: int,
    x: Array,
    w: Array,
    out: Array,
    pad: tuple[int, ...],
    alpha: float,
    beta: float,
    scratch: Scratch,
    *,
    bias: Array | None = None,
    slope: float = 1.0,
    swap: bool = False,
) -> None:
    """Convolve x with w (C, 1, R, R, K) in tiles of ``size``; with ``swap`` backwards."""
    channels, maps, line = len(x), len(out), LINE_BYTES // x.itemsize
    tiling = tile(size, w.shape[2], channels, WIDE | 1, out.shape, pad, line)
    points = tiling.side**2
    work = points * channels * maps * tiling.rows * tiling.columns * tiling.lines * line
    threads = get_num_threads() if work >= PARALLEL_WORK else 1
    blocks = row_blocks(maps)
    room = scratch("winograd room", (threads, apart(tiling.zeros + line, x.itemsize)), x.dtype)
    places = scratch("winograd places", (threads, MOST_UNITS, 2, points), np.int64)
    filters = scratch("winograd filters", (blocks_end(maps) * points * channels,), x.dtype)
    segment = _segment(channels)
    weights = w.reshape(len(w), w.shape[2] ** 2, -1)
    after = biases(bias, maps, scratch, x.dtype), float(slope)
    stream = streams(out)
    launch(
        convolve,
        tiling,
        weights,
        swap,
        float(alpha),
        filters,
        x,
        blocks,
        segment,
        out,
        float(beta),
        after,
        stream,
        room,
        places,
    )


@functools.lru_cache(maxsize=1024)
def _segment(channels: int) -> Array:
    """What a tile sums over: all channels."""
    return np.array([0, 0, channels])


def tile_size(
    x: Array,
    w: Array,
    out: Array,
    pad: Triple,
    stride: Triple,
    dil: Triple,
    grain: int = _vector.QUARTER,
) -> int:
    """The size of tiles with which Winograd's algorithm beats the direct one; 0 if it does not.

    It works on ``grain`` output maps at a time.
    """
    ones = (1, 1, 1)
    fits = w.shape[1:4] in ((1, 3, 3), (1, 5, 5)) and stride == dil == ones
    flat = pad[0] == 0 and x.shape[1] == 1
    if not fits or not flat or x.dtype != np.float32:
        return 0
    maps = len(x), len(out), round_up(len(out), grain)
    return _best_size(w.shape[2], maps, x.shape[2:], out.shape[2:4], pad[1:])


@functools.lru_cache(maxsize=1024)
def _best_size(
    taps: int,
    maps: Triple,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    pad: tuple[int, ...],
) -> int:
    """Compare the times; ``maps`` are those of the input, of the output, and the latter padded."""
    channels, wanted, done = maps
    height, width, batch = inputs
    line = LINE_BYTES // 4
    lines = -(-batch // line)
    reads = [
        sum(max(0, min(u - p + taps, size) - max(u - p, 0)) for u in range(count))
        for size, count, p in zip((height, width), outputs, pad, strict=True)
    ]
    # the direct kernel leaves padding out
    costs = {0: channels * wanted * reads[0] * reads[1] * batch / line}
    for (size, served), (product, read, write) in EFFORT.items():
        if served == taps:
            points = (size + taps - 1) ** 2 * lines
            points *= -(-outputs[0] // size) * -(-outputs[1] // size)
            each = channels * done * product + channels * read + done * write
            costs[size] = points * each
    return min(costs, key=lambda size: costs[size])


@functools.lru_cache(maxsize=1024)
def tile(
    size: int,
    taps: int,
    channels: int,
    lines: int,
    outputs: tuple[int, ...],
    pad: tuple[int, ...],
    line: int,
) -> Tiling:
    """Cut a call into units; each has ``lines`` lines per point in the memory for products."""
    _, _, height, width, batch = outputs
    side = size + taps - 1
    points = side**2
    point = (channels | 1) * line  # odd: points lie in different cache sets
    together = max(1, min(MOST_UNITS, POINTS_BYTES // (points * point * 4)))
    products = together * points * point
    patch = products + together * points * lines * line
    grid = -(-height // size), -(-width // size), -(-batch // line)
    zeros = patch + points * line
    return Tiling(size, taps, side, pad[0], pad[1], *grid, together, point, products, patch, zeros)


@jit
def convolve(
    tiling: Tiling,
    w: Array,
    swap: bool,
    alpha: float,
    filters: Array,
    x: Array,
    blocks: Array,
    segment: Array,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
    room: Array,
    places: Array,
) -> None:
    """Share the filters, then the units, among threads; one kernel, since it compiles faster."""
    threads, channels = room.shape[0], x.shape[0]
    share(transform_filters, threads, (tiling, w, swap, channels, blocks, alpha, room, filters))
    args = tiling, x, filters, blocks, segment, out, beta, after, stream, room, places
    share(convolve_part, threads, args)


@inner
def transform_filters(
    part: int,
    tiling: Tiling,
    w: Array,
    swap: bool,
    channels: int,
    blocks: Array,
    alpha: float,
    room: Array,
    filters: Array,
) -> None:
    """Transform ``alpha * w`` (C, R*R, K) to filters[block of k][point][c][k of the block]."""
    parts, line, zero = room.shape[0], LINE_BYTES // w.itemsize, w.dtype.type(0)
    maps = w.shape[0] if swap else w.shape[2]
    points, item, across = tiling.side**2, w.itemsize, tiling.taps * line
    taps, results = room[part, : tiling.taps * across], room[part, tiling.taps * across :]
    for b in range(blocks.shape[0]):
        first, rows = blocks[b]
        inside = min(rows, maps - first)
        taps[:] = 0
        for c in range(channels * part // parts, channels * (part + 1) // parts):
            gather_taps(w, swap, c, first, inside, alpha, taps)
            at = first * points * channels + c * rows
            source, target = taps.ctypes.data, results.ctypes.data
            step = line
            if rows == line:
                target, step = filters.ctypes.data + at * item, rows * channels
            down = tiling.side * step
            if tiling.taps == 5:
                filters_4x5((source, across, line), target, down, step, (), zero)
            elif tiling.size == 4:
                filters_4x3((source, across, line), target, down, step, (), zero)
            else:
                filters_2x3((source, across, line), target, down, step, (), zero)
            if rows != line:
                for point in range(points):
                    for k in range(rows):
                        filters[at + point * rows * channels + k] = results[point * line + k]


@inline
def gather_taps(
    w: Array, swap: bool, c: int, first: int, count: int, alpha: float, taps: Array
) -> None:
    """The filters from channel c to ``count`` maps, one line for each tap."""
    line = LINE_BYTES // w.itemsize
    factor = w.dtype.type(alpha)
    last = w.shape[1] - 1
    for tap in range(last + 1):
        for k in range(count):
            value = w[first + k, last - tap, c] if swap else w[c, tap, first + k]
            taps[tap * line + k] = factor * value


@inner
def convolve_part(
    part: int,
    tiling: Tiling,
    x: Array,
    filters: Array,
    blocks: Array,
    segment: Array,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
    room: Array,
    places: Array,
) -> None:
    """The units of thread ``part``."""
    units, parts = tiling.rows * tiling.columns * tiling.lines, room.shape[0]
    points, channels, memory = tiling.side**2, x.shape[0], room[part]
    line = LINE_BYTES // x.itemsize
    first, last = units * part // parts, units * (part + 1) // parts
    memory[tiling.zeros : tiling.zeros + line] = 0
    for start in range(first, last, tiling.together):
        count = min(tiling.together, last - start)
        for n in range(count):
            find_inputs(tiling, start + n, x, memory, places[part, n])
        for c in range(channels):
            for n in range(count):
                target = n * tiling.point + c * line
                take_inputs(tiling, c, x, memory, places[part, n], target)
        for b in range(blocks.shape[0]):
            k, rows = blocks[b, 0], blocks[b, 1]
            at = k * points * channels
            multiply(tiling, count, filters, at, rows, channels, segment, memory)
            for row in range(min(rows, out.shape[0] - k)):
                for n in range(count):
                    put_outputs(
                        tiling, start + n, n, row, k + row, memory, out, beta, after, stream
                    )


@inline
def place_of(tiling: Tiling, unit: int, line: int) -> Unit:
    """The first output row, output column and batch column of a unit."""
    tile, group = divmod(unit, tiling.lines)
    row, column = divmod(tile, tiling.columns)
    return row * tiling.size, column * tiling.size, group * line


@inline
def find_inputs(tiling: Tiling, unit: int, x: Array, memory: Array, places: Array) -> None:
    """List where the lines of a unit's inputs are for the first channel, and their way to the next.

    Outside the image it is a line of zeros, for all channels.
    """
    _, _, height, width, batch = x.shape
    p, q, n = place_of(tiling, unit, LINE_BYTES // x.itemsize)
    for i in range(tiling.side):
        for j in range(tiling.side):
            h, w, at = p - tiling.pad_h + i, q - tiling.pad_w + j, i * tiling.side + j
            places[0, at] = memory.ctypes.data + tiling.zeros * memory.itemsize
            places[1, at] = 0
            if 0 <= h < height and 0 <= w < width:
                places[0, at] = x.ctypes.data + ((h * width + w) * batch + n) * x.itemsize
                places[1, at] = height * width * batch * x.itemsize


@inline
def take_inputs(
    tiling: Tiling, c: int, x: Array, memory: Array, places: Array, target: int
) -> None:
    """Transform the inputs of a unit for channel c, all before it done, to ``memory[target:]``."""
    if c == x.shape[0] - 1 and x.shape[4] * x.itemsize % LINE_BYTES:
        bound_inputs(tiling, x, memory, places)
    to, step = memory.ctypes.data + target * x.itemsize, tiling.together * tiling.point
    table, zero = (places.ctypes.data,), x.dtype.type(0)
    if tiling.side == 8:
        inputs_8(table, to, 8 * step, step, (), zero)
    elif tiling.side == 6:
        inputs_6(table, to, 6 * step, step, (), zero)
    else:
        inputs_4(table, to, 4 * step, step, (), zero)
    for at in range(tiling.side**2):
        places[0, at] += places[1, at]
    if c + 1 < x.shape[0]:
        fetch_listed(places.ctypes.data, tiling.side**2, zero)


@inner
def bound_inputs(tiling: Tiling, x: Array, memory: Array, places: Array) -> None:
    """Copy lines that would reach beyond the end of ``x`` to the patch."""
    line, flat = LINE_BYTES // x.itemsize, x.reshape(-1)
    for at in range(tiling.side**2):
        first = (places[0, at] - np.int64(x.ctypes.data)) // x.itemsize
        if places[1, at] and first + line > x.size:
            copy = tiling.patch + at * line
            memory[copy : copy + line] = 0  # sums over lanes take zeros times what is here
            for lane in range(x.size - first):
                memory[copy + lane] = flat[first + lane]
            places[0, at] = memory.ctypes.data + copy * x.itemsize


@inline
def multiply(
    tiling: Tiling,
    count: int,
    filters: Array,
    start: int,
    rows: int,
    channels: int,
    segment: Array,
    memory: Array,
) -> None:
    """Products of ``count`` units with a block of ``rows`` maps, filters from ``start`` on."""
    points, item, line = tiling.side**2, memory.itemsize, LINE_BYTES // memory.itemsize
    zero, reads = memory.dtype.type(0), segment.ctypes.data
    for point in range(points):
        w = filters.ctypes.data + (start + point * channels * rows) * item
        for n in range(count):
            at = point * tiling.together + n
            x = memory.ctypes.data + at * tiling.point * item
            y = memory.ctypes.data + (tiling.products + at * (WIDE | 1) * line) * item
            if rows == WIDE:
                wide_tile(w, x, line, reads, 1, y, line, zero, False, (), zero)
            elif rows == HALF:
                half_tile(w, x, line, reads, 1, y, line, zero, False, (), zero)
            else:
                quarter_tile(w, x, line, reads, 1, y, line, zero, False, (), zero)


@inline
def put_outputs(
    tiling: Tiling,
    unit: int,
    n: int,
    row: int,
    k: int,
    memory: Array,
    out: Array,
    beta: float,
    after: After,
    stream: bool,
) -> None:
    """Transform the products of a unit with map k, row ``row`` of its block, to the result."""
    _, _, height, width, batch = out.shape
    item, line, zero = out.itemsize, LINE_BYTES // out.itemsize, out.dtype.type(0)
    size, unit_lines = tiling.size, (WIDE | 1) * line
    p, q, first = place_of(tiling, unit, line)
    inside = p + size <= height and q + size <= width and first + line <= batch
    whole = inside and beta == 0
    source = memory.ctypes.data + (tiling.products + n * unit_lines + row * line) * item
    target, down, step = memory.ctypes.data + tiling.patch * item, size * line, line
    if whole:
        target = out.ctypes.data + (((k * height + p) * width + q) * batch + first) * item
        down, step = width * batch, batch
        if size == 4 and not stream:  # those of the next map
            fetch_outputs(target + height * width * batch * item, down, step, zero)
    then = after[0][k], out.dtype.type(after[1])
    point = tiling.together * unit_lines
    write_outputs(tiling, source, point, target, down, step, then, stream and whole, zero)
    if not whole:
        put_patch(tiling, unit, k, memory, out, beta)


@inline
def write_outputs(
    tiling: Tiling,
    source: int,
    point: int,
    target: int,
    down: int,
    step: int,
    after: tuple[float, float],
    stream: bool,
    zero: float,
) -> None:
    """Transform products, ``point`` elements apart, to outputs at ``target``."""
    across = tiling.side * point
    if tiling.taps == 5:
        if stream:
            stream_4x5((source, across, point), target, down, step, after, zero)
        else:
            outputs_4x5((source, across, point), target, down, step, after, zero)
    elif tiling.size == 4:
        if stream:
            stream_4x3((source, across, point), target, down, step, after, zero)
        else:
            outputs_4x3((source, across, point), target, down, step, after, zero)
    elif stream:
        stream_2x3((source, across, point), target, down, step, after, zero)
    else:
        outputs_2x3((source, across, point), target, down, step, after, zero)


@inline
def put_patch(tiling: Tiling, unit: int, k: int, memory: Array, out: Array, beta: float) -> None:
    """Copy a tile of outputs of map k from the patch to the result."""
    _, _, height, width, batch = out.shape
    item, line, factor = out.itemsize, LINE_BYTES // out.itemsize, out.dtype.type(beta)
    p, q, n = place_of(tiling, unit, line)
    columns = min(line, batch - n)
    for i in range(min(tiling.size, height - p)):
        for j in range(min(tiling.size, width - q)):
            source = tiling.patch + (i * tiling.size + j) * line
            if columns == line and beta == 0:
                at = ((k * height + p + i) * width + q + j) * batch + n
                copy_line(memory.ctypes.data + source * item, out.ctypes.data + at * item)
                continue
            for lane in range(columns):
                value = memory[source + lane]
                if beta != 0:
                    value += factor * out[k, 0, p + i, q + j, n + lane]
                out[k, 0, p + i, q + j, n + lane] = value
