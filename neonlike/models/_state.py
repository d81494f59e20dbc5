"""What a model consists of, and how it is made ready (spec training 7)."""

from __future__ import annotations

from typing import Any

from neonlike._object import NervanaObject
from neonlike.backends._exclusive import exclusive


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
        """
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
