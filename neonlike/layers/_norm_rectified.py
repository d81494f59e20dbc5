"""Batch norm, the convolution before it and the Rectlin after it (spec layers 6.4, 7.2, 8).

Batch norm reads all its inputs anyway, so it finds their sums more cheaply than the convolution,
and writes all outputs, so that the Rectlin costs nothing there.
"""

from __future__ import annotations

from typing import Any

from neonlike.layers._batch_norm import BatchNorm
from neonlike.layers._conv import Convolution
from neonlike.layers._conv_rectified import is_rectlin_in_place
from neonlike.layers._pointwise import Activation


class NormalizationStep:
    """Stands for these layers in a forward pass; they end in the state they would be in anyway.

    Args:
        filters: the convolution, or None.
        norm: the batch norm.
        activation: the layer with the Rectlin, or None.
    """

    def __init__(
        self, filters: Convolution | None, norm: BatchNorm, activation: Activation | None
    ) -> None:
        self.filters = filters
        self.norm = norm
        self.activation = activation

    @property
    def first(self) -> Any:
        """The layer that takes the inputs."""
        return self.filters or self.norm

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute ``rectlin(norm(conv(inputs)))``, one after the other where that is not it."""
        if "fprop" in vars(self.norm):  # a method set on the object
            layers = (self.filters, self.norm, self.activation)
            for layer in filter(None, layers):
                inputs = layer.fprop(inputs, inference=inference)
            return inputs
        return self._rectify(*self._convolve(inputs, inference), inference)

    def _convolve(self, inputs: Any, inference: bool) -> tuple[Any, bool]:
        """The inputs of the norm, and whether it has to sum them."""
        filters, norm = self.filters, self.norm
        if filters is None:
            return inputs, norm.compute_batch_sum
        if norm.prev_layer is filters and "fprop" not in vars(filters):
            return filters._convolve(inputs, bsum=None), True
        return filters.fprop(inputs, inference=inference), norm.compute_batch_sum

    def _rectify(self, inputs: Any, finds_sums: bool, inference: bool) -> Any:
        """The outputs of the norm, and of the activation if there is one."""
        norm, activation = self.norm, self.activation
        if activation is None or not self._is_one_pass(activation):
            outputs = norm._normalize(inputs, inference, finds_sums)
            return activation.fprop(outputs, inference=inference) if activation else outputs
        slope = activation.transform.slope
        outputs = norm._normalize(inputs, inference, finds_sums, slope=slope)
        activation.inputs = activation.outputs = outputs
        return outputs

    def _is_one_pass(self, activation: Activation) -> bool:
        """Asked each time: transforms may be changed, and methods set on objects."""
        takes_slope = hasattr(self.norm.be.compound_fprop_bn, "takes_slope")  # not somebody's own
        return takes_slope and is_rectlin_in_place(activation)
