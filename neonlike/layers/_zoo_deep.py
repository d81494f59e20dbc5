"""Deep recurrent networks as lists of layers (spec zoo 3)."""

from __future__ import annotations

from typing import Any

from neonlike.initializers import Constant
from neonlike.layers._compound import Affine
from neonlike.layers._pointwise import Dropout
from neonlike.layers._zoo_elman import ElmanLayer
from neonlike.layers._zoo_transition import DeepTransitionRNN
from neonlike.transforms.activation import Tanh

Layers = list[Any]


def DTRNN(output_size: int, init: Any, transition_sizes: Any, **options: Any) -> Layers:
    """Return a recurrent layer with a deep transition, fed into its first level.

    Args:
        output_size, init, transition_sizes: as in ``DeepTransitionRNN``.
        options: its other arguments.
    """
    return [DeepTransitionRNN(output_size, init, transition_sizes, **options)]


def DTSRNN(output_size: int, init: Any, transition_sizes: Any, **options: Any) -> Layers:
    """Return a deep transition with shortcuts, fed into all levels."""
    options = {"shortcut": True, "input_to": "all", **options}
    return DTRNN(output_size, init, transition_sizes, **options)


def DORNN(
    output_size: int,
    init: Any,
    readout_sizes: Any,
    readout_activation: Any = None,
    dropout: float | None = None,
    **options: Any,
) -> Layers:
    """Return a plain recurrent layer with a deep read-out.

    Args:
        output_size, init, options: as in ``DeepTransitionRNN``.
        readout_sizes: units of each layer of the read-out.
        readout_activation: a Transform for all of these layers, or a list; tanh by default.
        dropout: share of units to keep before each of them; None: no dropout.
    """
    return DOTRNN(output_size, init, (), readout_sizes, readout_activation, dropout, **options)


def DOTRNN(
    output_size: int,
    init: Any,
    transition_sizes: Any,
    readout_sizes: Any,
    readout_activation: Any = None,
    dropout: float | None = None,
    **options: Any,
) -> Layers:
    """Return a deep transition with a deep read-out; arguments as in ``DTRNN`` and ``DORNN``."""
    layers = DTRNN(output_size, init, transition_sizes, **options)
    given = Tanh() if readout_activation is None else readout_activation
    activations = given if isinstance(given, list) else [given] * len(readout_sizes)
    for size, act in zip(readout_sizes, activations, strict=True):
        if dropout is not None:
            layers.append(Dropout(keep=dropout))
        layers.append(Affine(size, init, bias=Constant(0), activation=act))
    return layers


def DOTSRNN(
    output_size: int, init: Any, transition_sizes: Any, *args: Any, **options: Any
) -> Layers:
    """Return a deep transition with shortcuts, fed into all levels, with a deep read-out.

    Args:
        output_size, init, transition_sizes, options: as in ``DTSRNN``.
        args: as in ``DOTRNN``.
    """
    options = {"shortcut": True, "input_to": "all", **options}
    return DOTRNN(output_size, init, transition_sizes, *args, **options)


def StackedRNN(sizes: Any, init: Any, **options: Any) -> Layers:
    """Return plain recurrent layers one upon the other.

    Args:
        sizes: units of each.
        init: initializer of the weights.
        options: other arguments of ``ElmanLayer``.
    """
    return [ElmanLayer(size, init, **options) for size in sizes]
