"""Activations and their derivatives in terms of the output, by code (``kernels._activation``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike.kernels._activation import (
    CENTERED,
    EXPLIN,
    IDENTITY,
    LOGISTIC,
    LOGISTIC_SHORTCUT,
    RECTLIN,
    RECTLINCLIP,
    TANH,
)
from neonlike.kernels._types import Array


def _logistic(x: Array) -> Array:
    with np.errstate(over="ignore"):  # exp may become inf, its reciprocal is then right
        return np.asarray(1 / (1 + np.exp(-x)))


def _rectlin(x: Array, slope: float) -> Array:
    return np.asarray(np.maximum(x, 0) + slope * np.minimum(x, 0))


def _rectlin_slope(y: Array, slope: float) -> Array:
    return np.asarray((y > 0) + (y < 0) * y.dtype.type(slope), y.dtype)


def forward(act: Any, x: Array) -> Array:
    """The activation of ``x``, by code or by the object's own ``forward``."""
    if not isinstance(act, tuple):
        return np.asarray(act.forward(x))
    kind, slope_, limit = act
    results: dict[int, Callable[[], Any]] = {
        IDENTITY: lambda: x,
        TANH: lambda: np.tanh(x),
        LOGISTIC: lambda: _logistic(x),
        LOGISTIC_SHORTCUT: lambda: _logistic(x),
        RECTLIN: lambda: _rectlin(x, slope_),
        RECTLINCLIP: lambda: np.minimum(_rectlin(x, slope_), x.dtype.type(limit)),
        EXPLIN: lambda: np.maximum(x, 0) + slope_ * np.expm1(np.minimum(x, 0)),
        CENTERED: lambda: slope_ * (2 * _logistic(x) - 1),
    }
    return np.asarray(results[kind]())


def slope(act: Any, y: Array) -> Array:
    """The derivative at output ``y``, by code or by the object's own ``slope``."""
    if not isinstance(act, tuple):
        return np.asarray(act.slope(y))
    kind, slope_, limit = act
    results: dict[int, Callable[[], Any]] = {
        IDENTITY: lambda: np.ones_like(y),
        TANH: lambda: 1 - y * y,
        LOGISTIC: lambda: y * (1 - y),
        LOGISTIC_SHORTCUT: lambda: np.ones_like(y),
        RECTLIN: lambda: _rectlin_slope(y, slope_),
        RECTLINCLIP: lambda: _rectlin_slope(y, slope_) * (y < limit),
        EXPLIN: lambda: (y > 0) + (y < 0) * (y + y.dtype.type(slope_)),
        CENTERED: lambda: (slope_ * slope_ - y * y) / (2 * slope_),
    }
    return np.asarray(results[kind]())
