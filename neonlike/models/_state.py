"""What a model consists of, and how it is made ready (spec training 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.backends._exclusive import exclusive
from neonlike.models._dry_run import FirstBatches


@dataclass
class EpochProgress:
    """How far the epoch is that is being trained.

    Attributes:
        batches: minibatches done.
        total: (1, 1), sum of their costs.
        dataset, random: position of the data set and random states when the epoch began.
        done: the epoch is over, only its closing hooks may still run.
    """

    batches: int
    total: np.ndarray[Any, Any]
    dataset: Any
    random: dict[str, Any]
    done: bool = False


class ModelState(NervanaObject):
    """Layers, cost, optimizer and progress of a model, shared by the mixins of ``Model``.

    Attributes:
        layers: the container of all layers.
        cost: the cost layer, once known.
        optimizer: the optimizer of the last ``fit``.
        epoch_index: number of the epoch that trains next.
        finished: set by callbacks to stop training after the current epoch.
        initialized: whether shapes and buffers exist.
        nbatches, ndata: of the data set being trained on.
        total_cost: (1, 1) tensor, mean cost of the current epoch (from ``fit`` on).
        dry_run: work on two minibatches of every data set, save nothing.
    """

    layers: Any
    layer_dict: dict[str, Any]
    total_cost: Any
    cost: Any
    optimizer: Any
    epoch_index: int
    finished: bool
    initialized: bool
    nbatches: int
    ndata: int
    _bsz: int  # the batch size that the buffers were made for
    _resume_state: dict[str, Any]  # of a loaded file, waiting for ``fit``
    _train_set: Any
    _progress: EpochProgress | None
    dry_run: bool

    @property
    def layers_to_optimize(self) -> list[Any]:
        """All layers with parameters that are trained."""
        optimized: list[Any] = self.layers.layers_to_optimize
        return optimized

    @exclusive
    def initialize(self, dataset: Any, cost: Any = None) -> None:
        """Work out all shapes and allocate parameters and buffers; later calls only add the cost.

        Args:
            dataset: iterator, shape (int, tuple, list of them), tensor or layer.
            cost: cost layer.

        Raises:
            TypeError: ``cost`` is no cost layer.
        """
        if cost is not None and not hasattr(cost, "initialize"):
            raise TypeError(
                f"{self.name}: cost must be a cost layer, got {cost!r}; wrap a cost function as "
                "GeneralizedCost(costfunc=...)"
            )
        if not self.initialized:
            self.layers.configure(dataset)
        if cost is not None and cost is not self.cost:
            cost.initialize(self.layers)
            self.cost = cost
        if not self.initialized:
            self.layers.allocate()
            self.layers.allocate_deltas()
            self._set_initialized()

    def _set_initialized(self) -> None:
        self._bsz = self.be.bsz
        self.initialized = True

    def _minibatch_done(self, x: Any) -> None:
        """Called after the callbacks of each minibatch."""

    def _limited(self, dataset: Any) -> Any:
        """Return the data set, in a dry run its first minibatches."""
        return FirstBatches(dataset) if self.dry_run else dataset

    @exclusive
    def fprop(self, x: Any, inference: bool = False) -> Any:
        """Propagate a minibatch forward; the output tensor is the same object in every call.

        Args:
            x: input tensor, or list of them.
            inference: use the running statistics of batch norm and switch dropout off.
        """
        return self.layers.fprop(x, inference)

    @exclusive
    def bprop(self, delta: Any) -> Any:
        """Propagate the error of the output backward, which fills all gradients."""
        return self.layers.bprop(delta)

    def set_batch_size(self, N: int) -> None:
        """Let dense layers compute only the first N examples of a batch."""
        self.layers.set_batch_size(N)

    def set_seq_len(self, S: int) -> None:
        """Let dense layers compute only the first S steps of a sequence."""
        self.layers.set_seq_len(S)

    def allocate_deltas(self) -> None:
        """Allocate the error buffers anew (``initialize`` has done it already)."""
        self.layers.allocate_deltas()
