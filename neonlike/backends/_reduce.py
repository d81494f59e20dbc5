"""Reductions, each building an op-tree (spec backend 6.2)."""

from __future__ import annotations

import math
from typing import Any

from neonlike.backends._eager import EagerMixin


class ReduceMixin(EagerMixin):
    """Reductions along one axis, which always stays with size one.

    Each returns an op-tree; with ``out`` the tree is run into that tensor, which
    is returned. ``axis=None`` reduces axis 0, then axis 1. ``keepdims`` and
    ``partial`` are there for scripts that pass them and have no effect.
    An axis beyond the rank raises ``IndexError``, a tuple ``TypeError``.
    """

    def sum(self, a: Any, axis: int | None = None, out: Any = None, keepdims: bool = True) -> Any:
        """Return the sum along ``axis``."""
        return self._reduce("sum", a, axis, out)

    def max(self, a: Any, axis: int | None = None, out: Any = None, keepdims: bool = True) -> Any:
        """Return the maximum along ``axis``; nan wins."""
        return self._reduce("max", a, axis, out)

    def min(self, a: Any, axis: int | None = None, out: Any = None, keepdims: bool = True) -> Any:
        """Return the minimum along ``axis``; nan wins."""
        return self._reduce("min", a, axis, out)

    def argmax(self, a: Any, axis: int = 1, out: Any = None, keepdims: bool = True) -> Any:
        """Return the index of the first maximum along ``axis``; nan wins."""
        return self.build("argmax", a, out=out, axis=axis)

    def argmin(self, a: Any, axis: int = 1, out: Any = None, keepdims: bool = True) -> Any:
        """Return the index of the first minimum along ``axis``; nan wins."""
        return self.build("argmin", a, out=out, axis=axis)

    def mean(
        self,
        a: Any,
        axis: int | None = None,
        partial: Any = None,
        out: Any = None,
        keepdims: bool = True,
    ) -> Any:
        """Return the mean along ``axis`` of a tensor or op-tree."""
        total = self.sum(a, axis)
        shape = a.shape
        count = shape[0] * shape[1] if axis is None else shape[axis]
        return self.build("mul", total, 1.0 / count if count else math.nan, out=out)

    def var(
        self,
        a: Any,
        axis: int | None = None,
        partial: Any = None,
        out: Any = None,
        keepdims: bool = True,
        binary: bool = False,
    ) -> Any:
        """Return mean((a - mean(a))^2) along ``axis``.

        With ``binary`` the square is ``shift(d, d)``, and is evaluated at once.
        """
        deviation = a - self.mean(a, axis)
        square = self.shift(deviation, deviation) if binary else self.build("sqr", deviation)
        return self.mean(square, axis, out=out)

    def std(
        self,
        a: Any,
        axis: int | None = None,
        partial: Any = None,
        out: Any = None,
        keepdims: bool = True,
    ) -> Any:
        """Return the standard deviation along ``axis``: the root of ``var``."""
        return self.build("sqrt", self.var(a, axis), out=out)

    def _reduce(self, op: str, a: Any, axis: int | None, out: Any) -> Any:
        if axis is None:
            return self.build(op, self.build(op, a, axis=0), out=out, axis=1)
        return self.build(op, a, out=out, axis=axis)
