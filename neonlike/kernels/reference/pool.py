"""Pooling over maps and space, and response normalisation across maps, in plain NumPy.

Arrays: x (C,D,H,W,N), out (K,M,P,Q,N). ``window``, ``pad`` and ``stride`` are 4-tuples (maps,
depth, height, width). Output (k,m,p,q) sees the inputs of its window *clipped to the image*, so
padding never contributes a value; inputs are numbered in (c,d,h,w) order within the clipped window.

    max  y = the largest input, and argmax = the number of the first largest one (nan is larger)
         dx = each error goes to the input that argmax names
    avg  y = mean of the inputs, dx = each error, divided by their number, goes to all of them
    l2   y = sqrt(sum of squares)
    lrn  denom = 1 + ascale / depth * sum of x^2 over the ``depth`` maps around (fewer at the ends)
         y = x denom^-bpower
         dx = err denom^-bpower - 2 bpower ascale / depth * x * (sum of y err / denom over the maps)

Every pooling result is ``out = result + beta * out``, and with ``beta == 0`` old content of
``out`` is not read. Source: spec backend 11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from neonlike.kernels._types import Array

Quad = tuple[int, int, int, int]  # (maps, depth, height, width)


def fprop_max(
    x: Array, out: Array, argmax: Array, window: Quad, pad: Quad, stride: Quad, beta: float
) -> None:
    """Largest input of each window, and where it is; ``argmax`` is like ``out``, of integers."""
    for place, inputs in _windows(x.shape, out.shape, window, pad, stride):
        argmax[place] = x[inputs].reshape(-1, x.shape[-1]).argmax(axis=0)
    _reduce(lambda inputs: inputs.max(axis=0), x, out, window, pad, stride, beta)


def bprop_max(
    err: Array, argmax: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float
) -> None:
    """Gradient of ``fprop_max``: err and argmax are like its output, ``out`` like its input."""
    delta = np.zeros_like(out)
    columns = np.arange(out.shape[-1])
    for place, inputs in _windows(out.shape, err.shape, window, pad, stride):
        view = delta[inputs]
        view[(*np.unravel_index(argmax[place], view.shape[:-1]), columns)] += err[place]
    _blend(delta, out, beta)


def fprop_avg(x: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Mean of each window."""
    _reduce(lambda inputs: inputs.mean(axis=0), x, out, window, pad, stride, beta)


def bprop_avg(err: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Gradient of ``fprop_avg``: ``err`` is like its output, ``out`` like its input."""
    delta = np.zeros_like(out)
    for place, inputs in _windows(out.shape, err.shape, window, pad, stride):
        view = delta[inputs]
        view += err[place] / (view.size // err.shape[-1])
    _blend(delta, out, beta)


def fprop_l2(x: Array, out: Array, window: Quad, pad: Quad, stride: Quad, beta: float) -> None:
    """Euclidean norm of each window."""
    _reduce(
        lambda inputs: np.sqrt(np.square(inputs).sum(axis=0)), x, out, window, pad, stride, beta
    )


def fprop_lrn(x: Array, out: Array, denom: Array, depth: int, ascale: float, bpower: float) -> None:
    """Response normalisation across maps; ``out`` and ``denom`` are like ``x``."""
    denom[...] = 1 + ascale / depth * _sum_over_maps(np.square(x), depth)
    out[...] = x * denom**-bpower


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
    cross = x * _sum_over_maps(out * err / denom, depth)
    delta[...] = err * denom**-bpower - 2 * bpower * ascale / depth * cross


def _windows(
    inputs: tuple[int, ...], outputs: tuple[int, ...], window: Quad, pad: Quad, stride: Quad
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each place (k,m,p,q) with the slices of its clipped window."""
    for place in np.ndindex(outputs[:4]):
        starts = [o * step - edge for o, step, edge in zip(place, stride, pad, strict=True)]
        yield (
            place,
            tuple(
                slice(max(start, 0), min(start + size, limit))
                for start, size, limit in zip(starts, window, inputs[:4], strict=True)
            ),
        )


def _reduce(
    reduction: Callable[[Array], Array],
    x: Array,
    out: Array,
    window: Quad,
    pad: Quad,
    stride: Quad,
    beta: float,
) -> None:
    for place, inputs in _windows(x.shape, out.shape, window, pad, stride):
        _blend(reduction(x[inputs].reshape(-1, x.shape[-1])), out[place], beta)


def _blend(result: Array, out: Array, beta: float) -> None:
    out[...] = result if beta == 0 else result + beta * out


def _sum_over_maps(x: Array, depth: int) -> Array:
    side = depth // 2
    sums = [x[max(c - side, 0) : c + side + 1].sum(axis=0) for c in range(len(x))]
    return np.stack(sums)
