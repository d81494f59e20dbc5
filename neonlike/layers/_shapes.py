"""Shapes: how ``in_shape`` is read and what buffer it stands for (spec layers 2).

A shape never contains the batch axis: an int F is F features, a 2-tuple (F, T)
is F features at T steps, anything longer is a picture or volume (C, [D,] H, W).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral
from typing import Any


def numel(shape: Any) -> int:
    """Number of elements of ``shape`` (for one sample)."""
    return int(shape) if isinstance(shape, Integral) else math.prod(shape)


def plain_shape(shape: Any) -> Any:
    """Return ``shape`` with NumPy integers turned into ints; lists (of shapes) stay lists."""
    if isinstance(shape, Integral):
        return int(shape)
    if isinstance(shape, list | tuple):
        return type(shape)(plain_shape(item) for item in shape)
    return shape


def check_single(shape: Any) -> None:
    """Refuse a list of shapes, which only layers of several inputs can read.

    Raises:
        TypeError: it is one.
    """
    if isinstance(shape, list) and not all(isinstance(size, Integral) for size in shape):
        raise TypeError(
            f"expected the shape of one input, got {shape}; several inputs need a layer such as "
            "MergeMultistream, an iterator over one array needs the array, not a list of it"
        )


def interpret_in_shape(xshape: Any) -> tuple[int, int]:
    """Read a shape as (features, steps): F -> (F, 1), (F, T) as it is, longer -> (product, 1)."""
    check_single(xshape)
    if isinstance(xshape, Integral):
        return int(xshape), 1
    if len(xshape) == 2:
        return xshape[0], xshape[1]
    return math.prod(xshape), 1


def buffer_shape(shape: Any, bsz: int) -> tuple[int, int]:
    """Shape of the tensor that ``be.iobuf(shape)`` makes for ``bsz`` samples."""
    rows, steps = interpret_in_shape(shape)
    return rows, steps * bsz


def image_shape(shape: Iterable[int]) -> tuple[int, int, int, int]:
    """Read (C, H, W) or (C, D, H, W) as (C, D, H, W)."""
    channels, *depth, height, width = shape
    return channels, depth[0] if depth else 1, height, width
