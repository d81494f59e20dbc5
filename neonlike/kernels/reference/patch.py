"""Patches of pictures in plain NumPy.

Arrays: image (C,H,W,N), patches (C,ph,pw,I,J,N) with I = ceil(H / ph) and J = ceil(W / pw); pixel
(i ph + a, j pw + b) of the image is place (a,b) of patch (i,j). Where the last patches reach beyond
the image they are left as they are, and not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from neonlike.kernels._types import Array


def cut(image: Array, patches: Array) -> None:
    """Copy the pixels of ``image`` to ``patches``."""
    for pixels, cells in _places(image, patches):
        cells[...] = pixels


def join(patches: Array, image: Array, alpha: float, beta: float) -> None:
    """``image = alpha * patches + beta * image``; with ``beta`` 0 old content does not matter."""
    for pixels, cells in _places(image, patches):
        scaled = cells if alpha == 1 else alpha * cells
        pixels[...] = scaled + beta * pixels if beta else scaled


def _places(image: Array, patches: Array) -> Iterator[tuple[Array, Array]]:
    """Per place in a patch: all its pixels of the image, and all its cells of the patches."""
    rows, columns = patches.shape[1:3]
    for row in range(rows):
        for column in range(columns):
            pixels = image[:, row::rows, column::columns]
            yield pixels, patches[:, row, column, : pixels.shape[1], : pixels.shape[2]]
