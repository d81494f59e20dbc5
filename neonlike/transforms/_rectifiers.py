"""Activations with a kink at zero: Rectlin, Rectlinclip, Explin (spec training 3)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.transforms._transform import Transform


class Rectlin(Transform):
    """Rectified linear unit: max(x, 0) + slope * min(x, 0).

    The derivative is 1 for y > 0, slope for y < 0 and 0 at y = 0.

    Args:
        slope: slope of the negative branch (0: plain ReLU).
        name: name of the object.
    """

    def __init__(self, slope: float = 0, name: str | None = None) -> None:
        super().__init__(name)
        self.slope = slope
        self.is_mklop = True

    @pure
    def __call__(self, x: Any, nglayer: Any = None) -> Any:
        """Return the rectified x; ``nglayer`` is the hook argument of neon's layers."""
        return self.be.fprop_relu(nglayer, x, self.slope)

    @pure
    def bprop(self, x: Any, nglayer: Any = None, error: Any = None, deltas: Any = None) -> Any:
        """Return the derivative at output x; the other arguments are hooks of neon's layers."""
        return self.be.bprop_relu(nglayer, x, error, deltas, self.slope)


class Rectlinclip(Transform):
    """Rectified linear unit with a ceiling: min(max(x, 0) + slope * min(x, 0), xcut).

    Args:
        slope: slope of the negative branch.
        name: name of the object.
        xcut: the ceiling; from there on the derivative is 0.
    """

    def __init__(self, slope: float = 0, name: str | None = None, xcut: float = 20.0) -> None:
        super().__init__(name)
        self.slope = slope
        self.xcut = xcut

    @pure
    def __call__(self, x: Any) -> Any:
        """Return the clipped rectified x."""
        return self.be.minimum(self.be.fprop_relu(None, x, self.slope), self.xcut)

    @pure
    def bprop(self, x: Any) -> Any:
        """Return the derivative at output x."""
        slope = self.be.bprop_relu(None, x, None, None, self.slope)
        return slope * self.be.less(x, self.xcut)


class Explin(Transform):
    """Exponential linear unit: x for x > 0, alpha * (exp(x) - 1) below.

    Args:
        alpha: the negated limit for x -> -inf.
        name: name of the object.
    """

    def __init__(self, alpha: float = 1.0, name: str | None = None) -> None:
        super().__init__(name)
        self.alpha = alpha

    @pure
    def __call__(self, x: Any) -> Any:
        """Return max(x, 0) + alpha * (exp(min(x, 0)) - 1)."""
        be = self.be
        return be.maximum(x, 0) + self.alpha * (be.exp(be.minimum(x, 0)) - 1)

    @pure
    def bprop(self, x: Any) -> Any:
        """Return the derivative at output x: 1 for x > 0, x + alpha for x < 0."""
        be = self.be
        return be.greater(x, 0) + be.minimum(x, 0) + self.alpha * be.less(x, 0)
