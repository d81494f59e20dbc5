"""Pooling, as vectors over the batch; contract in the reference set.

The work is split over rows of the result: p of the outputs forward, h of the inputs backward, or
(k,m,p) and (c,d,h) if these are few. Backward, each row collects from all windows that touch it. So
no two threads write to one row, and the order of sums does not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._types import Array
from neonlike.kernels.numba._conv_direct import streams
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._lrn import bprop_lrn as bprop_lrn
from neonlike.kernels.numba._lrn import fprop_lrn as fprop_lrn
from neonlike.kernels.numba._pool_tile import (
    collector,
    spread_max,
    spread_mean,
    window_max,
    window_sum,
)
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads

Quad = tuple[int, int, int, int]  # (maps, depth, height, width)

# The usual windows: 2 or 3 inputs wide, 2 apart, of which one or two lines touch a row of inputs.
collect_2, collect_3 = collector(2, 2, 1), collector(3, 2, 1)
collect_3_twice = collector(3, 2, 2)

_MAX, _AVG, _L2 = range(3)
_NO_ARGMAX = np.empty(1, np.uint8)  # stands in where there is none
_PARALLEL_WORK = 1 << 18  # elements read: below, about 50 µs, threads cost more than they gain


def fprop_max(
    x: Array, out: Array, argmax: Array, window: Quad, pad: Quad, stride: Quad, beta: float
) -> None:
    """Largest input of each window, and where it is; ``argmax`` is like ``out``, of integers."""
    _fprop(x, out, argmax, _MAX, window, pad, stride, beta)


def bprop_max(
    err: Array, argmax: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float
) -> None:
    """Gradient of ``fprop_max``: err and argmax are like its output, ``out`` like its input."""
    _bprop(err, argmax, out, _MAX, window, pad, stride, beta)


def fprop_avg(x: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Mean of each window."""
    _fprop(x, out, _NO_ARGMAX, _AVG, window, pad, stride, beta)


