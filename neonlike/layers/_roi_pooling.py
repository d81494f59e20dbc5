"""Pooling of regions to a fixed size (spec layers 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._errors import describe

if TYPE_CHECKING:
    from typing import Self


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
