"""A convolution and the Rectlin that follows it, computed in one pass (spec layers 6.4, 7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neonlike.layers._conv import Convolution
from neonlike.layers._conv_bias import Convolution_bias
from neonlike.layers._pointwise import Activation
from neonlike.transforms import Rectlin

_PLAIN = (Convolution.fprop, Convolution_bias.fprop)


class RectifiedConvolution:
    """Stands for both layers in a forward pass; they end in the state they would be in anyway.

    Args:
        filters: the convolution.
        activation: works in place on its outputs.
    """

    def __init__(self, filters: Convolution, activation: Activation) -> None:
        self.filters = filters
        self.activation = activation

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute ``rectlin(conv(inputs) + bias)``."""
        if "fprop" in vars(self.filters) or "fprop" in vars(self.activation):  # set on the object
            outputs = self.filters.fprop(inputs, inference=inference)
            return self.activation.fprop(outputs, inference=inference)
        outputs = self.filters.convolve(inputs, relu=True, slope=self.activation.transform.slope)
        self.activation.inputs = self.activation.outputs = outputs
        return outputs


def forward_steps(layers: Sequence[Any]) -> list[Any]:
    """Return the layers, with a RectifiedConvolution in the place of each pair that can be one."""
    steps: list[Any] = []
    for layer in layers:
        if steps and _pairs(steps[-1], layer):
            steps[-1] = RectifiedConvolution(steps[-1], layer)
        else:
            steps.append(layer)
    return steps


def _pairs(filters: Any, activation: Any) -> bool:
    return (
        getattr(type(filters), "fprop", None) in _PLAIN
        and filters.batch_sum is None
        and type(activation) is Activation
        and not activation.owns_output
        and type(activation.transform) is Rectlin
    )
