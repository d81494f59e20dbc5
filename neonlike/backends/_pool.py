"""Pooling and local response normalisation on tensors (spec backend 11)."""

from __future__ import annotations

import functools
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._exclusive import exclusive
from neonlike.backends._geometry import PoolLayer
from neonlike.backends._operands import OperandsMixin, compute_dtype


@functools.cache
def _largest(dtype: np.dtype[Any]) -> int:
    return int(np.iinfo(dtype).max)


class PoolMixin(OperandsMixin):
    """The operations of pooling layers.

    Tensors may have any shape with the right number of elements: they are viewed in the
    shapes ``dimI`` and ``dimO`` of the layer.
    """

    def pool_layer(
        self,
        dtype: DTypeLike,
        op: str,
        N: int,
        C: int,
        D: int = 1,
        H: int = 1,
        W: int = 1,
        J: int = 1,
        T: int = 1,
        R: int = 1,
        S: int = 1,
        pad_c: int = 0,
        pad_d: int = 0,
        pad_h: int = 0,
        pad_w: int = 0,
        str_c: int | None = None,
        str_d: int | None = None,
        str_h: int | None = None,
        str_w: int | None = None,
    ) -> PoolLayer:
        """Return the geometry of pooling.

        Args:
            dtype: element type; kept for scripts, the tensors decide.
            op: 'max', 'avg' or 'l2'.
            N: batch size.
            C: input maps.
            D, H, W: input depth, height, width.
            J, T, R, S: window over maps, depth, height, width.
            pad_c, pad_d, pad_h, pad_w: how far windows reach over the edges.
            str_c, str_d, str_h, str_w: strides; None for the window's size.

        Raises:
            ValueError: padding that is not smaller than the window.
        """
        owner: Any = self  # the whole backend: geometry asks it for output sizes
        pads, strides = (pad_c, pad_d, pad_h, pad_w), (str_c, str_d, str_h, str_w)
        return PoolLayer(owner, dtype, op, N, C, D, H, W, J, T, R, S, *pads, *strides)

    @exclusive
    def fprop_pool(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        argmax: CPUTensor | None = None,
        beta: float = 0.0,
    ) -> None:
        """Pool: ``O = maximum, mean or 2-norm of each window + beta * O``.

        Windows are clipped to the image: padding never contributes a value.

        Args:
            layer: the geometry; nothing happens if its op is unknown.
            I: inputs, ``dimI``.
            O: outputs, ``dimO``; with ``beta`` 0 their old content does not matter.
            argmax: for 'max', of integers and like O, receives the number of the first maximum
                within the clipped window in (c, d, h, w) order.
            beta: factor of O.

        Raises:
            AssertionError: a tensor that does not have the layer's number of elements; no
                ``argmax`` for 'max', or one whose dtype cannot number the window's elements.
        """
        self.again(
            layer.replay,
            ("fprop_pool", beta),
            (I, O, argmax),
            lambda: self._fprop_pool(layer, I, O, argmax, beta),
        )

    def _fprop_pool(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name
        O: CPUTensor,  # noqa: E741  # neon's name
        argmax: CPUTensor | None,
        beta: float,
    ) -> None:
        dtype = compute_dtype(O)
        x = self._operand("fprop_pool", "I", I, layer.dimI, dtype)
        out = self._operand("fprop_pool", "O", O, layer.dimO, dtype)
        kernels = self.kernels.pool
        geometry = (layer.JTRS, layer.padding, layer.strides, beta)
        if layer.op == "max":
            index, argmax = self._argmax("fprop_pool", layer, argmax)
            kernels.fprop_max(x, out, index, *geometry)
            self._deliver(index, argmax)
        elif layer.op == "avg":
            kernels.fprop_avg(x, out, *geometry)
        elif layer.op == "l2":
            kernels.fprop_l2(x, out, *geometry)
        self._deliver(out, O)

    @exclusive
    def bprop_pool(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        argmax: CPUTensor | None = None,
        alpha: float = 1.0,
        beta: float = 0.0,
    ) -> None:
        """Send errors back: ``O = alpha * (each error to its maximum, or shared out) + beta * O``.

        Args:
            layer: the geometry; nothing happens if its op is unknown.
            I: errors, ``dimO``; **scaled by alpha in place**, as in neon.
            O: deltas, ``dimI``; with ``beta`` 0 their old content does not matter.
            argmax: for 'max', as ``fprop_pool`` wrote it.
            alpha: factor of the errors.
            beta: factor of O.

        Raises:
            AssertionError: as ``fprop_pool``.
            NotImplementedError: 'l2'.
        """
        if layer.op == "l2":
            raise NotImplementedError(
                "bprop_pool: l2 pooling has no backward pass; use max or avg pooling to train"
            )
        if alpha != 1:
            I._tensor[...] *= alpha
        self.again(
            layer.replay,
            ("bprop_pool", beta),
            (I, O, argmax),
            lambda: self._bprop_pool(layer, I, O, argmax, beta),
        )

    def _bprop_pool(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name
        O: CPUTensor,  # noqa: E741  # neon's name
        argmax: CPUTensor | None,
        beta: float,
    ) -> None:
        dtype = compute_dtype(O)
        err = self._operand("bprop_pool", "I", I, layer.dimO, dtype)
        out = self._operand("bprop_pool", "O", O, layer.dimI, dtype)
        geometry = (layer.JTRS, layer.padding, layer.strides, beta)
        if layer.op == "max":
            index, _ = self._argmax("bprop_pool", layer, argmax)
            self.kernels.pool.bprop_max(err, index, out, *geometry)
        elif layer.op == "avg":
            self.kernels.pool.bprop_avg(err, out, *geometry)
        self._deliver(out, O)

    def _argmax(
        self, call: str, layer: PoolLayer, argmax: CPUTensor | None
    ) -> tuple[NDArray[Any], CPUTensor]:
        """The array to keep positions in, and its tensor."""
        elements = prod(layer.JTRS)
        if argmax is None:
            raise AssertionError(f"{call}: max pooling needs argmax, a tensor of integers like O")
        dtype = argmax._tensor.dtype
        if dtype.kind not in "iu" or _largest(dtype) < elements - 1:
            raise AssertionError(
                f"{call}: argmax of dtype {dtype} cannot number the {elements} elements of the "
                f"window {layer.JTRS}; allocate it as {np.min_scalar_type(elements - 1)} or wider"
            )
        return self._operand(call, "argmax", argmax, layer.dimO, dtype), argmax

    def lrn_layer(
        self, dtype: DTypeLike, N: int, C: int, D: int = 1, H: int = 1, W: int = 1, J: int = 1
    ) -> PoolLayer:
        """Return the geometry of response normalisation over ``J`` maps.

        Args:
            dtype, N, C, D, H, W: as in ``pool_layer``.
            J: odd number of maps in the window.

        Raises:
            AssertionError: even ``J``.
        """
        if J % 2 != 1:
            raise AssertionError(f"Only support odd LRN window size, got {J}")
        geometry = {"pad_c": J // 2, "str_c": 1, "str_d": 1, "str_h": 1, "str_w": 1}
        return self.pool_layer(dtype, "lrn", N, C, D, H, W, J, **geometry)

    @exclusive
    def fprop_lrn(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        denom: CPUTensor,
        alpha: float | None = None,
        beta: float | None = None,
        ascale: float = 1,
        bpower: float = 1,
    ) -> None:
        """Normalise across maps: ``denom = 1 + ascale / J * sum of I^2 over the window``.

        ``O = I * denom^-bpower``.

        Args:
            layer: the geometry.
            I, O: inputs and outputs, ``dimI``.
            denom: like I, receives the denominators.
            alpha, beta: ignored.
            ascale, bpower: scale and exponent of the denominator.

        Raises:
            AssertionError: a tensor that does not have the layer's number of elements.
        """
        dtype = compute_dtype(O)
        x, out, denominator = (
            self._operand("fprop_lrn", name, tensor, layer.dimI, dtype)
            for name, tensor in (("I", I), ("O", O), ("denom", denom))
        )
        self.kernels.pool.fprop_lrn(x, out, denominator, layer.JTRS[0], ascale, bpower)
        self._deliver(out, O)
        self._deliver(denominator, denom)

    @exclusive
    def bprop_lrn(
        self,
        layer: PoolLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        E: CPUTensor,
        delta: CPUTensor,
        denom: CPUTensor,
        alpha: float | None = None,
        beta: float | None = None,
        ascale: float = 1,
        bpower: float = 1,
    ) -> None:
        """Gradient of ``fprop_lrn``.

        ``delta = E * denom^-bpower - 2 bpower ascale / J * I * (sum of O * E / denom over the
        window)``

        Args:
            layer: the geometry.
            I, O, denom: inputs, outputs and denominators of ``fprop_lrn``.
            E: errors, ``dimI``.
            delta: result, ``dimI``.
            alpha, beta: ignored.
            ascale, bpower: as given to ``fprop_lrn``.

        Raises:
            AssertionError: a tensor that does not have the layer's number of elements.
        """
        dtype = compute_dtype(delta)
        tensors = (("I", I), ("O", O), ("E", E), ("delta", delta), ("denom", denom))
        arrays = [
            self._operand("bprop_lrn", name, tensor, layer.dimI, dtype) for name, tensor in tensors
        ]
        self.kernels.pool.bprop_lrn(*arrays, layer.JTRS[0], ascale, bpower)
        self._deliver(arrays[3], delta)
