"""Training curves for TensorBoard, without TensorBoard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._event_file import EventFile
from neonlike.callbacks._history import first_minibatch


class TensorBoardCallback(Callback):
    """Write training cost, validation loss and metrics for ``tensorboard --logdir FOLDER``.

    Tags: ``cost/train`` (per minibatch), ``cost/epoch``, ``cost/loss`` and
    ``metrics/...`` (per epoch). The step is the number of minibatches so far.
    Callbacks that evaluate must stand before this one.

    Args:
        folder: folder of the event file; one folder per run.
        minibatch_freq: write the training cost every so many minibatches (None: not).
        epoch_freq: write the other values every so many epochs.
    """

    writes_files = True

    def __init__(
        self, folder: str | os.PathLike[str], minibatch_freq: Any = 10, epoch_freq: Any = 1
    ) -> None:
        super().__init__(epoch_freq=epoch_freq, minibatch_freq=minibatch_freq)
        self.folder = os.fspath(folder)
        self._events: EventFile

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Start an event file; TensorBoard joins those of a resumed run."""
        self._events = EventFile(Path(os.path.expandvars(self.folder)).expanduser())

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Write the cost of the minibatch (adversarial networks: none)."""
        cost = getattr(model.cost, "cost", None)
        if cost is not None:
            step = first_minibatch(callback_data, epoch) + minibatch + 1
            self._events.add({"cost/train": float(cost[0, 0])}, step)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Write the mean cost of the epoch and what other callbacks have evaluated."""
        values = {"cost/epoch": float(model.total_cost.get()[0, 0])}
        paths = ["cost/loss", *(f"metrics/{name}" for name in callback_data.get("metrics", ()))]
        for path in paths:
            if path in callback_data:
                freq = int(callback_data[path].attrs["epoch_freq"])
                if (epoch + 1) % freq == 0:
                    values[path] = float(callback_data[path][epoch // freq])
        self._events.add(values, first_minibatch(callback_data, epoch) + model.nbatches)

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Close the file."""
        self._events.close()
