"""What kernels and backends know of the memory."""

from __future__ import annotations

from neonlike.kernels._types import Array

STREAM_BYTES = 4 << 20  # results that leave the second cache before they are read again
_GAP_BYTES = 16 << 10


def apart(size: int, itemsize: int) -> int:
    """Elements for ``size`` of one thread's, and the gap to the memory of the next one.

    Cores fetch ahead of what they walk through, and without a gap would take it from each other.
    """
    return size + _GAP_BYTES // itemsize


def address(array: Array) -> int:
    """Return the memory address of the first element."""
    place: int = array.__array_interface__["data"][0]
    return place
