"""Cost on a validation set (spec training 8.3)."""

from __future__ import annotations

import time
from typing import Any

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import per_epoch
from neonlike.layers.container import flatten


class LossCallback(Callback):
    """Evaluate the model's cost on a data set, to ``cost/loss`` (and the seconds to ``time/loss``).

    Args:
        eval_set: data set.
        epoch_freq: evaluate every so many epochs.
    """

    def __init__(self, eval_set: Any, epoch_freq: int = 1) -> None:
        super().__init__(epoch_freq=epoch_freq)
        self.eval_set = eval_set

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the datasets."""
        per_epoch(callback_data, "cost/loss", epochs, self.epoch_freq)
        callback_data.create_dataset("time/loss", (epochs // self.epoch_freq,), dtype="f4")

    def on_epoch_end(self, callback_data: Any, model: Any, epoch: int) -> None:
        """Evaluate."""
        start = time.perf_counter()
        index = epoch // self.epoch_freq
        callback_data["cost/loss"][index] = self._evaluate(model)
        callback_data["time/loss"][index] = time.perf_counter() - start

    def _evaluate(self, model: Any) -> float:
        """Return the mean cost over the examples (the wrapped end of the last batch excluded)."""
        self.eval_set.reset()
        seen, self.loss = 0, 0.0
        for x, t in self.eval_set:
            y = model.fprop(x, inference=True)
            size = min(self.eval_set.ndata - seen, self.be.bsz)
            steps = next(flatten(y)).shape[1] // self.be.bsz
            model.cost.get_cost(y, t)
            per_column = model.cost.outputs.asnumpyarray()[:, : size * steps]
            self.loss += float(per_column.sum()) / steps
            seen += size
        return self.loss / seen
