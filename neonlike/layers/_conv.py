"""Convolution and its transpose (spec layers 7.1 to 7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import Layer
from neonlike.layers._errors import shape_message
from neonlike.layers._geometry import (
    AXES,
    axis_params,
    check_output,
    filter_params,
    input_params,
    map_shape,
    shape_text,
)
from neonlike.layers._parameter import ParameterLayer

if TYPE_CHECKING:
    from typing import Self


class _FilterLayer(ParameterLayer):
    """What convolution and deconvolution share: arguments, text, input check."""

    title = "Convolution"
    overwrites_error = False

    def __init__(
        self,
        fshape: Any,
        strides: Any,
        padding: Any,
        dilation: Any,
        init: Any,
        bsum: bool,
        name: str | None,
        parallelism: str = "Unknown",
    ) -> None:
        super().__init__(init, name, parallelism)
        self.fshape = fshape
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.bsum = bsum
        self.nglayer: Any = None

    def _window(self) -> dict[str, int]:
        return {
            **filter_params(self, self.fshape),
            **axis_params(self, "str", self.strides, 1),
            **axis_params(self, "pad", self.padding, 0),
            **axis_params(self, "dil", self.dilation, 1),
        }

    def _text(
        self, params: dict[str, int], inputs: tuple[int, ...], outputs: tuple[int, ...]
    ) -> str:
        n = len(self.in_shape) - 1
        axes = AXES[-n:]

        def per_axis(prefix: str) -> str:
            return ",".join(str(params[f"{prefix}_{axis}"]) for axis in axes)

        return (
            f"{self.title} Layer '{self.name}': {shape_text(inputs[0], inputs[-n:])} inputs, "
            f"{shape_text(outputs[0], outputs[-n:])} outputs, {per_axis('pad')} padding, "
            f"{per_axis('str')} stride, {per_axis('dil')} dilation"
        )

    def _bind(self, inputs: Any, rows: int) -> None:
        """Take ``inputs`` as this layer's input after checking their size."""
        if inputs is self.inputs:
            return
        columns = self.outputs.size // self.nglayer.nOut
        if inputs.size != rows * columns:
            raise AssertionError(
                shape_message(
                    self,
                    "the input does not fit",
                    expected=f"a tensor of shape {(rows, columns)} (elements, batch size)",
                    got=tuple(inputs.shape),
                    hint="was the model initialized with this data set's shape and batch size?",
                )
            )
        self.inputs = inputs


