"""Kernels and layers through the backend's own methods, on fixed random data."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from benchmarks.items._item import Item, Step, call, random


# ------------------------------------------------------------------ products
def gemm(be: Any, m: int, k: int, n: int) -> Step:
    """``compound_dot`` of (m, k) and (k, n)."""
    return call(be.compound_dot, random(be, (m, k)), random(be, (k, n)), be.empty((m, n)))


def torch_gemm(channels_last: bool, m: int, k: int, n: int) -> Step:
    """Twin of ``gemm``."""
    import torch

    a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    return call(torch.mm, a, b, out=c)


def gemm_nt(be: Any, m: int, k: int, n: int) -> Step:
    """``compound_dot`` of (m, k) and a transposed (n, k): weight gradients."""
    return call(be.compound_dot, random(be, (m, k)), random(be, (n, k)).T, be.empty((m, n)))


def torch_gemm_nt(channels_last: bool, m: int, k: int, n: int) -> Step:
    """Twin of ``gemm_nt``."""
    import torch

    a, b, c = torch.rand(m, k), torch.rand(n, k), torch.empty(m, n)
    return lambda: torch.mm(a, b.T, out=c)


# --------------------------------------------------------------- convolution
def conv(be: Any, op: str, c: int, hw: int, k: int, r: int, pad: int) -> Step:
    """One pass of a square convolution of ``c`` maps of ``hw`` x ``hw`` with ``k`` filters."""
    shape = {"N": be.bsz, "C": c, "K": k, "H": hw, "W": hw, "R": r, "S": r}
    layer = be.conv_layer(be.default_dtype, **shape, pad_h=pad, pad_w=pad)
    x, w, y = (random(be, dim) for dim in (layer.dimI2, layer.dimF2, layer.dimO2))
    calls = {
        "fprop": call(be.fprop_conv, layer, x, w, y),
        "bprop": call(be.bprop_conv, layer, w, y, x),
        "update": call(be.update_conv, layer, x, y, w),
    }
    return calls[op]


def torch_conv(
    n: int, channels_last: bool, op: str, c: int, hw: int, k: int, r: int, pad: int
) -> Step:
    """Twin of ``conv``; the backward passes are timed without the forward one."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(n, c, hw, hw).contiguous(memory_format=form)
    w = torch.rand(k, c, r, r).contiguous(memory_format=form)
    y = torch.nn.functional.conv2d(x, w, padding=pad)
    if op == "fprop":
        return call(torch.nn.functional.conv2d, x, w, padding=pad)
    mask = (op == "bprop", op == "update", False)
    args = (y, x, w, None, (1, 1), (pad, pad), (1, 1), False, (0, 0), 1, mask)
    return call(torch.ops.aten.convolution_backward, *args)


# ------------------------------------------------------------------- pooling
def pool(be: Any, op: str, c: int, hw: int, size: int, stride: int) -> Step:
    """Max pooling, one pass."""
    shape = {"N": be.bsz, "C": c, "H": hw, "W": hw, "R": size, "S": size}
    layer = be.pool_layer(be.default_dtype, "max", **shape, str_h=stride, str_w=stride)
    x, y = random(be, layer.dimI2), random(be, layer.dimO2)
    argmax = be.empty(layer.dimO2, dtype=np.uint8)
    be.fprop_pool(layer, x, y, argmax)
    if op == "fprop":
        return call(be.fprop_pool, layer, x, y, argmax)
    return call(be.bprop_pool, layer, y, x, argmax)


