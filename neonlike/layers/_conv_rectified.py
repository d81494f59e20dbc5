"""A convolution and the Rectlin that follows it, computed in one pass (spec layers 6.4, 7.2)."""

from __future__ import annotations

from typing import Any

from neonlike.layers._conv import Convolution
from neonlike.layers._pointwise import Activation
from neonlike.transforms import Rectlin


class RectifiedConvolution:
    """Stands for both layers in a forward pass; they end in the state they would be in anyway.

    Args:
        filters: the convolution.
        activation: the layer after it.
    """

    def __init__(self, filters: Convolution, activation: Activation) -> None:
        self.filters = filters
        self.activation = activation

    @property
    def first(self) -> Any:
        """The layer that takes the inputs."""
        return self.filters

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute ``rectlin(conv(inputs) + bias)``, one after the other where that is not it."""
        if not self._is_one_pass():
            outputs = self.filters.fprop(inputs, inference=inference)
            return self.activation.fprop(outputs, inference=inference)
        slope = self.activation.transform.slope
        outputs = self.filters._convolve(inputs, relu=True, slope=slope)
        self.activation.inputs = self.activation.outputs = outputs
        return outputs

    def _is_one_pass(self) -> bool:
        """Asked each time: transforms may be changed, and methods set on objects."""
        return (
            is_rectlin_in_place(self.activation)
            and self.filters.batch_sum is None
            and "fprop" not in vars(self.filters)
        )


def is_rectlin_in_place(activation: Activation) -> bool:
    """Whether an activation is just a Rectlin on the outputs of the layer before it."""
    return (
        type(activation.transform) is Rectlin
        and not activation.owns_output
        and "fprop" not in vars(activation)
    )
