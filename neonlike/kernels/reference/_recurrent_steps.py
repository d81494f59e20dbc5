"""Steps and directions of the arrays of a recurrent sweep (layout: ``reference.recurrent``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neonlike.kernels._types import Array, Triple


class Steps:
    """The (rows, outer * inner) panels of the steps of an array."""

    def __init__(self, x: Array, geometry: Triple) -> None:
        self._x = x.reshape(x.shape[0], *geometry)

    def __getitem__(self, t: int) -> Array:
        return self._x[:, :, t].reshape(self._x.shape[0], -1)

    def __setitem__(self, t: int, panel: Array) -> None:
        self._x[:, :, t] = panel.reshape(self._x[:, :, t].shape)


def _part(x: Array, direction: int, directions: int) -> Array:
    rows = x.shape[0] // directions
    return x[direction * rows : (direction + 1) * rows]


def directions_of(
    w: Array, geometry: Triple, sequences: tuple[Array, ...], states: tuple[Array | None, ...]
) -> Iterator[tuple[Any, ...]]:
    """Per direction: the order of the steps, ``w``, ``sequences`` as steps, ``states``."""
    outer, steps, inner = geometry
    n = w.shape[1]
    directions = sequences[0].shape[0] // n
    for d in range(directions):
        order = range(steps)[:: 1 - 2 * d]
        zeros = (n, outer * inner), sequences[0].dtype
        yield (
            order,
            _part(w, d, directions),
            *(Steps(_part(x, d, directions), geometry) for x in sequences),
            *(np.zeros(*zeros) if s is None else _part(s, d, directions) for s in states),
        )
