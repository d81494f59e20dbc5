"""Shapes of recurrent layers: features and steps (spec layers 2.1, 2.2)."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

from neonlike.layers._shapes import check_single


def interpret_in_shape(xshape: Any) -> tuple[int, int]:
    """Read a shape as (features, steps): F -> (F, 1), (F, T) as it is, (C, ..., W) -> (C * ..., W).

    A picture is thus read along its width, one step per image column.
    """
    check_single(xshape)
    if isinstance(xshape, Integral):
        return int(xshape), 1
    if len(xshape) == 2:
        return int(xshape[0]), int(xshape[1])
    return math.prod(int(size) for size in xshape[:-1]), int(xshape[-1])


def get_steps(x: Any, shape: tuple[int, int]) -> list[Any]:
    """Return the steps of ``x`` as views of (features, batch).

    Args:
        x: tensor or ndarray (features, steps * batch), or None.
        shape: (features, steps).

    Returns:
        One view per step, or as many None.
    """
    steps = shape[1]
    if x is None:
        return [None] * steps
    batch = x.shape[1] // steps
    return [x[:, t * batch : (t + 1) * batch] for t in range(steps)]
