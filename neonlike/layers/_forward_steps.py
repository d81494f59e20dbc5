"""What a network does in a forward pass: layers, and what stands for several of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neonlike.layers._batch_norm import BatchNorm
from neonlike.layers._conv import Convolution
from neonlike.layers._conv_bias import Convolution_bias
from neonlike.layers._conv_rectified import RectifiedConvolution
from neonlike.layers._norm_rectified import NormalizationStep
from neonlike.layers._pointwise import Activation

_FILTERS = (Convolution.fprop, Convolution_bias.fprop)


def forward_steps(layers: Sequence[Any]) -> list[Any]:
    """Return the layers, with one step in the place of those that may be computed together."""
    steps: list[Any] = []
    for layer in layers:
        joined = _join(steps[-1], layer) if steps else None
        if joined is None:
            steps.append(layer)
        else:
            steps[-1] = joined
    return steps


def _join(step: Any, layer: Any) -> Any:
    """What stands for ``step`` and the layer after it, or None."""
    is_filters = getattr(type(step), "fprop", None) in _FILTERS
    if _is_norm(layer) and is_filters:
        return NormalizationStep(step, layer, None)
    if type(layer) is not Activation:
        return None
    if is_filters:
        return RectifiedConvolution(step, layer)
    if _is_norm(step):
        return NormalizationStep(None, step, layer)
    if isinstance(step, NormalizationStep) and step.activation is None:
        return NormalizationStep(step.filters, step.norm, layer)
    return None


def _is_norm(layer: Any) -> bool:
    return getattr(type(layer), "fprop", None) is BatchNorm.fprop