def bprop_avg(err: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Gradient of ``fprop_avg``: ``err`` is like its output, ``out`` like its input."""
    _bprop(err, _NO_ARGMAX, out, _AVG, window, pad, stride, beta)


def fprop_l2(x: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Euclidean norm of each window."""
    _fprop(x, out, _NO_ARGMAX, _L2, window, pad, stride, beta)


def _fprop(
    x: Array,
    out: Array,
    argmax: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
) -> None:
    offsets = _tables(_parts(out.size * math.prod(window)), math.prod(window))
    launch(_share_outputs, x, out, argmax, op, window, pad, stride, float(beta), offsets)


def _bprop(
    err: Array,
    argmax: Array,
    out: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
) -> None:
    lines = _tables(_parts(out.size + err.size * math.prod(window)), 3 * math.prod(window[:3]))
    geometry = op, window, pad, stride
    launch(_share_inputs, err, argmax, out, *geometry, float(beta), streams(out), lines)


def _parts(work: int) -> int:
    return get_num_threads() if work >= _PARALLEL_WORK else 1


def _tables(parts: int, size: int) -> Array:
    """A table for each thread, and two lines between them."""
    return np.empty((parts, size + 16), np.int64)


@jit
def _share_outputs(
    x: Array,
    out: Array,
    argmax: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
    offsets: Array,
) -> None:
    share(_fprop_part, len(offsets), (x, out, argmax, op, window, pad, stride, beta, offsets))


@inner
def _fprop_part(
    part: int,
    x: Array,
    out: Array,
    argmax: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
    tables: Array,
) -> None:
    """A part of the rows (k,m,p) of the outputs."""
    C, D, H, W, N = x.shape
    K, M, P, Q, _ = out.shape
    first, last, lowest, rows = _rows(part, len(tables), K * M, P)
    offsets = tables[part]
    for number in range(first, last):
        plane, p = number // rows, lowest + number % rows
        k, m, row = plane // M, plane % M, plane * P + p
        c, cs = _clip(k, C, window[0], pad[0], stride[0])
        d, ds = _clip(m, D, window[1], pad[1], stride[1])
        h, hs = _clip(p, H, window[2], pad[2], stride[2])
        count, width = 0, 0
        for q in range(Q):
            w, ws = _clip(q, W, window[3], pad[3], stride[3])
            if ws != width:  # the same offsets serve all windows of one width
                width = ws
                count = _set_offsets(offsets, x.shape, cs, ds, hs, ws)
            start = (((c * D + d) * H + h) * W + w) * N
            place = (row * Q + q) * N
            if op == _MAX:
                window_max(x, start, offsets, count, out, argmax, place, N, beta)
            else:
                window_sum(x, start, offsets, count, out, place, N, op == _L2, beta)


@inline
def _rows(part: int, parts: int, planes: int, height: int) -> tuple[int, int, int, int]:
    """Which rows of an image's planes are those of ``part``.

    Numbers from ``first`` to ``last``; number i stands for row ``lowest + i % rows`` of plane
    ``i // rows``. If there are enough rows, each part has the same ones of all planes: so do the
    parts of a convolution, which then finds what it needs in the caches of its own processor.

    Returns:
        (first, last, lowest, rows).
    """
    if height >= 4 * parts:
        lowest, end = span(part, parts, height, 1)
        return 0, planes * (end - lowest), lowest, end - lowest
    first, last = span(part, parts, planes * height, 1)
    return first, last, 0, height


@inline
def _clip(o: int, limit: int, window: int, pad: int, stride: int) -> tuple[int, int]:
    """First input and number of inputs of window ``o`` along an axis."""
    start = o * stride - pad
    first = max(start, 0)
    return first, min(start + window, limit) - first


@inline
def _set_offsets(offsets: Array, shape: tuple[int, ...], cs: int, ds: int, hs: int, ws: int) -> int:
    """Write the offsets of all inputs of a window from its first one; return their number."""
    _, D, H, W, N = shape
    count = 0
    for c in range(cs):
        for d in range(ds):
            for h in range(hs):
                for w in range(ws):
                    offsets[count] = (((c * D + d) * H + h) * W + w) * N
                    count += 1
    return count


@jit
def _share_inputs(
    err: Array,
    argmax: Array,
    out: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
    stream: bool,
    lines: Array,
) -> None:
    arguments = (err, argmax, out, op, window, pad, stride, beta, stream, lines)
    share(_bprop_part, len(lines), arguments)


@inner
def _bprop_part(
    part: int,
    err: Array,
    argmax: Array,
    out: Array,
    op: int,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
    stream: bool,
    tables: Array,
) -> None:
    """A part of the rows (c,d,h) of the deltas."""
    C, D, H, W, N = out.shape
    first, last, lowest, rows = _rows(part, len(tables), C * D, H)
    flat, most = out.reshape(-1), window[0] * window[1] * window[2]
    lines = tables[part, : 3 * most].reshape((3, most))
    end = (err.shape[3] - 1) * stride[3] + window[3]  # of the last window
    whole = op == _MAX and beta == 0 and pad[3] == 0 and end <= W
    for number in range(first, last):
        row = number // rows * H + lowest + number % rows
        count = _find_lines(lines, row, out.shape, err.shape, window, pad, stride)
        deltas = flat[row * W * N : (row + 1) * W * N]
        if whole and _collect(err, argmax, lines, count, out, row, window[3], stride[3], stream):
            deltas[end * N :] = 0
            continue
        _scale(deltas, out.dtype.type(beta))
        for i in range(count):
            source, line, height = lines[0, i], lines[1, i], lines[2, i]
            _spread(err, argmax, out, op, source, line, height, row, window[3], pad[3], stride[3])


@inline
def _find_lines(
    lines: Array,
    row: int,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    window: Quad,
    pad: Quad,
    stride: Quad,
) -> int:
    """List the rows of outputs whose windows touch a row of inputs; return their number.

    For each: the row, and which of how many lines (along w) of its windows the inputs are.
    """
    C, D, H, _, _ = inputs
    K, M, P, _, _ = outputs
    c, d, h = row // (D * H), row // H % D, row % H
    count = 0
    for k in _touching(c, K, window[0], pad[0], stride[0]):
        c0, cs = _clip(k, C, window[0], pad[0], stride[0])
        for m in _touching(d, M, window[1], pad[1], stride[1]):
            d0, ds = _clip(m, D, window[1], pad[1], stride[1])
            for p in _touching(h, P, window[2], pad[2], stride[2]):
                h0, hs = _clip(p, H, window[2], pad[2], stride[2])
                lines[0, count] = (k * M + m) * P + p
                lines[1, count] = ((c - c0) * ds + d - d0) * hs + h - h0
                lines[2, count] = cs * ds * hs
                count += 1
    return count


@inline
def _collect(
    err: Array,
    argmax: Array,
    lines: Array,
    count: int,
    out: Array,
    row: int,
    width: int,
    stride: int,
    stream: bool,
) -> bool:
    """Write a row of deltas at once, if that is compiled for these windows; tell whether it is."""
    if stride != 2 or (width, count) not in ((2, 1), (3, 1), (3, 2)):
        return False
    Q, N = err.shape[3:]
    place = row * out.shape[3] * N
    for i in range(count):
        lines[0, i] *= Q * N
        lines[1, i] *= width
    if width == 2:
        collect_2(err, argmax, lines[0], lines[1], out, place, Q, N, stream)
    elif count == 1:
        collect_3(err, argmax, lines[0], lines[1], out, place, Q, N, stream)
    else:
        collect_3_twice(err, argmax, lines[0], lines[1], out, place, Q, N, stream)
    return True


@inline
def _scale(values: Array, beta: float) -> None:
    if beta == 0:
        values[:] = 0
    else:
        for i in range(values.size):
            values[i] *= beta


@inline
def _touching(i: int, outputs: int, window: int, pad: int, stride: int) -> range:
    """The windows along an axis that input ``i`` belongs to."""
    return range(
        max((i + pad - window + stride) // stride, 0), min((i + pad) // stride + 1, outputs)
    )


@inline
def _spread(
    err: Array,
    argmax: Array,
    out: Array,
    op: int,
    source: int,
    line: int,
    lines: int,
    row: int,
    window: int,
    pad: int,
    stride: int,
) -> None:
    """Add row ``source`` of the errors to ``row`` of the deltas.

    The row is line number ``line`` of the ``lines`` (along w) in the windows of the errors.
    """
    W, N = out.shape[3:]
    Q = err.shape[3]
    for q in range(Q):
        w, ws = _clip(q, W, window, pad, stride)
        at = (source * Q + q) * N
        place = (row * W + w) * N
        if op == _MAX:
            spread_max(err, argmax, at, line * ws, ws, out, place, N)
        else:
            spread_mean(err, at, lines * ws, ws, out, place, N)
