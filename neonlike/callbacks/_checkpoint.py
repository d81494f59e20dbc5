"""Checkpoints: a training run that is cut off goes on as if nothing had happened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.serialization._atomic import remove_leftovers


class CheckpointCallback(Callback):
    """Save everything that training depends on, so that ``Model.resume`` continues bit for bit.

    A checkpoint holds parameters and optimizer states, counters of the
    optimizer and its schedule, all random streams, the place in the data,
    carried states of recurrent layers, the states of the callbacks, and the
    history. The file is replaced in one step: whenever the process is killed,
    the last complete checkpoint is there. One more is written at the end of
    training, also after Ctrl-C.

    ``Callbacks(model, checkpoint=path, resume=True)`` adds this callback and
    continues from the file if there is one.

    Args:
        path: file to write.
        epoch_freq: save at the end of every so many epochs (None: not).
        minibatch_freq: save after every so many minibatches of an epoch (None: not).
    """

    runs_last = True
    writes_files = True

    def __init__(
        self, path: str | os.PathLike[str], epoch_freq: Any = 1, minibatch_freq: Any = None
    ) -> None:
        super().__init__(epoch_freq=epoch_freq, minibatch_freq=minibatch_freq)
        self.path = os.fspath(path)
        self._callbacks: Any = None

    def attach(self, callbacks: Any) -> None:
        """Take the container whose state is to be saved; called by it."""
        self._callbacks = callbacks

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Remove unfinished files of earlier runs that were killed."""
        remove_leftovers(Path(os.path.expandvars(self.path)).expanduser())

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Save."""
        model.save_checkpoint(self.path, self._callbacks)

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Save."""
        model.save_checkpoint(self.path, self._callbacks)

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Save."""
        model.save_checkpoint(self.path, self._callbacks)
