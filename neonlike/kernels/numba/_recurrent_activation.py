"""Activations by code on flat ranges, and their derivatives in terms of the output.

The codes and formulas stand in ``neonlike.kernels._activation``.
"""

from __future__ import annotations

from neonlike.kernels._activation import (
    EXPLIN,
    LOGISTIC,
    LOGISTIC_SHORTCUT,
    RECTLIN,
    RECTLINCLIP,
    TANH,
)
from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import jit
from neonlike.kernels.numba._recurrent_math import expm1, logistic, tanh

Code = tuple[int, float, float]


@jit
def activate(act: Code, x: Array, start: int, stop: int) -> None:
    """``x[start:stop] = act(x[start:stop])``."""
    kind, slope, limit = act[0], x.dtype.type(act[1]), x.dtype.type(act[2])
    zero = x.dtype.type(0)
    if kind == TANH:
        for i in range(start, stop):
            x[i] = tanh(x[i])
    elif kind in (LOGISTIC, LOGISTIC_SHORTCUT):
        for i in range(start, stop):
            x[i] = logistic(x[i])
    elif kind == RECTLIN:
        for i in range(start, stop):
            x[i] = x[i] * slope if x[i] < zero else x[i]
    elif kind == RECTLINCLIP:
        for i in range(start, stop):
            y = x[i] * slope if x[i] < zero else x[i]
            x[i] = limit if y > limit else y
    elif kind == EXPLIN:
        for i in range(start, stop):
            x[i] = slope * expm1(x[i]) if x[i] < zero else x[i]


@jit
def times_slope(act: Code, y: Array, y_start: int, d: Array, d_start: int, size: int) -> None:
    """Multiply ``size`` elements of ``d`` by the derivative at the outputs ``y``."""
    kind, slope, limit = act[0], d.dtype.type(act[1]), d.dtype.type(act[2])
    zero, one = d.dtype.type(0), d.dtype.type(1)
    if kind == TANH:
        for i in range(size):
            d[d_start + i] *= one - y[y_start + i] * y[y_start + i]
    elif kind == LOGISTIC:
        for i in range(size):
            d[d_start + i] *= y[y_start + i] * (one - y[y_start + i])
    elif kind == RECTLIN:
        for i in range(size):
            v = y[y_start + i]
            d[d_start + i] *= one if v > zero else (slope if v < zero else zero)
    elif kind == RECTLINCLIP:
        for i in range(size):
            v = y[y_start + i]
            rise = one if v > zero else (slope if v < zero else zero)
            d[d_start + i] *= rise if v < limit else zero
    elif kind == EXPLIN:
        for i in range(size):
            v = y[y_start + i]
            d[d_start + i] *= one if v > zero else (v + slope if v < zero else zero)
