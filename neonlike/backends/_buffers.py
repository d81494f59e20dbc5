"""Memory: 64-byte aligned arrays, and two pools of scratch memory."""

from __future__ import annotations

import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.kernels._memory import address as address

ALIGNMENT = 64
MAX_VIEWS = 4096
SLOT_BYTES = 256 * 1024
PAGE, HUGE_PAGE = 4096, 2 << 20
LEAST_SPREAD = 64 << 10  # bytes: smaller arrays begin where they happen to
CACHE_WAY = 128 << 10  # bytes after which second caches take the same place again
_CAN_ASK = hasattr(mmap, "MADV_HUGEPAGE")  # Linux


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return a zero-filled C-contiguous array whose data start on a 64-byte boundary.

    Large arrays begin at different places of their pages: a kernel that streams over several of
    them waits for its own stores if these look, by the low bits of their addresses, like the loads
    that follow; and in huge pages equal places would drive each other out of the second cache.
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes >= HUGE_PAGE and _CAN_ASK:
        raw = _huge_zeros(nbytes)
    elif nbytes >= LEAST_SPREAD:
        raw = _placed(np.zeros(nbytes + 2 * PAGE, np.uint8), PAGE, 24 * ALIGNMENT, PAGE)
    else:
        raw = _placed(np.zeros(nbytes + ALIGNMENT, np.uint8), ALIGNMENT, 0, ALIGNMENT)
    return raw[:nbytes].view(dtype).reshape(shape)


def _placed(raw: NDArray[Any], page: int, step: int, span: int) -> NDArray[Any]:
    """From the first page of ``raw`` on, and ``step`` bytes, within ``span``, for its number."""
    first = -(-address(raw) // page)
    return raw[first * page + first * step % span - address(raw) :]


def _huge_zeros(nbytes: int) -> NDArray[Any]:
    """Return fresh memory for ``nbytes``, in huge pages as far as it fills them.

    Kernels walk along images and sequences in strides of whole small pages, so that each access
    would need a page entry of its own. What is never touched takes no memory.
    """
    size = -(-nbytes // HUGE_PAGE) * HUGE_PAGE + 2 * HUGE_PAGE
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    whole = np.frombuffer(memory, np.uint8)
    placed = _placed(whole, HUGE_PAGE, PAGE + ALIGNMENT, CACHE_WAY)
    start = address(placed) // HUGE_PAGE * HUGE_PAGE
    filled = (address(placed) + nbytes) // HUGE_PAGE * HUGE_PAGE - start
    memory.madvise(mmap.MADV_HUGEPAGE, start - address(whole), filled)
    return placed


class BufferPool:
    """Named scratch memory that is allocated once and then reused.

    ``pool(name, shape, dtype)`` returns an array with undefined content. The
    same name gives the same memory as long as the size fits; a larger request
    replaces the buffer, and begins a new ``generation``. Callers choose names so
    that two buffers that are alive at the same time have different ones.
    """

    def __init__(self) -> None:
        self._free: NDArray[Any] = np.empty(0, np.uint8)  # rest of the last huge page
        self._buffers: dict[str, NDArray[Any]] = {}
        self._views: dict[tuple[str, tuple[int, ...], Any], NDArray[Any]] = {}
        self.generation = 0

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
            self.generation += buffer is not None
            buffer = self._buffers[name] = self._take(nbytes)
            self._views = {k: v for k, v in self._views.items() if k[0] != name}
        if len(self._views) >= MAX_VIEWS:
            self._views.clear()
        return buffer[:nbytes].view(dtype).reshape(shape)

    def _take(self, nbytes: int) -> NDArray[Any]:
        """Return memory for a buffer: small ones lie side by side in huge pages."""
        size = -(-nbytes // ALIGNMENT) * ALIGNMENT
        if size > HUGE_PAGE // 2:
            return aligned_zeros((nbytes,), np.uint8)
        if size > self._free.size:
            self._free = aligned_zeros((HUGE_PAGE,), np.uint8)
        taken, self._free = self._free[:nbytes], self._free[size:]
        return taken


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
            self._slots.append(aligned_zeros((SLOT_BYTES,), np.uint8))
        return self._slots[slot][:nbytes].view(dtype).reshape(shape)
