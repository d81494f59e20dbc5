"""The names of all operations, their operands, and the shapes of their results (spec backend 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

Shape = tuple[int, ...]


class OpCollection:
    """The names of all operations, by number of operands."""

    zero_operand_ops = {"rand", "onehot"}
    unary_ops = {
        "finite", "neg", "abs", "sgn", "sqrt", "sqr", "exp", "log", "exp2", "log2", "sig",
        "sig2", "tanh", "tanh2", "transpose", "safelog", "rint", "binarize",
    }  # fmt: skip
    binary_ops = {
        "assign", "add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge", "pow",
        "minimum", "maximum", "dot", "shift",
    }  # fmt: skip
    reduction_ops = {"sum", "max", "min", "argmax", "argmin"}
    float_ops = zero_operand_ops | unary_ops | binary_ops
    ew_ops = float_ops - {"dot", "transpose"}


def as_operand(value: Any) -> Any:
    """Return ``value`` as a Python number if it is a NumPy scalar or 0-d array.

    Returns:
        The number, ``value`` itself for subclasses of int and float, or
        ``NotImplemented`` for other types.

    Raises:
        TypeError: an ndarray of one dimension or more.
    """
    if isinstance(value, np.ndarray) and value.ndim > 0:
        raise TypeError(
            f"an ndarray of shape {value.shape} cannot be an operand of an op-tree; "
            "make it a tensor first: be.array(a)"
        )
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    return value if isinstance(value, int | float) else NotImplemented


def operand_shape(operand: Any) -> Shape:
    """Shape of a tensor or tree; numbers are 1 x 1."""
    return cast(Shape, getattr(operand, "shape", (1, 1)))


def node_shape(op: str, a: Any, b: Any, kwargs: dict[str, Any]) -> Shape:
    """Shape of ``op(a, b)``; mismatching element-wise operands are left to execution."""
    rule = SHAPE_RULES.get(op)
    if rule is None:
        raise TypeError(f"{op} is not a valid operation")
    return rule(a, b, kwargs)


def _elementwise_shape(a: Any, b: Any, kwargs: dict[str, Any]) -> Shape:
    sa: Shape | None = getattr(a, "shape", None)
    sb: Shape | None = getattr(b, "shape", None)
    if sa is None:
        return (1, 1) if sb is None else sb
    return sa if sb is None or sa == sb else broadcast(sa, sb)


def broadcast(sa: Shape, sb: Shape) -> Shape:
    """Common shape of two operands, if they fit together."""
    rank = max(len(sa), len(sb))
    pairs = zip((1,) * (rank - len(sa)) + sa, (1,) * (rank - len(sb)) + sb, strict=True)
    return tuple(n if m == 1 else m if n == 1 else max(m, n) for m, n in pairs)


def _reduction_shape(a: Any, b: Any, kwargs: dict[str, Any]) -> Shape:
    axis = kwargs.get("axis")
    if not isinstance(axis, int | np.integer) or isinstance(axis, bool):
        raise TypeError(f"a reduction needs one integer axis, got {axis!r}")
    shape = list(operand_shape(a))
    rank = len(shape)
    if not -rank <= axis < rank:
        raise IndexError(
            f"cannot reduce axis {axis} of a tensor or op-tree of shape {tuple(shape)}: "
            f"axis must be from 0 to {rank - 1}, or from {-rank} to -1 to count from the end"
        )
    shape[axis] = 1
    return tuple(shape)


def _dot_shape(a: Any, b: Any, kwargs: dict[str, Any]) -> Shape:
    sa, sb = operand_shape(a), operand_shape(b)
    assert len(sa) == len(sb) == 2, f"dot needs 2-d operands, got shapes {sa} and {sb}"
    assert sa[1] == sb[0], f"dot needs a.shape[1] == b.shape[0], got shapes {sa} and {sb}"
    return (sa[0], sb[1])


def _transpose_shape(a: Any, b: Any, kwargs: dict[str, Any]) -> Shape:
    return operand_shape(a)[::-1]


ShapeRule = Callable[[Any, Any, dict[str, Any]], Shape]
SHAPE_RULES: dict[str, ShapeRule] = {
    **dict.fromkeys(OpCollection.ew_ops, _elementwise_shape),
    **dict.fromkeys(OpCollection.reduction_ops, _reduction_shape),
    "dot": _dot_shape,
    "transpose": _transpose_shape,
    "onehot": lambda a, b, kwargs: (0, 0),
    "rand": lambda a, b, kwargs: (1, 1),
}
