"""Less common spatial kernels: deconvolution, volumes, strides, average pooling, LRN, regions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from benchmarks.items._item import Item, Step, call, random


# --------------------------------------------------------------- convolution
def conv_case(be: Any, op: str, **geometry: Any) -> Step:
    """One pass of any convolution; ``epilogue`` is fprop with bias, ReLU and sums per map."""
    layer = be.conv_layer(be.default_dtype, be.bsz, **geometry)
    x, w, y = (random(be, dim) for dim in (layer.dimI2, layer.dimF2, layer.dimO2))
    bias, bsum = random(be, layer.dimS), be.empty(layer.dimS)
    calls = {
        "fprop": call(be.fprop_conv, layer, x, w, y),
        "bprop": call(be.bprop_conv, layer, w, y, x),
        "update": call(be.update_conv, layer, x, y, w),
        "epilogue": call(be.fprop_conv, layer, x, w, y, bias=bias, bsum=bsum, relu=True),
    }
    return calls[op]


def torch_conv3d(channels_last: bool, n: int, op: str, c: int, k: int, dhw: Any, trs: Any) -> Step:
    """Twin of ``conv_case`` for volumes."""
    import torch

    x, w = torch.rand(n, c, *dhw), torch.rand(k, c, *trs)
    if op == "fprop":
        return call(torch.nn.functional.conv3d, x, w)
    y = torch.nn.functional.conv3d(x, w)
    mask = (op == "bprop", op == "update", False)
    args = (y, x, w, None, (1, 1, 1), (0, 0, 0), (1, 1, 1), False, (0, 0, 0), 1, mask)
    return call(torch.ops.aten.convolution_backward, *args)


def deconv(be: Any, op: str, c: int, hw: int, k: int, r: int, stride: int) -> Step:
    """One pass of a deconvolution of ``k`` maps of ``hw`` x ``hw`` to ``c`` maps."""
    sizes = {"N": be.bsz, "C": c, "K": k, "M": 1, "P": hw, "Q": hw, "R": r, "S": r}
    layer = be.deconv_layer(be.default_dtype, **sizes, str_h=stride, str_w=stride)
    out, w, x = (random(be, dim) for dim in (layer.dimI2, layer.dimF2, layer.dimO2))
    calls = {
        "fprop": call(be.bprop_conv, layer, w, x, out),
        "bprop": call(be.fprop_conv, layer, out, w, x),
        "update": call(be.update_conv, layer, out, x, w),
    }
    return calls[op]


def torch_deconv(
    channels_last: bool, n: int, op: str, c: int, hw: int, k: int, r: int, stride: int
) -> Step:
    """Twin of ``deconv``."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(n, k, hw, hw).contiguous(memory_format=form)
    w = torch.rand(k, c, r, r).contiguous(memory_format=form)
    y = torch.nn.functional.conv_transpose2d(x, w, stride=stride)
    if op == "fprop":
        return call(torch.nn.functional.conv_transpose2d, x, w, stride=stride)
    mask = (op == "bprop", op == "update", False)
    args = (y, x, w, None, (stride, stride), (0, 0), (1, 1), True, (0, 0), 1, mask)
    return call(torch.ops.aten.convolution_backward, *args)


# ------------------------------------------------------------ pooling and LRN
def pool_case(be: Any, op: str, kind: str, **geometry: Any) -> Step:
    """One pass of any pooling."""
    layer = be.pool_layer(be.default_dtype, kind, be.bsz, **geometry)
    x, y = random(be, layer.dimI2), random(be, layer.dimO2)
    argmax = be.empty(layer.dimO2, dtype=np.uint8) if kind == "max" else None
    be.fprop_pool(layer, x, y, argmax)
    if op == "fprop":
        return call(be.fprop_pool, layer, x, y, argmax)
    return call(be.bprop_pool, layer, y, x, argmax)


