"""Windows position by position, and the operations of a geometry object (neon's ``layer_cpu``).

Kernels walk over all windows by themselves; these classes serve scripts that look at single
windows, or call a ``ConvLayer`` instead of its backend. One entry of a slice list belongs to one
position along one axis: ``mSlice`` depth, ``pSlice`` height, ``qSlice`` width of the outputs,
``dSlice``, ``hSlice``, ``wSlice`` those of the inputs, ``kSlice`` output maps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neonlike.backends._conv import ConvMixin
    from neonlike.backends._cpu_tensor import CPUTensor

Window = tuple[slice, slice, int]
Contacts = tuple[list[int], list[int], int]
Part = tuple[slice, int]


def ceil_div(x: int, y: int) -> int:
    """Return ``x / y`` rounded up."""
    return -(-x // y)


class ConvWindows:
    """What a convolution does at one position, and as a whole."""

    lib: ConvMixin
    DHW: tuple[int, int, int]
    TRS: tuple[int, int, int]
    MPQ: tuple[int, int, int]
    padding: tuple[int, int, int]
    strides: tuple[int, int, int]
    dilation: tuple[int, int, int]

    def fprop_slice(
        self, q: int, S: int, X: int, padding: int, stride: int, dilation: int
    ) -> Window:
        """Return what window ``q`` of one axis covers.

        Args:
            q: output position.
            S: filter size.
            X: input size.
            padding, stride, dilation: of this axis.

        Returns:
            Slice of the filter, slice of the input, and their common length: the
            elements that lie in the image. The input's slice has step ``dilation``.
        """
        start = q * stride - padding
        first = max(0, ceil_div(-start, dilation))
        count = max(0, min(S, ceil_div(X - start, dilation)) - first)
        if count == 0:
            return slice(0, 0), slice(0, 0, dilation), 0
        left = start + first * dilation
        right = left + (count - 1) * dilation + 1
        return slice(first, first + count), slice(left, right, dilation), count

    def bprop_slice(
        self, x: int, S: int, Q: int, padding: int, stride: int, dilation: int
    ) -> Contacts:
        """Return where input ``x`` of one axis takes part.

        Args:
            x: input position.
            S: filter size.
            Q: output size.
            padding, stride, dilation: of this axis.

        Returns:
            Filter elements, the output positions they belong to, and their number.
        """
        pairs = ((s, divmod(x + padding - s * dilation, stride)) for s in range(S))
        met = [(s, q) for s, (q, rest) in pairs if rest == 0 and 0 <= q < Q]
        return [s for s, _ in met], [q for _, q in met], len(met)

    def _covered(self, axis: int) -> list[Window]:
        size, options = self.DHW[axis], self._options(axis)
        return [self.fprop_slice(q, self.TRS[axis], size, *options) for q in range(self.MPQ[axis])]

    def _contacts(self, axis: int) -> list[Contacts]:
        size, options = self.MPQ[axis], self._options(axis)
        return [self.bprop_slice(x, self.TRS[axis], size, *options) for x in range(self.DHW[axis])]

    def _options(self, axis: int) -> tuple[int, int, int]:
        return self.padding[axis], self.strides[axis], self.dilation[axis]

    mSlice = cached_property(lambda self: self._covered(0))
    pSlice = cached_property(lambda self: self._covered(1))
    qSlice = cached_property(lambda self: self._covered(2))
    dSlice = cached_property(lambda self: self._contacts(0))
    hSlice = cached_property(lambda self: self._contacts(1))
    wSlice = cached_property(lambda self: self._contacts(2))

    def xprop_conv(
        self,
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
        backward: bool = False,
        layer_op: Any = None,
    ) -> None:
        """Run the backend's ``fprop_conv``, or with ``backward`` its ``bprop_conv``.

        Args:
            I: inputs; ``backward``: errors.
            F: filters.
            O: outputs; ``backward``: deltas.
            X, bias, bsum, alpha, beta, relu, brelu, slope, layer_op: as in ``fprop_conv``.
        """
        geometry: Any = self
        sources = (F, I) if backward else (I, F)
        call: Callable[..., None] = self.lib.bprop_conv if backward else self.lib.fprop_conv
        call(geometry, *sources, O, X, bias, bsum, alpha, beta, relu, brelu, slope, layer_op)

    def update_conv(
        self,
        I: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        E: CPUTensor,
        U: CPUTensor,
        alpha: float = 1.0,
        beta: float = 0.0,
        grad_bias: CPUTensor | None = None,
        layer_op: Any = None,
    ) -> None:
        """Run the backend's ``update_conv`` for this geometry; arguments as there."""
        geometry: Any = self
        self.lib.update_conv(geometry, I, E, U, alpha, beta, grad_bias, layer_op)

    def compound_ops(
        self,
        O: CPUTensor,  # noqa: E741  # neon's name, also for keywords
        X: CPUTensor | None,
        bias: CPUTensor | None,
        bsum: CPUTensor | None,
        relu: bool,
        brelu: bool,
        slope: float,
    ) -> None:
        """Do in place what follows a convolution (spec backend 10).

        In this order: ``O += bias``; ``relu``: ``O = max(O, 0) + slope * min(O, 0)``, or ``brelu``:
        ``O *= (X > 0) + slope * (X < 0)``; then ``bsum`` = sum of each map.

        Args:
            O: outputs or deltas, maps first.
            X: like O, default O itself.
            bias, bsum: (maps, 1).
            relu, brelu, slope: which rectifier, and its slope for negative values.

        Raises:
            ValueError: ``O`` cannot be divided into that many maps.
        """
        be: Any = self.lib
        columns = [column for column in (bias, bsum) if column is not None]
        maps = columns[0].size if columns else 1
        rows = O.reshape(maps, O.size // maps)
        if bias is not None:
            rows[:] = rows + bias.reshape(maps, 1)
        if relu:
            rows[:] = be.maximum(rows, 0) + be.minimum(rows, 0) * slope
        elif brelu:
            at = rows if X is None else X.reshape(rows.shape)
            rows[:] = rows * (be.greater(at, 0) + be.less(at, 0) * slope)
        if bsum is not None:
            bsum.reshape(maps, 1)[:] = be.sum(rows, axis=1)


class PoolWindows:
    """What a pooling window covers at one position."""

    C: int
    K: int
    DHW: tuple[int, int, int]
    MPQ: tuple[int, int, int]
    JTRS: tuple[int, ...]
    padding: tuple[int, ...]
    strides: tuple[int, ...]

    def pool_slice(self, q: int, S: int, X: int, padding: int, strides: int) -> Part:
        """Return what window ``q`` of one axis covers, clipped to the image.

        Args:
            q: output position.
            S: window size.
            X: input size.
            padding, strides: of this axis.

        Returns:
            Slice of the input, and its length.
        """
        start = q * strides - padding
        left, right = max(0, start), min(X, start + S)
        return slice(left, right), right - left

    def _covered(self, axis: int) -> list[Part]:
        size, outputs = (self.C, *self.DHW)[axis], (self.K, *self.MPQ)[axis]
        options = (self.JTRS[axis], size, self.padding[axis], self.strides[axis])
        return [self.pool_slice(q, *options) for q in range(outputs)]

    kSlice = cached_property(lambda self: self._covered(0))
    mSlice = cached_property(lambda self: self._covered(1))
    pSlice = cached_property(lambda self: self._covered(2))
    qSlice = cached_property(lambda self: self._covered(3))