class Convolution(_FilterLayer):
    """Cross-correlation with learned filters (no kernel flip).

    ``out[k, p, q] = sum_crs W[c, r, s; k] * in[c, h, w]`` with ``h = p*str_h - pad_h + r*dil_h``
    and ``w = q*str_w - pad_w + s*dil_w``.

    Shapes: in (C, H, W) or (C, D, H, W); out (K, P, Q) or (K, M, P, Q); W (C*T*R*S, K).

    Args:
        fshape: (R, S, K) or (T, R, S, K) = (depth,) height, width, maps; or a dict T, R, S, K.
        strides, padding, dilation: int for height and width, or dict of single axes.
        init: Initializer, Tensor or ndarray for W.
        bsum: also keep per-map sums of the outputs in ``batch_sum``, for a following batch norm.
    """

    accumulates_outputs = True
    convparams: dict[str, int]

    def __init__(
        self,
        fshape: Any,
        strides: Any = {},
        padding: Any = {},
        dilation: Any = {},
        init: Any = None,
        bsum: bool = False,
        name: str | None = None,
        parallelism: str = "Data",
    ) -> None:
        super().__init__(fshape, strides, padding, dilation, init, bsum, name, parallelism)
        self.convparams = self._window()

    def _configured_str(self) -> str:
        layer = self.nglayer
        return self._text(self.convparams, layer.dimI[:-1], layer.dimO[:-1])

    def configure(self, in_obj: Any) -> Self:
        """Set the geometry and the shapes of outputs and weights.

        Raises:
            AssertionError: the input is no picture or volume.
            ValueError: the filter is larger than the padded map.
        """
        super().configure(in_obj)
        self.convparams.update(input_params(self, "C", "DHW"), N=self.be.bsz)
        geometry = self.be.conv_layer(self.be.default_dtype, **self.convparams)
        if self.nglayer is None or self.nglayer.dimI != geometry.dimI:
            self.nglayer = geometry
        check_output(self, self.convparams, geometry.MPQ)
        self.out_shape = map_shape(geometry.K, *geometry.MPQ)
        self.weight_shape = geometry.dimF2
        if self.bsum:
            self.batch_sum_shape = (geometry.K, 1)
        return self

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = conv(inputs) + beta * outputs``."""
        return self._convolve(inputs, beta=beta)

    def _convolve(self, inputs: Any, **options: Any) -> Any:
        """``fprop`` with more ``options`` of the backend's ``fprop_conv``."""
        self._bind(inputs, self.nglayer.dimI2[0])
        operands = inputs, self.W, self.outputs
        self.be.fprop_conv(self.nglayer, *operands, **{"bsum": self.batch_sum, **options})
        return self.outputs

    @Layer.accumulates
    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and deltas unless this is the first layer."""
        self._bprop_inputs(error, alpha, beta)
        self.be.update_conv(self.nglayer, self.inputs, error, self.dW)
        return self.deltas

    def _bprop_inputs(self, error: Any, alpha: float, beta: float) -> None:
        if self.deltas is not None:
            self.be.bprop_conv(self.nglayer, self.W, error, self.deltas, alpha=alpha, beta=beta)


class Deconvolution(_FilterLayer):
    """Transposed convolution: the input-gradient operation of a convolution, as a layer.

    Output size per axis: ``(X - 1) * stride - 2 * pad + dil * (k - 1) + 1``.

    Shapes: in (K, P, Q) or (K, M, P, Q); out (C, H, W) or (C, D, H, W); W (C*T*R*S, K).

    Args:
        fshape: (R, S, C) or (T, R, S, C), C the number of output maps; or a dict T, R, S, K.
        strides, padding, dilation, init, bsum: as in Convolution.
    """

    title = "Deconvolution"
    deconvparams: dict[str, int]

    def __init__(
        self,
        fshape: Any,
        strides: Any = {},
        padding: Any = {},
        dilation: Any = {},
        init: Any = None,
        bsum: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(fshape, strides, padding, dilation, init, bsum, name)
        self.deconvparams = self._window()
        self.deconvparams["C"] = self.deconvparams.pop("K")

    def _configured_str(self) -> str:
        layer = self.nglayer
        return self._text(self.deconvparams, layer.dimO[:-1], layer.dimI[:-1])

    def configure(self, in_obj: Any) -> Self:
        """Set the geometry and the shapes of outputs and weights.

        Raises:
            AssertionError: the input is no picture or volume.
            ValueError: the padding leaves no output.
        """
        super().configure(in_obj)
        self.deconvparams.update(input_params(self, "K", "MPQ"), N=self.be.bsz)
        geometry = self.be.deconv_layer(self.be.default_dtype, **self.deconvparams)
        if self.nglayer is None or self.nglayer.dimO != geometry.dimO:
            self.nglayer = geometry
        if min(geometry.dimI[1:4]) < 1:
            raise ValueError(
                shape_message(
                    self,
                    "the padding leaves no output",
                    expected="output sizes of at least 1",
                    got=geometry.dimI[1:4],
                    hint="use less padding or a larger filter",
                )
            )
        self.out_shape = map_shape(*geometry.dimI[:4])
        self.weight_shape = geometry.dimF2
        if self.bsum:
            self.batch_sum_shape = (geometry.C, 1)
        return self

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute the transposed convolution of ``inputs``."""
        self._bind(inputs, self.nglayer.dimO2[0])
        self.be.bprop_conv(self.nglayer, self.W, inputs, self.outputs, bsum=self.batch_sum)
        return self.outputs

    @Layer.accumulates
    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and deltas unless this is the first layer."""
        if self.deltas is not None:
            self.be.fprop_conv(self.nglayer, error, self.W, self.deltas, alpha=alpha, beta=beta)
        self.be.update_conv(self.nglayer, error, self.inputs, self.dW)
        return self.deltas
