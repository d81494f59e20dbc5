"""Matrix product on ndarrays (spec backend 7)."""

from __future__ import annotations

import numpy as np

from neonlike.kernels._types import Array


@np.errstate(all="ignore")
def gemm(a: Array, b: Array, out: Array, alpha: float = 1.0, beta: float = 0.0) -> None:
    """``out (m, n) = alpha * a (m, k) @ b (k, n) + beta * out``; any strides and dtypes."""
    product = a @ b
    if alpha != 1.0:
        product = alpha * product
    out[...] = product if beta == 0.0 else product + beta * out
