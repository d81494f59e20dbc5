"""The rule by which ``tensor[key]`` makes views (spec backend 4.2)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

ALL = slice(None)


def view_of(array: NDArray[Any], key: Any) -> NDArray[Any]:
    """Return the view ``array[key]`` that keeps at least two axes.

    An int keeps its axis as a slice of length one; then, while the rank is
    above two, axes of size one are dropped from left to right.

    Raises:
        IndexError: an int out of range, or more indices than axes.
        TypeError: a key that is not built of ints, slices and ``...``.
    """
    view = array[_as_slices(array.shape, key if isinstance(key, tuple) else (key,))]
    return view if view.ndim == 2 else _drop_unit_axes(view)


def _as_slices(shape: tuple[int, ...], key: tuple[Any, ...]) -> tuple[Any, ...]:
    count = sum(k is not Ellipsis for k in key)
    if count > len(shape):
        raise IndexError(f"too many indices: {count} for a tensor of shape {shape}")
    if len(key) - count > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if count != len(key):
        at = key.index(Ellipsis)
        key = key[:at] + (ALL,) * (len(shape) - count) + key[at + 1 :]
    return tuple(_as_slice(k, axis, shape) for axis, k in enumerate(key))


def _as_slice(k: Any, axis: int, shape: tuple[int, ...]) -> slice:
    if type(k) is slice:
        return k
    if not hasattr(k, "__index__"):
        raise TypeError(f"tensor indices must be ints, slices or ..., got {type(k).__name__}")
    index, size = k.__index__(), shape[axis]
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for axis {axis} of shape {shape}")
    index %= size
    return slice(index, index + 1)


def _drop_unit_axes(view: NDArray[Any]) -> NDArray[Any]:
    shape = list(view.shape)
    axis = 0
    drop: list[int] = []
    for position, size in enumerate(view.shape):
        if len(shape) - len(drop) <= 2:
            break
        # as in the original, the axis right after a dropped one is not looked at
        if size == 1 and position >= axis:
            drop.append(position)
            axis = position + 2
    if not drop:
        return view
    return view[tuple(0 if i in drop else ALL for i in range(view.ndim))]
