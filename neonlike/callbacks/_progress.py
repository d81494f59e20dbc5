"""The progress line (spec training 8.3)."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import first_minibatch

BLOCK = "\u2588"
WIDTH = 20


def get_progress_string(
    tag: str,
    epoch: int,
    minibatch: int,
    nbatches: int,
    cost: Any,
    time: float,
    blockchar: str = BLOCK,
) -> str:
    """Return one progress line.

    Args:
        tag: "Train" or the like.
        epoch: number of the epoch.
        minibatch: minibatches done.
        nbatches: minibatches of the epoch.
        cost: number, array of numbers, or text.
        time: seconds.
        blockchar: character of the bar.

    Example:
        >>> get_progress_string("Train", 0, 5, 10, 2.5, 1.0, "#")
        'Epoch 0   [Train |##########          |    5/10   batches, 2.50 cost, 1.00s]'
    """
    bar = blockchar * int(minibatch / max(nbatches, 1) * WIDTH)
    if isinstance(cost, np.ndarray):
        costs = f"({', '.join(f'{each:.2f}' for each in cost.ravel())}) costs"
    else:
        costs = f"{cost} cost" if isinstance(cost, str) else f"{cost:.2f} cost"
    return (
        f"Epoch {epoch:<3} [{tag} |{bar:<{WIDTH}}| {minibatch:4}/{nbatches:<4} batches, "
        f"{costs}, {time:.2f}s]"
    )


class ProgressBarCallback(Callback):
    """Show the progress of each epoch on standard output.

    On a terminal one line per epoch is redrawn in place; elsewhere (files,
    pipes, batch jobs) each epoch writes one plain line when it is done.

    Args:
        epoch_freq: show every so many epochs.
        minibatch_freq: look at the clock every so many minibatches.
        update_thresh_s: least seconds between two drawings.
    """

    def __init__(
        self, epoch_freq: Any = 1, minibatch_freq: Any = 1, update_thresh_s: float = 0.1
    ) -> None:
        super().__init__(epoch_freq=epoch_freq, minibatch_freq=minibatch_freq)
        self.update_thresh_s = update_thresh_s
        self._shown = ""

    def on_epoch_begin(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Start the clock."""
        self.start_epoch = self.last_update = time.time()
        self.nbatches = model.nbatches
        self._done = 0

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Redraw the line if it is time to (terminals only)."""
        self._done = minibatch + 1
        now = time.time()
        due = now - self.last_update > self.update_thresh_s or self._done == self.nbatches
        if due and sys.stdout.isatty():
            self.last_update = now
            text = self._text(callback_data, epoch)
            sys.stdout.write(f"\r{' ' * len(self._shown)}\r{text}")
            sys.stdout.flush()
            self._shown = text

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Add the validation loss, if there is one, and end the line."""
        if not sys.stdout.isatty():
            sys.stdout.write(self._text(callback_data, epoch))
        loss = self._get_cached_epoch_loss(callback_data, model, epoch, "loss")
        if loss is not None:
            sys.stdout.write(f" [{loss['costnm']} {loss['cost']:.2f}, {loss['time']:.2f}s]")
        sys.stdout.write("\n")
        sys.stdout.flush()
        self._shown = ""

    def _text(self, callback_data: Any, epoch: int) -> str:
        cost = _last_cost(callback_data, epoch, self._done)
        seconds = time.time() - self.start_epoch
        return get_progress_string(
            "Train", epoch, self._done, self.nbatches, cost, seconds, block_character()
        )


def _last_cost(callback_data: Any, epoch: int, done: int) -> Any:
    for path in ("cost/train", "multicost/train"):
        if path in callback_data and done:
            return callback_data[path][first_minibatch(callback_data, epoch) + done - 1]
    return "na"


def block_character() -> str:
    """The block character, or '#' where standard output cannot encode it."""
    try:
        BLOCK.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return "#"
    return BLOCK
