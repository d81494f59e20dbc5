"""Pooling over space (spec layers 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._geometry import (
    axis_params,
    check_output,
    input_params,
    map_shape,
    shape_text,
    window_params,
)

if TYPE_CHECKING:
    from typing import Self

# neon's argmax store; windows with more elements need wider indices
NARROW, WIDE = np.uint8, np.int32


class Pooling(Layer):
    """Reduce windows of each map to their maximum, mean or (forward only) 2-norm.

    Windows are clipped to the picture: padding never contributes a value.

    Shapes: in (C, H, W) or (C, D, H, W); out with ``floor((X - k + 2*pad) / stride) + 1`` per axis.

    Args:
        fshape: int, (R, S), (T, R, S), dict, or "all" for whole maps.
        op: "max", "avg" or "l2".
        strides: as in Convolution; the window size if not given.
        padding: as in Convolution; smaller than the window.
    """

    accumulates_outputs = True
    poolparams: dict[str, Any]

    def __init__(
        self,
        fshape: Any,
        op: str = "max",
        strides: Any = {},
        padding: Any = {},
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if op not in ("max", "avg", "l2"):
            raise ValueError(f"{describe(self)}: op must be 'max', 'avg' or 'l2', got {op!r}")
        self.fshape = fshape
        self.op = op
        self.strides = strides
        self.padding = padding
        self.poolparams = {"op": op, **axis_params(self, "pad", padding, 0)}
        self.nglayer: Any = None
        self.argmax: Any = None
        self.owns_delta = True

    def _configured_str(self) -> str:
        inputs, outputs = self.in_shape, self.out_shape
        return (
            f"Pooling Layer '{self.name}': {shape_text(inputs[0], inputs[1:3])} inputs, "
            f"{shape_text(outputs[0], outputs[1:3])} outputs"
        )

    def configure(self, in_obj: Any) -> Self:
        """Set the geometry and the output shape.

        Raises:
            AssertionError: the input is no picture or volume.
            ValueError: the window is larger than the padded map, or the padding too large.
        """
        super().configure(in_obj)
        sizes = input_params(self, "C", "DHW")
        window = window_params(self, self.fshape, self.in_shape)
        defaults = {"str_d": window["T"], "str_h": window["R"], "str_w": window["S"]}
        if isinstance(self.strides, dict):
            strides = {**defaults, **self._given_strides()}
        else:
            strides = axis_params(self, "str", self.strides, 1)
            strides["str_d"] = window["T"]
        self.poolparams.update(sizes, **window, **strides, N=self.be.bsz)
        geometry = self.be.pool_layer(self.be.default_dtype, **self.poolparams)
        if self.nglayer is None or self.nglayer.dimI != geometry.dimI:
            self.nglayer = geometry
        check_output(self, self.poolparams, geometry.MPQ)
        self.out_shape = map_shape(geometry.K, *geometry.MPQ)
        return self

    def _given_strides(self) -> dict[str, int]:
        params = axis_params(self, "str", self.strides, 1)
        return {key: params[key] for key in self.strides}

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take a delta buffer and, for max pooling, make the store of maximum positions."""
        super().set_deltas(delta_buffers)
        if self.op == "max":
            window = self.poolparams["T"] * self.poolparams["R"] * self.poolparams["S"]
            dtype = NARROW if window <= np.iinfo(NARROW).max + 1 else WIDE
            self.argmax = self.be.empty(self.outputs.shape, dtype=dtype)

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = pool(inputs) + beta * outputs``."""
        if inputs is not self.inputs:
            self._bind(inputs)
        self.be.fprop_pool(self.nglayer, inputs, self.outputs, self.argmax, beta=beta)
        return self.outputs

    def _bind(self, inputs: Any) -> None:
        if inputs.size != self.nglayer.sizeI:
            raise AssertionError(
                shape_message(
                    self,
                    "the input does not fit",
                    expected=f"a tensor of shape {self.nglayer.dimI2} (elements, batch size)",
                    got=tuple(inputs.shape),
                    hint="was the model initialized with this data set's shape and batch size?",
                )
            )
        self.inputs = inputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Send the error back to the maxima, or spread it over the windows.

        Raises:
            NotImplementedError: l2 pooling.
        """
        if self.deltas is not None:
            self.be.bprop_pool(
                self.nglayer, error, self.deltas, self.argmax, alpha=alpha, beta=beta
            )
        return self.deltas
