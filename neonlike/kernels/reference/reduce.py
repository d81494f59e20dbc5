"""Reductions of op-trees along one axis, which stays with size one (spec backend 6.2).

``REDUCE[op](a, axis, out)``; ``COMBINE[op](part, part, out)`` joins the results
of two blocks. Sums are accumulated in the dtype of ``out``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike.kernels._types import Array
from neonlike.kernels.reference.elementwise import maximum, minimum


def sum(a: Array, axis: int, out: Array) -> None:
    """out = sum of ``a`` along ``axis``."""
    np.add.reduce(a, axis=axis, dtype=out.dtype, out=out, keepdims=True)


def max(a: Array, axis: int, out: Array) -> None:
    """out = maximum of ``a`` along ``axis``; nan wins."""
    np.maximum.reduce(a, axis=axis, out=out, keepdims=True)


def min(a: Array, axis: int, out: Array) -> None:
    """out = minimum of ``a`` along ``axis``; nan wins."""
    np.minimum.reduce(a, axis=axis, out=out, keepdims=True)


def argmax(a: Array, axis: int, out: Array) -> None:
    """out = index of the first maximum of ``a`` along ``axis``; nan wins."""
    np.argmax(a, axis=axis, out=out, keepdims=True)


def argmin(a: Array, axis: int, out: Array) -> None:
    """out = index of the first minimum of ``a`` along ``axis``; nan wins."""
    np.argmin(a, axis=axis, out=out, keepdims=True)


REDUCE: dict[str, Callable[[Array, int, Array], None]] = {
    "argmax": argmax,
    "argmin": argmin,
    "max": max,
    "min": min,
    "sum": sum,
}

COMBINE: dict[str, Callable[..., Any]] = {
    "max": maximum,
    "min": minimum,
    "sum": np.add,
}
