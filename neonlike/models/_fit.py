"""Training (spec training 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.backends._exclusive import exclusive
from neonlike.backends.backend import Block
from neonlike.layers.layer import Activation, GeneralizedCost
from neonlike.models._checks import NO_MINIBATCHES, check_fit, pair
from neonlike.models._train_state import TrainStateMixin
from neonlike.transforms import CrossEntropyBinary, Logistic


class FitMixin(TrainStateMixin):
    """The training loop of ``Model``."""

    @exclusive
    def fit(self, dataset: Any, cost: Any, optimizer: Any, num_epochs: int, callbacks: Any) -> None:
        """Train until ``num_epochs`` epochs are done in total or ``finished`` is set.

        A model that was loaded after five epochs trains two more with
        ``num_epochs=7``. When training breaks off, ``callbacks.abort()`` (if it
        exists) closes the history before the exception goes on.

        Args:
            dataset: iterator over (inputs, targets).
            cost: cost layer.
            optimizer: optimizer.
            num_epochs: total number of epochs.
            callbacks: ``Callbacks``, or any object with its hook methods.

        Raises:
            TypeError: an argument, or a minibatch of the data set, is of the wrong kind.
            ValueError: the data set delivers nothing, or no targets, or the callbacks were made
                for another model.
        """
        check_fit(self, dataset, optimizer, num_epochs, callbacks)
        if self.dry_run:
            dataset, num_epochs = self._limited(dataset), self.epoch_index + 1
        self._train_set = dataset
        self.nbatches = dataset.nbatches
        self.ndata = dataset.ndata
        self.total_cost = self.be.empty((1, 1), dtype=np.float32)
        self.optimizer = optimizer
        self.initialize(dataset, cost)
        callbacks.on_train_begin(num_epochs)
        try:
            self._resume(callbacks)
            while self.epoch_index < num_epochs and not self.finished:
                self.nbatches = dataset.nbatches
                callbacks.on_epoch_begin(self.epoch_index)
                self._epoch_fit(dataset, callbacks)
                callbacks.on_epoch_end(self.epoch_index)
                self.epoch_index += 1
                self._progress = None
        except BaseException:
            getattr(callbacks, "abort", lambda: None)()
            raise
        callbacks.on_train_end()

    def train_step(self, x: Any, t: Any) -> Any:
        """Train on one minibatch; override this for another way of updating.

        Args:
            x: inputs.
            t: targets.

        Returns:
            (1, 1) array, the mean cost of the batch before the update.
        """
        if t is None:
            raise ValueError(
                f"{self.name}: the data set delivers no targets, which the cost needs; to train "
                "without them, override train_step"
            )
        y = self.fprop(x)
        cost = self.cost.get_cost(y, t)
        self.bprop(self.cost.get_errors(y, t))
        self.optimizer.optimize(self.layers_to_optimize, epoch=self.epoch_index)
        return cost

    def set_shortcut(self) -> None:
        """Use the joint derivative of a final Logistic under CrossEntropyBinary."""
        last = self.layers.layers[-1]
        if (
            isinstance(self.cost, GeneralizedCost)
            and isinstance(self.cost.costfunc, CrossEntropyBinary)
            and isinstance(last, Activation)
            and isinstance(last.transform, Logistic)
        ):
            last.transform.set_shortcut(True)

    def _epoch_fit(self, dataset: Any, callbacks: Any) -> None:
        """Train for one epoch; ``total_cost`` becomes the mean cost."""
        total = self._run_minibatches(dataset, callbacks)
        # neon reads nbatches after the epoch, when a partial last batch has moved the start
        self.total_cost[:] = total / dataset.nbatches

    def _run_minibatches(self, dataset: Any, callbacks: Any) -> np.ndarray[Any, Any]:
        """Train on each minibatch once and return the (1, 1) sum of costs."""
        progress, batches = self._start_epoch(dataset, callbacks)
        for batch, minibatch in enumerate(batches, progress.batches):
            x, t = pair(self.name, minibatch)
            callbacks.on_minibatch_begin(self.epoch_index, batch)
            self.be.begin(Block.minibatch, batch)
            progress.total += self.train_step(x, t)
            self.be.end(Block.minibatch, batch)
            progress.batches += 1
            self.total_cost[:] = progress.total
            callbacks.on_minibatch_end(self.epoch_index, batch)
            self._minibatch_done(x)
        if not progress.batches:
            raise ValueError(f"{self.name}: {NO_MINIBATCHES}")
        progress.done = True
        return progress.total
