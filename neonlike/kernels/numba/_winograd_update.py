"""Winograd weight gradient: 3x3 or 5x5 filters, stride 1, in a quarter to a third of the products.

    dw[c, :, :, k] = weights( sum_{tiles, n} inputs(x[c]) * errors(err[k]) )

on tiles of 4x4 errors and of 6x6 inputs for 3x3 filters, 8x8 for 5x5; ``errors`` and ``weights``
are the transposes of what ``_winograd`` does to products and filters. Layout: x (C,1,H,W,N),
err (K,1,P,Q,N), dw (C,1,R,R,K).

A few units (one tile of one line of batch columns) at a time: transform the inputs of all channels
to points[point][unit][c][line]; then, for each line of output maps, turn the errors so that a line
holds the maps of one batch column, transform them to errors[point][unit][n][line of k], and add
one ``outer_tile`` per point and block of channels to sums[line of k][point][c][k of the line].
Each thread has its own sums, transformed back in the end. At the point (1, 1) a unit's errors are
its sum, so the gradient of a bias is found on the way. Source: spec performance 2.2.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch
from neonlike.kernels.numba import _vector, _winograd_transform
from neonlike.kernels.numba._conv_direct import blocks_end, row_blocks
from neonlike.kernels.numba._conv_pack import PARALLEL_WORK
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._outer import add_outer
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._threads import get_num_threads
from neonlike.kernels.numba._vector import copy_line, turn_lines
from neonlike.kernels.numba._winograd import (
    MOST_UNITS,
    Tiling,
    Unit,
    find_inputs,
    place_of,
    take_inputs,
    tile,
)
from neonlike.kernels.numba._winograd_transform import fetch

LINE_BYTES = _vector.LINE_BYTES
SIZE = 4  # of a tile of errors
GRAIN = LINE_BYTES // 4  # maps, in float32
errors_4x3 = _winograd_transform.transform(_winograd_transform.errors_4x3, 4)
errors_4x5 = _winograd_transform.transform(_winograd_transform.errors_4x5, 4)
weights_4x3 = _winograd_transform.transform(_winograd_transform.weights_4x3, 6)
weights_4x5 = _winograd_transform.transform(_winograd_transform.weights_4x5, 8)
fetch_16 = fetch(4)  # as many lines as are turned together


def winograd_gradient(
    x: Array,
    err: Array,
    out: Array,
    pad: tuple[int, ...],
    alpha: float,
    beta: float,
    scratch: Scratch,
    grad_bias: Array | None = None,
) -> None:
    """Gradient of the weights ``out`` (C, 1, R, R, K), and that of a bias (K, 1) if asked for."""
    channels, maps, line = len(x), len(err), LINE_BYTES // x.itemsize
    taps, blocks, columns = out.shape[2], row_blocks(channels), -(-maps // line)
    rows = blocks_end(channels)
    tiling = tile(SIZE, taps, rows, line | 1, err.shape, pad, line)
    points = tiling.side**2
    work = points * channels * maps * tiling.rows * tiling.columns * tiling.lines * line
    threads = get_num_threads() if work >= PARALLEL_WORK else 1
    size = tiling.zeros + (2 + tiling.size**2 * line) * line
    room = scratch("winograd room", (threads, apart(size, x.itemsize)), x.dtype)
    sums = scratch("winograd sums", (threads, columns, points, rows, line), x.dtype)
    places = scratch("winograd places", (threads, MOST_UNITS, 2, points), np.int64)
    totals = scratch("winograd bias", (threads, columns * line), np.float64)
    weights = out.reshape(channels, taps**2, maps)
    bias = totals[:0, :0] if grad_bias is None else grad_bias
    scales = float(alpha), float(beta)
    arguments = (tiling, x, err, blocks, room, places, sums, totals, weights, bias, *scales)
    launch(gradient, *arguments)


@jit
def gradient(
    tiling: Tiling,
    x: Array,
    err: Array,
    blocks: Array,
    room: Array,
    places: Array,
    sums: Array,
    totals: Array,
    out: Array,
    bias: Array,
    alpha: float,
    beta: float,
) -> None:
    """Share the units, then the channels of the result, among threads."""
    threads = room.shape[0]
    share(add_part, threads, (tiling, x, err, blocks, room, places, sums, totals))
    share(finish_part, threads, (tiling, room, sums, out, alpha, beta))
    for k in range(bias.shape[0]):
        bias[k, 0] = totals[:, k].sum()


@inner
def add_part(
    part: int,
    tiling: Tiling,
    x: Array,
    err: Array,
    blocks: Array,
    room: Array,
    places: Array,
    sums: Array,
    totals: Array,
) -> None:
    """Add up the units of thread ``part`` in ``sums[part]`` and ``totals[part]``."""
    units, parts = tiling.rows * tiling.columns * tiling.lines, room.shape[0]
    channels, memory, line = x.shape[0], room[part], LINE_BYTES // x.itemsize
    first, last = units * part // parts, units * (part + 1) // parts
    memory[tiling.zeros : tiling.zeros + line] = 0
    sums[part, :] = 0
    totals[part, :] = 0
    total = memory[tiling.zeros + line : tiling.zeros + 2 * line]
    for start in range(first, last, tiling.together):
        count = min(tiling.together, last - start)
        for n in range(count):
            find_inputs(tiling, start + n, x, memory, places[part, n])
        for c in range(channels):
            for n in range(count):
                target = n * tiling.point + c * line
                take_inputs(tiling, c, x, memory, places[part, n], target)
        for b in range(sums.shape[1]):
            for n in range(count):
                take_errors(tiling, start + n, n, b * line, err, memory)
                add_errors(tiling, n, memory, total, totals[part, b * line : (b + 1) * line])
            add_products(tiling, count, blocks, memory, sums[part, b])


@inline
def take_errors(tiling: Tiling, unit: int, n: int, k: int, err: Array, memory: Array) -> None:
    """Turn and transform the errors of a unit, the ``n``-th, for a line of maps from ``k`` on."""
    maps, _, height, width, batch = err.shape
    item, line, zero = err.itemsize, LINE_BYTES // err.itemsize, err.dtype.type(0)
    p, q, first = place_of(tiling, unit, line)
    turned, square, unit_lines = tiling.zeros + 2 * line, line * line, (line | 1) * line
    point = tiling.together * unit_lines
    whole = k + line <= maps and first + line <= batch
    next_p, next_q, next_first = place_of(tiling, unit + tiling.together, line)
    ahead = ((next_p - p) * width + next_q - q) * batch + next_first - first
    for i in range(tiling.size):
        for j in range(tiling.size):
            target = turned + (i * tiling.size + j) * square
            if p + i >= height or q + j >= width:
                memory[target : target + square] = 0
                continue
            at = ((k * height + p + i) * width + q + j) * batch + first
            source, step = err.ctypes.data + at * item, height * width * batch
            fetch_16(source + ahead * item, 4 * step, step, zero)
            if not whole:
                patch_errors(tiling, k, (p + i, q + j, first), err, memory)
                source, step = memory.ctypes.data + tiling.patch * item, line
            turn_lines(source, step, memory.ctypes.data + target * item, zero)
    for lane in range(line):
        source = memory.ctypes.data + (turned + lane * line) * item
        target = tiling.products + n * unit_lines + lane * line
        to = memory.ctypes.data + target * item
        if tiling.taps == 5:
            errors_4x5((source, 4 * square, square), to, tiling.side * point, point, (), zero)
        else:
            errors_4x3((source, 4 * square, square), to, tiling.side * point, point, (), zero)


@inner
def patch_errors(tiling: Tiling, k: int, place: Unit, err: Array, memory: Array) -> None:
    """Copy a line of the errors of each map from ``k`` on, as far as there are, to the patch.

    Columns beyond the batch are zeros, since sums run over them; maps beyond the last are not read.
    """
    maps, _, height, width, batch = err.shape
    line, (p, q, first) = LINE_BYTES // err.itemsize, place
    columns = min(line, batch - first)
    for row in range(min(line, maps - k)):
        target = tiling.patch + row * line
        if columns == line:
            at = (((k + row) * height + p) * width + q) * batch + first
            source = err.ctypes.data + at * err.itemsize
            copy_line(source, memory.ctypes.data + target * err.itemsize)
            continue
        memory[target : target + line] = 0
        for lane in range(columns):
            memory[target + lane] = err[k + row, 0, p, q, first + lane]


@inline
def add_errors(tiling: Tiling, n: int, memory: Array, total: Array, totals: Array) -> None:
    """Add the errors of the ``n``-th unit, held by its point (1, 1), to those of a line of k."""
    line = total.size
    point = (tiling.side + 1) * tiling.together + n
    start = tiling.products + point * (line | 1) * line
    total[:] = 0
    for lane in range(line):
        for k in range(line):
            total[k] += memory[start + lane * line + k]
    for k in range(line):
        totals[k] += total[k]


@inline
def add_products(tiling: Tiling, count: int, blocks: Array, memory: Array, sums: Array) -> None:
    """Add the products of ``count`` units to the sums (point, c, line) of a line of maps."""
    item, line, zero = memory.itemsize, LINE_BYTES // memory.itemsize, memory.dtype.type(0)
    x_step, y_step = tiling.point, (line | 1) * line
    for at in range(tiling.side**2):
        first = at * tiling.together
        y = memory.ctypes.data + (tiling.products + first * y_step) * item
        for block in range(blocks.shape[0]):
            c, rows = blocks[block]
            x = memory.ctypes.data + (first * x_step + c * line) * item
            target = sums.ctypes.data + (at * sums.shape[1] + c) * LINE_BYTES
            add_outer(rows, x, x_step, y, y_step, count, target, zero)


@inner
def finish_part(
    part: int, tiling: Tiling, room: Array, sums: Array, out: Array, alpha: float, beta: float
) -> None:
    """Add the threads' sums in order, transform and blend; ``out`` is (C, R*R, K)."""
    channels, taps, maps = out.shape
    parts, blocks, points, _, line = sums.shape
    zero = out.dtype.type(0)
    factor, keep = out.dtype.type(alpha), out.dtype.type(beta)
    total, result = room[part, : points * line], room[part, points * line :]
    for c in range(channels * part // parts, channels * (part + 1) // parts):
        for b in range(blocks):
            for at in range(points):
                for k in range(line):
                    value = sums[0, b, at, c, k]
                    for other in range(1, parts):
                        value += sums[other, b, at, c, k]
                    total[at * line + k] = value
            source, target = total.ctypes.data, result.ctypes.data
            if tiling.taps == 5:
                weights_4x5((source, tiling.side * line, line), target, 5 * line, line, (), zero)
            else:
                weights_4x3((source, tiling.side * line, line), target, 3 * line, line, (), zero)
            for tap in range(taps):
                for k in range(min(line, maps - b * line)):
                    value = factor * result[tap * line + k]
                    if beta != 0:
                        value += keep * out[c, tap, b * line + k]
                    out[c, tap, b * line + k] = value
