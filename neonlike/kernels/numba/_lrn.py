"""Response normalisation across maps, in blocks of columns; contract in the reference set."""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads

_BLOCK = 1024  # columns: a few maps of them stay in the L1 cache


def fprop_lrn(x: Array, out: Array, denom: Array, depth: int, ascale: float, bpower: float) -> None:
    """Response normalisation across maps; ``out`` and ``denom`` are like ``x``."""
    maps = x.shape[0]
    xs, outs, denoms = x.reshape(maps, -1), out.reshape(maps, -1), denom.reshape(maps, -1)
    parts = get_num_threads()
    _fprop_lrn(xs, outs, denoms, depth, ascale / depth, float(bpower), parts)


def bprop_lrn(
    x: Array,
    out: Array,
    err: Array,
    delta: Array,
    denom: Array,
    depth: int,
    ascale: float,
    bpower: float,
) -> None:
    """Gradient ``delta`` of ``fprop_lrn``, whose ``x``, ``out`` and ``denom`` are given."""
    maps = x.shape[0]
    xs, outs, errs, deltas, denoms = (a.reshape(maps, -1) for a in (x, out, err, delta, denom))
    parts = get_num_threads()
    numbers = (ascale / depth, float(bpower))
    _bprop_lrn(xs, outs, errs, deltas, denoms, depth, *numbers, parts)


@jit
def _fprop_lrn(
    x: Array, out: Array, denom: Array, depth: int, scale: float, bpower: float, parts: int
) -> None:
    share(_fprop_part, parts, (x, out, denom, depth, scale, bpower, parts))


@inner
def _fprop_part(
    part: int,
    x: Array,
    out: Array,
    denom: Array,
    depth: int,
    scale: float,
    bpower: float,
    parts: int,
) -> None:
    """A part of the columns."""
    maps, columns = x.shape
    first, last = span(part, parts, columns, _BLOCK)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for c in range(maps):
            sums = denom[c, start:stop]
            sums[:] = 1
            for near in _neighbours(c, maps, depth):
                _add_squares(sums, x[near, start:stop], x.dtype.type(scale))
            target = out[c, start:stop]
            target[:] = 0
            _add_scaled(target, x[c, start:stop], sums, bpower)


@jit
def _bprop_lrn(
    x: Array,
    out: Array,
    err: Array,
    delta: Array,
    denom: Array,
    depth: int,
    scale: float,
    bpower: float,
    parts: int,
) -> None:
    share(_bprop_part, parts, (x, out, err, delta, denom, depth, scale, bpower, parts))


@inner
def _bprop_part(
    part: int,
    x: Array,
    out: Array,
    err: Array,
    delta: Array,
    denom: Array,
    depth: int,
    scale: float,
    bpower: float,
    parts: int,
) -> None:
    """A part of the columns."""
    maps, columns = x.shape
    factor = x.dtype.type(-2 * bpower * scale)
    first, last = span(part, parts, columns, _BLOCK)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for c in range(maps):
            target = delta[c, start:stop]
            target[:] = 0
            for near in _neighbours(c, maps, depth):
                _add_cross(
                    target, out[near, start:stop], err[near, start:stop], denom[near, start:stop]
                )
            _multiply(target, x[c, start:stop], factor)
            _add_scaled(target, err[c, start:stop], denom[c, start:stop], bpower)


@inline
def _neighbours(c: int, maps: int, depth: int) -> range:
    return range(max(c - depth // 2, 0), min(c + depth // 2 + 1, maps))


@jit
def _add_squares(sums: Array, x: Array, factor: float) -> None:
    for n in range(sums.size):
        sums[n] += factor * x[n] * x[n]


@jit
def _add_cross(sums: Array, out: Array, err: Array, denom: Array) -> None:
    for n in range(sums.size):
        sums[n] += out[n] * err[n] / denom[n]


@jit
def _multiply(out: Array, x: Array, factor: float) -> None:
    for n in range(out.size):
        out[n] *= factor * x[n]


@jit
def _add_scaled(out: Array, x: Array, denom: Array, exponent: float) -> None:
    """``out += x * denom ** -exponent``; roots for the usual exponent, as they are far cheaper."""
    if exponent == 0.75:
        for n in range(x.size):
            root = np.sqrt(denom[n])
            out[n] += x[n] / (root * np.sqrt(root))
    else:
        power = x.dtype.type(-exponent)
        for n in range(x.size):
            out[n] += x[n] * denom[n] ** power
