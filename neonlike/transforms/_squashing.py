"""Activations with a bounded range: Tanh, Logistic, Softmax, PixelwiseSoftmax (spec training 3)."""

from __future__ import annotations

from typing import Any

from neonlike.backends._replay import pure
from neonlike.transforms._transform import Transform

EPSILON = 2.0**-23


class Tanh(Transform):
    """Hyperbolic tangent; derivative 1 - y^2."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    @pure
    def __call__(self, x: Any) -> Any:
        """Return tanh(x)."""
        return self.be.tanh(x)

    @pure
    def bprop(self, x: Any) -> Any:
        """Return the derivative at output x."""
        return 1.0 - self.be.square(x)


class Logistic(Transform):
    """Logistic sigmoid 1 / (1 + exp(-x)); derivative y * (1 - y).

    Args:
        name: name of the object.
        shortcut: let the derivative be 1, because ``CrossEntropyBinary``
            already supplies the derivative of cost and sigmoid together.
    """

    def __init__(self, name: str | None = None, shortcut: bool = False) -> None:
        super().__init__(name)
        self.set_shortcut(shortcut)

    def set_shortcut(self, shortcut: bool) -> None:
        """Switch the shortcut derivative on or off."""
        self.shortcut = shortcut

    @pure
    def __call__(self, x: Any) -> Any:
        """Return the sigmoid of x."""
        return self.be.sig(x)

    @pure
    def bprop(self, y: Any) -> Any:
        """Return the derivative at output y."""
        return 1.0 if self.shortcut else y * (1.0 - y)


class CenteredLogistic(Transform):
    """2 s sigmoid(x) - s, in (-s, s); derivative (s^2 - y^2) / (2 s).

    The squashing functions g (s = 2) and h (s = 1) of the LSTM of 1997.

    Args:
        scale: s.
    """

    def __init__(self, scale: float = 1.0, name: str | None = None) -> None:
        super().__init__(name)
        self.scale = scale

    @pure
    def __call__(self, x: Any) -> Any:
        """Return the squashed x."""
        return self.be.sig(x) * (2.0 * self.scale) - self.scale

    @pure
    def bprop(self, y: Any) -> Any:
        """Return the derivative at output y."""
        return (self.scale**2 - y * y) * (0.5 / self.scale)


class Softmax(Transform):
    """exp(x) normalized to sum 1 along ``axis``.

    The derivative is given as 1: the cross-entropy costs supply the derivative
    of cost and softmax together.

    Args:
        axis: 0 normalizes each column (example), 1 each row.
        name: name of the object.
        epsilon: not used, kept for neon scripts.
    """

    def __init__(self, axis: int = 0, name: str | None = None, epsilon: float = EPSILON) -> None:
        super().__init__(name)
        self.axis = axis
        self.epsilon = epsilon

    @pure
    def __call__(self, x: Any) -> Any:
        """Return the softmax of x."""
        return self.be.fprop_softmax(x, self.axis)

    @pure
    def bprop(self, x: Any) -> Any:
        """Return 1."""
        return 1


class PixelwiseSoftmax(Transform):
    """Softmax over the channels of every pixel.

    The tensor, seen as (c, pixels * N), is overwritten with its softmax over
    axis 0. The derivative is given as 1, as in ``Softmax``.

    Args:
        c: number of channels.
        name: name of the object.
        epsilon: not used, kept for neon scripts.
    """

    def __init__(self, c: int, name: str | None = None, epsilon: float = EPSILON) -> None:
        super().__init__(name)
        self.c = c
        self.epsilon = epsilon

    def __call__(self, x: Any) -> Any:
        """Overwrite the tensor x with its softmax and return it."""
        pixels = x.reshape((self.c, -1))
        pixels[:] = self.be.fprop_softmax(pixels, 0)
        return x

    def bprop(self, x: Any) -> Any:
        """Return 1."""
        return 1
