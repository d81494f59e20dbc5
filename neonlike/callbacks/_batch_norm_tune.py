"""Population statistics of batch norm from a clean pass (spec training 8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.layers.layer import BatchNorm


class BatchNormTuneCallback(Callback):
    """Recompute the running statistics of all BatchNorm layers as plain averages over a data set.

    Args:
        tune_set: data set; run in training mode.
        epoch_freq: do so every so many epochs.
    """

    def __init__(self, tune_set: Any, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.tune_set = tune_set
        self.bn_layers: list[Any] = []

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Find the layers."""
        layers = model.layers.layers_to_optimize
        self.bn_layers = [layer for layer in layers if type(layer) is BatchNorm]

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Average over the data set; the layers keep the last ``rho``, as in neon."""
        self.tune_set.reset()
        count = 0
        for x, _ in self.tune_set:
            for layer in self.bn_layers:
                layer.rho = count / (count + 1.0)
            model.fprop(x)
            count += 1
        if count > 1:
            for layer in self.bn_layers:
                layer.gvar[:] = layer.gvar * (count / (count - 1.0))

    def train_state(self) -> dict[str, Any]:
        """Return the present ``rho`` of each layer."""
        return {"rho": [layer.rho for layer in self.bn_layers]}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue with the ``rho`` of each layer."""
        for layer, rho in zip(self.bn_layers, state["rho"], strict=True):
            layer.rho = rho