def torch_average(channels_last: bool, n: int, op: str, c: int, hw: int, size: int) -> Step:
    """Twin of average pooling."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(n, c, hw, hw).contiguous(memory_format=form)
    if op == "fprop":
        return call(torch.nn.functional.avg_pool2d, x, size)
    y = torch.nn.functional.avg_pool2d(x, size)
    args = (y, x, [size] * 2, [size] * 2, [0, 0], False, False, None)
    return call(torch.ops.aten.avg_pool2d_backward, *args)


def lrn(be: Any, c: int, hw: int, depth: int) -> Step:
    """Response normalisation, forward and backward."""
    layer = be.lrn_layer(be.default_dtype, be.bsz, c, 1, hw, hw, depth)
    x, y, err, delta, denom = (random(be, layer.dimI2, seed) for seed in range(5))

    def step() -> None:
        be.fprop_lrn(layer, x, y, denom, ascale=1e-4, bpower=0.75)
        be.bprop_lrn(layer, x, y, err, delta, denom, ascale=1e-4, bpower=0.75)

    return step


def torch_lrn(channels_last: bool, n: int, c: int, hw: int, depth: int) -> Step:
    """Twin of ``lrn``."""
    import torch

    x, err = torch.rand(n, c, hw, hw, requires_grad=True), torch.rand(n, c, hw, hw)
    return lambda: torch.nn.functional.local_response_norm(x, depth).backward(err)


# ----------------------------------------------------------- detection networks
def roi(be: Any, op: str, c: int, hw: int, count: int) -> Step:
    """Pooling of ``count`` regions to 6 x 6 bins."""
    rng = np.random.RandomState(0)
    corners = np.sort(rng.randint(0, hw, (count, 2, 2)), axis=1).reshape(count, 4)
    rois = be.array(np.hstack([rng.randint(be.bsz, size=(count, 1)), corners]))
    x, y = random(be, (c * hw * hw, be.bsz)), be.empty((c * 36, count))
    argmax = be.empty(y.shape, dtype=np.int32)
    sizes = (count, c, hw, hw, 6, 6, 1.0)
    be.roipooling_fprop(x, rois, y, argmax, *sizes)
    if op == "fprop":
        return call(be.roipooling_fprop, x, rois, y, argmax, *sizes)
    return call(be.roipooling_bprop, y, rois, x, argmax, *sizes)


def nms(be: Any, count: int) -> Step:
    """Choice among ``count`` boxes."""
    rng = np.random.RandomState(0)
    corners, sizes = rng.uniform(0, 400, (count, 2)), rng.uniform(5, 80, (count, 2))
    boxes = np.hstack([corners, corners + sizes, rng.uniform(0.1, 1, (count, 1))])
    return call(be.nms, be.array(boxes), 0.7)


# -------------------------------------------------------------------- table
PASSES = ("fprop", "bprop", "update")
VOLUME = {"C": 8, "K": 16, "D": 8, "H": 16, "W": 16, "T": 3, "R": 3, "S": 3}
GEOMETRIES: dict[str, tuple[str, dict[str, int]]] = {
    "strided": (
        "stride 2",
        {"C": 16, "K": 32, "H": 32, "W": 32, "R": 3, "S": 3, "str_h": 2, "str_w": 2},
    ),
    "dilated": (
        "dilation 2",
        {"C": 16, "K": 32, "H": 32, "W": 32, "R": 3, "S": 3, "dil_h": 2, "dil_w": 2},
    ),
    "1x1": ("filters 1x1", {"C": 64, "K": 64, "H": 16, "W": 16}),
    "whole_map": (
        "filter as large as the map",
        {"C": 64, "K": 64, "H": 6, "W": 6, "R": 6, "S": 6},
    ),
}
MAPS = {"C": 32, "H": 32, "W": 32}

SPATIAL = [
    *(
        Item(
            f"conv_{op}_{name}_n32",
            32,
            functools.partial(conv_case, op=op, **geometry),
            None,
            f"convolution, {what}",
        )
        for name, (what, geometry) in GEOMETRIES.items()
        for op in PASSES
    ),
    Item(
        "conv_epilogue_16x32_n32",
        32,
        functools.partial(conv_case, op="epilogue", C=3, K=32, H=32, W=32, R=3, S=3),
        None,
        "convolution with bias, ReLU and sums per map",
    ),
    *(
        Item(
            f"conv_{op}_3d_8x16_k3_n16",
            16,
            functools.partial(conv_case, op=op, **VOLUME),
            functools.partial(torch_conv3d, n=16, op=op, c=8, k=16, dhw=(8, 16, 16), trs=(3,) * 3),
            "8 maps of 8x16x16, 16 filters 3x3x3",
        )
        for op in PASSES
    ),
    *(
        Item(
            f"deconv_{op}_32x16_k4s2_16_n32",
            32,
            functools.partial(deconv, op=op, c=16, hw=16, k=32, r=4, stride=2),
            functools.partial(torch_deconv, n=32, op=op, c=16, hw=16, k=32, r=4, stride=2),
            "deconvolution of 32 maps of 16x16 to 16, filters 4x4, stride 2",
        )
        for op in PASSES
    ),
    *(
        Item(
            f"pool_{op}_avg_32x32_w2_n32",
            32,
            functools.partial(pool_case, op=op, kind="avg", **MAPS, R=2, S=2),
            functools.partial(torch_average, n=32, op=op, c=32, hw=32, size=2),
            "average pooling, window 2",
        )
        for op in PASSES[:2]
    ),
    *(
        Item(
            f"pool_{op}_{name}_n32",
            32,
            functools.partial(pool_case, op=op, kind=kind, **MAPS, **window),
            None,
            what,
        )
        for name, kind, window, what, ops in (
            ("maps", "max", {"J": 2, "R": 2, "S": 2}, "max pooling over 2 maps", PASSES[:2]),
            ("all", "avg", {"R": 32, "S": 32}, "average of whole maps", PASSES[:2]),
            ("l2_32x32_w2", "l2", {"R": 2, "S": 2}, "2-norm pooling", PASSES[:1]),
        )
        for op in ops
    ),
    Item(
        "lrn_32x32_j5_n32",
        32,
        functools.partial(lrn, c=32, hw=32, depth=5),
        functools.partial(torch_lrn, n=32, c=32, hw=32, depth=5),
        "response normalisation over 5 maps, forward and backward",
    ),
    *(
        Item(
            f"roi_{op}_64x32_r128",
            2,
            functools.partial(roi, op=op, c=64, hw=32, count=128),
            None,
            "pooling of 128 regions to 6x6",
        )
        for op in PASSES[:2]
    ),
    Item("nms_2000", 1, functools.partial(nms, count=2000), None, "choice among 2000 boxes"),
]
