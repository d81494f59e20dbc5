"""Every cost and activation has the derivative that it should; every cost layer keeps a contract.

Derivatives are compared with central differences in float64. Cost layers, rebuilt from their
description, give the same bit for bit and twice; the mean cost does not depend on how often a
batch is repeated; steps make no arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.layers import (
    GeneralizedCost,
    GeneralizedCostMask,
    GeneralizedGANCost,
    Linear,
    Multicost,
)
from neonlike.testing._memory import MEMORY_BATCH, check_memory
from neonlike.transforms import (
    CenteredLogistic,
    CrossEntropyBinary,
    CrossEntropyMulti,
    Explin,
    GANCost,
    Identity,
    Logistic,
    MeanSquared,
    Normalizer,
    PixelwiseCrossEntropy,
    PixelwiseSoftmax,
    Rectlin,
    Rectlinclip,
    SmoothL1Loss,
    Softmax,
    SquareHingeLoss,
    SumSquared,
    Tanh,
)
from neonlike.transforms import activation as activations
from neonlike.transforms import cost as costs

STEP = 1e-6
BATCH = 4
Array = np.ndarray


def slope(f: Callable[[Array], Array], x: Array) -> Array:
    """Derivative of the sum of f at each element of x."""
    result = np.empty_like(x)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] += STEP
        upper = np.sum(f(moved))
        moved[place] -= 2 * STEP
        result[place] = (upper - np.sum(f(moved))) / (2 * STEP)
    return result


def values(be: Any, tree: Any, shape: tuple[int, int]) -> Array:
    """What an op-tree gives."""
    result = be.empty(shape)
    result[:] = tree
    return result.get()


def double(make_be: Any) -> Any:
    return make_be(batch_size=BATCH, datatype=np.float64)


ACTIVATIONS = {
    "Identity": Identity,
    "Normalizer": lambda: Normalizer(divisor=3.0),
    "Rectlin": lambda: Rectlin(slope=0.1),
    "Rectlinclip": lambda: Rectlinclip(slope=0.1, xcut=0.5),
    "Explin": lambda: Explin(alpha=0.5),
    "Tanh": Tanh,
    "Logistic": Logistic,
    "CenteredLogistic": lambda: CenteredLogistic(scale=1.5),
}
NO_SLOPE = {
    "Transform": "a base",
    "Sign": "its derivative is that of the straight-through estimator; tests/transforms",
    "Softmax": "gives 1, its cost gives the derivative of both; below with CrossEntropyMulti",
    "PixelwiseSoftmax": "as Softmax, below with PixelwiseCrossEntropy",
}


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_slope_of_activations(make_be: Any, name: str) -> None:
    be, f = double(make_be), ACTIVATIONS[name]()
    x = np.random.RandomState(0).standard_normal((5, BATCH))

    def forward(x: Array) -> Array:
        return values(be, f(be.array(x)), x.shape)

    # the derivative is a function of the outputs
    got = values(be, f.bprop(be.array(forward(x))), x.shape)
    np.testing.assert_allclose(got, slope(forward, x), rtol=1e-7, atol=1e-9)


def test_every_activation_has_a_slope_or_a_reason() -> None:
    assert set(activations.__all__) == set(ACTIVATIONS) | set(NO_SLOPE)


# cost, the activation before it, factor of the errors that is not in the cost
PAIRS: dict[str, tuple[Any, Any, float]] = {
    "CrossEntropyBinary": (lambda: CrossEntropyBinary(scale=2), Logistic(shortcut=True), 2.0),
    "CrossEntropyMulti": (lambda: CrossEntropyMulti(scale=2), Softmax(), 2.0),
    "CrossEntropyMulti_bits": (lambda: CrossEntropyMulti(usebits=True), Softmax(), 1.0),
    "PixelwiseCrossEntropy": (
        lambda: PixelwiseCrossEntropy([1.0, 2.0, 0.5], nclass=3),
        PixelwiseSoftmax(c=3),
        1.0,
    ),
    "SumSquared": (SumSquared, Tanh(), 1.0),
    "MeanSquared": (MeanSquared, Tanh(), 1.0),
    "SmoothL1Loss": (lambda: SmoothL1Loss(sigma=2.0), Identity(), 1.0),
    "SquareHingeLoss": (lambda: SquareHingeLoss(margin=2), Tanh(), 1.0),
}
OTHER_COSTS = {"Cost": "a base", "GANCost": "two outputs instead of targets; below"}


@pytest.mark.parametrize("name", list(PAIRS))
def test_slope_of_costs(make_be: Any, name: str) -> None:
    be = double(make_be)
    make, f, factor = PAIRS[name]
    cost, rng = make(), np.random.RandomState(0)
    x = rng.standard_normal((3, BATCH))
    t = be.array(np.eye(3)[[0, 2, 1, 1]].T)

    def outputs(x: Array) -> Any:
        return be.array(values(be, f(be.array(x)), x.shape))

    def forward(x: Array) -> Array:
        return factor * values(be, cost(outputs(x), t), (1, BATCH))

    y = outputs(x)
    got = values(be, cost.bprop(y, t) * f.bprop(y), x.shape)
    np.testing.assert_allclose(got, slope(forward, x), rtol=1e-6, atol=1e-8)


def test_every_cost_has_a_slope_or_a_reason() -> None:
    public = {getattr(costs, name) for name in costs.__all__}
    functions = {cls.__name__ for cls in public if not issubclass(cls, costs.Metric)}
    assert functions == {name.partition("_")[0] for name in PAIRS} | set(OTHER_COSTS)


# neon reports the generator's costs of the first two functions crosswise
GENERATOR = {"original": "modified", "modified": "original", "wasserstein": "wasserstein"}


@pytest.mark.parametrize("func", list(GENERATOR))
@pytest.mark.parametrize("part", ["dis_data", "dis_noise", "gen"])
def test_slope_of_gan_cost(make_be: Any, func: str, part: str) -> None:
    be = double(make_be)
    cost = GANCost(func=func)
    reported = GANCost(func=GENERATOR[func]) if part == "gen" else cost
    derivative = {
        "dis_data": cost.bprop_data,
        "dis_noise": cost.bprop_noise,
        "gen": cost.bprop_generator,
    }[part]
    y = np.random.RandomState(0).uniform(0.1, 0.9, (1, BATCH))

    def forward(y: Array) -> Array:
        tensor = be.array(y)
        return values(be, reported(tensor, tensor, part), (1, BATCH))

    got = values(be, derivative(be.array(y)), y.shape)
    np.testing.assert_allclose(got, slope(forward, y), rtol=1e-7)


COST_LAYERS: dict[str, Callable[[], Any]] = {
    "GeneralizedCost": lambda: GeneralizedCost(CrossEntropyMulti()),
    "GeneralizedCostMask": lambda: GeneralizedCostMask(SumSquared(), weights=0.5),
    "GeneralizedGANCost": lambda: GeneralizedGANCost(GANCost()),
    "Multicost": lambda: Multicost(
        [GeneralizedCost(CrossEntropyMulti()), GeneralizedCost(SumSquared())], weights=[1.0, 0.3]
    ),
}


class CostBench:
    """A cost layer with outputs and targets that suit it, ``copies`` times four samples."""

    def __init__(self, be: Any, cost: Any, copies: int = 1) -> None:
        self.be, self.cost = be, cost
        rows = 1 if isinstance(cost, GeneralizedGANCost) else 3
        last = Linear(rows, init=None)
        last.out_shape = (rows, 1)
        cost.initialize([last, last] if isinstance(cost, Multicost) else last)
        rng = np.random.RandomState(0)
        y, mask = rng.uniform(0.1, 0.9, (rows, BATCH)), rng.randint(0, 2, (rows, BATCH))
        t = np.eye(3)[[0, 2, 1, 1]].T[:rows]
        self.y, t, mask = (be.array(np.tile(a, copies)) for a in (y / y.sum(axis=0), t, mask))
        self.t: Any = t
        if isinstance(cost, GeneralizedGANCost):
            self.y, self.t = be.array(np.tile(y, copies)), be.array(np.tile(y[:, ::-1], copies))
        elif isinstance(cost, GeneralizedCostMask):
            self.t = (t, mask)
        elif isinstance(cost, Multicost):
            self.y, self.t = [self.y, self.y], [t, t]

    def step(self) -> Any:
        """Return the cost; leave the errors in the layer."""
        if isinstance(self.cost, GeneralizedGANCost):
            # the model takes the errors from the cost function
            return self.cost.get_cost(self.y, self.t, "dis")
        self.cost.get_errors(self.y, self.t)
        return self.cost.get_cost(self.y, self.t)

    def results(self) -> list[Array]:
        """Cost and errors."""
        deltas = self.cost.deltas if isinstance(self.cost.deltas, list) else [self.cost.deltas]
        return [np.array(self.step()), *(delta.get() for delta in deltas)]


def assert_same(one: list[Array], two: list[Array]) -> None:
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", list(COST_LAYERS))
def test_cost_layers_twice_and_rebuilt(be: Any, name: str) -> None:
    cost = COST_LAYERS[name]()
    description = cost.get_description()
    rebuilt = type(cost).gen_class(description["config"])
    assert rebuilt.get_description() == description
    bench = CostBench(be, cost)
    first = bench.results()
    assert_same(first, bench.results())
    assert_same(first, CostBench(be, rebuilt).results())


@pytest.mark.parametrize("name", list(COST_LAYERS))
def test_cost_layers_take_the_mean_of_the_batch(make_be: Any, name: str) -> None:
    results = []
    for copies in (1, 3):
        be = make_be(batch_size=BATCH * copies, datatype=np.float64)
        results.append(CostBench(be, COST_LAYERS[name](), copies).results())
    cost, *errors = results[0]
    np.testing.assert_allclose(results[1][0], cost, rtol=1e-12)
    for one, repeated in zip(errors, results[1][1:], strict=True):
        np.testing.assert_allclose(repeated, np.tile(one, 3), rtol=1e-12)


@pytest.mark.parametrize("name", list(COST_LAYERS))
def test_cost_layers_use_the_memory_they_have(make_be: Any, name: str) -> None:
    be = make_be(batch_size=MEMORY_BATCH)
    check_memory(CostBench(be, COST_LAYERS[name](), MEMORY_BATCH // BATCH).step)


def test_slope_of_mask_and_weights(make_be: Any) -> None:
    """Masked elements have no errors; weights scale cost and errors."""
    be = double(make_be)
    masked = CostBench(be, COST_LAYERS["GeneralizedCostMask"]())
    y = masked.y.get()

    def forward(y: Array) -> Array:
        masked.y.set(y)
        return BATCH * masked.step()

    errors = masked.results()[1]
    np.testing.assert_allclose(errors, slope(forward, y), rtol=1e-6, atol=1e-8)
