"""``Model``: a network that can be trained, evaluated, saved (spec training 7)."""

from __future__ import annotations

import logging
import os
from typing import Any

from neonlike._object import NervanaObject
from neonlike.layers.container import Sequential
from neonlike.models._benchmark import BenchmarkMixin
from neonlike.models._checkpoint import CheckpointMixin
from neonlike.models._fit import FitMixin
from neonlike.models._predict import PredictMixin
from neonlike.models._summary import Summary

logger = logging.getLogger(__name__)


class Model(FitMixin, CheckpointMixin, PredictMixin, BenchmarkMixin):
    """A network of layers with its training loop.

    Args:
        layers: list of layers (nested lists and compound layers are flattened),
            a container, a description (dict), or the path of a saved model.
        dataset: ignored with a warning, kept for neon scripts.
        weights_only: do not restore optimizer states and random numbers from
            a description or file.
        name: name of the model.
        optimizer: optimizer, for ``benchmark``; ``fit`` gets its own.

    Example::

        model = Model([Affine(10, init=Gaussian(scale=0.1), activation=Softmax())])
        model.fit(train, cost=cost, optimizer=opt, num_epochs=5, callbacks=callbacks)
        error = model.eval(test, metric=Misclassification())
    """

    def __init__(
        self,
        layers: Any,
        dataset: Any = None,
        weights_only: bool = False,
        name: str = "model",
        optimizer: Any = None,
    ) -> None:
        NervanaObject.__init__(self, name)
        if dataset is not None:
            logger.warning("Model ignores its argument dataset: fit and eval get their data sets")
        self.optimizer = optimizer
        self.params = None
        self.states = None
        self.epoch_index = 0
        self.finished = False
        self.initialized = False
        self._bsz = 0
        self.cost = None
        self.nbatches = 0
        self.ndata = 0
        self._resume_state = {}
        self._train_set = None
        self._progress = None
        self.dry_run = False
        self.layers = None
        self._take_layers(layers, load_states=not weights_only)
        self.layers.propagate_parallelism("Data")

    def __str__(self) -> str:
        if not hasattr(self.layers, "in_shape"):
            return f"Network Layers (shapes are known once there is a data set):\n{self.summary()}"
        return f"Network Layers:\n{self.layers.nested_str()}"

    def summary(self) -> Summary:
        """Return a table of layers with shapes and numbers of parameters (initialize first).

        It is text to print; notebooks show it as a table.
        """
        return Summary.of(self.layers)

    def _take_layers(self, layers: Any, load_states: bool) -> None:
        if isinstance(layers, str | bytes | os.PathLike):
            self.load_params(os.fsdecode(layers), load_states=load_states)
        elif isinstance(layers, dict):
            self.deserialize(layers, load_states=load_states)
        elif isinstance(layers, list | tuple):
            self.layers = Sequential(list(layers))
        elif not hasattr(layers, "propagate_parallelism"):
            raise TypeError(
                f"Model needs layers: a list, a container, a file or a description, got {layers!r}"
            )
        else:
            self.layers = layers
        if hasattr(self.layers, "layer_dict"):
            self.layer_dict = self.layers.layer_dict
