"""``Benchmark``: milliseconds of forward and backward passes, layer by layer (spec util 9)."""

from __future__ import annotations

import functools
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from neonlike.benchmark._table import stats_table
from neonlike.layers.container import LayerContainer

logger = logging.getLogger("neonlike")
Times = OrderedDict[str, np.ndarray[Any, Any]]


def _leaves(container: Any) -> list[Any]:
    """Return the layers of a network in order, containers replaced by what they hold."""
    found = []
    for layer in container.layers:
        found += _leaves(layer) if hasattr(layer, "layers") else [layer]
    return found


flatten_layers = property(_leaves, doc="The layers of a network, without containers.")
# neon's contract: importing the benchmark gives every container this property
LayerContainer.flatten_layers = flatten_layers  # type: ignore[attr-defined]


class Benchmark:
    """Measures a model on a data set, minibatch by minibatch.

    Args:
        model: a model with layers; training also needs ``model.cost`` (through
            ``model.initialize(dataset, cost)``) and ``model.optimizer``.
        time_layers: also measure every layer.

    Attributes:
        layer_times: "fprop <layer>" and "bprop <layer>" -> milliseconds of each call
            in the current minibatch.

    Example::

        model = Model(layers, optimizer=optimizer)
        model.initialize(train, cost=cost)
        benchmark = Benchmark(model)
        benchmark.print_stats(benchmark.time(train, niterations=5), nskip=2)
    """

    def __init__(self, model: Any, time_layers: bool = True) -> None:
        self.model = model
        self.time_layers = time_layers
        self.start, self.end = model.be.init_mark(), model.be.init_mark()
        self.layer_times: OrderedDict[str, list[float]] = OrderedDict()
        if time_layers:
            for layer in _leaves(model.layers):
                self._wrap(layer, "fprop")
                self._wrap(layer, "bprop")

    @staticmethod
    def benchmarked(
        func: Callable[..., Any], start: Any, end: Any, output: list[float]
    ) -> Callable[..., Any]:
        """Return ``func`` with every call's milliseconds appended to ``output``.

        Args:
            func: a method of an object with a backend ``be``.
            start, end: time marks of the backend.
            output: list to append to.
        """
        be = func.__self__.be  # type: ignore[attr-defined]  # a bound method

        @functools.wraps(func)
        def timed(*args: Any, **kwargs: Any) -> Any:
            be.record_mark(start)
            result = func(*args, **kwargs)
            be.record_mark(end)
            be.synchronize_mark(end)
            output.append(be.get_time(start, end))
            return result

        return timed

    def time(self, dataset: Any, inference: bool = False, niterations: int = 20) -> Times:
        """Run minibatches and return their times in milliseconds.

        Args:
            dataset: iterator, started again as often as needed.
            inference: forward only.
            niterations: number of minibatches.

        Returns:
            Arrays of ``niterations`` values: "fprop" (with the loading of the
            data), for training "bprop" (cost, error, backward pass, update) and
            "iteration", "data_loading", then the layers.

        Raises:
            ValueError: no data set, or no iterations.
            RuntimeError: training without cost or optimizer.
        """
        self._check(dataset, 1, niterations)
        model = self.model
        if not inference and (model.cost is None or model.optimizer is None):
            raise RuntimeError("Need cost or optimizer to benchmark bprop")
        model.initialize(dataset, model.cost)
        kinds = ["fprop"] if inference else ["fprop", "bprop", "iteration"]
        times: Times = OrderedDict(
            (name, np.zeros(niterations)) for name in [*kinds, "data_loading", *self.layer_times]
        )
        batches = _endless(dataset)
        for i in range(niterations):
            with self._timed(times, i, "fprop"):
                with self._timed(times, i, "data_loading"):
                    x, t = next(batches)
                y = model.fprop(x, inference=inference)
            if not inference:
                with self._timed(times, i, "bprop"):
                    model.cost.get_cost(y, t)
                    model.bprop(model.cost.get_errors(y, t))
                    model.optimizer.optimize(model.layers_to_optimize, epoch=0)
                times["iteration"][i] = times["fprop"][i] + times["bprop"][i]
            self._collect_layers(times, i)
        return times

    def time_gan(self, dataset: Any, niterations: int = 101) -> Times:
        """Run minibatches of a ``GAN`` and return their times in milliseconds.

        Args:
            dataset: iterator over data.
            niterations: number of minibatches, at least one more than the
                discriminator updates per generator update.

        Returns:
            As ``time``; "fprop" covers the loading of the data, "bprop" the whole
            training step.

        Raises:
            ValueError: no data set, or too few iterations.
            RuntimeError: the model has no cost or optimizer.
        """
        model = self.model
        self._check(dataset, model.get_k(model.gen_iter) + 1, niterations)
        if model.cost is None or model.optimizer is None:
            raise RuntimeError("Need cost or optimizer to benchmark bprop")
        model.initialize(dataset, model.cost)
        names = ["fprop", "bprop", "iteration", "data_loading", *self.layer_times]
        times: Times = OrderedDict((name, np.zeros(niterations)) for name in names)
        batches = _endless(dataset)
        for i in range(niterations):
            with self._timed(times, i, "data_loading"):
                x, t = next(batches)
            times["fprop"][i] = times["data_loading"][i]
            with self._timed(times, i, "bprop"):
                model.train_step(x, t)
            model.current_batch += 1
            times["iteration"][i] = times["fprop"][i] + times["bprop"][i]
            self._collect_layers(times, i)
        return times

    @staticmethod
    def print_stats(
        stats: Mapping[str, Any], functions: Any = None, output: Any = None, nskip: int = 0
    ) -> None:
        """Display a table of times; rows of zeros only are left out.

        Args:
            stats: what ``time`` returns.
            functions: statistics of an array (default: mean, median, min, max).
            output: object with a method ``display`` (default: the package's logger).
            nskip: minibatches to leave out at the start.

        Raises:
            ValueError: no times.
            TypeError: ``output`` cannot display.
        """
        if not stats:
            raise ValueError("Provide stats")
        output = logger if output is None else output
        if not hasattr(output, "display"):
            raise TypeError(f"output must have a method display, got {type(output).__name__}")
        output.display(stats_table(stats, functions, nskip))

    def _wrap(self, layer: Any, method: str) -> None:
        times = self.layer_times.setdefault(f"{method} {layer.name}", [])
        be = self.model.be
        marks = be.init_mark(), be.init_mark()  # its own: layers may call layers
        setattr(layer, method, self.benchmarked(getattr(layer, method), *marks, times))

    @contextmanager
    def _timed(self, times: Times, index: int, name: str) -> Iterator[None]:
        be = self.model.be
        start, end = be.init_mark(), be.init_mark()
        be.record_mark(start)
        yield
        be.record_mark(end)
        be.synchronize_mark(end)
        times[name][index] = be.get_time(start, end)

    def _collect_layers(self, times: Times, index: int) -> None:
        """Add up the calls of one minibatch: shared layers have several."""
        for name, calls in self.layer_times.items():
            times[name][index] = sum(calls)
            calls.clear()

    @staticmethod
    def _check(dataset: Any, least: int, niterations: int) -> None:
        if not dataset:
            raise ValueError("Provide correct dataset for timing")
        if niterations < least:
            raise ValueError(f"niterations must be at least {least}, got {niterations}")


def _endless(dataset: Any) -> Iterator[Any]:
    while True:
        dataset.reset()
        yield from dataset