def torch_pool(
    n: int, channels_last: bool, op: str, c: int, hw: int, size: int, stride: int
) -> Step:
    """Twin of ``pool``."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(n, c, hw, hw).contiguous(memory_format=form)
    y, index = torch.nn.functional.max_pool2d(x, size, stride, return_indices=True)
    if op == "fprop":
        return call(torch.nn.functional.max_pool2d, x, size, stride, return_indices=True)
    args = (y, x, [size] * 2, [stride] * 2, [0, 0], [1, 1], False, index)
    return call(torch.ops.aten.max_pool2d_with_indices_backward, *args)


# ---------------------------------------------------------------- batch norm
def batch_norm(be: Any, c: int, hw: int) -> Step:
    """Training forward and backward."""
    x, y, err, delta = (random(be, (c, hw * hw * be.bsz), seed) for seed in range(4))
    xsum, xvar, gmean, gvar, beta, grad_gamma, grad_beta = (be.zeros((c, 1)) for _ in range(7))
    gamma = be.ones((c, 1))

    def step() -> None:
        be.compound_fprop_bn(x, xsum, xvar, gmean, gvar, gamma, beta, y, 1e-3, 0.9, True)
        be.compound_bprop_bn(delta, grad_gamma, grad_beta, err, x, xsum, xvar, gamma, 1e-3)

    return step


def torch_batch_norm(n: int, channels_last: bool, c: int, hw: int) -> Step:
    """Twin of ``batch_norm``."""
    import torch

    form = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(n, c, hw, hw).contiguous(memory_format=form).requires_grad_()
    err, net = torch.rand_like(x), torch.nn.BatchNorm2d(c)
    return lambda: net(x).backward(err)


# ----------------------------------------------------------------- recurrent
def recurrent(be: Any, cell: str, nin: int, nout: int, steps: int) -> Step:
    """Forward and backward of one recurrent layer, input deltas included."""
    from neonlike.initializers import GlorotUniform
    from neonlike.layers import GRU, LSTM, BiRNN, Recurrent
    from neonlike.transforms import Logistic, Tanh

    common = {"init": GlorotUniform(), "activation": Tanh(), "reset_cells": True}
    gates = {"gate_activation": Logistic()} if cell in ("lstm", "gru") else {}
    kind = {"rnn": Recurrent, "lstm": LSTM, "gru": GRU, "birnn": BiRNN}[cell]
    return layer_step(be, kind(nout, **common, **gates), nin, steps)


def layer_step(be: Any, layer: Any, nin: int, steps: int) -> Step:
    """Forward and backward of a recurrent layer by itself."""
    from neonlike.layers.container import DeltasTree

    layer.configure((nin, steps))
    layer.prev_layer = True
    layer.allocate()
    tree = DeltasTree()
    layer.allocate_deltas(tree)
    tree.allocate_buffers()
    layer.set_deltas(tree)
    x, err = random(be, (nin, steps * be.bsz)), random(be, layer.outputs.shape)

    def step() -> None:
        layer.fprop(x)
        layer.bprop(err)

    return step


def torch_recurrent(
    n: int, channels_last: bool, cell: str, nin: int, nout: int, steps: int
) -> Step:
    """Twin of ``recurrent``."""
    import torch

    kind = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "birnn": "RNN"}[cell]
    net = getattr(torch.nn, kind)(nin, nout, bidirectional=cell == "birnn")
    x = torch.rand(steps, n, nin, requires_grad=True)
    err = torch.rand(steps, n, nout * (2 if cell == "birnn" else 1))
    return lambda: net(x)[0].backward(err)


# ------------------------------------------------------------------- softmax
def softmax_xent(be: Any, classes: int) -> Step:
    """Softmax, cross-entropy and its derivative."""
    from neonlike.transforms import CrossEntropyMulti, Softmax

    x, y, delta = (random(be, (classes, be.bsz), seed) for seed in range(3))
    t, cost = be.zeros((classes, be.bsz)), be.empty((1, be.bsz))
    softmax, xent = Softmax(), CrossEntropyMulti()

    def step() -> None:
        y[:] = softmax(x)
        cost[:] = xent(y, t)
        delta[:] = xent.bprop(y, t)

    return step


def torch_softmax_xent(n: int, channels_last: bool, classes: int) -> Step:
    """Twin of ``softmax_xent``."""
    import torch

    x, t = torch.rand(n, classes, requires_grad=True), torch.randint(classes, (n,))
    loss_of = torch.nn.CrossEntropyLoss()
    return lambda: loss_of(x, t).backward()


# -------------------------------------------------------------------- table
def _item(item_id: str, batch: int, ours: Any, theirs: Any, what: str, **size: Any) -> Item:
    return Item(
        item_id, batch, functools.partial(ours, **size), functools.partial(theirs, **size), what
    )


def _batched(theirs: Any, n: int) -> Any:
    return functools.partial(theirs, n)


GEMMS = (
    (512, 512, 512),
    (100, 784, 128),
    (2048, 3200, 512),
    (64, 288, 16384),
    (512, 512, 50),
    (64, 16384, 288),
)
GEMMS_NT = ((64, 4096, 288), (64, 4096, 32), (64, 16384, 288), (784, 128, 100))
CONVS = (
    (3, 64, 16, 5, 2, 32),
    (3, 64, 32, 5, 2, 32),
    (16, 32, 32, 3, 1, 32),
    (32, 32, 64, 3, 1, 32),
    (64, 16, 128, 3, 1, 32),
    (64, 32, 64, 3, 1, 32),
    (128, 16, 128, 3, 1, 32),
    (16, 14, 32, 5, 0, 32),
    (16, 14, 32, 5, 0, 128),
)
SEQUENCES = (
    (64, 64, 20, 32),
    (67, 128, 50, 50),
    (256, 256, 20, 64),
    (512, 100, 16, 32),
    (128, 100, 32, 512),
)

KERNELS = [
    *(
        _item(f"gemm_{m}x{k}x{n}", 32, gemm, torch_gemm, "matrix product", m=m, k=k, n=n)
        for m, k, n in GEMMS
    ),
    *(
        _item(
            f"gemm_nt_{m}x{k}x{n}",
            32,
            gemm_nt,
            torch_gemm_nt,
            "product with a transposed matrix",
            m=m,
            k=k,
            n=n,
        )
        for m, k, n in GEMMS_NT
    ),
    *(
        _item(
            f"conv_{op}_{c}x{hw}_k{r}_{k}_n{n}",
            n,
            conv,
            _batched(torch_conv, n),
            f"{c} maps of {hw}x{hw}, {k} filters {r}x{r}, pad {pad}",
            **{"op": op, "c": c, "hw": hw, "k": k, "r": r, "pad": pad},
        )
        for c, hw, k, r, pad, n in CONVS
        for op in ("fprop", "bprop", "update")
    ),
    *(
        _item(
            f"pool_{op}_32x32_w{size}s{stride}_n{n}",
            n,
            pool,
            _batched(torch_pool, n),
            f"max pooling, window {size}, stride {stride}",
            **{"op": op, "c": 32, "hw": 32, "size": size, "stride": stride},
        )
        for size, stride, n in ((2, 2, 32), (2, 2, 128), (3, 2, 32))
        for op in ("fprop", "bprop")
    ),
    *(
        _item(
            f"batch_norm_{c}x{hw}_n32",
            32,
            batch_norm,
            _batched(torch_batch_norm, 32),
            "training, forward and backward",
            c=c,
            hw=hw,
        )
        for c, hw in ((32, 32), (64, 16))
    ),
    *(
        _item(
            f"{cell}_f{nin}_h{nout}_t{steps}_n{n}",
            n,
            recurrent,
            _batched(torch_recurrent, n),
            "forward and backward of one layer",
            **{"cell": cell, "nin": nin, "nout": nout, "steps": steps},
        )
        for cell in ("rnn", "birnn", "gru", "lstm")
        for nin, nout, steps, n in SEQUENCES
    ),
    *(
        _item(
            f"softmax_xent_{classes}x{n}",
            n,
            softmax_xent,
            _batched(torch_softmax_xent, n),
            "softmax and cross-entropy, forward and backward",
            classes=classes,
        )
        for classes, n in ((10, 128), (67, 2500), (1000, 128))
    ),
]
