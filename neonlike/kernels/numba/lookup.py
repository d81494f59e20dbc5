"""Gradient of a lookup table; contract in the reference set."""

from __future__ import annotations

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads

_BLOCK = (
    16  # elements of a vector: one cache line of dw, for which as many lines of err stay cached
)
_PARALLEL_WORK = 1 << 16  # elements of err: below, about 100 µs, threads cost more than they gain
_NONE = -1  # no id is negative


def bprop(ids: Array, err: Array, dw: Array, pad_idx: int | None) -> None:
    """Set row i of ``dw`` to the sum of the columns of ``err`` whose id is i.

    Rows whose id does not occur, and the row ``pad_idx``, are left alone.

    Args:
        ids: (n,) integers from 0 to vocabulary size - 1.
        err: (E, n).
        dw: (vocabulary size, E).
        pad_idx: id that is skipped, or None.
    """
    pad = _NONE if pad_idx is None else int(pad_idx)
    parts = get_num_threads() if err.size >= _PARALLEL_WORK else 1
    _bprop(ids, err, dw, pad, parts)


@jit
def _bprop(ids: Array, err: Array, dw: Array, pad: int, parts: int) -> None:
    share(_bprop_part, parts, (ids, err, dw, pad, parts))


@inner
def _bprop_part(part: int, ids: Array, err: Array, dw: Array, pad: int, parts: int) -> None:
    """A part of the elements of the vectors, in blocks."""
    first, last = span(part, parts, err.shape[0], _BLOCK)
    for j in range(ids.size):
        if ids[j] != pad:
            dw[ids[j], first:last] = 0
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        for j in range(ids.size):
            if ids[j] != pad:
                for e in range(start, stop):
                    dw[ids[j], e] += err[e, j]
