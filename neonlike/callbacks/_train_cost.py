"""History of the training cost (spec training 8.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.callbacks._history import PointWriter, first_minibatch, per_minibatch


class TrainCostCallback(Callback):
    """Write the cost after each minibatch, averaged over the last few, to ``cost/train``.

    Args:
        wsz: number of minibatches averaged.
    """

    def __init__(self, wsz: int = 10) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)
        self.wsz = wsz

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the dataset."""
        self.cost_history: deque[float] = deque(maxlen=self.wsz)
        self._train = PointWriter(per_minibatch(callback_data, "cost/train"))
        self._epoch = -1

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Write the mean."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._start = first_minibatch(callback_data, epoch)
        self.cost_history.append(float(model.cost.cost[0, 0]))
        mean = sum(self.cost_history) / len(self.cost_history)
        self._train.write(self._start + minibatch, mean)

    def train_state(self) -> dict[str, Any]:
        """Return the costs in the window."""
        return {"cost_history": list(self.cost_history)}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue with the costs in the window."""
        self.cost_history = deque(state["cost_history"], maxlen=self.wsz)


class TrainMulticostCallback(Callback):
    """Write the costs of all branches to ``multicost/train`` and ``multicost/train_allbranches``.

    ``train`` has the mean over the last few minibatches of each cost of the
    ``Multicost``, ``train_allbranches`` the plain value of each leaf.

    Args:
        wsz: number of minibatches averaged.
    """

    def __init__(self, wsz: int = 10) -> None:
        super().__init__(epoch_freq=1, minibatch_freq=1)
        self.wsz = wsz

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Create the datasets.

        Raises:
            AssertionError: the model's cost is no Multicost.
        """
        if not hasattr(model.cost, "costs"):
            raise AssertionError(
                "TrainMulticostCallback (multicost=True) needs a Multicost as cost of the model, "
                f"got {type(model.cost).__name__}"
            )
        self.ncosts = len(model.cost.costs)
        self.ncosts_allbranches = self.recursive_multicost_len(model.cost.costs)
        self.cost_history: deque[np.ndarray] = deque(maxlen=self.wsz)
        for name, count in (("train", self.ncosts), ("train_allbranches", self.ncosts_allbranches)):
            per_minibatch(callback_data, f"multicost/{name}", (count,), np.float64)

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Write the costs."""
        costs = self.multicost_recurse(model.cost.costs)
        self.cost_history.append(np.array([_first(cost) for cost in costs]))
        point = first_minibatch(callback_data, epoch) + minibatch
        callback_data["multicost/train"][point] = np.mean(self.cost_history, axis=0)
        callback_data["multicost/train_allbranches"][point] = self.separate_branch_costs(costs)

    def train_state(self) -> dict[str, Any]:
        """Return the costs in the window."""
        return {"cost_history": list(self.cost_history)}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue with the costs in the window."""
        self.cost_history = deque(state["cost_history"], maxlen=self.wsz)

    def multicost_recurse(self, x: list[Any]) -> list[Any]:
        """Return the values of a list of cost layers, nested as the Multicosts among them."""
        return [
            self.multicost_recurse(c.costs) if hasattr(c, "costs") else float(c.cost[0, 0])
            for c in x
        ]

    def recursive_multicost_len(self, item: Any) -> int:
        """Return the number of leaves of a (nested) list of cost layers."""
        if isinstance(item, list):
            return sum(self.recursive_multicost_len(each) for each in item)
        return self.recursive_multicost_len(item.costs) if hasattr(item, "costs") else 1

    def separate_branch_costs(self, x: list[Any]) -> list[float]:
        """Flatten nested values; each list's first entry is reduced by the others' first values."""
        first, *others = x
        leaves = self.separate_branch_costs(first) if isinstance(first, list) else [first]
        leaves[0] -= sum(_first(other) for other in others)
        for other in others:
            leaves += self.separate_branch_costs(other) if isinstance(other, list) else [other]
        return leaves


def _first(value: Any) -> float:
    return _first(value[0]) if isinstance(value, list) else float(value)
