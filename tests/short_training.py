"""A few training steps on random data: the costs and the weights they lead to."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from neonlike.layers import GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.optimizers.optimizer import get_param_list
from neonlike.transforms import CrossEntropyMulti


class ShortTraining:
    """A network that classifies random inputs, ready to train.

    Args:
        be: the backend, with its batch size.
        layers: the network; its outputs are the probabilities of the classes.
        in_shape: shape of an example.
        seed: of the data.
    """

    def __init__(self, be: Any, layers: list[Any], in_shape: Any, seed: int = 0) -> None:
        self.model = Model(layers=layers)
        self.cost = GeneralizedCost(CrossEntropyMulti())
        self.optimizer = GradientDescentMomentum(0.05, 0.9)
        self.model.initialize(in_shape, self.cost)
        rng = np.random.RandomState(seed)
        steps = in_shape[1] if len(in_shape) == 2 else 1
        self.x = be.array(rng.standard_normal((prod(in_shape) // steps, steps * be.bsz)))
        classes = self.model.layers.out_shape[0]
        labels = rng.randint(classes, size=be.bsz)
        self.t = be.array(np.eye(classes)[labels].T)

    def step(self) -> float:
        """Train on the batch once; return its cost."""
        y = self.model.fprop(self.x)
        cost = float(self.cost.get_cost(y, self.t)[0, 0])
        self.model.bprop(self.cost.get_errors(y, self.t))
        self.optimizer.optimize(self.model.layers_to_optimize, epoch=0)
        return cost

    def run(self, steps: int) -> list[float]:
        """Return the costs of some steps."""
        return [self.step() for _ in range(steps)]

    def weights(self) -> list[np.ndarray]:
        """Copies of all parameters."""
        return [param.get() for (param, _), _ in get_param_list(self.model.layers_to_optimize)]
