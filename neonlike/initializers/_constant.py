"""Initializers with given values: Constant, Array, IdentityInit (spec training 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.initializers._base import Initializer


class Constant(Initializer):
    """One value everywhere, or a copy of a given tensor.

    Args:
        val: number, tensor, or ndarray with as many elements as the parameter.
        name: name of the object.
    """

    def __init__(self, val: Any = 0.0, name: str = "constantInit") -> None:
        super().__init__(name)
        self.val = val

    def fill(self, param: Any) -> None:
        """Write the values.

        Raises:
            AssertionError: ``val`` is a tensor or array that does not fit the parameter.
        """
        is_tensor = hasattr(self.val, "asnumpyarray")
        if is_tensor and self.val.shape != param.shape:
            raise AssertionError(
                f"{type(self).__name__} '{self.name}': val has shape {self.val.shape}, "
                f"the parameter has {param.shape}"
            )
        param[:] = self.val


class Array(Constant):
    """A given array (the argument is named ``val``); its description stores an ndarray."""


class IdentityInit(Initializer):
    """Zeros with a leading identity block ``[:, :rows]``; needs at least as many columns as rows.

    The default name freezes the layer (see ``Initializer``).

    Args:
        local: kept for neon scripts, without effect.
        name: name of the object.
    """

    def __init__(self, local: bool = True, name: str = "Identity") -> None:
        super().__init__(name)
        self.local = local

    def fill(self, param: Any) -> None:
        """Write the values.

        Raises:
            ValueError: the parameter has more rows than columns.
        """
        rows, columns = param.shape
        if columns < rows:
            raise ValueError(
                f"IdentityInit needs at least as many columns as rows, got shape {param.shape}"
            )
        param[:] = np.eye(rows, columns)
