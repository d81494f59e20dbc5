"""Tensors as the arrays that kernels take: contiguous, in a given shape and dtype."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.backends._base import BackendBase
from neonlike.backends._cpu_tensor import CPUTensor

Array = NDArray[Any]
_HALF, _SINGLE = np.dtype(np.float16), np.dtype(np.float32)


class OperandsMixin(BackendBase):
    """Views of tensors in a layer's shapes, or scratch copies where the memory does not suit."""

    def _operand(
        self,
        call: str,
        name: str,
        tensor: CPUTensor,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        error: type[Exception] = AssertionError,
    ) -> Array:
        """The memory of ``tensor`` in ``shape``, or a copy of it in ``dtype``.

        Raises:
            AssertionError, or ``error``: a tensor of another number of elements.
        """
        array = tensor._tensor
        if array.size != prod(shape):
            raise error(
                f"{call}: {name} has shape {array.shape} ({array.size} elements), "
                f"expected {prod(shape)} elements, {shape}"
            )
        if array.dtype == dtype and array.flags.c_contiguous:
            return array.reshape(shape)
        copy = self.scratch(f"{call} {name}", shape, dtype)
        self.assign_array(copy, array.reshape(shape))
        return copy

    def _deliver(self, array: Array, tensor: CPUTensor) -> None:
        """Copy a result to ``tensor`` if ``_operand`` had given a copy of it."""
        if not np.may_share_memory(array, tensor._tensor):
            self.assign_array(tensor._tensor, array.reshape(tensor.shape))


def compute_dtype(tensor: CPUTensor) -> DTypeLike:
    """Dtype in which kernels compute the values of ``tensor``; float16 is for storage only."""
    dtype = tensor._tensor.dtype
    return _SINGLE if dtype == _HALF else dtype
