"""History of adversarial training (spec training 8.3)."""

from __future__ import annotations

from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import first_minibatch, per_minibatch


class GANCostCallback(Callback):
    """Write discriminator cost and generator step of each minibatch that updated the generator.

    Datasets ``gan/cost_dis`` and ``gan/gen_iter``; other minibatches stay 0.
    """

    def __init__(self) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the datasets."""
        for name in ("gen_iter", "cost_dis"):
            per_minibatch(callback_data, f"gan/{name}")

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Write both numbers after a generator step."""
        if model.current_batch == model.last_gen_batch > 0:
            point = first_minibatch(callback_data, epoch) + minibatch
            callback_data["gan/gen_iter"][point] = model.gen_iter
            callback_data["gan/cost_dis"][point] = model.cost_dis.get()[0, 0]
