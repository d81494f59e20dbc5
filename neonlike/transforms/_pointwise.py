"""Activations without a curve: Identity, Normalizer, Sign (spec training 3)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.transforms._transform import Transform


class Identity(Transform):
    """f(x) = x; derivative 1."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    @pure
    def __call__(self, x: Any) -> Any:
        """Return x itself."""
        return x

    @pure
    def bprop(self, x: Any) -> Any:
        """Return 1."""
        return 1


class Normalizer(Transform):
    """f(x) = x / divisor; derivative 1 / divisor. First layer of networks fed with raw pixels."""

    def __init__(self, name: str | None = None, divisor: float = 128.0) -> None:
        super().__init__(name)
        self.divisor = divisor

    def __call__(self, x: Any) -> Any:
        """Return x / divisor."""
        return x / self.divisor

    def bprop(self, x: Any) -> Any:
        """Return 1 / divisor."""
        return 1.0 / self.divisor


class Sign(Transform):
    """Binarize to +1 (x >= 0) or -1, with the straight-through derivative ``abs(x) <= 1``.

    The argument is overwritten with the result; a copy stays in ``inputs``.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.inputs: Any = None

    def __call__(self, x: Any) -> Any:
        """Overwrite the tensor x with its sign and return it."""
        if self.inputs is None or self.inputs.shape != x.shape:
            self.inputs = self.be.empty(x.shape)
        self.inputs[:] = x
        x[:] = 2.0 * self.be.greater_equal(x, 0) - 1.0
        return x

    def bprop(self, x: Any) -> Any:
        """Return 1 where the stored input lies in [-1, 1], else 0 (x is not used)."""
        return self.be.less_equal(self.be.absolute(self.inputs), 1)
