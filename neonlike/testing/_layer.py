"""``check_layer``: the contract every layer should keep."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.layers._nodes import SkipNode
from neonlike.layers._sequential import Sequential
from neonlike.serialization._registry import load_class
from neonlike.testing._bench import Arrays, Bench, Inputs, MakeInputs, backend, random_inputs
from neonlike.testing._gradient import check_gradient
from neonlike.testing._memory import MEMORY_BATCH, check_memory


def check_layer(
    layer: Any,
    in_shape: Any,
    *,
    batch_size: int = 3,
    make_inputs: MakeInputs = random_inputs,
    gradient: bool = True,
    input_gradient: bool = True,
    temporaries: bool = True,
    rtol: float = 1e-5,
    seed: int = 0,
) -> None:
    """Check that a layer keeps the contract of layers (see the tutorial on own layers).

    The layer is only described; the checks rebuild it from its description, on
    backends of their own of the current kind: gradients against finite differences
    (float64), the same numbers for the same seed and at a second pass, the same
    outputs after saving and loading, independence of the batch size, and training
    steps that leave no arrays behind.

    Args:
        layer: layer, container or list of layers, not yet configured.
        in_shape: its input shape.
        batch_size: number of samples.
        make_inputs: ``f(in_shape, batch_size, rng)`` giving the inputs.
        gradient: whether ``bprop`` is the gradient of ``fprop``.
        input_gradient: whether the inputs have a gradient; without, the layer stands
            first in its network. A list of input shapes has none.
        temporaries: whether a training step may make arrays, if it drops them again.
        rtol: tolerance of the gradients.
        seed: of weights, inputs and errors.

    Raises:
        AssertionError: a check failed; the message says which.

    Example:
        >>> gen_backend("cpu")
        >>> check_layer(MyLayer(nout=4), (5, 1))
    """
    # the skip node in front lets layers that work in place start the list
    described = Sequential([SkipNode(), layer]).get_description()["config"]["layers"][1:]
    name = NervanaObject.be.backend_name
    first = not input_gradient

    def rebuild() -> list[Any]:
        return [load_class(d["type"]).gen_class(copy.deepcopy(d["config"])) for d in described]

    def bench(seed: int = seed) -> Bench:
        return Bench(rebuild(), in_shape, seed, first)

    with backend(name, batch_size, np.float64, seed):
        check_description(described, rebuild())
        if gradient:
            check_gradient(
                rebuild(),
                in_shape,
                make_inputs=make_inputs,
                input_gradient=input_gradient,
                rtol=rtol,
                seed=seed,
            )
        one = bench()
        x = make_inputs(one.net.in_shape, batch_size, np.random.RandomState(seed))
        check_repeatable(one, bench(), x)
        check_saving(one, bench(seed + 1), x)
        outputs = one.fprop(x, inference=True)
        saved = one.net.get_description(get_weights=True)
    with backend(name, 1, np.float64, seed):
        single = bench()
        single.net.load_weights(saved)
        check_single_sample(single, x, outputs, batch_size)
    with backend(name, MEMORY_BATCH, np.float64, seed):
        many = bench()
        _train_pass(many, make_inputs(many.net.in_shape, MEMORY_BATCH, np.random.RandomState(seed)))
        check_memory(many.repeat, temporaries)


def check_description(described: list[dict[str, Any]], rebuilt: list[Any]) -> None:
    """Check that the rebuilt layers have the descriptions they were built from."""
    again = [layer.get_description() for layer in rebuilt]
    assert _same(described, again), (
        f"rebuilding from the description gave another layer:\n{described}\n{again}\n"
        "does the layer keep every constructor argument under its own name?"
    )


def check_repeatable(first: Bench, second: Bench, x: Inputs) -> None:
    """Check that equal seeds give equal numbers, and that a second pass gives the same."""
    one, two = _train_pass(first, x), _train_pass(second, x)
    _assert_equal("two layers with the same seed", one, two)
    _assert_equal("a second pass", one, _train_pass(first, x))


def check_saving(trained: Bench, fresh: Bench, x: Inputs) -> None:
    """Check that loaded weights give the same outputs, and loading leaves the file alone."""
    _train_pass(trained, x)
    saved = trained.net.get_description(get_weights=True, keep_states=True)
    before = copy.deepcopy(saved)
    fresh.net.load_weights(saved)
    assert _same(before, saved), "load_weights has modified the dictionary it loads from"
    _assert_equal(
        "outputs after saving and loading",
        trained.fprop(x, inference=True),
        fresh.fprop(x, inference=True),
    )


def check_single_sample(single: Bench, x: Inputs, outputs: Arrays, batch_size: int) -> None:
    """Check that sample 0 alone gives the same outputs as in a batch (inference)."""
    sample = [part[:, ::batch_size] for part in x] if isinstance(x, list) else x[:, ::batch_size]
    alone = single.fprop(sample, inference=True)
    together = [y[:, ::batch_size] for y in outputs]
    for a, b in zip(alone, together, strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-12), (
            "a sample gives other outputs alone than in a batch; does the layer mix columns?"
        )


def _train_pass(bench: Bench, x: Inputs) -> Arrays:
    """Outputs, input gradient and parameter gradients of one training step."""
    outputs = bench.fprop(x)
    rng = np.random.RandomState(1)
    deltas = bench.bprop([rng.standard_normal(y.shape) for y in outputs])
    gradients = [grad.get() for _, _, grad in bench.parameters()]
    return outputs + ([] if deltas is None else [deltas]) + gradients


def _assert_equal(what: str, one: Arrays, two: Arrays) -> None:
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a, b), f"{what}: values differ by up to {np.max(np.abs(a - b)):.3g}"


def _same(a: Any, b: Any) -> bool:
    """Compare nested dictionaries and lists with arrays in them."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return bool(a == b)
