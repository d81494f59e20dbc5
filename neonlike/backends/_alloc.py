"""Allocation of tensors and layer buffers (spec backend 5)."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from neonlike.backends._base import BackendBase
from neonlike.backends._buffers import aligned_zeros
from neonlike.backends._cpu_tensor import CPUTensor, at_least_2d


class AllocMixin(BackendBase):
    """New tensors. ``dtype=None`` is the backend's default dtype.

    ``persist_values`` is stored only; ``parallel`` and ``distributed`` have no
    effect. They are there for scripts that pass them.
    """

    def empty(
        self,
        shape: int | tuple[int, ...],
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        parallel: bool = False,
        distributed: bool = False,
    ) -> CPUTensor:
        """Return a new tensor, zero-filled.

        Raises:
            ValueError: a shape that is not made of non-negative ints.
        """
        dtype = self.default_dtype if dtype is None else dtype
        try:
            array = aligned_zeros(_as_shape(shape), dtype)
        except (TypeError, ValueError, OverflowError, MemoryError) as error:
            raise ValueError(f"Invalid shape or dtype. shape: {shape} dtype: {dtype}") from error
        return self.tensor_cls(
            self, dtype=dtype, ary=array, name=name, persist_values=persist_values
        )

    def zeros(
        self,
        shape: int | tuple[int, ...],
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        parallel: bool = False,
        distributed: bool = False,
    ) -> CPUTensor:
        """Return a new tensor of zeros."""
        return self.empty(shape, dtype, name, persist_values)

    def ones(
        self,
        shape: int | tuple[int, ...],
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        parallel: bool = False,
        distributed: bool = False,
    ) -> CPUTensor:
        """Return a new tensor of ones."""
        tensor = self.empty(shape, dtype, name, persist_values)
        tensor._tensor.fill(1)
        return tensor

    def array(
        self,
        ary: Any,
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        parallel: bool = False,
        distributed: bool = False,
    ) -> CPUTensor:
        """Return a new tensor with the values of a number, nested list, ndarray, tensor, op-tree.

        The dtype is the default dtype, not that of ``ary``. A number gives
        (1, 1), a list of n a column (n, 1).
        """
        values = at_least_2d(np.asarray(ary))  # runs op-trees
        tensor = self.empty(values.shape, dtype, name, persist_values)
        self.assign_array(tensor._tensor, values)
        return tensor

    def empty_like(
        self,
        ary: Any,
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
    ) -> CPUTensor:
        """Return a new tensor of the shape (not the dtype) of a tensor, op-tree or ndarray."""
        return self.empty(ary.shape, dtype, name, persist_values)

    def zeros_like(
        self,
        ary: Any,
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
    ) -> CPUTensor:
        """Return a new tensor of zeros, of the shape (not the dtype) of ``ary``."""
        return self.empty(ary.shape, dtype, name, persist_values)

    def iobuf(
        self,
        dim0: int | tuple[int, ...],
        x: CPUTensor | None = None,
        dtype: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        shared: CPUTensor | None = None,
        parallelism: Any = None,
    ) -> CPUTensor:
        """Return a zero-filled layer buffer for the current batch size.

        Args:
            dim0: features; or (features, time steps); or a longer tuple, whose
                product is the number of features.
            x: returned as it is, if given.
            dtype: dtype of a new buffer.
            name: name of a new buffer.
            persist_values: stored in a new buffer.
            shared: tensor whose memory is used, if given.
            parallelism: no effect.

        Raises:
            TypeError: ``dim0`` is neither an int nor a tuple.
            ValueError: there is no batch size yet.
        """
        if x is not None:
            return x
        shape = self._buffer_shape(dim0)
        if shared is None:
            return self.empty(shape, dtype, name, persist_values)
        buffer = shared if shared.shape == shape else shared.share(shape)
        buffer._tensor.fill(0)
        return buffer

    def _buffer_shape(self, dim0: int | tuple[int, ...]) -> tuple[int, int]:
        if not self.bsz:
            raise ValueError(
                f"layer buffers need a batch size, be.bsz is {self.bsz}; call "
                "gen_backend(batch_size=...) or set be.bsz"
            )
        if isinstance(dim0, tuple):
            if len(dim0) == 2:
                return (int(dim0[0]), int(dim0[1]) * self.bsz)
            return (math.prod(int(n) for n in dim0), self.bsz)
        if isinstance(dim0, int | np.integer):
            return (int(dim0), self.bsz)
        raise TypeError(f"iobuf takes an int or a tuple of ints, got {dim0!r}")

    def shared_iobuf_size(self, shape: tuple[int, ...], parallelism: Any) -> int:
        """Return the number of features in a buffer of ``shape``."""
        return math.prod(shape)


def _as_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return ``shape`` as a tuple of two ints or more.

    Raises:
        TypeError: not ints.
        ValueError: negative numbers.
    """
    if isinstance(shape, int | np.integer):
        shape = (int(shape),)
    plain = tuple(operator.index(n) for n in shape)
    if any(n < 0 for n in plain):
        raise ValueError("negative dimension")
    return plain + (1,) * (2 - len(plain))
