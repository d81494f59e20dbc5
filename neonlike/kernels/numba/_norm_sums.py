"""Sums over samples for batch normalisation: blocks in the array's precision, merged in float64.

The mean of a block, which stays in the L1 cache, comes first, then the squares around it; blocks
are merged by Chan's formula. So the results are as good as float64 sums, also far from zero.
"""

from __future__ import annotations

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import jit, jit_sum
from neonlike.kernels.numba._span import span

_BLOCK = 1024  # samples


@jit
def moments(x: Array) -> tuple[float, float]:
    """Mean, and sum of the squares of the distances from it."""
    mean, squares, count = 0.0, 0.0, 0
    for start in range(0, x.size, _BLOCK):
        block = x[start : start + _BLOCK]
        block_mean = block_sum(block) / block.size
        distance = block_mean - mean
        weight = block.size / (count + block.size)
        squares += _squares(block, x.dtype.type(block_mean)) + distance**2 * weight * count
        mean += distance * weight
        count += block.size
    return mean, squares


@jit
def merge(partial: Array, n: int) -> tuple[float, float]:
    """Mean and sum of squares around it of ``n`` samples, from those of their shares."""
    parts = partial.shape[0]
    mean, squares = 0.0, 0.0
    for part in range(parts):
        first, last = span(part, parts, n, 1)
        mean += partial[part, 0] * (last - first) / n
    for part in range(parts):
        first, last = span(part, parts, n, 1)
        squares += partial[part, 1] + (partial[part, 0] - mean) ** 2 * (last - first)
    return mean, squares


@jit_sum
def block_sum(x: Array) -> float:
    """Sum of few samples."""
    total = x.dtype.type(0)
    for i in range(x.size):  # an iterator over x would not vectorise
        total += x[i]
    return float(total)


@jit_sum
def _squares(x: Array, center: float) -> float:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += (x[i] - center) * (x[i] - center)
    return float(total)


@jit
def dots(err: Array, x: Array, mean: float) -> tuple[float, float]:
    """Sums of ``err`` and of ``err (x - mean)``; blocks add up in float64."""
    total, product = 0.0, 0.0
    for start in range(0, x.size, _BLOCK):
        block = err[start : start + _BLOCK]
        total += block_sum(block)
        product += _dot(block, x[start : start + _BLOCK], x.dtype.type(mean))
    return total, product


@jit_sum
def _dot(err: Array, x: Array, center: float) -> float:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += err[i] * (x[i] - center)
    return float(total)
