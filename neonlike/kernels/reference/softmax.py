"""Softmax over the rows of each column (spec backend 8).

x, y, err (C, N): C classes, N batch.
"""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array


def fprop(x: Array, out: Array) -> None:
    """out = e^(x - max) / sum(e^(x - max)), both along axis 0; ``out`` may be ``x``."""
    np.subtract(x, x.max(axis=0, keepdims=True), out)
    np.exp(out, out)
    np.divide(out, out.sum(axis=0, keepdims=True), out)


def bprop(y: Array, err: Array, out: Array) -> None:
    """out = y * (err - sum(err * y)) along axis 0, y being the softmax; ``out`` may be ``err``."""
    np.subtract(err, np.einsum("cn,cn->n", err, y), out)
    np.multiply(out, y, out)
