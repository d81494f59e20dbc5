"""``Transform``: the base of activation functions (spec training 3)."""

from __future__ import annotations

from typing import Any

from neonlike._object import NervanaObject


class Transform(NervanaObject):
    """An element-wise or column-wise function with its derivative.

    Subclasses override ``__call__`` and ``bprop``, or set ``self.func`` and
    ``self.funcgrad``. Both get a tensor or op-tree and return an op-tree, a
    tensor or a number; nothing is computed before the caller assigns it.

    Args:
        name: name of the object.

    Attributes:
        is_mklop: label kept for neon scripts, without effect.
    """

    func: Any
    funcgrad: Any

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.is_mklop = False

    def __call__(self, x: Any) -> Any:
        """Return f(x)."""
        return self.func(x)

    def bprop(self, x: Any) -> Any:
        """Return the factor f' that multiplies the error.

        Args:
            x: the **output** of the activation (layers overwrite their input in place).
        """
        return self.funcgrad(x)
