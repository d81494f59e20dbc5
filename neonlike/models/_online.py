"""Training with one sequence at a time, as recurrent networks were trained in 1997 (spec zoo 8)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.layers._rnn_activation import activation_code
from neonlike.layers.layer import Activation, Bias, Linear
from neonlike.layers.recurrent_zoo import LSTM97

Array = NDArray[Any]


def train_online(
    model: Any, x: Array, t: Array, mask: Array, lengths: Array, learning_rate: float
) -> Array:
    """Train an LSTM of 1997 with a read-out on one sequence after the other, in one call.

    After every sequence all weights move by ``-learning_rate`` times the gradient of half the
    squared error ``|y - t|^2``, summed over the steps with a target. Thousands of short sequences a
    second are trained this way; ``Model.fit`` with batch size 1 does the same, slower.

    Args:
        model: initialized ``Model`` of ``LSTM97`` and ``Affine``; its weights change.
        x, t: inputs (nin, steps) and targets (nout, steps), the sequences one after the other.
        mask: (steps,), 1 where there is a target.
        lengths: steps of each sequence.
        learning_rate: step of the descent.

    Returns:
        The outputs (nout, steps) before each sequence's update, zero where there is no target.

    Raises:
        TypeError: other layers.
        ValueError: arrays that do not fit together.

    Example:
        >>> data = temporal_order(1000, seed=0)
        >>> y = train_online(model, *data.end_to_end(), data.lengths, learning_rate=0.5)
    """
    lstm, weights, bias, output = _layers(model)
    steps = int(np.sum(lengths))
    shapes = {"x": (lstm.nin, steps), "t": (weights.W.shape[0], steps), "mask": (steps,)}
    for (name, wanted), array in zip(shapes.items(), (x, t, mask), strict=True):
        if np.shape(array) != wanted:
            raise ValueError(
                f"train_online: lengths sum to {steps}, so {name} must have shape {wanted}, "
                f"got {np.shape(array)}"
            )
    be = model.be
    none = be.array(np.zeros((0, 1)))
    memory = lstm.W_input, lstm.W_recur, lstm.b if lstm.bias != "none" else none
    readout = weights.W, none if bias is None else bias.W
    arrays = be.array(x), be.array(t), be.array(np.reshape(mask, (1, -1)))
    y = be.zeros(np.shape(t))
    squashing = lstm.gate_activation, lstm.g, lstm.h
    acts = tuple(map(activation_code, squashing)), activation_code(output)
    numbers = np.asarray(lengths, dtype=np.int64), float(learning_rate), lstm.truncate
    be.zoo_sweep("lstm97_online", (*memory, *readout, *arrays, y), numbers, acts)
    result: Array = y.get()
    return result


def _layers(model: Any) -> tuple[Any, Any, Any, Any]:
    """Return the LSTM, and weights, bias (or None) and activation of the read-out."""
    lstm, *readout = model.layers.layers
    kinds = [type(layer) for layer in readout]
    if not isinstance(lstm, LSTM97) or kinds not in (
        [Linear, Activation],
        [Linear, Bias, Activation],
    ):
        found = ", ".join(type(layer).__name__ for layer in model.layers.layers)
        raise TypeError(f"train_online needs the layers LSTM97 and Affine, got {found}")
    bias = readout[1] if len(readout) == 3 else None
    return lstm, readout[0], bias, readout[-1].transform
