"""``Score``: small arrays that also act as a number (spec usage 9)."""

from __future__ import annotations

from typing import Any

import numpy as np


class Score(np.ndarray[Any, Any]):
    """A result of ``Model.eval``, a cost layer or ``Tensor.get``: with one element, also a number.

    Scripts index such results, multiply them, and put them straight into a
    ``%.1f`` or ``float()``; NumPy 2.4 refuses the last two for arrays of one
    axis or more, so they are defined here.

    Example:
        >>> "%.1f" % (Score.of([0.25]) * 100)
        '25.0'
    """

    @classmethod
    def of(cls, values: Any) -> Score:
        """Return ``values`` (an ndarray is not copied) as a Score."""
        return np.asarray(values).view(cls)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Return what NumPy would: a scalar for the sum of all elements, a plain larger array."""
        if return_scalar:
            return array[()]
        return array.view(type(self)) if array.size == 1 else array

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle as a plain array, which is read without neonlike."""
        return np.asarray(self).__reduce_ex__(protocol)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self.size == 1 else super().__format__(spec)
