"""Patches of pictures; contract in the reference set.

Rows (c,a) of the places in patches are shared among threads; a picture's pixels of one place for
the whole batch, N elements, lie together on both sides.
"""

from __future__ import annotations

from neonlike.kernels._types import Array
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._threads import get_num_threads
from neonlike.kernels.reference import patch as reference

_PARALLEL_WORK = 1 << 17  # elements: below, about 30 us, threads cost more than they gain


def cut(image: Array, patches: Array) -> None:
    """See the reference set."""
    if _is_plain(image, patches):
        _cut(image, patches, _parts(image))
    else:
        reference.cut(image, patches)


def join(patches: Array, image: Array, alpha: float, beta: float) -> None:
    """See the reference set."""
    if _is_plain(image, patches):
        _join(image, patches, float(alpha), float(beta), _parts(image))
    else:
        reference.join(patches, image, alpha, beta)


def _is_plain(image: Array, patches: Array) -> bool:
    same = image.dtype == patches.dtype and image.dtype in ("float32", "float64")
    return bool(same and image.flags.c_contiguous and patches.flags.c_contiguous)


def _parts(image: Array) -> int:
    return get_num_threads() if image.size >= _PARALLEL_WORK else 1


@jit
def _cut(image: Array, patches: Array, parts: int) -> None:
    share(_cut_part, parts, (image, patches, parts))


@inner
def _cut_part(part: int, image: Array, patches: Array, parts: int) -> None:
    height, width = image.shape[1:3]
    first, last = _rows(part, parts, patches)
    for row in range(first, last):
        c, a = divmod(row, patches.shape[1])
        for h in range(a, height, patches.shape[1]):
            for w in range(width):
                j, b = divmod(w, patches.shape[2])
                for n in range(image.shape[3]):
                    patches[c, a, b, h // patches.shape[1], j, n] = image[c, h, w, n]


@jit
def _join(image: Array, patches: Array, alpha: float, beta: float, parts: int) -> None:
    share(_join_part, parts, (image, patches, alpha, beta, parts))


@inner
def _join_part(
    part: int, image: Array, patches: Array, alpha: float, beta: float, parts: int
) -> None:
    height, width = image.shape[1:3]
    factor, old = image.dtype.type(alpha), image.dtype.type(beta)
    first, last = _rows(part, parts, patches)
    for row in range(first, last):
        c, a = divmod(row, patches.shape[1])
        for h in range(a, height, patches.shape[1]):
            i = h // patches.shape[1]
            for w in range(width):
                j, b = divmod(w, patches.shape[2])
                if beta == 0:
                    for n in range(image.shape[3]):
                        image[c, h, w, n] = factor * patches[c, a, b, i, j, n]
                else:
                    for n in range(image.shape[3]):
                        value = factor * patches[c, a, b, i, j, n]
                        image[c, h, w, n] = value + old * image[c, h, w, n]


@inline
def _rows(part: int, parts: int, patches: Array) -> tuple[int, int]:
    """First and last (exclusive) of the rows (c,a) of ``part``."""
    return span(part, parts, patches.shape[0] * patches.shape[1], 1)
