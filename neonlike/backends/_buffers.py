"""Memory: 64-byte aligned arrays, and two pools of scratch memory."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

ALIGNMENT = 64
# Where large arrays begin within a page, in turn. A kernel that streams over several of them waits
# for its own stores if these look, by the low bits of their addresses, like the loads that follow.
LARGE, PAGE = 64 * 1024, 4096
_places = itertools.cycle([n * 1536 % PAGE for n in range(8)])
STREAM_BYTES = 16 << 20  # results that no cache holds until they are read again
MAX_VIEWS = 4096
SLOT_BYTES = 256 * 1024


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike, *, spread: bool = True) -> NDArray[Any]:
    """Return a zero-filled C-contiguous array whose data start on a 64-byte boundary.

    With ``spread``, large arrays start at different places within a page.
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    unit, place = (PAGE, next(_places)) if spread and nbytes >= LARGE else (ALIGNMENT, 0)
    raw = np.zeros(nbytes + unit, np.uint8)
    start = (place - address(raw)) % unit
    return raw[start : start + nbytes].view(dtype).reshape(shape)


def address(array: NDArray[Any]) -> int:
    """Return the memory address of the first element."""
    return int(array.__array_interface__["data"][0])


class BufferPool:
    """Named scratch memory that is allocated once and then reused.

    ``pool(name, shape, dtype)`` returns an array with undefined content. The
    same name gives the same memory as long as the size fits; a larger request
    replaces the buffer. Callers choose names so that two buffers that are
    alive at the same time have different ones.
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}
        self._views: dict[tuple[str, tuple[int, ...], Any], NDArray[Any]] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        key = (name, shape, dtype)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = self._make_view(name, shape, np.dtype(dtype))
        return view

    def _make_view(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        nbytes = math.prod(shape) * dtype.itemsize
        buffer = self._buffers.get(name)
        if buffer is None or buffer.nbytes < nbytes:
            buffer = self._buffers[name] = aligned_zeros((nbytes,), np.uint8, spread=False)
            self._views = {k: v for k, v in self._views.items() if k[0] != name}
        if len(self._views) >= MAX_VIEWS:
            self._views.clear()
        return buffer[:nbytes].view(dtype).reshape(shape)


class Arena:
    """Memory for the temporaries of op-trees: numbered slots of the size of a block."""

    def __init__(self) -> None:
        self._slots: list[NDArray[Any]] = []

    def view(self, slot: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return slot ``slot`` as an array, or new memory if a slot is too small for it."""
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes > SLOT_BYTES:
            return aligned_zeros(shape, dtype)
        while len(self._slots) <= slot:
            self._slots.append(aligned_zeros((SLOT_BYTES,), np.uint8, spread=False))
        return self._slots[slot][:nbytes].view(dtype).reshape(shape)
