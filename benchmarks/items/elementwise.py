"""Reductions, random masks, tables of words and other passes over single tensors."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from benchmarks.items._item import Item, Step, call, random


def dropout(be: Any, rows: int) -> Step:
    """Draw a mask and multiply."""
    x, mask = random(be, (rows, be.bsz)), be.empty((rows, be.bsz))

    def step() -> None:
        be.make_binary_mask(mask, 0.5)
        x[:] = x * mask

    return step


def torch_dropout(channels_last: bool, n: int, rows: int) -> Step:
    """Twin of ``dropout``."""
    import torch

    return call(torch.nn.functional.dropout, torch.rand(rows, n), 0.5)


def fill_normal(be: Any, rows: int) -> Step:
    """Normally distributed numbers, as initializers draw them."""
    return call(be.fill_normal, be.empty((rows, be.bsz)))


def onehot(be: Any, classes: int) -> Step:
    """Labels to columns."""
    labels = np.random.RandomState(0).randint(classes, size=(1, be.bsz))
    indices, out = be.array(labels, dtype=np.int32), be.empty((classes, be.bsz))

    def step() -> None:
        out[:] = be.onehot(indices, axis=0)

    return step


def torch_onehot(channels_last: bool, n: int, classes: int) -> Step:
    """Twin of ``onehot``."""
    import torch

    return call(torch.nn.functional.one_hot, torch.randint(classes, (n,)), classes)


def reduction(be: Any, op: str, axis: int, rows: int) -> Step:
    """One reduction of a (rows, N) tensor."""
    x = random(be, (rows, be.bsz))
    out = be.empty((1, be.bsz) if axis == 0 else (rows, 1))

    def step() -> None:
        out[:] = getattr(be, op)(x, axis=axis)

    return step


def torch_reduction(channels_last: bool, n: int, op: str, axis: int, rows: int) -> Step:
    """Twin of ``reduction``."""
    import torch

    functions = {"max": torch.amax, "var": functools.partial(torch.var, correction=0)}
    return call(functions.get(op) or getattr(torch, op), torch.rand(rows, n), dim=axis)


def softmax(be: Any, op: str, classes: int) -> Step:
    """``fprop_softmax``, or the backward pass of a softmax as an expression."""
    x, y, err, out = (random(be, (classes, be.bsz), seed) for seed in range(4))

    def forward() -> None:
        out[:] = be.fprop_softmax(x, 0)

    def backward() -> None:
        out[:] = y * (err - be.sum(err * y, axis=0))

    return forward if op == "fprop" else backward


def transpose(be: Any, rows: int) -> Step:
    """``copy_transpose`` of a (rows, N) tensor."""
    return call(be.copy_transpose, random(be, (rows, be.bsz)), be.empty((be.bsz, rows)))


def torch_transpose(channels_last: bool, n: int, rows: int) -> Step:
    """Twin of ``transpose``."""
    import torch

    x, out = torch.rand(rows, n), torch.empty(n, rows)
    return lambda: out.copy_(x.T)


def norm_inference(be: Any, c: int, hw: int) -> Step:
    """Batch normalisation with running values."""
    x, y = (random(be, (c, hw * hw * be.bsz), seed) for seed in range(2))
    columns = [be.ones((c, 1)) for _ in range(6)]
    return call(be.compound_fprop_bn, x, *columns, y, 1e-3, 0.9, False, inference=True)


def xnor(be: Any, size: int) -> Step:
    """Binarize two matrices and multiply them."""
    a, b, out = (random(be, (size, size), seed) for seed in range(3))
    signs = [be.empty(a.shape) for _ in range(2)]

    def step() -> None:
        be.binarize(a, signs[0], stochastic=False)
        be.binarize(b, signs[1], stochastic=False)
        be.xnor_compound_dot(*signs, out)

    return step


def lookup(be: Any, op: str, vocabulary: int, size: int, words: int) -> Step:
    """Rows of a table for words, or its gradient."""
    ids = np.random.RandomState(0).randint(vocabulary, size=(1, words * be.bsz))
    inputs, table = be.array(ids, dtype=np.int32), random(be, (vocabulary, size))
    out = be.empty((size, words * be.bsz))

    def forward() -> None:
        out[:] = table.take(inputs, axis=0).transpose()

    if op == "fprop":
        return forward
    return call(be.compound_bprop_lut, words, inputs, out, None, table, None)


def torch_lookup(
    channels_last: bool, n: int, op: str, vocabulary: int, size: int, words: int
) -> Step:
    """Twin of ``lookup``."""
    import torch

    ids, table = torch.randint(vocabulary, (words * n,)), torch.rand(vocabulary, size)
    if op == "fprop":
        return call(torch.nn.functional.embedding, ids, table)
    err = torch.rand(words * n, size)
    return call(torch.ops.aten.embedding_dense_backward, err, ids, vocabulary, -1, False)


def batched(be: Any, m: int, k: int) -> Step:
    """``batched_dot`` of 32 pairs of matrices."""
    a, b, out = random(be, (m, k)), random(be, (32, k, be.bsz)), be.empty((32, m, be.bsz))
    return call(be.batched_dot, a, b, out)


# -------------------------------------------------------------------- table
def _item(name: str, batch: int, ours: Any, theirs: Any, what: str, **size: Any) -> Item:
    twin = functools.partial(theirs, n=batch, **size) if theirs else None
    return Item(name, batch, functools.partial(ours, **size), twin, what)


LUT = {"vocabulary": 20000, "size": 128, "words": 20}

ELEMENTWISE = [
    _item("dropout_4096x128", 128, dropout, torch_dropout, "random mask and product", rows=4096),
    _item("fill_normal_4096x128", 128, fill_normal, None, "normal numbers", rows=4096),
    _item("onehot_1000x128", 128, onehot, torch_onehot, "labels to columns", classes=1000),
    *(
        _item(
            f"reduce_{op}_{axis}_4096x128",
            128,
            reduction,
            torch_reduction,
            f"{op} along axis {axis}",
            op=op,
            axis=axis,
            rows=4096,
        )
        for op in ("sum", "max", "argmax", "var")
        for axis in (0, 1)
    ),
    *(
        _item(f"softmax_{op}_1000x128", 128, softmax, None, "softmax alone", op=op, classes=1000)
        for op in ("fprop", "bprop")
    ),
    _item("transpose_4096x128", 128, transpose, torch_transpose, "copy_transpose", rows=4096),
    _item("norm_inference_32x32_n32", 32, norm_inference, None, "inference", c=32, hw=32),
    _item("xnor_dot_512", 512, xnor, None, "signs of two matrices and their product", size=512),
    *(
        _item(f"lookup_{op}_20000x128_t20_n64", 64, lookup, torch_lookup, "words", op=op, **LUT)
        for op in ("fprop", "bprop")
    ),
    _item("batched_dot_32x64x64x32", 32, batched, None, "32 small products", m=64, k=64),
]
