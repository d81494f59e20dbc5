"""Find a learning rate by trying many (Smith 2017, "Cyclical learning rates")."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neonlike.models._train_state import random_states, set_random_states
from neonlike.optimizers import Schedule

Array = np.ndarray[Any, Any]
DIVERGED = 4.0  # times the lowest cost


@dataclass
class LearningRates:
    """What ``find_learning_rate`` saw.

    Attributes:
        lrs: the rates tried, rising.
        costs: the training cost of a minibatch with each, smoothed.
        suggestion: a tenth of the rate with the lowest cost: fast, but far from exploding.
    """

    lrs: Array
    costs: Array
    suggestion: float


def find_learning_rate(
    model: Any,
    dataset: Any,
    cost: Any,
    optimizer: Any,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    smoothing: float = 0.9,
) -> LearningRates:
    """Train on one minibatch per learning rate, from low to high, and watch the cost.

    It stops when the cost has exploded. Weights, optimizer, random numbers and
    position in the data are afterwards what they were before.

    Args:
        model: the model.
        dataset: training set, started again as often as needed.
        cost: cost layer.
        optimizer: optimizer with a ``learning_rate``.
        lowest: first rate.
        highest: last rate.
        steps: number of rates, evenly spaced in their logarithm.
        smoothing: share of the old value in the running mean of the costs.

    Raises:
        ValueError: the optimizer has no learning rate, the arguments make no
            sense, or the cost was not finite from the start.

    Example::

        found = find_learning_rate(model, train, cost, optimizer)
        optimizer.learning_rate = found.suggestion
    """
    if not getattr(optimizer, "learning_rate", 0.0):
        raise ValueError(f"{type(optimizer).__name__} has no learning rate that could be changed")
    if not (0 < lowest < highest and steps >= 10 and 0 <= smoothing < 1):
        raise ValueError(
            "find_learning_rate needs 0 < lowest < highest, at least 10 steps and 0 <= smoothing "
            f"< 1, got {lowest}, {highest}, {steps} and {smoothing}"
        )
    model.initialize(dataset, cost)
    saved = _Saved(model, dataset, optimizer)
    try:
        lrs = np.geomspace(lowest, highest, steps)
        costs = np.array(list(_try(model, _endless(dataset), optimizer, lrs, smoothing)))
    finally:
        saved.restore()
    if len(costs) < 3:
        raise ValueError("the cost is not finite from the start: look at the data and the network")
    return LearningRates(lrs[: len(costs)], costs, float(lrs[costs.argmin()]) / 10)


def _try(
    model: Any, batches: Iterator[Any], optimizer: Any, lrs: Array, smoothing: float
) -> Iterator[float]:
    """Yield the smoothed cost for each rate until it explodes."""
    mean, best = 0.0, math.inf
    model.optimizer = optimizer
    with np.errstate(all="ignore"):  # exploding is the point
        for step, (lr, (x, t)) in enumerate(zip(lrs, batches, strict=False), 1):
            optimizer.learning_rate = float(lr)
            value = float(np.asarray(model.train_step(x, t)).reshape(-1)[0])
            mean = smoothing * mean + (1 - smoothing) * value
            smoothed = mean / (1 - smoothing**step)  # the mean starts at 0
            if not math.isfinite(smoothed) or (step > 10 and smoothed > DIVERGED * abs(best)):
                return
            best = min(best, smoothed)
            yield smoothed


def _endless(dataset: Any) -> Iterator[Any]:
    while True:
        dataset.reset()
        yield from dataset


class _Saved:
    """Everything that training changes."""

    def __init__(self, model: Any, dataset: Any, optimizer: Any) -> None:
        self.model, self.dataset, self.optimizer = model, dataset, optimizer
        self.layers = model.layers.get_description(get_weights=True, keep_states=True)
        self.random = random_states(model.be)
        self.carried = [(layer, layer.train_state()) for layer in model._all_layers()]
        self.old = model.optimizer, optimizer.learning_rate, optimizer.schedule
        self.counters = _state(optimizer)
        self.position = _state(dataset)
        optimizer.schedule = Schedule()  # only the rates tried count

    def restore(self) -> None:
        self.model.optimizer, self.optimizer.learning_rate, self.optimizer.schedule = self.old
        self.model.layers.load_weights(self.layers, load_states=True)
        self.dataset.reset()
        for target, state in [
            (self.optimizer, self.counters),
            (self.dataset, self.position),
            *self.carried,
        ]:
            if state is not None:
                target.load_train_state(state)
        set_random_states(self.model.be, self.random)


def _state(target: Any) -> Any:
    return target.train_state() if hasattr(target, "train_state") else None
