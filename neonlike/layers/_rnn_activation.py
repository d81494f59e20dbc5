"""Which activations the recurrent kernels know by code.

Other Transforms (user classes, Softmax, ...) work too: they run step by step as op-trees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neonlike.backends._sweep import Activation, codes
from neonlike.transforms.activation import (
    CenteredLogistic,
    Explin,
    Identity,
    Logistic,
    Rectlin,
    Rectlinclip,
    Tanh,
)

# by exact class: a subclass may compute something else
_CODES: dict[type, Callable[[Any], Activation]] = {
    Identity: lambda _: Activation(codes.IDENTITY),
    Tanh: lambda _: Activation(codes.TANH),
    Logistic: lambda t: Activation(codes.LOGISTIC_SHORTCUT if t.shortcut else codes.LOGISTIC),
    Rectlin: lambda t: Activation(codes.RECTLIN, t.slope),
    Rectlinclip: lambda t: Activation(codes.RECTLINCLIP, t.slope, t.xcut),
    Explin: lambda t: Activation(codes.EXPLIN, t.alpha),
    CenteredLogistic: lambda t: Activation(codes.CENTERED, t.scale),
}


def activation_code(transform: Any) -> Any:
    """Return the kernels' code of ``transform``, or ``transform`` itself if they have none.

    Read at every pass: scripts change attributes of transforms (``set_shortcut``).
    """
    encode = _CODES.get(type(transform))
    return transform if encode is None else encode(transform)
