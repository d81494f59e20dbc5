"""Element-wise operations of op-trees, written into ``out`` (spec backend 6.1).

``UNARY[op](a, out)`` and ``BINARY[op](a, b, out)``; operands broadcast to the
shape of ``out``, and ``out`` may be one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any

import numpy as np

from neonlike.kernels._types import Array

SAFELOG_FLOOR = exp(-50.0)


def maximum(a: Array, b: Array, out: Array) -> None:
    """out = the larger of a and b; nan wins."""
    np.maximum(a, b, out=out)


def minimum(a: Array, b: Array, out: Array) -> None:
    """out = the smaller of a and b; nan wins."""
    np.minimum(a, b, out=out)


def power(a: Array, b: Array, out: Array) -> None:
    """out = a to the power b; the square is much quicker than other powers."""
    if isinstance(b, int | float) and b == 2:
        np.square(a, out)
    else:
        np.power(a, b, out)


def safelog(a: Array, out: Array) -> None:
    """out = log(max(a, e^-50)); the floor takes the dtype of ``a`` (0 in float16)."""
    np.maximum(a, SAFELOG_FLOOR, out=out)
    np.log(out, out)


def sig(a: Array, out: Array) -> None:
    """out = 1 / (1 + e^-a)."""
    np.negative(a, out)
    np.exp(out, out)
    _reciprocal_of_successor(out)


def sig2(a: Array, out: Array) -> None:
    """out = 1 / (1 + 2^-a)."""
    np.negative(a, out)
    np.exp2(out, out)
    _reciprocal_of_successor(out)


def _reciprocal_of_successor(out: Array) -> None:
    np.add(out, 1, out)
    np.divide(1, out, out)


UNARY: dict[str, Callable[..., Any]] = {
    "abs": np.absolute,
    "exp": np.exp,
    "exp2": np.exp2,
    "finite": np.isfinite,
    "log": np.log,
    "log2": np.log2,
    "neg": np.negative,
    "rint": np.rint,
    "safelog": safelog,
    "sgn": np.sign,
    "sig": sig,
    "sig2": sig2,
    "sqr": np.square,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}

BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "div": np.true_divide,
    "eq": np.equal,
    "ge": np.greater_equal,
    "gt": np.greater,
    "le": np.less_equal,
    "lt": np.less,
    "maximum": maximum,
    "minimum": minimum,
    "mul": np.multiply,
    "ne": np.not_equal,
    "pow": power,
    "sub": np.subtract,
}
