"""Log and timing of a training run (spec training 8.3)."""

from __future__ import annotations

import logging
import time
from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import first_minibatch

logger = logging.getLogger("neonlike.callbacks.callbacks")  # the public path, as in neon


class RunTimerCallback(Callback):
    """Write the times of start and end of training to ``time/train`` (epoch seconds)."""

    def __init__(self) -> None:
        super().__init__()

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Write the start time."""
        for name in ("start_time", "end_time"):
            dataset = callback_data.create_dataset(f"time/train/{name}", (1,), dtype="f8")
            dataset.attrs["units"] = "seconds"
        callback_data["time/train/start_time"][0] = time.time()

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Write the end time."""
        callback_data["time/train/end_time"][0] = time.time()


class TrainLoggerCallback(Callback):
    """Log the model at the start and the costs as training goes on (level INFO).

    Args:
        epoch_freq: log every so many epochs.
        minibatch_freq: log every so many minibatches (None: never).
    """

    def __init__(self, epoch_freq: Any = 1, minibatch_freq: Any = None) -> None:
        super().__init__(epoch_freq=epoch_freq, minibatch_freq=minibatch_freq)

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Log the model."""
        logger.info("Model:\n%s", model)

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Log the training cost."""
        point = first_minibatch(callback_data, epoch) + minibatch
        cost = callback_data["cost/train"][point]
        logger.info("Epoch %d Minibatch %d complete. Train cost: %f", epoch, minibatch, cost)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Log the mean training cost of the epoch and the validation loss."""
        text = f"Epoch {epoch} complete.  Train Cost {model.total_cost.get()[0, 0]:f}."
        loss = self._get_cached_epoch_loss(callback_data, model, epoch, "loss")
        if loss is not None:
            text += f"  Eval Cost {loss['cost']:f}"
        logger.info(text)
