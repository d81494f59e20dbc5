"""A layer on the test bench: driven like in a network, with the input gradient made visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.backends.backend import Backend
from neonlike.layers._container import flatten
from neonlike.layers._nodes import SkipNode
from neonlike.layers._sequential import Sequential
from neonlike.layers._shapes import buffer_shape

Arrays = list[np.ndarray]


class Probe(SkipNode):
    """First layer of the bench: passes data on and keeps the error that comes back."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.seen: np.ndarray | None = None

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Keep a copy of the error."""
        self.seen = None if error is None else error.get()
        return None


class Bench:
    """A network of a probe and the layer under test.

    Args:
        layer: layer, container or list of layers.
        in_shape: its input shape.
        seed: for initial weights and random masks.
    """

    def __init__(self, layer: Any, in_shape: Any, seed: int = 0) -> None:
        self.be = NervanaObject.be
        self.seed = seed
        self.be.rng.seed(seed)
        self.probe = Probe()
        self.net = Sequential([self.probe, layer])
        self.net.propagate_parallelism("Data")
        self.net.configure(in_shape)
        self.net.allocate()
        self.net.allocate_deltas()
        self.inputs = self.be.iobuf(self.net.in_shape)
        self.errors: list[Any] = []

    def fprop(self, x: np.ndarray, inference: bool = False) -> Arrays:
        """Return the outputs for inputs ``x``; random masks are the same at every call."""
        self.be.rng.seed(self.seed)
        self.inputs.set(x)
        return [y.get() for y in flatten(self.net.fprop(self.inputs, inference=inference))]

    def bprop(self, errors: Arrays) -> np.ndarray | None:
        """Return the gradient of the inputs; see ``gradients`` for those of the parameters."""
        if not self.errors:
            self.errors = [self.be.array(error) for error in errors]
        for tensor, error in zip(self.errors, errors, strict=True):
            tensor.set(error)
        several = isinstance(self.net.layers[-1].get_terminal(), list)
        self.net.bprop(self.errors if several else self.errors[0])
        return self.probe.seen

    def parameters(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield (name, parameter, gradient) of everything an optimizer would train."""
        for layer in self.net.layers_to_optimize:
            pairs = layer.get_params()
            for number, ((param, grad), _) in enumerate(
                pairs if isinstance(pairs, list) else [pairs]
            ):
                yield f"parameter {number} of {layer.name}", param, grad


def random_inputs(in_shape: Any, bsz: int, rng: np.random.RandomState) -> np.ndarray:
    """Inputs of the buffer shape for ``in_shape``, normally distributed."""
    return rng.standard_normal(buffer_shape(in_shape, bsz))


@contextmanager
def backend(name: str, batch_size: int, dtype: type, seed: int = 0) -> Iterator[Any]:
    """Use another backend for a while; the current one comes back at the end."""
    before = NervanaObject.be
    be = Backend.allocate_backend(name, rng_seed=seed, default_dtype=dtype)
    be.bsz = batch_size
    NervanaObject.be = be
    try:
        yield be
    finally:
        NervanaObject.be = before


MakeInputs = Callable[[Any, int, np.random.RandomState], np.ndarray]
