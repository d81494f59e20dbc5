"""``CPUTensor``: a tensor that wraps an ndarray (spec backend 4)."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.backends._buffers import ALIGNMENT, address
from neonlike.backends._indexing import ALL, view_of
from neonlike.backends._replay import Replay
from neonlike.backends._score import Score
from neonlike.backends._tensor import Tensor
from neonlike.kernels._memory import STREAM_BYTES

if TYPE_CHECKING:
    from typing import Self

Spec = tuple[tuple[int, ...], tuple[int, ...], int, bool, bool]

# Layouts (shape, strides, dtype, aligned and writeable, large and on a line) met so far; op-tree
# keys hold the number
_LAYOUTS: dict[Spec, int] = {}
_LAYOUT_BITS = 32  # of their numbers, more than memory could hold layouts


class CPUTensor(Tensor):
    """A tensor whose values are an ndarray, ``_tensor``.

    Args:
        backend: the owning backend.
        shape: unused when ``ary`` is given; does not allocate.
        dtype: floating or integer type of at most 8 (float) or 4 (integer) bytes.
        ary: array to wrap; converted if it is not an ndarray of this dtype. 0-d
            becomes (1, 1), 1-d of n a column (n, 1).
        name: any name.
        persist_values: stored only.
        base: the tensor this one is a view of.

    Attributes:
        replay: what the backend did to write this tensor, ready to be done again.
    """

    _layout: int | None = None
    _address: int | None = None
    _place: int | None = None
    replay: Replay | None = None
    _tensor: NDArray[Any]

    def __init__(
        self,
        backend: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = np.float32,
        ary: Any = None,
        name: str | None = None,
        persist_values: bool = True,
        base: Tensor | None = None,
    ) -> None:
        super().__init__(backend, shape, dtype, name, persist_values)
        self.base = base
        if ary is not None:
            with np.errstate(all="ignore"):
                self._tensor = at_least_2d(np.asarray(ary, self.dtype))
            self.shape = self._tensor.shape

    def _view(self, array: NDArray[Any]) -> CPUTensor:
        """Wrap a view of this tensor's array (two axes or more, same dtype), quickly."""
        view = CPUTensor.__new__(type(self))
        view.backend = self.backend
        view.dtype = self.dtype
        view.name = None
        view.persist_values = True
        view.base = self
        view._tensor = array
        view.shape = array.shape
        return view

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._tensor.size

    @property
    def is_contiguous(self) -> bool:
        """Whether the array is C-contiguous."""
        return self._tensor.flags.c_contiguous

    @property
    def layout(self) -> int:
        """A number that stands for shape, strides, dtype and flags of the array.

        And for whether it begins on a line of the cache, where a kernel may make use of it.
        """
        number = self._layout
        if number is None:
            a = self._tensor
            is_line = a.nbytes >= STREAM_BYTES and self.raw() % ALIGNMENT == 0
            spec = (a.shape, a.strides, a.dtype.num, a.flags.behaved, is_line)
            number = _LAYOUTS.setdefault(spec, len(_LAYOUTS))
            self._layout = number
        return number

    @property
    def place(self) -> int:
        """Address and layout: equal for tensors that are the same memory in the same form."""
        if self._place is None:
            self._place = self.raw() << _LAYOUT_BITS | self.layout
        return self._place

    def raw(self) -> int:
        if self._address is None:
            self._address = address(self._tensor)
        return self._address

    def __repr__(self) -> str:
        base = "None" if self.base is None else f"{id(self.base):#x}"
        return (
            f"{type(self).__name__}(base {base}) name:{self.name} shape:{self.shape} "
            f"dtype:{self.dtype} strides:{self._tensor.strides} "
            f"is_c_contiguous:{self.is_contiguous}"
        )

    def __getitem__(self, key: Any) -> CPUTensor:
        if type(key) is slice and key == ALL:
            return self
        return self._view(view_of(self._tensor, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self[key]._assign(value)

    def __iter__(self) -> Iterator[CPUTensor]:
        return (self[i] for i in range(len(self)))

    def _assign(self, value: Any) -> Self:
        if isinstance(value, np.ndarray):
            self._assign_array(value)
        else:
            self.backend.run(self, value)
        return self

    def _assign_array(self, value: NDArray[Any]) -> None:
        target = self._tensor
        assert value.size == target.size, (
            f"cannot assign an array of shape {value.shape} to a tensor of shape {self.shape}: "
            "the sizes differ (only tensors and op-trees broadcast)"
        )
        self.backend.assign_array(target, value if value.ndim >= 2 else value.reshape(target.shape))

    def get(self) -> NDArray[Any]:
        copy = np.array(self._tensor, order="C")
        return copy if copy.size != 1 else Score.of(copy)

    def asnumpyarray(self) -> NDArray[Any]:
        return self._tensor

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._tensor, dtype=dtype, copy=copy)

    def __buffer__(self, flags: int) -> memoryview:
        return self._tensor.data

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._tensor.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._tensor.__dlpack_device__()

    def __float__(self) -> float:
        return float(self._single("float"))

    def __int__(self) -> int:
        return int(self._single("int"))

    def _single(self, kind: str) -> Any:
        if self.size != 1:
            raise TypeError(f"only a tensor of one element has a {kind} value, got {self.shape}")
        return self._tensor.item()

    def set(self, value: Any) -> Self:
        return self._assign(value)

    def fill(self, value: float) -> Self:
        return self._assign(value)

    def reshape(self, *shape: Any) -> CPUTensor:
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        if wanted == self.shape:
            return self
        wanted = tuple(operator.index(n) for n in wanted)
        if -1 in wanted and math.prod(wanted) != 0:
            known = -math.prod(wanted)
            wanted = tuple(self.size // known if n == -1 else n for n in wanted)
        if math.prod(wanted) != self.size:
            raise ValueError(
                f"cannot reshape a tensor of shape {self.shape} and size {self.size} "
                f"to {wanted}, of size {math.prod(wanted)}"
            )
        return (
            self if wanted == self.shape else self._view(at_least_2d(self._tensor.reshape(wanted)))
        )

    def share(
        self, shape: int | tuple[int, ...], dtype: Any = None, name: str | None = None
    ) -> CPUTensor:
        """Return a view of the first elements (C order) with another, not larger, shape.

        Args:
            shape: wanted shape; an int makes a column.
            dtype: ignored.
            name: ignored.

        Raises:
            ValueError: the shape has more elements than this tensor.
        """
        wanted = (shape, 1) if isinstance(shape, int) else tuple(shape)
        size = math.prod(wanted)
        if size > self.size:
            raise ValueError(
                "total size of new array must <= size of parent: "
                f"{wanted} does not fit into {self.shape}"
            )
        return self._view(at_least_2d(self._tensor.reshape(-1)[:size].reshape(wanted)))

    @property
    def T(self) -> CPUTensor:
        a = self._tensor
        return self._view(a.T if a.ndim == 2 else a.swapaxes(1, 2))

    def transpose(self, out: Any = None) -> Any:
        return self.T if out is None else out._assign(self.T)

    def take(self, indices: Any, axis: int | None = None, out: Any = None) -> Any:
        if axis is None:
            raise TypeError("take needs the axis to select along")
        source, chosen = self._tensor, integer_indices(indices)
        wanted = (*source.shape[:axis], chosen.size, *source.shape[axis:][1:])
        if out is None or out.shape != wanted or out._tensor.dtype != source.dtype:
            taken = self._view(source.take(chosen.astype(np.intp), axis))
            return taken if out is None else out._assign(taken)
        check_indices(chosen, source.shape[axis])
        chosen = self.backend.in_dtype("take", chosen, np.intp)
        source.take(chosen, axis, out._tensor, mode="wrap")  # "raise" makes a copy of the result
        return out

    def hist(self, tag: Any) -> Any:
        return self.backend.add_histogram(self, tag)


def at_least_2d(array: NDArray[Any]) -> NDArray[Any]:
    """Return ``array`` with ones appended to its shape up to two axes (a view)."""
    return array if array.ndim >= 2 else array.reshape(array.shape + (1,) * (2 - array.ndim))


def integer_indices(indices: Any) -> NDArray[Any]:
    """Return a list, ndarray or tensor of integers as a flat array.

    Raises:
        TypeError: not integers.
    """
    flat = np.asarray(indices).reshape(-1)
    if flat.size and flat.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {flat.dtype}")
    return flat


def check_indices(indices: NDArray[Any], size: int) -> None:
    """Refuse indices, from the end if negative, outside an axis of ``size``.

    Raises:
        IndexError: there are some.
    """
    if indices.size and not -size <= indices.min() <= indices.max() < size:
        wrong = indices[(indices < -size) | (indices >= size)][0]
        raise IndexError(f"index {wrong} is out of bounds for an axis of size {size}")
