"""Element-wise functions, each building an op-tree (spec backend 6.1)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._base import BackendBase


class ElementwiseMixin(BackendBase):
    """Functions of tensors, op-trees and numbers, with NumPy's broadcasting.

    Each returns an op-tree; with ``out`` the tree is run into that tensor, which
    is returned. Comparisons are truth values inside a tree, 1 or 0 once assigned.
    """

    def add(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a + b."""
        return self.build("add", a, b, out=out)

    def subtract(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a - b."""
        return self.build("sub", a, b, out=out)

    def multiply(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a * b."""
        return self.build("mul", a, b, out=out)

    def divide(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a / b, also of integers."""
        return self.build("div", a, b, out=out)

    def true_divide(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a / b, also of integers."""
        return self.build("div", a, b, out=out)

    def power(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return a to the power b."""
        return self.build("pow", a, b, out=out)

    def equal(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a == b."""
        return self.build("eq", a, b, out=out)

    def not_equal(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a != b."""
        return self.build("ne", a, b, out=out)

    def less(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a < b."""
        return self.build("lt", a, b, out=out)

    def less_equal(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a <= b."""
        return self.build("le", a, b, out=out)

    def greater(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a > b."""
        return self.build("gt", a, b, out=out)

    def greater_equal(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return whether a >= b."""
        return self.build("ge", a, b, out=out)

    def maximum(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return the larger of a and b; nan wins."""
        return self.build("maximum", a, b, out=out)

    def minimum(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return the smaller of a and b; nan wins."""
        return self.build("minimum", a, b, out=out)

    def dot(self, a: Any, b: Any, out: Any = None) -> Any:
        """Return the matrix product of two 2-d operands.

        Raises:
            AssertionError: shapes that do not fit.
        """
        return self.build("dot", a, b, out=out)

    def clip(self, a: Any, a_min: Any, a_max: Any, out: Any = None) -> Any:
        """Return min(max(a, a_min), a_max); the bounds may be tensors."""
        return self.minimum(self.maximum(a, a_min), a_max, out=out)

    def reciprocal(self, a: Any, out: Any = None) -> Any:
        """Return 1 / a."""
        return self.build("div", 1.0, a, out=out)

    def negative(self, a: Any, out: Any = None) -> Any:
        """Return -a."""
        return self.build("neg", a, out=out)

    def sgn(self, a: Any, out: Any = None) -> Any:
        """Return the sign of a: -1, 0 or 1."""
        return self.build("sgn", a, out=out)

    def absolute(self, a: Any, out: Any = None) -> Any:
        """Return the absolute value."""
        return self.build("abs", a, out=out)

    def fabs(self, a: Any, out: Any = None) -> Any:
        """Return the absolute value."""
        return self.build("abs", a, out=out)

    def sqrt(self, a: Any, out: Any = None) -> Any:
        """Return the square root."""
        return self.build("sqrt", a, out=out)

    def square(self, a: Any, out: Any = None) -> Any:
        """Return a * a."""
        return self.build("sqr", a, out=out)

    def exp(self, a: Any, out: Any = None) -> Any:
        """Return e^a."""
        return self.build("exp", a, out=out)

    def exp2(self, a: Any, out: Any = None) -> Any:
        """Return 2^a."""
        return self.build("exp2", a, out=out)

    def safelog(self, a: Any, out: Any = None) -> Any:
        """Return log(max(a, e^-50))."""
        return self.build("safelog", a, out=out)

    def log(self, a: Any, out: Any = None) -> Any:
        """Return the natural logarithm."""
        return self.build("log", a, out=out)

    def log2(self, a: Any, out: Any = None) -> Any:
        """Return the logarithm to base 2."""
        return self.build("log2", a, out=out)

    def sig(self, a: Any, out: Any = None) -> Any:
        """Return 1 / (1 + e^-a)."""
        return self.build("sig", a, out=out)

    def sig2(self, a: Any, out: Any = None) -> Any:
        """Return 1 / (1 + 2^-a)."""
        return self.build("sig2", a, out=out)

    def tanh(self, a: Any, out: Any = None) -> Any:
        """Return the hyperbolic tangent."""
        return self.build("tanh", a, out=out)

    def tanh2(self, a: Any, out: Any = None) -> Any:
        """Return (2^2a - 1) / (2^2a + 1); nan where 2^2a overflows."""
        return self.build("tanh2", a, out=out)

    def finite(self, a: Any, out: Any = None) -> Any:
        """Return 1 where a is finite, else 0."""
        return self.build("finite", a, out=out)

    def rint(self, a: Any, out: Any = None) -> Any:
        """Return a rounded to the nearest integer, halves to even."""
        return self.build("rint", a, out=out)
