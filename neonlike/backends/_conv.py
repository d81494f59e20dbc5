"""Convolution and deconvolution on tensors (spec backend 10, 11.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.backends import _geometry
from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._exclusive import exclusive
from neonlike.backends._geometry import ConvLayer, DeconvLayer
from neonlike.backends._operands import OperandsMixin, compute_dtype
from neonlike.kernels._launch import launch

Array = NDArray[Any]


class ConvMixin(OperandsMixin):
    """The operations of convolutional layers.

    Tensors may have any shape with the right number of elements: they are viewed in the
    shapes ``dimI``, ``dimF`` and ``dimO`` of the layer.
    """

    def output_dim(
        self,
        X: int,
        S: int,
        padding: int,
        strides: int,
        pooling: bool = False,
        dilation: int = 1,
    ) -> int:
        """Return the size of an output axis; rounds up for pooling in caffe mode.

        Args:
            X: size of the input axis.
            S: size of the filter or window.
            padding: zeros added on each side.
            strides: step of the window.
            pooling: the window belongs to pooling.
            dilation: step between the elements of the window.

        Raises:
            ValueError: ``pooling`` and padding of at least the window size.
            ZeroDivisionError: zero stride.
        """
        caffe = self.compat_mode == "caffe"
        return _geometry.output_dim(X, S, padding, strides, pooling, dilation, caffe)

    def conv_layer(
        self,
        dtype: DTypeLike,
        N: int,
        C: int,
        K: int,
        D: int = 1,
        H: int = 1,
        W: int = 1,
        T: int = 1,
        R: int = 1,
        S: int = 1,
        pad_d: int = 0,
        pad_h: int = 0,
        pad_w: int = 0,
        str_d: int = 1,
        str_h: int = 1,
        str_w: int = 1,
        dil_d: int = 1,
        dil_h: int = 1,
        dil_w: int = 1,
    ) -> ConvLayer:
        """Return the geometry of a convolution.

        Args:
            dtype: element type; kept for scripts, the tensors decide.
            N: batch size.
            C: input maps.
            K: output maps.
            D, H, W: input depth, height, width.
            T, R, S: filter depth, height, width.
            pad_d, pad_h, pad_w: zero padding on both sides.
            str_d, str_h, str_w: strides.
            dil_d, dil_h, dil_w: dilations.
        """
        pads, strides, dils = (pad_d, pad_h, pad_w), (str_d, str_h, str_w), (dil_d, dil_h, dil_w)
        return ConvLayer(self, dtype, N, C, K, D, H, W, T, R, S, *pads, *strides, *dils)

    def deconv_layer(
        self,
        dtype: DTypeLike,
        N: int,
        C: int,
        K: int,
        M: int,
        P: int,
        Q: int,
        T: int = 1,
        R: int = 1,
        S: int = 1,
        pad_d: int = 0,
        pad_h: int = 0,
        pad_w: int = 0,
        str_d: int = 1,
        str_h: int = 1,
        str_w: int = 1,
        dil_d: int = 1,
        dil_h: int = 1,
        dil_w: int = 1,
    ) -> DeconvLayer:
        """Return the geometry of a deconvolution: K and M, P, Q are its input, C its output maps.

        Forward is ``bprop_conv``, backward is ``fprop_conv``; arguments as ``conv_layer``.
        """
        pads, strides, dils = (pad_d, pad_h, pad_w), (str_d, str_h, str_w), (dil_d, dil_h, dil_w)
        return DeconvLayer(self, dtype, N, C, K, M, P, Q, T, R, S, *pads, *strides, *dils)

    @exclusive
    def fprop_conv(
        self,
        layer: ConvLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        F: CPUTensor,
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        X: CPUTensor | None = None,
        bias: CPUTensor | None = None,
        bsum: CPUTensor | None = None,
        alpha: float = 1.0,
        beta: float = 0.0,
        relu: bool = False,
        brelu: bool = False,
        slope: float = 0.0,
        layer_op: Any = None,
    ) -> None:
        """Convolve: ``O = alpha * conv(I, F) + beta * X``, then bias, ReLU, sums.

        ``conv[k,m,p,q,n] = sum_{c,t,r,s} F[c,t,r,s,k] * I[c, m*str_d - pad_d + t*dil_d, ..., n]``

        Args:
            layer: the geometry.
            I: inputs, ``dimI``.
            F: filters, ``dimF``.
            O: outputs, ``dimO``; with ``beta`` 0 their old content does not matter.
            X: what ``beta`` multiplies, and where ``brelu`` looks; O itself by default.
            bias: (K, 1), added to each map.
            bsum: (K, 1), receives the sum of each finished map.
            alpha: factor of the convolution.
            beta: factor of X.
            relu: apply ``max(O, 0) + slope * min(O, 0)``.
            brelu: else multiply by its derivative ``(X > 0) + slope * (X < 0)``.
            slope: of the ReLU below zero.
            layer_op: ignored.

        Raises:
            ValueError: a tensor that does not have the layer's number of elements.
        """
        operands = (("I", I, layer.dimI), ("F", F, layer.dimF), ("O", O, layer.dimO))
        others, numbers = (X, bias, bsum), (alpha, beta, relu, brelu, slope)
        self._convolve("fprop_conv", self.kernels.conv.fprop, layer, operands, others, numbers)

    @exclusive
    def bprop_conv(
        self,
        layer: ConvLayer,
        F: CPUTensor,
        E: CPUTensor,
        grad_I: CPUTensor,
        X: CPUTensor | None = None,
        bias: CPUTensor | None = None,
        bsum: CPUTensor | None = None,
        alpha: float = 1.0,
        beta: float = 0.0,
        relu: bool = False,
        brelu: bool = False,
        slope: float = 0.0,
        layer_op: Any = None,
    ) -> None:
        """Send errors back to the inputs: the adjoint of ``fprop_conv`` in I, with its options.

        Args:
            layer: the geometry.
            F: filters, ``dimF``.
            E: errors, ``dimO``.
            grad_I: result, ``dimI``; inputs that no window touches get 0.
            X, bias, bsum, alpha, beta, relu, brelu, slope, layer_op: as in ``fprop_conv``, for
                ``grad_I`` and its C maps.

        Raises:
            ValueError: a tensor that does not have the layer's number of elements.
        """
        operands = (("E", E, layer.dimO), ("F", F, layer.dimF), ("grad_I", grad_I, layer.dimI))
        others, numbers = (X, bias, bsum), (alpha, beta, relu, brelu, slope)
        self._convolve("bprop_conv", self.kernels.conv.bprop, layer, operands, others, numbers)

    @exclusive
    def update_conv(
        self,
        layer: ConvLayer,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        E: CPUTensor,
        U: CPUTensor,
        alpha: float = 1.0,
        beta: float = 0.0,
        grad_bias: CPUTensor | None = None,
        layer_op: Any = None,
    ) -> None:
        """Gradient of the filters: ``U = alpha * sum_{m,p,q,n} I[...] * E[k,m,p,q,n] + beta * U``.

        Args:
            layer: the geometry.
            I: inputs, ``dimI``.
            E: errors, ``dimO``.
            U: result, ``dimF``; with ``beta`` 0 its old content does not matter.
            alpha: factor of the gradient.
            beta: factor of U.
            grad_bias: (K, 1), receives the sum of the errors of each map.
            layer_op: ignored.

        Raises:
            AssertionError: a tensor that does not have the layer's number of elements.
        """

        def work() -> None:
            self._update_filters(layer, I, E, U, alpha, beta, grad_bias)

        self.again(layer.replay, ("update_conv", alpha, beta), (I, E, U, grad_bias), work)

    def _update_filters(
        self,
        layer: ConvLayer,
        I: CPUTensor,  # noqa: E741  # neon's name
        E: CPUTensor,
        U: CPUTensor,
        alpha: float,
        beta: float,
        grad_bias: CPUTensor | None,
    ) -> None:
        dtype = compute_dtype(U)
        x = self._operand("update_conv", "I", I, layer.dimI, dtype)
        err = self._operand("update_conv", "E", E, layer.dimO, dtype)
        out = self._operand("update_conv", "U", U, layer.dimF, dtype)
        sums = None
        if grad_bias is not None:
            sums = self._operand("update_conv", "grad_bias", grad_bias, (layer.K, 1), dtype)
        geometry = (layer.padding, layer.strides, layer.dilation)
        exact = self.numerics == "strict"
        self.kernels.conv.update(x, err, out, *geometry, alpha, beta, self.scratch, exact, sums)
        self._deliver(out, U)
        if grad_bias is not None and sums is not None:
            self._deliver(sums, grad_bias)

    def _convolve(
        self,
        call: str,
        kernel: Callable[..., None],
        layer: ConvLayer,
        operands: tuple[tuple[str, CPUTensor, tuple[int, ...]], ...],
        others: tuple[CPUTensor | None, CPUTensor | None, CPUTensor | None],
        numbers: tuple[float, float, bool, bool, float],
    ) -> None:
        """Run ``kernel`` on (source, filters, result), and what follows it, or all of it again."""

        def work() -> None:
            self._convolve_anew(call, kernel, layer, operands, others, numbers)

        tensors = *(tensor for _, tensor, _ in operands), *others
        self.again(layer.replay, (call, *numbers), tensors, work)

    def _convolve_anew(
        self,
        call: str,
        kernel: Callable[..., None],
        layer: ConvLayer,
        operands: tuple[tuple[str, CPUTensor, tuple[int, ...]], ...],
        others: tuple[CPUTensor | None, CPUTensor | None, CPUTensor | None],
        numbers: tuple[float, float, bool, bool, float],
    ) -> None:
        (X, bias, bsum), (alpha, beta, relu, brelu, slope) = others, numbers
        result, shape = operands[-1][1:]
        dtype = compute_dtype(result)
        source, filters, out = (
            self._operand(call, *operand, dtype, ValueError) for operand in operands
        )
        at = None if X is None else self._operand(call, "X", X, shape, dtype, ValueError)
        if beta != 0 and at is not None and at is not out:
            launch(np.copyto, out, at)
        column, rows = (shape[0], 1), (shape[0], -1)
        add, sums = (
            None if tensor is None else self._operand(call, name, tensor, column, dtype, ValueError)
            for name, tensor in (("bias", bias), ("bsum", bsum))
        )
        geometry = (layer.padding, layer.strides, layer.dilation)
        exact = self.numerics == "strict"
        more: dict[str, Any] = {}
        if kernel is self.kernels.conv.fprop and beta == 0 and not brelu:  # all in one pass
            more = {"bias": add, "slope": slope if relu else 1.0}
            add, relu = None, False
        kernel(source, filters, out, *geometry, alpha, beta, self.scratch, exact, **more)
        if relu or brelu or not (add is None and sums is None):
            at = None if at is None else at.reshape(rows)
            self.kernels.conv.epilogue(out.reshape(rows), at, add, sums, relu, brelu, slope)
        self._deliver(out, result)
        if bsum is not None and sums is not None:
            self._deliver(sums, bsum)
