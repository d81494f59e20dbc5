"""The same work in several sizes: time must grow as the arithmetic does."""

from __future__ import annotations

import functools

from benchmarks.items._item import Item
from benchmarks.items.kernels import conv, recurrent
from benchmarks.items.nets import mnist_mlp

# axis -> (sizes, power of the size with which the arithmetic grows)
AXES = {
    "batch": ((16, 32, 64, 128, 256, 512), 1),
    "hidden": ((32, 64, 128, 256, 512), 2),
    "image": ((8, 16, 32, 64, 128), 2),
}


def _item(axis: str, size: int) -> Item:
    name = f"scale_{axis}_{size}"
    if axis == "batch":
        return Item(name, size, mnist_mlp, None, "net_mnist_mlp by batch size")
    if axis == "hidden":
        layer = functools.partial(recurrent, cell="gru", nin=size, nout=size, steps=20)
        return Item(name, 64, layer, None, "GRU by hidden size, as many inputs")
    layer = functools.partial(conv, op="fprop", c=16, hw=size, k=32, r=3, pad=1)
    return Item(name, 32, layer, None, "convolution 3x3 by image size")


SCALING = [_item(axis, size) for axis, (sizes, _) in AXES.items() for size in sizes]
