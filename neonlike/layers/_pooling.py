"""Pooling over space, normalization over maps, pooling of regions (spec layers 7.4 to 7.6)."""

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

    overwrites_error = False
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

    def __str__(self) -> str:
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


class LRN(Layer):
    """Local response normalization over neighbouring maps.

    ``denom = 1 + (ascale / depth) * sum of x^2 over depth maps``; ``out = x * denom^-bpower``.

    Args:
        depth: number of maps in the window, odd.
        alpha, beta: unused, kept for old scripts.
        ascale, bpower: scale and exponent of the denominator.
    """

    overwrites_error = False
    reads_outputs = True

    def __init__(
        self,
        depth: int,
        alpha: float = 1.0,
        beta: float = 0.0,
        ascale: float = 1.0,
        bpower: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.depth = self.J = depth
        self.alpha = alpha
        self.beta = beta
        self.ascale = ascale
        self.bpower = bpower
        self.owns_delta = True
        self.nglayer: Any = None
        self.denom: Any = None
        self.lrnparams: dict[str, int] = {"J": depth}

    def configure(self, in_obj: Any) -> Self:
        """Set the geometry; the shape is kept.

        Raises:
            AssertionError: an even depth, or the input is no picture or volume.
        """
        super().configure(in_obj)
        self.lrnparams.update(input_params(self, "C", "DHW"), N=self.be.bsz)
        assert self.depth % 2 == 1, f"{describe(self)}: depth must be odd, got {self.depth}"
        geometry = self.be.lrn_layer(self.be.default_dtype, **self.lrnparams)
        if self.nglayer is None or self.nglayer.dimI != geometry.dimI:
            self.nglayer = geometry
        self.out_shape = self.in_shape
        return self

    def allocate(self, shared_outputs: Any = None) -> None:
        """Make outputs and the store of denominators."""
        super().allocate(shared_outputs)
        self.denom = self.be.iobuf(self.out_shape)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Normalize ``inputs``."""
        self.inputs = inputs
        self.be.fprop_lrn(
            self.nglayer,
            inputs,
            self.outputs,
            self.denom,
            ascale=self.ascale,
            bpower=self.bpower,
        )
        return self.outputs

    def bprop(self, error: Any) -> Any:
        """Compute deltas unless this is the first layer."""
        if self.deltas is not None:
            self.be.bprop_lrn(
                self.nglayer,
                self.inputs,
                self.outputs,
                error,
                self.deltas,
                self.denom,
                ascale=self.ascale,
                bpower=self.bpower,
            )
        return self.deltas


class RoiPooling(Layer):
    """Max-pool regions of a feature map to a fixed size (for one picture per batch).

    Shapes: inputs (feature map (C, H, W), regions (5, R)); out (C * h * w, R). A
    region is (picture, xmin, ymin, xmax, ymax) in picture coordinates.

    Args:
        HW: output size (h, w) of every region.
        bprop_enabled: False gives zero gradients.
        spatial_scale: feature map size divided by picture size.

    Attributes:
        error: gradient of the feature map, returned by ``bprop``.
    """

    def __init__(
        self,
        HW: tuple[int, int] = (7, 7),
        bprop_enabled: bool = True,
        spatial_scale: float = 0.0625,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.HW = HW
        self.roi_H, self.roi_W = HW
        self.bprop_enabled = bprop_enabled
        self.spatial_scale = spatial_scale
        self.owns_delta = True
        self.error: Any = None
        self.max_idx: Any = None

    def configure(self, in_obj: Any) -> Self:
        """Read the shapes of feature map and regions.

        Args:
            in_obj: list of two layers (or objects with ``out_shape``).

        Raises:
            AssertionError: not two inputs, or other shapes.
        """
        pair = isinstance(in_obj, list | tuple) and len(in_obj) == 2
        assert pair, f"{describe(self)} needs two inputs: feature map and regions, got {in_obj!r}"
        features, regions = (item.out_shape for item in in_obj)
        assert len(features) == 3, (
            f"{describe(self)}: the feature map must be (channels, height, width), got {features}"
        )
        regular = len(regions) == 2 and regions[0] == 5
        assert regular, f"{describe(self)}: regions must be (5, number), got {regions}"
        self.prev_layer = in_obj
        self.in_shape = [features, regions]
        self.fm_channel, self.fm_height, self.fm_width = features
        self.rois_per_img = regions[1]
        self.out_shape = (self.fm_channel * self.roi_H * self.roi_W, self.rois_per_img)
        return self

    def allocate(self, shared_outputs: Any = None) -> None:
        """Make outputs, positions of the maxima and the gradient of the feature map."""
        super().allocate(shared_outputs)
        self.max_idx = self.be.iobuf(self.out_shape, dtype=np.int32)
        self.error = self.be.iobuf((self.fm_channel, self.fm_height, self.fm_width))

    def allocate_deltas(self, global_deltas: DeltasTree) -> None:
        """Nothing: the gradient has a buffer of its own, ``error``."""

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Use ``error`` as deltas."""
        self.deltas = self.error

    def init_buffers(self, inputs: Any) -> None:
        """Take feature map and regions from ``inputs``."""
        self.inputs = inputs
        self.img, regions = inputs
        # regions come as columns, the operation reads rows
        self.rois = self.be.empty((regions.size // 5, 5))
        self.rois[:] = regions.T

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Pool every region of ``inputs = (feature map, regions)``.

        Raises:
            AssertionError: not two inputs.
        """
        assert len(inputs) == 2, (
            f"{describe(self)} needs two inputs: feature map and regions, got {len(inputs)}"
        )
        self.init_buffers(inputs)
        self.be.roipooling_fprop(self.img, self.rois, self.outputs, self.max_idx, *self._sizes())
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Send the errors back to the maxima, into ``self.error``."""
        if self.bprop_enabled:
            self.be.roipooling_bprop(error, self.rois, self.error, self.max_idx, *self._sizes())
        else:
            self.error.fill(0)
        return self.error

    def _sizes(self) -> tuple[Any, ...]:
        """Arguments (regions, C, H, W, pooled height, pooled width, scale) of the operation."""
        return (
            self.rois.shape[0],
            self.fm_channel,
            self.fm_height,
            self.fm_width,
            self.roi_H,
            self.roi_W,
            self.spatial_scale,
        )
