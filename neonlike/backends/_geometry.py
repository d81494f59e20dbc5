"""Sizes of convolution, deconvolution and pooling: no arithmetic on data (spec backend 10, 11).

Letters as in ``neonlike.kernels``: N batch; C input maps; D, H, W input size; K output maps;
T, R, S filter size; M, P, Q output size; J window over maps. Triples are (d, h, w).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy.typing as npt

from neonlike.backends._replay import Replay
from neonlike.backends._windows import ConvWindows, PoolWindows, ceil_div

if TYPE_CHECKING:
    from neonlike.backends._conv import ConvMixin

Triple = tuple[int, int, int]


def output_dim(
    X: int,
    S: int,
    padding: int,
    strides: int,
    pooling: bool = False,
    dilation: int = 1,
    caffe: bool = False,
) -> int:
    """Size of an output axis (spec backend 11.1).

    Args:
        X: size of the input axis.
        S: size of the filter or window.
        padding: zeros added on each side.
        strides: step of the window.
        pooling: the window belongs to pooling.
        dilation: step between the elements of the window.
        caffe: round up, as caffe does, where ``pooling``.

    Raises:
        ValueError: negative padding, or ``pooling`` and padding of at least the window size.
        ZeroDivisionError: zero stride.
    """
    if padding < 0:
        raise ValueError(f"Padding dim {padding} must not be negative")
    if strides == 0:
        raise ZeroDivisionError("strides must be at least 1, got 0")
    if pooling and padding >= S:
        raise ValueError(f"Padding dim {padding} incompatible with filter size {S}")
    room = X + 2 * padding - (dilation * (S - 1) + 1)
    if not (caffe and pooling):
        return room // strides + 1
    size = ceil_div(room, strides) + 1
    if padding > 0 and (size - 1) * strides >= X + padding:
        size -= 1
    return size


class ConvLayer(ConvWindows):
    """Geometry of a convolution (spec backend 10).

    Attributes:
        C, K, M, P, Q: input maps, output maps, output size.
        NCK, TRS, DHW, MPQ, padding, strides, dilation: the sizes as tuples.
        dimI, dimF, dimO: shapes (C,D,H,W,N), (C,T,R,S,K), (K,M,P,Q,N) of inputs, filters, outputs.
        dimS: shape (K,1) of the sums per map.
        dimI2, dimF2, dimO2: the same shapes with all but the last axis merged.
        sizeI, sizeF, sizeO, nOut: numbers of elements; nOut is that of one output.
        replay: what the backend did for this layer, ready to be done again.
        dot: the convolution is one matrix product (1x1x1 filters).
    """

    is_mklop = False

    def __init__(
        self,
        lib: ConvMixin,
        dtype: npt.DTypeLike,
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
    ) -> None:
        self.padding = (pad_d, pad_h, pad_w)
        self.strides = (str_d, str_h, str_w)
        self.dilation = (dil_d, dil_h, dil_w)
        m, p, q = (
            lib.output_dim(x, s, pad, step, dilation=dil)
            for x, s, pad, step, dil in zip(
                (D, H, W), (T, R, S), self.padding, self.strides, self.dilation, strict=True
            )
        )
        self._set_shapes(lib, dtype, (N, C, K), (D, H, W), (T, R, S), (m, p, q))
        self.dimS = (K, 1)
        self.nOut = K * prod(self.MPQ)

    def _set_shapes(
        self,
        lib: ConvMixin,
        dtype: npt.DTypeLike,
        NCK: Triple,
        DHW: Triple,
        TRS: Triple,
        MPQ: Triple,
    ) -> None:
        self.lib, self.dtype, self.replay = lib, dtype, Replay(most=3)
        self.NCK, self.DHW, self.TRS, self.MPQ = NCK, DHW, TRS, MPQ
        self.N, self.C, self.K = NCK
        self.M, self.P, self.Q = MPQ
        self.dimI = (self.C, *DHW, self.N)
        self.dimF = (self.C, *TRS, self.K)
        self.dimO = (self.K, *MPQ, self.N)
        self.dimI2, self.dimF2, self.dimO2 = map(_matrix, (self.dimI, self.dimF, self.dimO))
        self.sizeI, self.sizeF, self.sizeO = map(prod, (self.dimI, self.dimF, self.dimO))
        unit = (1, 1, 1)
        self.dot = self.padding == (0, 0, 0) and TRS == self.strides == self.dilation == unit

    def get_is_mklop(self) -> bool:
        """Whether an MKL primitive stands behind the layer; False unless set."""
        return self.is_mklop

    def set_is_mklop(self) -> None:
        """Set ``is_mklop``; nothing depends on it."""
        self.is_mklop = True

    def set_not_mklop(self) -> None:
        """Unset ``is_mklop``."""
        self.is_mklop = False


class DeconvLayer(ConvLayer):
    """Geometry of a deconvolution: a convolution whose data flow backwards (spec backend 10.1).

    K and M, P, Q describe its input, C and D, H, W its output: ``dimO`` is the shape of
    the input, ``dimI`` and ``nOut`` belong to the output. Attributes as ``ConvLayer``, without
    ``dimS``, and with the output size H, W.
    """

    def __init__(
        self,
        lib: ConvMixin,
        dtype: npt.DTypeLike,
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
    ) -> None:
        self.padding = (pad_d, pad_h, pad_w)
        self.strides = (str_d, str_h, str_w)
        self.dilation = (dil_d, dil_h, dil_w)
        d, h, w = (
            (size - 1) * step - 2 * pad + dil * (s - 1) + 1
            for size, s, pad, step, dil in zip(
                (M, P, Q), (T, R, S), self.padding, self.strides, self.dilation, strict=True
            )
        )
        self._set_shapes(lib, dtype, (N, C, K), (d, h, w), (T, R, S), (M, P, Q))
        self.H, self.W = h, w
        self.nOut = C * prod(self.DHW)


class PoolLayer(PoolWindows):
    """Geometry of pooling over maps and space, and of LRN (spec backend 11.2, 11.3).

    Attributes:
        op: 'max', 'avg', 'l2' or 'lrn'.
        N, C, K, M, P, Q: batch, input maps, output maps, output size.
        JTRS, padding, strides: window over (maps, d, h, w), and how it moves.
        DHW, MPQ, dimI, dimO, dimI2, dimO2, sizeI, sizeO, nOut, replay: as in ``ConvLayer``.
        dimF2: None; there are no filters.
        overlap: 0.0 where no windows overlap, else the number of windows over an input.
    """

    dimF2 = None

    def __init__(
        self,
        lib: ConvMixin,
        dtype: npt.DTypeLike,
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
    ) -> None:
        self.lib, self.dtype, self.op, self.N, self.C = lib, dtype, op, N, C
        self.replay = Replay(most=3)
        self.DHW, self.JTRS = (D, H, W), (J, T, R, S)
        self.padding = (pad_c, pad_d, pad_h, pad_w)
        steps = zip((str_c, str_d, str_h, str_w), self.JTRS, strict=True)
        self.strides = tuple(size if step is None else step for step, size in steps)
        self.K, self.M, self.P, self.Q = map(self._outputs, range(4))
        self.MPQ = (self.M, self.P, self.Q)
        self.dimI = (C, D, H, W, N)
        self.dimO = (self.K, *self.MPQ, N)
        self.dimI2, self.dimO2 = _matrix(self.dimI), _matrix(self.dimO)
        self.sizeI, self.sizeO = prod(self.dimI), prod(self.dimO)
        self.nOut = self.K * prod(self.MPQ)
        self.overlap = self._overlap()

    def _outputs(self, axis: int) -> int:
        """Number of windows along ``axis``, all of which meet the image.

        Raises:
            ValueError: the padding reaches the window size, or a window of caffe mode lies outside.
        """
        size = (self.C, *self.DHW)[axis]
        window, pad, step = self.JTRS[axis], self.padding[axis], self.strides[axis]
        outputs = self.lib.output_dim(size, window, pad, step, pooling=True)
        if (outputs - 1) * step - pad >= size:
            raise ValueError(
                f"pooling {self.JTRS} with strides {self.strides} and padding {self.padding} over "
                f"{(self.C, *self.DHW)} (maps, depth, height, width): the last window of axis "
                f"{axis} lies outside the image in caffe mode; use a stride of at most {window}"
            )
        return outputs

    def _overlap(self) -> float:
        if all(step >= size for step, size in zip(self.strides, self.JTRS, strict=True)):
            return 0.0
        counts = (ceil_div(s, step) for step, s in zip(self.strides, self.JTRS, strict=True))
        return float(prod(counts))


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    return prod(shape[:-1]), shape[-1]
