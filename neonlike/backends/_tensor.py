"""``Tensor``: what every tensor offers, whatever holds its values (spec backend 4)."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._optree import Operand

if TYPE_CHECKING:
    from typing import Self

DTYPES = frozenset(
    np.dtype(t)
    for t in (
        "float16",
        "float32",
        "float64",
        "int8",
        "uint8",
        "int16",
        "uint16",
        "int32",
        "uint32",
    )
)


class Tensor(Operand, abc.ABC):
    """An array of at least two axes that takes part in op-trees.

    Attributes:
        backend: the owning backend; it runs assignments to this tensor.
        shape: tuple of ints.
        dtype: NumPy dtype.
        name: given name or None (views: None).
        persist_values: stored only.
        base: the tensor this one is directly a view of, None for an owner.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __init__(
        self,
        backend: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = np.float32,
        name: str | None = None,
        persist_values: bool = True,
    ) -> None:
        assert not isinstance(dtype, str), f"dtype must be a type or np.dtype, got {dtype!r}"
        self.backend = backend
        self.dtype = np.dtype(dtype)
        assert self.dtype in DTYPES, f"unsupported tensor dtype {self.dtype}"
        if shape is not None:
            self.shape = shape
        self.name = name
        self.persist_values = persist_values
        self.base: Any = None

    @abc.abstractmethod
    def __getitem__(self, key: Any) -> Any:
        """Return the view ``self[key]``; an int keeps its axis with length one."""

    @abc.abstractmethod
    def __setitem__(self, key: Any, value: Any) -> None:
        """Assign number, ndarray of equal size, tensor or op-tree into the view ``self[key]``."""

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        return self.shape[0] > 0

    def __hash__(self) -> int:
        return id(self) >> 4  # identity: == builds an op-tree

    @abc.abstractmethod
    def __repr__(self) -> str:
        """Describe the tensor, without its values."""

    def __str__(self) -> str:
        return repr(self)

    @property
    @abc.abstractmethod
    def T(self) -> Any:
        """Transposed view; for three or more axes, axes 1 and 2 are swapped and 0 is kept."""

    @property
    def _original_base(self) -> Any:
        """The owner at the end of the chain of ``base``."""
        owner = self
        while owner.base is not None:
            owner = owner.base
        return owner

    @abc.abstractmethod
    def get(self) -> NDArray[Any]:
        """Return a fresh C-contiguous ndarray with the values.

        With one element it also acts as a number, as ``float(cost.get())`` needs with NumPy 2.4.
        """

    @abc.abstractmethod
    def asnumpyarray(self) -> NDArray[Any]:
        """Return the values as an ndarray, without a copy where possible."""

    @abc.abstractmethod
    def set(self, ary: Any) -> Self:
        """Assign ``ary`` (as ``self[:] = ary``); return self."""

    @abc.abstractmethod
    def fill(self, value: float) -> Self:
        """Set every element to ``value``; return self."""

    def copy(self, a: Any) -> Self:
        """Assign ``a`` *into this tensor* (no new tensor is made); return self."""
        return self.set(a)

    def copy_from(self, a: Any) -> Self:
        """Assign ``a`` *into this tensor* (no new tensor is made); return self."""
        return self.set(a)

    @abc.abstractmethod
    def reshape(self, *shape: Any) -> Any:
        """Return a view of another shape, or self if the shape is the same.

        Args:
            shape: ints or one tuple or list; one -1 is allowed; a single
                number makes a column. A non-contiguous tensor is copied.

        Raises:
            ValueError: the number of elements differs.
        """

    @abc.abstractmethod
    def transpose(self, out: Any = None) -> Any:
        """Return ``self.T``, or assign it to ``out`` and return ``out``."""

    def dimension_reorder(self, new_order: Sequence[int]) -> Any:
        """Reshape, without moving data, to the shape permuted by ``new_order``."""
        return self.reshape(tuple(self.shape[i] for i in new_order))

    @abc.abstractmethod
    def take(self, indices: Any, axis: int, out: Any = None) -> Any:
        """Return a copy of the slices ``indices`` along ``axis``, or assign it to ``out``.

        Args:
            indices: integer list, ndarray or tensor of any shape (flattened).
            axis: axis to select along.
            out: tensor for the result.

        Raises:
            TypeError: indices that are not integers.
        """

    @abc.abstractmethod
    def hist(self, tag: Any) -> Any:
        """Count rint(log2(abs(values))) into the backend's next histogram row, named ``tag``."""

    @abc.abstractmethod
    def raw(self) -> int:
        """Return the memory address of the first element."""
