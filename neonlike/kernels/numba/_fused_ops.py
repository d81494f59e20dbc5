"""The operations of fused loops on vectors, with NumPy's rules for nan, inf and truth values.

Arithmetic is exact in NumPy's sense: products and sums are not contracted. Truth values are
vectors of ``i1``; they act as 1 and 0 where they meet floating-point numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from llvmlite import ir

from neonlike.kernels.numba import _vector_math as functions
from neonlike.kernels.numba._ir import Vectors
from neonlike.kernels.numba._vector_math import Lanes

SAFELOG_FLOOR = math.exp(-50.0)
LARGEST_POWER = 8

Rule = Callable[..., ir.Value]


def is_truth(value: ir.Value) -> bool:
    """Whether the elements of a vector are truth values."""
    return bool(value.type.element == ir.IntType(1))


def as_floats(v: Vectors, value: ir.Value) -> ir.Value:
    """Truth values as 1 and 0; floating-point numbers unchanged."""
    return v.builder.select(value, v.constant(1.0), v.zero()) if is_truth(value) else value


def operate(v: Vectors, operation: str, operands: Sequence[ir.Value]) -> ir.Value:
    """The result of an operation of ``FLOATS`` or, on truth values only, of ``TRUTHS``."""
    if operation in TRUTHS and all(is_truth(a) for a in operands):
        return TRUTHS[operation](v.builder, *operands)
    return FLOATS[operation](v, *(as_floats(v, a) for a in operands))


def power(v: Vectors, x: ir.Value, exponent: float) -> ir.Value:
    """``x`` to a power that ``has_power`` accepts."""
    b = v.builder
    if exponent == 0.5:
        return _call(v, "sqrt", x)
    if exponent == -0.5:
        result = b.fdiv(v.constant(1.0), _call(v, "sqrt", b.fadd(x, v.zero())))  # -0 is 0 here
        return b.select(b.fcmp_ordered("==", x, v.constant(-math.inf)), v.zero(), result)
    if exponent < 0:
        return b.fdiv(v.constant(1.0), power(v, x, -exponent))
    result, square, rest = v.constant(1.0), x, int(exponent)
    while rest:
        result = b.fmul(result, square) if rest & 1 else result
        rest >>= 1
        square = b.fmul(square, square) if rest else square
    return result


def has_power(exponent: float) -> bool:
    """Whether powers with this constant exponent can be compiled."""
    return abs(exponent) == 0.5 or (exponent % 1 == 0 and abs(exponent) <= LARGEST_POWER)


def maximum(v: Vectors, a: ir.Value, b: ir.Value) -> ir.Value:
    """The larger one; nan wins."""
    return _extreme(v, ">", a, b)


def minimum(v: Vectors, a: ir.Value, b: ir.Value) -> ir.Value:
    """The smaller one; nan wins."""
    return _extreme(v, "<", a, b)


def _extreme(v: Vectors, comparison: str, a: ir.Value, b: ir.Value) -> ir.Value:
    # one machine instruction, which gives a if either is nan
    chosen = v.builder.select(v.builder.fcmp_ordered(comparison, b, a), b, a)
    return v.builder.select(v.builder.fcmp_unordered("uno", b, b), b, chosen)


def _call(v: Vectors, name: str, x: ir.Value) -> ir.Value:
    return Lanes(v, x).call(name).value


def _sign(v: Vectors, x: ir.Value) -> ir.Value:
    b, zero = v.builder, v.zero()
    other = b.fadd(x, zero)  # nan, or a zero of either sign
    not_above = b.select(b.fcmp_ordered("<", x, zero), v.constant(-1.0), other)
    return b.select(b.fcmp_ordered(">", x, zero), v.constant(1.0), not_above)


def _is_finite(v: Vectors, x: ir.Value) -> ir.Value:
    return v.builder.fcmp_ordered("<", _call(v, "fabs", x), v.constant(math.inf))


def _function(function: Callable[[Lanes], Lanes]) -> Rule:
    return lambda v, x: function(Lanes(v, x)).value


def _arithmetic(name: str) -> Rule:
    return lambda v, a, b: getattr(v.builder, name)(a, b)


def _comparison(sign: str) -> Rule:
    if sign == "!=":  # true for nan
        return lambda v, a, b: v.builder.fcmp_unordered(sign, a, b)
    return lambda v, a, b: v.builder.fcmp_ordered(sign, a, b)


def _safelog(v: Vectors, x: ir.Value) -> ir.Value:
    floored = Lanes(v, maximum(v, x, v.constant(SAFELOG_FLOOR)))
    return functions.log(floored, normal=True).value


FLOATS: dict[str, Rule] = {
    "abs": lambda v, x: _call(v, "fabs", x),
    "add": _arithmetic("fadd"),
    "cast": lambda v, x: x,
    "div": _arithmetic("fdiv"),
    "eq": _comparison("=="),
    "exp": _function(functions.exp),
    "exp2": _function(functions.exp2),
    "finite": _is_finite,
    "ge": _comparison(">="),
    "gt": _comparison(">"),
    "le": _comparison("<="),
    "log": _function(functions.log),
    "log2": _function(functions.log2),
    "lt": _comparison("<"),
    "maximum": maximum,
    "minimum": minimum,
    "mul": _arithmetic("fmul"),
    "ne": _comparison("!="),
    "neg": lambda v, x: v.builder.fneg(x),
    "rint": lambda v, x: _call(v, "rint", x),
    "safelog": _safelog,
    "sgn": _sign,
    "sig": _function(functions.logistic),
    "sig2": _function(functions.logistic2),
    "sqr": lambda v, x: v.builder.fmul(x, x),
    "sqrt": lambda v, x: _call(v, "sqrt", x),
    "sub": _arithmetic("fsub"),
    "tanh": _function(functions.tanh),
}

# Time of slow operations, in units of one array that is read or written
COSTS = {"div": 2, "sqrt": 3} | dict.fromkeys(
    ("exp", "exp2", "log", "log2", "safelog", "sig", "sig2", "tanh"), 6
)

# On truth values alone: NumPy adds with "or" and multiplies with "and"
TRUTHS: dict[str, Rule] = {
    "abs": lambda b, x: x,
    "add": lambda b, x, y: b.or_(x, y),
    "eq": lambda b, x, y: b.not_(b.xor(x, y)),
    "ge": lambda b, x, y: b.or_(x, b.not_(y)),
    "gt": lambda b, x, y: b.and_(x, b.not_(y)),
    "le": lambda b, x, y: b.or_(b.not_(x), y),
    "lt": lambda b, x, y: b.and_(b.not_(x), y),
    "maximum": lambda b, x, y: b.or_(x, y),
    "minimum": lambda b, x, y: b.and_(x, y),
    "mul": lambda b, x, y: b.and_(x, y),
    "ne": lambda b, x, y: b.xor(x, y),
}


def result_is_truth(operation: str, operands: Sequence[bool]) -> bool | None:
    """Whether an operation on (truth value?) operands gives truth values; None: not compilable."""
    if operation not in FLOATS:
        return None
    if all(operands) and operation != "cast":
        return True if operation in TRUTHS else None
    return operation in ("eq", "finite", "ge", "gt", "le", "lt", "ne")


IDENTITY: dict[str, float] = {"max": -math.inf, "min": math.inf, "sum": 0.0}
COMBINE: dict[str, Rule] = {"max": maximum, "min": minimum, "sum": FLOATS["add"]}
