"""Early stopping (spec training 8.3)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from neonlike.callbacks._base import Callback

logger = logging.getLogger(__name__)


class EarlyStopCallback(Callback):
    """End training after the epoch in which ``stop_func`` says so.

    Needs a ``LossCallback`` before it (``Callbacks(eval_freq=..., eval_set=...)``).

    Args:
        stop_func: ``stop_func(state, loss) -> (state, stop)``, called with each
            validation loss; state starts as None.
    """

    def __init__(self, stop_func: Callable[[Any, float], tuple[Any, bool]]) -> None:
        super().__init__(epoch_freq=1)
        self.stop_func = stop_func
        self.stop_state: Any = None

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Ask ``stop_func``."""
        loss = self._get_cached_epoch_loss(callback_data, model, epoch, "loss")
        if loss is None:
            return
        self.stop_state, stop = self.stop_func(self.stop_state, loss["cost"])
        if stop:
            model.finished = True
            logger.warning("Early stopping function triggered: mean_cost %f.", float(loss["cost"]))

    def train_state(self) -> dict[str, Any]:
        """Return the state of ``stop_func``."""
        return {"stop_state": self.stop_state}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue from the state of ``stop_func``."""
        self.stop_state = state["stop_state"]
