"""One cost per output of a network (spec layers 12)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.backends._score import Score
from neonlike.layers._container import LayerContainer, flatten


class Multicost(NervanaObject):
    """Weighted sum of one cost per output of a network.

    Args:
        costs: cost layers, possibly Multicosts.
        weights: factors; 1 if not given.

    Attributes:
        deltas: list of the costs' errors.
    """

    def __init__(
        self, costs: list[Any], weights: list[float] | None = None, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.costs = costs
        self.weights = [1.0] * len(costs) if weights is None else weights
        self.deltas: Any = None
        self.inputs: Any = None
        if len(self.weights) != len(costs):
            raise ValueError(
                f"Multicost {self.name!r}: expected one weight per cost ({len(costs)}), "
                f"got {len(self.weights)}"
            )

    @property
    def costfunc(self) -> Any:
        """Cost function of the first cost."""
        return self.costs[0].costfunc

    @property
    def cost(self) -> Any:
        """Last value of the first cost."""
        return self.costs[0].cost

    @property
    def outputs(self) -> Any:
        """Values per column of the first cost."""
        return self.costs[0].outputs

    def get_description(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]  # neon's
        """Describe all costs and their weights."""
        desc = super().get_description(skip=["costs", "weights"])
        desc["config"]["costs"] = [cost.get_description() for cost in self.costs]
        desc["config"]["weights"] = self.weights
        return desc

    def initialize(self, in_obj: Any) -> None:
        """Initialize each cost with its output layer.

        Args:
            in_obj: container with several terminals, or a list of layers.

        Raises:
            RuntimeError: anything else, or another number of outputs than costs.
        """
        if isinstance(in_obj, LayerContainer):
            terminals = in_obj.get_terminal()
        elif isinstance(in_obj, list):
            terminals = in_obj
        else:
            raise RuntimeError(
                f"Multicost {self.name!r} needs a container or a list of layers, got {in_obj!r}"
            )
        if not isinstance(terminals, list):
            terminals = [terminals]
        if len(terminals) < len(self.costs):
            raise RuntimeError(
                f"Multicost {self.name!r} has {len(self.costs)} costs, "
                f"but the network has {len(terminals)} outputs"
            )
        for cost, terminal in zip(self.costs, terminals, strict=False):
            cost.initialize(terminal)
        self.deltas = [cost.deltas for cost in self.costs]

    def get_cost(self, inputs: Any, targets: Any) -> Any:
        """Return the weighted sum of the costs; outputs whose target is None are skipped.

        Args:
            inputs: list of outputs, or (SingleOutputTree inference) the first output only.
            targets: list of targets, or one tensor for all.
        """
        if not isinstance(inputs, list):
            first = targets[0] if isinstance(targets, list | tuple) else targets
            return self.costs[0].get_cost(inputs, first)
        total = Score.of(np.zeros((1, 1), dtype=np.float32))
        for cost, y, t, weight in self._each(inputs, targets):
            total = total + cost.get_cost(y, t) * weight
        return total

    def get_errors(self, inputs: Any, targets: Any) -> Any:
        """Return the list of weighted errors; skipped costs keep their last ones."""
        for cost, y, t, weight in self._each(inputs, targets):
            errors = cost.get_errors(y, t)
            if weight != 1:
                for error in flatten(errors):
                    error[:] = error * weight
        return self.deltas

    def _each(self, inputs: list[Any], targets: Any) -> list[tuple[Any, Any, Any, float]]:
        """The costs to evaluate with their outputs, targets and weights."""
        if not isinstance(targets, list | tuple):
            targets = [targets] * len(self.costs)
        if len(targets) != len(self.costs):
            raise ValueError(
                f"Multicost {self.name!r}: expected one target per cost ({len(self.costs)}), "
                f"got {len(targets)}; give None for a cost that shall not count"
            )
        quadruples = zip(self.costs, inputs, targets, self.weights, strict=False)
        return [item for item in quadruples if item[2] is not None]
