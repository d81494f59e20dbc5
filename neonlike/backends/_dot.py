"""Matrix products on tensors (spec backend 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._base import BackendBase
from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._exclusive import exclusive
from neonlike.kernels._launch import give_up, launch

Array = NDArray[Any]


class DotMixin(BackendBase):
    """The matrix products of affine and recurrent layers."""

    @exclusive
    def compound_dot(
        self,
        A: CPUTensor,
        B: CPUTensor,
        C: CPUTensor,
        alpha: float = 1.0,
        beta: float = 0.0,
        relu: bool = False,
        bsum: CPUTensor | None = None,
    ) -> CPUTensor:
        """``C = r(alpha * A @ B) + beta * C`` with r = max(., 0) if ``relu``; return C.

        Args:
            A: (m, k); A, B and C may be views, also transposed ones.
            B: (k, n).
            C: (m, n), no part of A or B; with ``beta`` 0 its old content does not matter.
            alpha: factor of the product.
            beta: factor of C.
            relu: cut the product at zero, before C is added.
            bsum: (m, 1), receives the sums of the rows of the finished C.

        Raises:
            AssertionError: operands that are no tensors, or whose shapes or dtypes do not match.
        """

        def work() -> None:
            self._compound_dot(A, B, C, alpha, beta, relu, bsum)

        self.again_at(C, ("dot", alpha, beta, relu), (A, B, C, bsum), work)
        return C

    def _compound_dot(
        self,
        A: CPUTensor,
        B: CPUTensor,
        C: CPUTensor,
        alpha: float,
        beta: float,
        relu: bool,
        bsum: CPUTensor | None,
    ) -> None:
        _check_product("compound_dot", A, B, C)
        a, b, c = self._operands(A, B, C)
        if relu:
            give_up()
        if relu and beta != 0:
            product = self.scratch("compound_dot product", c.shape, c.dtype)
            self.kernels.blas.gemm(a, b, product, alpha, 0.0)
            _add_rectified(product, c, beta)
        else:
            self.kernels.blas.gemm(a, b, c, alpha, beta)
            if relu:
                np.maximum(c, 0, out=c)
        self._finish("compound_dot", c, C, bsum)

    @exclusive
    def xnor_compound_dot(
        self,
        A: CPUTensor,
        B: CPUTensor,
        C: CPUTensor,
        beta: float = 0.0,
        bsum: CPUTensor | None = None,
    ) -> CPUTensor:
        """``C = A @ B`` for operands of +1 and -1; return C.

        Args:
            A, B, C, bsum: as in ``compound_dot``.
            beta: ignored.

        Raises:
            AssertionError: operands that are no tensors, or whose shapes or dtypes do not match.
        """
        _check_product("xnor_compound_dot", A, B, C)
        a, b, c = self._operands(A, B, C)
        self.kernels.blas.gemm(a, b, c)
        return self._finish("xnor_compound_dot", c, C, bsum)

    @exclusive
    def batched_dot(
        self,
        A: CPUTensor,
        B: CPUTensor,
        C: CPUTensor,
        alpha: float = 1.0,
        beta: float = 0.0,
        relu: bool = False,
    ) -> CPUTensor:
        """``C = r(alpha * P) + beta * C`` for products P of a stack; return C.

        With A (m, k), B (X, k, n) and C (X, m, n): ``P[x] = A @ B[x]``.
        With A (X, m, k), B (X, k, n) and C (m, n): ``P = sum_x A[x] @ B[x]``.

        Args:
            A, B, C: see above; transposed views are fine.
            alpha: factor of the products.
            beta: factor of C; with 0 the old content of C does not matter.
            relu: cut the products at zero, before C is added.

        Raises:
            AssertionError: other ranks, or shapes or dtypes that do not match.
        """
        ranks = (len(A.shape), len(B.shape), len(C.shape))
        if ranks[:2] == (2, 2):
            raise AssertionError("Tensor A or B must have 3 dims to use batched_dot")
        shapes = f"A {A.shape}, B {B.shape}, C {C.shape}"
        if ranks not in ((2, 3, 3), (3, 3, 2)):
            raise AssertionError(
                "batched_dot multiplies (m, k) by (X, k, n) into (X, m, n), or (X, m, k) by "
                f"(X, k, n) into (m, n); got {shapes}"
            )
        stack = [len(t._tensor) for t in (A, B, C) if len(t.shape) == 3]
        _check_shapes("batched_dot", A, B, C)
        if len(set(stack)) != 1:
            raise AssertionError(f"batched_dot: stacks of different sizes: {shapes}")
        a, b, c = self._operands(A, B, C)
        product = self.scratch("batched_dot product", c.shape, c.dtype)
        for x in range(stack[0]):
            if ranks[0] == 2:
                self.kernels.blas.gemm(a, b[x], product[x], alpha, 0.0)
            else:
                self.kernels.blas.gemm(a[x], b[x], product, alpha, float(x > 0))
        if relu:
            np.maximum(product, 0, out=product)
        c[...] = product if beta == 0 else product + beta * c
        return self._finish("batched_dot", c, C, None)

    def add_fc_bias(self, inputs: CPUTensor, bias: CPUTensor) -> None:
        """Add the column ``bias`` (m, 1) to every column of ``inputs`` (m, n)."""
        inputs[:] = inputs + bias

    def update_fc_bias(self, err: CPUTensor, out: CPUTensor) -> None:
        """Set ``out`` (m, 1) to the sums of the rows of ``err`` (m, n)."""
        np.sum(err._tensor, axis=1, keepdims=True, out=out._tensor)

    def _sum_rows(self, c: Array, out: Array) -> None:
        alike = c.dtype == out.dtype and c.dtype in ("float32", "float64")
        if alike and c.flags.c_contiguous and out.flags.c_contiguous:
            self.kernels.conv.epilogue(c, None, None, out, False, False, 0.0)
        else:
            launch(_sum, c, out)

    def _operands(self, *tensors: CPUTensor) -> list[Array]:
        """Arrays to compute with: float16, which is for storage, as float32 copies."""
        return [
            self.single_precision(f"dot operand {i}", tensor._tensor)
            for i, tensor in enumerate(tensors)
        ]

    def _finish(self, call: str, c: Array, C: CPUTensor, bsum: CPUTensor | None) -> CPUTensor:
        if bsum is not None:
            if bsum.shape != (C.shape[0], 1):
                raise AssertionError(
                    f"{call}: bsum must have shape {(C.shape[0], 1)}, got {bsum.shape}"
                )
            self._sum_rows(c, bsum._tensor)
        if c is not C._tensor:
            self.assign_array(C._tensor, c)
        return C


def _sum(c: Array, out: Array) -> None:
    np.sum(c, axis=1, keepdims=True, out=out)


def _check_product(call: str, A: Any, B: Any, C: Any) -> None:
    for name, operand in (("A", A), ("B", B), ("C", C)):
        if not isinstance(operand, CPUTensor):
            raise AssertionError(f"{call}: {name} must be a tensor, got {type(operand).__name__}")
        if len(operand.shape) != 2:
            raise AssertionError(f"{call}: {name} must have 2 axes, got shape {operand.shape}")
    _check_shapes(call, A, B, C)


def _check_shapes(call: str, A: CPUTensor, B: CPUTensor, C: CPUTensor) -> None:
    """Compare dtypes and the last two axes of the operands."""
    if not A.dtype == B.dtype == C.dtype:
        raise AssertionError(
            f"{call}: A, B and C must have one dtype, got {A.dtype}, {B.dtype} and {C.dtype}"
        )
    (m, k), (k_b, n) = A.shape[-2:], B.shape[-2:]
    if k != k_b or C.shape[-2:] != (m, n):
        raise AssertionError(
            f"{call}: A {A.shape} times B {B.shape} does not fit into C {C.shape}; "
            "expected (m, k) times (k, n) into (m, n)"
        )


def _add_rectified(product: Array, c: Array, beta: float) -> None:
    """``c = max(product, 0) + beta * c``; uses up ``product``."""
    np.maximum(product, 0, out=product)
    c *= beta
    c += product
