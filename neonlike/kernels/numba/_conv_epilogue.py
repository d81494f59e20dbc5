"""What follows a convolution in place: bias, (leaky) ReLU or its derivative, sums of each map.

    out[k] += bias[k];  out = max(out, 0) + slope * min(out, 0);  bsum[k] = sum(out[k])
    brelu, instead of the ReLU: out *= (source > 0) + slope * (source < 0)

``out`` and ``source`` are (K, rest), ``bias`` and ``bsum`` (K, 1). All of it is one pass over
chunks that stay in the first cache. Source: spec backend 10.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._launch import launch
from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._norm_sums import block_sum
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._threads import get_num_threads

NOTHING, RELU, BRELU = 0, 1, 2
CHUNK = 2048  # elements; also the length of the sums that are made in the precision of out
PARALLEL_SIZE = 1 << 17  # elements: below, threads cost more than they gain


def epilogue(
    out: Array,
    source: Array | None,
    bias: Array | None,
    bsum: Array | None,
    relu: bool,
    brelu: bool,
    slope: float,
) -> None:
    """Add a bias per map, apply a (leaky) ReLU or its derivative, sum each map; all in place."""
    absent = np.empty((0, 1), out.dtype)
    step = RELU if relu else BRELU if brelu else NOTHING
    parts = min(len(out), get_num_threads()) if out.size >= PARALLEL_SIZE else 1
    at = out if source is None else source
    add, sums = (absent if array is None else array for array in (bias, bsum))
    launch(finish, out, at, add, sums, step, float(slope), parts)


@jit
def finish(
    out: Array, source: Array, bias: Array, bsum: Array, step: int, slope: float, parts: int
) -> None:
    """Share the maps among threads."""
    share(finish_part, parts, (parts, out, source, bias, bsum, step, slope))


@inner
def finish_part(
    part: int,
    parts: int,
    out: Array,
    source: Array,
    bias: Array,
    bsum: Array,
    step: int,
    slope: float,
) -> None:
    """The maps of one thread."""
    maps, size = out.shape
    for k in range(maps * part // parts, maps * (part + 1) // parts):
        total = 0.0
        for first in range(0, size, CHUNK):
            last = min(first + CHUNK, size)
            if bias.shape[0] > 0:
                for i in range(first, last):
                    out[k, i] += bias[k, 0]
            activate(out, source, k, first, last, step, slope)
            if bsum.shape[0] > 0:
                total += block_sum(out[k, first:last])
        if bsum.shape[0] > 0:
            bsum[k, 0] = total


@inline
def activate(
    out: Array, source: Array, k: int, first: int, last: int, step: int, slope: float
) -> None:
    """Apply the ReLU or its derivative to a chunk."""
    zero, one, below = out.dtype.type(0), out.dtype.type(1), out.dtype.type(slope)
    if step == RELU:
        for i in range(first, last):
            value = out[k, i]
            out[k, i] = value * (below if value < zero else one)
    elif step == BRELU:
        for i in range(first, last):
            at = source[k, i]
            out[k, i] *= one if at > zero else below if at < zero else zero
