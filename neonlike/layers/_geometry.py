"""Reading the size arguments of spatial layers: filters, strides, padding (spec layers 7).

An int applies to height and width; a dict names single axes (``str_h``,
``pad_w``, ``dil_d`` ...) and leaves the others at their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from neonlike._object import check_count
from neonlike.layers._base import Layer
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._shapes import image_shape

AXES = ("d", "h", "w")


def axis_params(layer: Layer, prefix: str, given: Any, default: int) -> dict[str, int]:
    """Read one of ``strides``, ``padding``, ``dilation`` as ``{prefix_d, prefix_h, prefix_w}``.

    Raises:
        ValueError: neither int nor dict, an unknown key, or a number that is too small.
    """
    params = {f"{prefix}_{axis}": default for axis in AXES}
    if isinstance(given, Integral):
        given = {f"{prefix}_h": int(given), f"{prefix}_w": int(given)}
    if not isinstance(given, Mapping) or not set(given) <= set(params):
        raise ValueError(
            f"{describe(layer)}: expected an int or a dict with keys among {sorted(params)}, "
            f"got {given!r}"
        )
    params.update(given)
    least = 0 if prefix == "pad" else 1
    if min(params.values()) < least:
        raise ValueError(f"{describe(layer)}: expected {sorted(params)} >= {least}, got {given!r}")
    return params


def filter_params(layer: Layer, fshape: Any) -> dict[str, int]:
    """Read a filter shape (R, S, K), (T, R, S, K) or dict as ``{T, R, S, K}``.

    Raises:
        TypeError: a size is no integer.
        ValueError: another length or other keys, or a size below 1.
    """
    sizes = {}
    if isinstance(fshape, Mapping):
        sizes = {"T": 1, **fshape}
    elif isinstance(fshape, list | tuple) and len(fshape) in (3, 4):
        sizes = {"T": 1, **dict(zip("TRSK"[-len(fshape) :], fshape, strict=True))}
    if set(sizes) != set("TRSK"):
        raise ValueError(
            f"{describe(layer)}: expected fshape (height, width, maps), (depth, height, width, "
            f"maps) or a dict with keys T, R, S, K, got {fshape!r}"
        )
    return _checked(layer, sizes)


def window_params(layer: Layer, fshape: Any, in_shape: tuple[int, ...]) -> dict[str, int]:
    """Read a pooling window: int, (R, S), (T, R, S), dict or "all" as ``{J, T, R, S}``.

    Raises:
        TypeError: a size is no integer.
        ValueError: none of these, or a size below 1.
    """
    window = {"J": 1, "T": 1, "R": 1, "S": 1}
    if isinstance(fshape, str) and fshape == "all":
        window |= {"R": in_shape[-2], "S": in_shape[-1]}
    elif isinstance(fshape, Integral):
        window |= {"R": int(fshape), "S": int(fshape)}
    elif isinstance(fshape, Mapping) and set(fshape) <= set(window):
        window |= fshape
    elif isinstance(fshape, list | tuple) and len(fshape) in (2, 3):
        window |= zip("TRS"[-len(fshape) :], fshape, strict=True)
    else:
        raise ValueError(
            f"{describe(layer)}: expected a window as int, (height, width), (depth, height, "
            f"width), dict with keys J, T, R, S, or 'all', got {fshape!r}"
        )
    return _checked(layer, window)


def _checked(layer: Layer, sizes: dict[str, int]) -> dict[str, int]:
    for name, size in sizes.items():
        check_count(describe(layer), f"{name} of fshape", size)
    return sizes


def input_params(layer: Layer, maps: str, axes: str) -> dict[str, int]:
    """Read ``layer.in_shape`` as sizes named ``maps`` and the three letters of ``axes``.

    Raises:
        AssertionError: the input is no picture or volume.
    """
    shape = layer.in_shape
    picture = isinstance(shape, tuple) and len(shape) in (3, 4)
    assert picture, shape_message(
        layer,
        "the input is no picture",
        expected="a tuple (channels, height, width) or (channels, depth, height, width)",
        got=shape,
        hint="put a Reshape before the layer, or give the data set's lshape",
    )
    return dict(zip((maps, *axes), image_shape(shape), strict=True))


def check_output(layer: Layer, window: Mapping[str, int], sizes: tuple[int, ...]) -> None:
    """Refuse windows that do not fit into the padded map.

    Args:
        window: the layer's sizes, paddings and dilations by letter.
        sizes: output sizes (depth, height, width).

    Raises:
        ValueError: an output size is below 1.
    """
    if min(sizes) >= 1:
        return
    axis = next(i for i, size in enumerate(sizes) if size < 1)
    letter, size = "TRS"[axis], "DHW"[axis]
    padded = window[size] + 2 * window[f"pad_{AXES[axis]}"]
    extent = window.get(f"dil_{AXES[axis]}", 1) * (window[letter] - 1) + 1
    name = ("depth", "height", "width")[axis]
    raise ValueError(
        shape_message(
            layer,
            f"the window is larger than the padded map in its {name}",
            expected=f"a {name} of at least {extent}",
            got=f"{window[size]} ({padded} with padding)",
            hint="use larger pictures, a smaller filter, more padding or less pooling before",
        )
    )


def map_shape(maps: int, depth: int, height: int, width: int) -> tuple[int, ...]:
    """Output shape of a spatial layer: three axes if the depth is 1, else four."""
    return (maps, height, width) if depth == 1 else (maps, depth, height, width)


def shape_text(maps: int, axes: tuple[int, ...]) -> str:
    """Text like ``3 x (32x32)``."""
    return f"{maps} x ({'x'.join(map(str, axes))})"
