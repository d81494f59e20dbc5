"""The gradient of every operation, as one table (spec backend 9).

``GRADIENTS[op](be, x, y, z, g)`` returns what reaches the operands x and y of
``z = op(x, y)`` when g reaches z, as op-trees; None where nothing does. A
gradient may be left with size one along an axis on which it is constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from neonlike.kernels.reference.elementwise import SAFELOG_FLOOR

LN2 = math.log(2.0)
Rule = Callable[[Any, Any, Any, Any, Any], tuple[Any, Any]]


def _unary(rule: Callable[[Any, Any, Any, Any], Any]) -> Rule:
    return lambda be, x, y, z, g: (rule(be, x, z, g), None)


def _zero(be: Any, x: Any, y: Any, z: Any, g: Any) -> tuple[Any, Any]:
    return None, None


def _div(be: Any, x: Any, y: Any, z: Any, g: Any) -> tuple[Any, Any]:
    return g / y, -g * x / (y * y)


def _pow(be: Any, x: Any, y: Any, z: Any, g: Any) -> tuple[Any, Any]:
    return g * y * x ** (y - 1), g * z * be.log(x)


def _dot(be: Any, x: Any, y: Any, z: Any, g: Any) -> tuple[Any, Any]:
    g = expand(be, g, z.shape)
    return be.dot(g, y.T), be.dot(x.T, g)


def _safelog(be: Any, x: Any, z: Any, g: Any) -> Any:
    return g * (x > SAFELOG_FLOOR) / be.maximum(x, SAFELOG_FLOOR)


GRADIENTS: dict[str, Rule] = {
    "abs": _unary(lambda be, x, z, g: g * be.sgn(x)),
    "add": lambda be, x, y, z, g: (g, g),
    "argmax": _zero,
    "argmin": _zero,
    "binarize": _zero,
    "div": _div,
    "dot": _dot,
    "eq": _zero,
    "exp": _unary(lambda be, x, z, g: g * z),
    "exp2": _unary(lambda be, x, z, g: g * z * LN2),
    "finite": _zero,
    "ge": _zero,
    "gt": _zero,
    "le": _zero,
    "log": _unary(lambda be, x, z, g: g / x),
    "log2": _unary(lambda be, x, z, g: g / (x * LN2)),
    "lt": _zero,
    # every tied element gets the full gradient
    "max": _unary(lambda be, x, z, g: g * be.equal(x, z)),
    "maximum": lambda be, x, y, z, g: (
        g * be.greater_equal(x, y),
        g * be.greater_equal(y, x),
    ),
    "min": _unary(lambda be, x, z, g: g * be.equal(x, z)),
    "minimum": lambda be, x, y, z, g: (g * be.less_equal(x, y), g * be.less_equal(y, x)),
    "mul": lambda be, x, y, z, g: (g * y, g * x),
    "ne": _zero,
    "neg": _unary(lambda be, x, z, g: -g),
    "onehot": _zero,
    "pow": _pow,
    "rand": _zero,
    "rint": _zero,
    "safelog": _unary(_safelog),
    "sgn": _zero,
    "shift": _zero,
    "sig": _unary(lambda be, x, z, g: g * z * (1 - z)),
    "sig2": _unary(lambda be, x, z, g: g * z * (1 - z) * LN2),
    "sqr": _unary(lambda be, x, z, g: g * (2 * x)),
    "sqrt": _unary(lambda be, x, z, g: g / (2 * z)),
    "sub": lambda be, x, y, z, g: (g, -g),
    "sum": _unary(lambda be, x, z, g: g),
    "tanh": _unary(lambda be, x, z, g: g * (1 - z * z)),
    "tanh2": _unary(lambda be, x, z, g: g * (1 - z * z) * LN2),
    "transpose": _unary(lambda be, x, z, g: g.T),
}


def expand(be: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Return ``g`` repeated along its axes of size one up to ``shape``."""
    return g if g.shape == shape else g * be.ones(shape)


def collapse(be: Any, g: Any, result: tuple[int, ...], operand: tuple[int, ...]) -> Any:
    """Sum a gradient over the axes on which an operand was broadcast.

    Args:
        be: backend.
        g: gradient at a result; may have size one along constant axes.
        result: shape of the result.
        operand: shape of the operand.
    """
    offset = len(result) - len(operand)
    for axis, size in enumerate(result):
        if size == 1 or (axis >= offset and operand[axis - offset] != 1):
            continue
        g = g * size if g.shape[axis] == 1 else be.sum(g, axis=axis)
    return g
