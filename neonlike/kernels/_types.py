"""Types in the signatures of the kernels."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Triple: TypeAlias = tuple[int, int, int]  # (d, h, w)


class Scratch(Protocol):
    """Where kernels get temporary memory from: the buffer pool of a backend."""

    def __call__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """The 64-byte aligned array of this name, with undefined content."""
        ...
