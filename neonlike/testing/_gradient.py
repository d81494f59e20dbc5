"""Gradients of layers against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike._object import NervanaObject
from neonlike.testing._bench import Arrays, Bench, Inputs, MakeInputs, random_inputs

STEP = 1e-6


def check_gradient(
    layer: Any,
    in_shape: Any,
    *,
    make_inputs: MakeInputs = random_inputs,
    input_gradient: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> float:
    """Compare the gradients of inputs and parameters with central differences.

    The layer runs in training mode with random inputs and errors; the loss is the
    sum of outputs times errors. Needs a float64 backend. A stateful layer must
    reset itself at every ``fprop`` (``reset_cells=True``).

    Args:
        layer: layer, container or list of layers, not yet configured.
        in_shape: its input shape.
        make_inputs: ``f(in_shape, batch_size, rng)`` giving the inputs.
        input_gradient: whether the inputs have a gradient; without, the layer stands
            first in its network.
        rtol, atol: relative and absolute tolerance.
        seed: of weights, inputs and errors.

    Returns:
        The largest deviation found.

    Raises:
        AssertionError: a gradient deviates by more than the tolerances.
        ValueError: the backend is not float64.

    Example:
        >>> gen_backend("cpu", batch_size=3, datatype=np.float64)
        >>> check_gradient(Affine(4, init=Gaussian(), activation=Tanh()), (5, 1))
    """
    be = NervanaObject.be
    if be.default_dtype is not np.float64:
        raise ValueError(
            "check_gradient needs float64 for its finite differences; "
            "call gen_backend(datatype=np.float64) first"
        )
    rng = np.random.RandomState(seed)
    bench = Bench(layer, in_shape, seed, first=not input_gradient)
    for _, param, _ in bench.parameters():
        # away from symmetric starting points such as constant weights
        param[:] = param.get() + 0.3 * rng.standard_normal(param.shape)
    x = make_inputs(bench.net.in_shape, be.bsz, rng)
    errors = [rng.standard_normal(y.shape) for y in bench.fprop(x)]
    deltas = bench.bprop(errors)
    found = [(name, param, grad.get()) for name, param, grad in bench.parameters()]
    worst = 0.0
    if input_gradient:
        assert isinstance(x, np.ndarray), "a network of several inputs has no input gradient"
        assert deltas is not None, "no input gradient came back to the layer before"
        numeric = _differences(bench, x, errors, _shifted(x))
        worst = _compare("the inputs", deltas.reshape(x.shape), numeric, rtol, atol)
    for name, param, grad in found:
        numeric = _differences(bench, x, errors, _shifted_tensor(param))
        worst = max(worst, _compare(name, grad, numeric, rtol, atol))
    return worst


Shift = Callable[[int, float], None]


def _shifted(values: np.ndarray) -> tuple[np.ndarray, Shift]:
    original = values.copy()

    def shift(index: int, step: float) -> None:
        values.flat[index] = original.flat[index] + step

    return original, shift


def _shifted_tensor(param: Any) -> tuple[np.ndarray, Shift]:
    original = param.get()

    def shift(index: int, step: float) -> None:
        values = original.copy()
        values.flat[index] += step
        param.set(values)

    return original, shift


def _differences(
    bench: Bench, x: Inputs, errors: Arrays, moving: tuple[np.ndarray, Shift]
) -> np.ndarray:
    """Central differences of the loss with respect to every element of ``moving``."""
    original, shift = moving

    def loss(index: int, step: float) -> float:
        shift(index, step)
        outputs = bench.fprop(x)
        return sum(float(np.sum(y * e)) for y, e in zip(outputs, errors, strict=True))

    numeric = np.empty(original.shape)
    for index in range(original.size):
        numeric.flat[index] = (loss(index, STEP) - loss(index, -STEP)) / (2 * STEP)
        shift(index, 0.0)
    return numeric


def _compare(
    name: str, analytic: np.ndarray, numeric: np.ndarray, rtol: float, atol: float
) -> float:
    deviation = np.abs(analytic - numeric)
    wrong = deviation > atol + rtol * np.abs(numeric)
    if wrong.any():
        place = tuple(map(int, np.unravel_index(int(np.argmax(deviation)), deviation.shape)))
        raise AssertionError(
            f"gradient of {name}: {int(wrong.sum())} of {wrong.size} elements deviate; at {place} "
            f"bprop gives {analytic[place]:.8g}, finite differences {numeric[place]:.8g}"
        )
    return float(deviation.max(initial=0.0))
