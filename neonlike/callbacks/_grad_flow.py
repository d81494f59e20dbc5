"""Gradient norms of recurrent states during training."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import append_record, check_freq
from neonlike.layers._state_gradients import has_state_gradients, recorded_state_gradients

GROUP = "grad_flow"


class GradFlowCallback(Callback):
    """Write how far gradients reach back in time to ``grad_flow/<layer>/<h or c>``.

    The first minibatch of an epoch is watched as it is trained on, at no more cost than the norms.
    Each dataset is (T, recorded epochs): the norm of dL/dh_t or dL/dc_t, mean over the minibatch;
    ``grad_flow/epochs`` holds the epochs. Layers that sweep in several directions are left out.

    Args:
        freq: record every ``freq``-th epoch.

    Raises:
        ValueError: ``freq`` is below 1; when training begins: the model has no such layer.

    Source: spec zoo 2.
    """

    def __init__(self, freq: int = 1) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)
        self.freq = check_freq(self, freq)
        self._watch = ExitStack()
        self._found: dict[str, dict[str, Any]] = {}

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the group; the datasets follow with the first norms."""
        if not any(map(has_state_gradients, model.layers_to_optimize)):
            raise ValueError(
                f"GradFlowCallback: {model.name!r} has no recurrent layer that goes forwards in "
                "time, such as Recurrent, LSTM or GRU"
            )
        callback_data.create_group(GROUP)

    def on_minibatch_begin(
        self, callback_data: Any, model: Any, epoch: int, minibatch: int
    ) -> None:
        """Watch the recurrent layers for one backward pass."""
        if minibatch == 0 and epoch % self.freq == 0:
            self._watch.close()  # of a training that was interrupted in the first minibatch
            watch = recorded_state_gradients(model.layers_to_optimize)
            self._found = self._watch.enter_context(watch)

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Store the norms that were found."""
        if not self._found:
            return
        self._watch.close()
        group = callback_data[GROUP]
        for layer, states in self._found.items():
            for state, gradient in states.items():
                norms = np.linalg.norm(gradient, axis=0).mean(axis=1)
                append_record(group, f"{layer}/{state}", norms)
        append_record(group, "epochs", epoch)
        self._found = {}
