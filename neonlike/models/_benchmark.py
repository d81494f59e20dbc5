"""Timing of forward and backward passes (spec training 7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neonlike._logging import display
from neonlike._object import check_count
from neonlike.backends._exclusive import exclusive
from neonlike.models._state import ModelState

logger = logging.getLogger(__name__)

STATISTICS: dict[str, Callable[..., Any]] = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


class BenchmarkMixin(ModelState):
    """``Model.benchmark``."""

    @exclusive
    def benchmark(
        self,
        dataset: Any,
        inference: bool = False,
        cost: Any = None,
        optimizer: Any = None,
        niterations: int = 20,
        nskip: int = 2,
    ) -> dict[str, dict[str, float]]:
        """Measure minibatches; display and return times in milliseconds.

        Args:
            dataset: iterator, started again as often as needed.
            inference: forward only.
            cost: cost layer (training).
            optimizer: optimizer (training).
            niterations: minibatches that count.
            nskip: minibatches before them.

        Returns:
            ``{"fprop", "bprop", "iteration"} -> {"mean", "median", "min", "max"}``;
            fprop includes the cost, bprop the update.

        Raises:
            RuntimeError: training without cost or optimizer.
            TypeError, ValueError: no whole number of minibatches.
        """
        check_count(self.name, "niterations", niterations)
        check_count(self.name, "nskip", nskip, least=0)
        if not inference and (cost is None or optimizer is None):
            raise RuntimeError("Need cost and optimizer to benchmark bprop")
        self.initialize(dataset, cost)
        batches = _endless(dataset)
        times: dict[str, list[float]] = {"fprop": [], "iteration": []}
        if not inference:
            times = {"fprop": [], "bprop": [], "iteration": []}
        for _ in range(niterations + nskip):
            for key, value in self._timed_step(next(batches), cost, optimizer, inference).items():
                times[key].append(value)
        stats = {
            key: {name: float(f(values[nskip:])) for name, f in STATISTICS.items()}
            for key, values in times.items()
        }
        display(logger, "\n%s", _table(stats))
        return stats

    def _timed_step(
        self, batch: Any, cost: Any, optimizer: Any, inference: bool
    ) -> dict[str, float]:
        be, (x, t) = self.be, batch
        start, middle, end = be.init_mark(), be.init_mark(), be.init_mark()
        be.record_mark(start)
        y = self.fprop(x, inference=inference)
        if cost is not None:
            cost.get_cost(y, t)
        be.record_mark(middle)
        be.synchronize_mark(middle)
        fprop = be.get_time(start, middle)
        if inference:
            return {"fprop": fprop, "iteration": fprop}
        self.bprop(cost.get_errors(y, t))
        optimizer.optimize(self.layers_to_optimize, epoch=0)
        be.record_mark(end)
        be.synchronize_mark(end)
        bprop = be.get_time(middle, end)
        return {"fprop": fprop, "bprop": bprop, "iteration": fprop + bprop}


def _endless(dataset: Any) -> Iterator[Any]:
    while True:
        dataset.reset()
        yield from dataset


def _table(stats: dict[str, dict[str, float]]) -> str:
    titles = ("Func", *(name.title() for name in STATISTICS), "Units")
    rows = [titles] + [
        (key, *(f"{values[name]:.5g}" for name in STATISTICS), "msec")
        for key, values in stats.items()
    ]
    rule = "+" + "-" * 77 + "+"
    lines = ["|" + "|".join(f" {cell:<11}" for cell in row) + "|" for row in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])
