"""Watch a network copy sequences (spec training 8.3)."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from neonlike._logging import display
from neonlike.callbacks._base import Callback

logger = logging.getLogger(__name__)


class WatchTickerCallback(Callback):
    """Display inputs, outputs and targets of one sequence of a ``Ticker`` data set.

    Args:
        model: the model.
        valid_set: a ``Ticker``.
        epoch_freq: show every so many epochs.

    Raises:
        ValueError: valid_set is no Ticker.
    """

    def __init__(self, model: Any, valid_set: Any, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        if "Ticker" not in [cls.__name__ for cls in type(valid_set).__mro__]:
            raise ValueError(
                f"WatchTickerCallback works with a Ticker data set, got {type(valid_set).__name__}"
            )
        self.model = model
        self.valid_set = valid_set

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Display the first sequence of the next minibatch."""
        x, (targets, mask) = next(iter(self.valid_set))
        y = model.fprop(x, inference=True)
        size = self.be.bsz
        inputs, outputs, targets, mask = (t.get()[:, ::size] for t in (x, y, targets, mask))
        steps = int(np.flatnonzero(mask.any(axis=0))[-1]) + 1
        for title, values in (("Inputs", inputs), ("Outputs", outputs), ("Targets", targets)):
            text = np.array2string(
                values[:, :steps], formatter={"float_kind": "{: 0.1f}".format}, max_line_width=150
            )
            display(logger, "\n%s:\n%s", title, text)
