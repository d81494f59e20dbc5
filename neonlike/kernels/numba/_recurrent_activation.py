"""Activations by code on ranges of a panel, and their derivatives in terms of the output.

The codes and formulas stand in ``neonlike.kernels._activation``.
"""

from __future__ import annotations

from neonlike.kernels._activation import (
    CENTERED,
    EXPLIN,
    LOGISTIC,
    LOGISTIC_SHORTCUT,
    RECTLIN,
    RECTLINCLIP,
    TANH,
)
from neonlike.kernels._types import Array
from neonlike.kernels.numba import _vector_math as vector
from neonlike.kernels.numba._jit import inner
from neonlike.kernels.numba._recurrent_passes import elementwise
from neonlike.kernels.numba._vector_math import Lanes

Code = tuple[int, float, float]


def _leak(x: Lanes, slope: Lanes) -> Lanes:
    return x.choose("<", 0.0, x * slope, x)


def _clip(x: Lanes, slope: Lanes, limit: Lanes) -> Lanes:
    y = _leak(x, slope)
    return y.choose(">", limit, limit, y)


def _explin(x: Lanes, slope: Lanes) -> Lanes:
    return x.choose("<", 0.0, vector.expm1(x) * slope, x)


def _centered(x: Lanes, scale: Lanes) -> Lanes:
    return vector.logistic(x) * scale * 2.0 - scale


def _leak_slope(y: Lanes, below: Lanes) -> Lanes:
    """1 above zero, ``below`` under it, 0 at zero."""
    return y.choose(">", 0.0, 1.0, y.choose("<", 0.0, below, 0.0))


_tanh = elementwise("tanh", lambda x: [vector.tanh(x)], reads=1)
_logistic = elementwise("logistic", lambda x: [vector.logistic(x)], reads=1)
_rectlin = elementwise("rectlin", lambda x, slope: [_leak(x, slope)], reads=1)
_rectlinclip = elementwise("rectlinclip", lambda x, slope, limit: [_clip(x, slope, limit)], reads=1)
_elu = elementwise("elu", lambda x, slope: [_explin(x, slope)], reads=1)
_centered_logistic = elementwise("centered", lambda x, s: [_centered(x, s)], reads=1)

_tanh_slope = elementwise("tanh_slope", lambda y, d: [d - d * y * y], reads=2)
_logistic_slope = elementwise("logistic_slope", lambda y, d: [d * y * (1.0 - y)], reads=2)
_rectlin_slope = elementwise(
    "rectlin_slope", lambda y, d, slope: [d * _leak_slope(y, slope)], reads=2
)
_rectlinclip_slope = elementwise(
    "rectlinclip_slope",
    lambda y, d, slope, limit: [y.choose("<", limit, d * _leak_slope(y, slope), 0.0)],
    reads=2,
)
_elu_slope = elementwise("elu_slope", lambda y, d, slope: [d * _leak_slope(y, y + slope)], reads=2)
_centered_slope = elementwise(
    "centered_slope", lambda y, d, s: [d * (s * s - y * y) / (s + s)], reads=2
)


@inner
def activate(act: Code, panel: Array, start: int, size: int) -> None:
    """Apply the activation to ``size`` elements of the panel."""
    kind, slope, limit = act
    if kind == TANH:
        _tanh(panel, (start,), (), size)
    elif kind in (LOGISTIC, LOGISTIC_SHORTCUT):
        _logistic(panel, (start,), (), size)
    elif kind == RECTLIN:
        _rectlin(panel, (start,), (slope,), size)
    elif kind == RECTLINCLIP:
        _rectlinclip(panel, (start,), (slope, limit), size)
    elif kind == EXPLIN:
        _elu(panel, (start,), (slope,), size)
    elif kind == CENTERED:
        _centered_logistic(panel, (start,), (slope,), size)


@inner
def times_slope(act: Code, panel: Array, y: int, d: int, size: int) -> None:
    """Multiply ``size`` elements from ``d`` on by the derivative at the outputs from ``y`` on."""
    kind, slope, limit = act
    if kind == TANH:
        _tanh_slope(panel, (y, d), (), size)
    elif kind == LOGISTIC:
        _logistic_slope(panel, (y, d), (), size)
    elif kind == RECTLIN:
        _rectlin_slope(panel, (y, d), (slope,), size)
    elif kind == RECTLINCLIP:
        _rectlinclip_slope(panel, (y, d), (slope, limit), size)
    elif kind == EXPLIN:
        _elu_slope(panel, (y, d), (slope,), size)
    elif kind == CENTERED:
        _centered_slope(panel, (y, d), (slope,), size)
