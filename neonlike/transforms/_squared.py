"""Costs built on squares of differences or margins (spec training 4)."""

from __future__ import annotations

from typing import Any

from neonlike.transforms._cost import Cost


class SumSquared(Cost):
    """Half the sum of squared differences, sum (y - t)^2 / 2; derivative y - t."""

    def __init__(self) -> None:
        super().__init__()

    def func(self, y: Any, t: Any) -> Any:
        """Return the cost per column."""
        return self.be.sum(self.be.square(y - t), axis=0) / 2.0

    def funcgrad(self, y: Any, t: Any) -> Any:
        """Return y - t."""
        return y - t


class MeanSquared(Cost):
    """Half the mean of squared differences, mean (y - t)^2 / 2; derivative (y - t) / features."""

    def __init__(self) -> None:
        super().__init__()

    def func(self, y: Any, t: Any) -> Any:
        """Return the cost per column."""
        return self.be.mean(self.be.square(y - t), axis=0) / 2.0

    def funcgrad(self, y: Any, t: Any) -> Any:
        """Return (y - t) / features."""
        return (y - t) / y.shape[0]


class SquareHingeLoss(Cost):
    """Squared hinge loss: mean of max(margin - T y, 0)^2, with T = 2 t - 1.

    Args:
        margin: distance from the boundary up to which correct outputs still cost.
    """

    def __init__(self, margin: float = 1) -> None:
        super().__init__()
        self.margin = margin

    def squarehinge(self, y: Any, t: Any) -> Any:
        """Return the cost per column."""
        t = 2 * t - 1
        return self.be.mean(self.be.square(self.be.maximum(self.margin - t * y, 0)), axis=0)

    def squarehingegrad(self, y: Any, t: Any) -> Any:
        """Return -2 T max(margin - T y, 0) / features."""
        t = 2 * t - 1
        return -2 * t * self.be.maximum(self.margin - t * y, 0) / y.shape[0]

    func = squarehinge
    funcgrad = squarehingegrad


class SmoothL1Loss(Cost):
    """Absolute difference with a parabola at the bottom (box regression).

    With s = sigma^2 and d = y - t, summed over features: s d^2 / 2 where
    ``abs(d) < 1 / s``, else ``abs(d) - 0.5 / s``.

    Args:
        sigma: sharpness of the bottom.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        self.sigma = sigma

    def smoothL1(self, x: Any) -> Any:
        """Return the smooth absolute value of x, element by element."""
        return smooth_l1(self.be, x, self.sigma)

    def smoothL1grad(self, x: Any) -> Any:
        """Return the derivative of ``smoothL1`` at x."""
        be, s = self.be, self.sigma**2
        near = be.less(be.absolute(x), 1.0 / s)
        return s * x * near + be.sgn(x) * (1 - near)

    def func(self, y: Any, t: Any) -> Any:
        """Return the cost per column."""
        return self.be.sum(self.smoothL1(y - t), axis=0)

    def funcgrad(self, y: Any, t: Any) -> Any:
        """Return the derivative of the cost."""
        return self.smoothL1grad(y - t)


def smooth_l1(be: Any, x: Any, sigma: float) -> Any:
    """Return the smooth absolute value of x (see ``SmoothL1Loss``) as an op-tree."""
    s = sigma**2
    size = be.absolute(x)
    near = be.less(size, 1.0 / s)
    return 0.5 * s * be.square(x) * near + (size - 0.5 / s) * (1 - near)
