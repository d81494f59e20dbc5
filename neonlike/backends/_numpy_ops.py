"""What each operation means, as plain NumPy that returns a new value (spec backend 6).

Used for the parts of a tree that hold only numbers, to find result dtypes, and
as the default of ``execute(numpy_call_dict=...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike.kernels.reference.elementwise import BINARY, SAFELOG_FLOOR, UNARY


class CustomNumpy:
    """NumPy arg-reductions that keep the reduced axis with size one."""

    @staticmethod
    def argmax(x: Any, axis: int = 1, keepdims: bool = True) -> Any:
        """Index of the first maximum of ``x`` along ``axis``."""
        return np.argmax(x, axis=axis, keepdims=True)

    @staticmethod
    def argmin(x: Any, axis: int = 1, keepdims: bool = True) -> Any:
        """Index of the first minimum of ``x`` along ``axis``."""
        return np.argmin(x, axis=axis, keepdims=True)


def tanh2(a: Any) -> Any:
    """Return (2^2a - 1) / (2^2a + 1): nan where 2^2a overflows."""
    square = np.exp2(2 * a)
    return (square - 1) / (square + 1)


def shift(a: Any, b: Any) -> Any:
    """Return a times the power of two that is nearest to b in log scale, with its sign."""
    exponent = np.rint(np.log(np.maximum(np.abs(b), SAFELOG_FLOOR)) / np.log(2.0))
    return a * np.sign(b) * np.exp2(exponent)


numpy_call_dict_cpu: dict[str, Callable[..., Any]] = {
    **UNARY,
    **BINARY,
    "argmax": CustomNumpy.argmax,
    "argmin": CustomNumpy.argmin,
    "binarize": lambda a: 2 * (a >= 0) - 1.0,
    "dot": np.matmul,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "max": lambda a, axis: np.max(a, axis=axis, keepdims=True),
    "min": lambda a, axis: np.min(a, axis=axis, keepdims=True),
    "pow": np.power,
    "safelog": lambda a: np.log(np.maximum(a, SAFELOG_FLOOR)),
    "shift": shift,
    "sig": lambda a: 1 / (1 + np.exp(-a)),
    "sig2": lambda a: 1 / (1 + np.exp2(-a)),
    "sum": lambda a, axis: np.sum(a, axis=axis, keepdims=True),
    "tanh2": tanh2,
    "transpose": np.transpose,
}


def call_functions(x: Any, functions: dict[str, Callable[..., Any]]) -> Any:
    """Evaluate an operand of an op-tree recursively with the given functions."""
    if not isinstance(x, tuple):
        return getattr(x, "_tensor", x)
    op, left, right = x
    operands = [call_functions(side, functions) for side in (left, right) if side is not None]
    axis = {"axis": op["axis"]} if "axis" in op else {}
    return functions[op["op"]](*operands, **axis)
