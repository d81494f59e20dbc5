"""Cross-entropy costs (spec training 4)."""

from __future__ import annotations

import math
from typing import Any

from neonlike.backends._replay import pure
from neonlike.transforms._cost import Cost


class CrossEntropyBinary(Cost):
    """Cross-entropy of independent binary outputs: sum of -t log(y) - (1 - t) log(1 - y).

    The derivative is ``scale * (y - t)``, that of cost and sigmoid together:
    end the network with ``Logistic(shortcut=True)``.

    Args:
        scale: factor of the derivative (the cost itself is not scaled).
    """

    def __init__(self, scale: float = 1) -> None:
        super().__init__()
        self.scale = scale

    @pure
    def __call__(self, y: Any, t: Any) -> Any:
        """Return the cost per column.

        Raises:
            AssertionError: y and t differ in shape.
        """
        if y.shape != t.shape:
            raise AssertionError(_shape_message("CrossEntropyBinary", y, t))
        be = self.be
        return be.sum(self._log(1 - y) * (t - 1) - self._log(y) * t, axis=0)

    @pure
    def bprop(self, y: Any, t: Any) -> Any:
        """Return scale * (y - t)."""
        return self.scale * (y - t)


class CrossEntropyMulti(Cost):
    """Cross-entropy of a distribution over classes: sum of -t log(y), in nats or bits.

    The derivative is that of cost and softmax together: end the network with
    ``Softmax()``.

    Args:
        scale: factor of the derivative (the cost itself is not scaled).
        usebits: measure in bits instead of nats.
    """

    def __init__(self, scale: float = 1, usebits: bool = False) -> None:
        super().__init__()
        self.scale = scale
        self.usebits = usebits
        self.logscale = 1.0 / math.log(2.0) if usebits else 1.0

    @pure
    def __call__(self, y: Any, t: Any) -> Any:
        """Return the cost per column.

        Raises:
            ValueError: y and t differ in shape.
        """
        if y.shape != t.shape:
            raise ValueError(_shape_message("CrossEntropyMulti", y, t))
        return self.be.sum(-t * self.logscale * self._log(y), axis=0)

    @pure
    def bprop(self, y: Any, t: Any) -> Any:
        """Return logscale * scale * (y - t)."""
        return self.logscale * self.scale * (y - t)


def _shape_message(cost: str, y: Any, t: Any) -> str:
    return (
        f"{cost} needs network outputs and targets of the same shape, got outputs {y.shape} and "
        f"targets {t.shape}: check nout of the last layer and the one-hot coding of the targets"
    )
