"""A metric on one branch of a network with several outputs (spec training 5)."""

from __future__ import annotations

from typing import Any

from neonlike.transforms._cost import Metric


class MultiMetric(Metric):
    """Apply a metric to output (and target) number ``index`` of a Tree.

    Unknown attributes are those of the wrapped metric.

    Args:
        metric: the metric.
        index: position of the branch in the list of outputs.
    """

    def __init__(self, metric: Metric, index: int) -> None:
        super().__init__()
        self.metric = metric
        self.index = index

    def __call__(self, y: Any, t: Any, *args: Any, **kwargs: Any) -> Any:
        """Return ``metric(y[index], t[index], ...)``; a single t serves all branches."""
        target = t[self.index] if isinstance(t, list | tuple) else t
        return self.metric(y[self.index], target, *args, **kwargs)

    def start_eval(self) -> None:
        """Start an evaluation of the wrapped metric."""
        self.metric.start_eval()

    def end_eval(self, mean: Any) -> Any:
        """End an evaluation of the wrapped metric."""
        return self.metric.end_eval(mean)

    def __getattr__(self, key: str) -> Any:
        if key == "metric":  # not set yet (copying, unpickling): do not recurse
            raise AttributeError(key)
        return getattr(self.metric, key)
