"""How long each layer takes, forward and backward, beside its shapes and parameters."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from neonlike.optimizers.optimizer import get_param_list


@dataclass(frozen=True)
class LayerRow:
    """What is known of one layer.

    Attributes:
        name, kind: name and class of the layer.
        output: shape of its output for one example, as text.
        parameters: number of trained values.
        fprop_ms, bprop_ms: median milliseconds for one minibatch.
    """

    name: str
    kind: str
    output: str
    parameters: int
    fprop_ms: float
    bprop_ms: float


def layer_table(model: Any, dataset: Any, repeat: int = 5) -> list[LayerRow]:
    """Measure the layers of a trained model on the first minibatch of ``dataset``.

    Weights and running statistics are as before afterwards. The first pass warms
    up and does not count; in-place layers (activations) have the shape of their input.

    Args:
        model: a model that has been through ``fit``, so that it knows its cost.
        dataset: the iterator it was trained on.
        repeat: number of timed forward and backward passes.
    """
    leaves = list(leaf_layers(model.layers))
    saved = model.layers.get_description(get_weights=True, keep_states=True)
    dataset.reset()
    x, t = next(iter(dataset))
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    with ExitStack() as wrapped:
        for index, layer in enumerate(leaves):
            for method in ("fprop", "bprop"):
                wrapped.enter_context(_timed(layer, method, times[method, index].append))
        for _ in range(repeat + 1):
            y = model.fprop(x)
            model.bprop(model.cost.get_errors(y, t))
    model.layers.load_weights(saved, True)
    dataset.reset()
    return [
        LayerRow(
            name=layer.name,
            kind=layer.classnm,
            output=_shape_text(layer.out_shape),
            parameters=count_parameters([layer]),
            fprop_ms=median(times["fprop", index][1:] or [0.0]),
            bprop_ms=median(times["bprop", index][1:] or [0.0]),
        )
        for index, layer in enumerate(leaves)
    ]


def leaf_layers(container: Any) -> Iterator[Any]:
    """Yield the layers of a network in order, containers replaced by what they hold."""
    for layer in container.layers:
        if hasattr(layer, "layers"):
            yield from leaf_layers(layer)
        else:
            yield layer


def count_parameters(layers: list[Any]) -> int:
    """Return the number of trained values in the layers."""
    owners = [layer for layer in layers if layer.has_params]
    return sum(math.prod(param.shape) for (param, _), _ in get_param_list(owners))


@contextmanager
def _timed(layer: Any, method: str, note: Callable[[float], None]) -> Iterator[None]:
    """Let every call of ``layer.method`` report its milliseconds."""
    function = getattr(layer, method)

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = function(*args, **kwargs)
        note(1e3 * (time.perf_counter() - start))
        return result

    setattr(layer, method, timed)
    try:
        yield
    finally:
        delattr(layer, method)


def _shape_text(shape: Any) -> str:
    return " x ".join(str(n) for n in shape) if isinstance(shape, tuple | list) else str(shape)
