"""A layer on the test bench: driven like in a network, with the input gradient made visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.backends.backend import Backend
from neonlike.layers._broadcast import Broadcast
from neonlike.layers._container import LayerContainer, flatten
from neonlike.layers._nodes import SkipNode
from neonlike.layers._sequential import Sequential
from neonlike.layers._shapes import buffer_shape

Arrays = list[np.ndarray]
Inputs = np.ndarray | Arrays  # one array, or one for each input of a network with several


class Probe(SkipNode):
    """First layer of the bench: passes data on and keeps the error that comes back."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.seen: Any = None

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Remember the tensor of the error."""
        self.seen = error
        return None


class Bench:
    """A network of a probe and the layer under test.

    Args:
        layer: layer, container or list of layers.
        in_shape: its input shape.
        seed: for initial weights and random masks.
        first: the layer stands first in the network: no probe, no input gradient.
    """

    def __init__(self, layer: Any, in_shape: Any, seed: int = 0, first: bool = False) -> None:
        self.be = NervanaObject.be
        self.seed = seed
        self.be.rng.seed(seed)
        self.probe = None if first else Probe()
        self.net = _network(layer) if self.probe is None else Sequential([self.probe, layer])
        self.net.propagate_parallelism("Data")
        self.net.configure(in_shape)
        self.net.allocate()
        self.net.allocate_deltas()
        self.inputs: list[Any] = []
        self.errors: list[Any] = []

    def fprop(self, x: Inputs, inference: bool = False) -> Arrays:
        """Return the outputs for inputs ``x``; random masks are the same at every call.

        Args:
            x: the inputs, a list of arrays for a network with several.
            inference: leave out what is done in training only.
        """
        self.be.rng.seed(self.seed)
        self._fill(self.inputs, x if isinstance(x, list) else [x])
        return [y.get() for y in flatten(self._forward(inference))]

    def bprop(self, errors: Arrays) -> np.ndarray | None:
        """Return the gradient of the inputs; see ``parameters`` for those of the parameters."""
        self._fill(self.errors, errors)
        self._backward()
        seen = None if self.probe is None else self.probe.seen
        return None if seen is None else seen.get()

    def repeat(self) -> None:
        """Train once more on the tensors of the last ``fprop`` and ``bprop``."""
        self._forward()
        self._backward()

    def _forward(self, inference: bool = False) -> Any:
        several = len(self.inputs) > 1
        return self.net.fprop(self.inputs if several else self.inputs[0], inference=inference)

    def _backward(self) -> None:
        several = isinstance(self.net.get_terminal(), list)
        self.net.bprop(self.errors if several else self.errors[0])

    def _fill(self, tensors: list[Any], arrays: Arrays) -> None:
        """Put ``arrays`` into ``tensors``, which are made at the first use."""
        if not tensors:
            tensors.extend(self.be.array(array) for array in arrays)
        for tensor, array in zip(tensors, arrays, strict=True):
            tensor.set(array)

    def parameters(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield (name, parameter, gradient) of everything an optimizer would train."""
        for layer in self.net.layers_to_optimize:
            pairs = layer.get_params()
            for number, ((param, grad), _) in enumerate(
                pairs if isinstance(pairs, list) else [pairs]
            ):
                yield f"parameter {number} of {layer.name}", param, grad


def _network(layer: Any) -> Any:
    """Return a container that can be a network as it is, and all else in a Sequential."""
    members = list(flatten(layer))
    root = members[0]
    alone = isinstance(root, LayerContainer) and not isinstance(root, Broadcast)
    return root if alone and len(members) == 1 else Sequential(members)


def random_inputs(in_shape: Any, bsz: int, rng: np.random.RandomState) -> Inputs:
    """Normally distributed inputs of the buffer shape for ``in_shape``, or for each of a list."""
    if isinstance(in_shape, list):
        return [rng.standard_normal(buffer_shape(shape, bsz)) for shape in in_shape]
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


MakeInputs = Callable[[Any, int, np.random.RandomState], Inputs]
