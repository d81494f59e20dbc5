"""Trees at the end of other layers: gradients, costs, and evaluation of nested outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from layer_runner import MakeBackend

from neonlike.callbacks.callbacks import LossCallback
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import (
    Affine,
    BranchNode,
    GeneralizedCost,
    GeneralizedCostMask,
    Multicost,
    Tree,
)
from neonlike.layers.container import flatten
from neonlike.models import Model
from neonlike.testing import check_gradient
from neonlike.transforms import SmoothL1Loss, SumSquared, Tanh
from neonlike.transforms.cost import Metric

INIT = Gaussian(scale=0.5)


@pytest.fixture
def be64(make_be: MakeBackend) -> Any:
    """A float64 backend with batch size 2."""
    return make_be(batch_size=2, datatype=np.float64)


def affine(nout: int) -> Any:
    return Affine(nout, init=INIT, activation=Tanh())


def fork(*before: Any, alphas: Any = None) -> Tree:
    """Return a tree whose trunk has ``before`` and then the node of its only branch."""
    node = BranchNode()
    return Tree([[*before, node, affine(2)], [node, affine(1)]], alphas=alphas)


def nested(**alphas: Any) -> Tree:
    """Return a tree with trees at the end of its trunk and of its branch."""
    node = BranchNode()
    trunk = [affine(4), node, fork(affine(3))]
    return Tree([trunk, [node, affine(5), fork()]], **alphas)


@pytest.mark.parametrize("first", [(), (3,)], ids=["node first", "layer first"])
def test_gradient_below_a_tree_behind_layers(be64: Any, first: tuple[int, ...]) -> None:
    check_gradient([affine(3), fork(*map(affine, first))], (3, 1))


def costs(kind: Any) -> Multicost:
    """Return costs nested like the outputs of ``nested``, with weights of all levels."""
    parts = [[kind(SumSquared()), kind(SmoothL1Loss(sigma=3.0))] for _ in range(2)]
    return Multicost(
        [Multicost(parts[0], weights=[0.5, 2.0]), Multicost(parts[1])], weights=[1.0, 0.7]
    )


@pytest.mark.parametrize("kind", [GeneralizedCost, GeneralizedCostMask])
def test_gradient_of_nested_trees_and_costs(be64: Any, kind: Any) -> None:
    model = Model(nested())
    model.initialize(3, costs(kind))
    rng = np.random.RandomState(0)
    x = be64.array(rng.standard_normal((3, 2)))

    def target(y: Any) -> Any:
        t, mask = be64.array(rng.standard_normal(y.shape)), be64.array(rng.rand(*y.shape) > 0.4)
        return (t, mask) if kind is GeneralizedCostMask else t

    targets = [[target(y) for y in part] for part in model.fprop(x)]

    def value() -> float:
        return be64.bsz * float(model.cost.get_cost(model.fprop(x), targets)[0, 0])

    value()
    model.bprop(model.cost.get_errors(model.fprop(x), targets))
    for layer in model.layers_to_optimize:
        found, weights = layer.dW.get(), layer.W.asnumpyarray()
        for place in np.ndindex(weights.shape):
            old, ends = weights[place], []
            for step in (1e-6, -1e-6):
                weights[place] = old + step
                ends.append(value())
            weights[place] = old
            assert found[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_alphas_count_where_they_belong(be64: Any) -> None:
    """Gradients below a node are the sum of the branches', each times its alpha."""
    rng = np.random.RandomState(1)
    x = be64.array(rng.standard_normal((3, 2)))
    errors = [[be64.array(rng.standard_normal((n, 2))) for n in (2, 1)] for _ in range(2)]

    def gradients(outer: Any, inner: Any) -> list[np.ndarray]:
        be64.rng.seed(0)
        node = BranchNode()
        trunk = [affine(4), node, fork(affine(3), alphas=inner)]
        model = Model(Tree([trunk, [node, affine(5), fork()]], alphas=outer))
        model.initialize(3)
        model.fprop(x)
        model.bprop(errors)
        return [layer.dW.get() for layer in model.layers_to_optimize[:2]]

    def below(alphas: Any) -> np.ndarray:
        return gradients(alphas, [1.0, 1.0])[0]

    both = 2.0 * below([1.0, 0.0]) - 0.5 * below([0.0, 1.0])
    np.testing.assert_allclose(below([2.0, -0.5]), both, atol=1e-12)
    first, second = (gradients([1.0, 1.0], inner)[1] for inner in ([1.0, 0.0], [0.0, 1.0]))
    own = gradients([3.0, 1.0], [2.0, -0.5])[1]
    np.testing.assert_allclose(own, 2.0 * first - 0.5 * second, atol=1e-12)


class Columns(Metric):
    """Counts the columns of the first output."""

    def __init__(self) -> None:
        super().__init__()
        self.metric_names = ["Columns"]

    def __call__(self, y: Any, t: Any, calcrange: slice = slice(None)) -> float:
        return float(next(flatten(y)).shape[1])


def test_nested_outputs_are_evaluated(be64: Any) -> None:
    model = Model(nested())
    rng = np.random.RandomState(0)
    data = ArrayIterator(
        rng.standard_normal((4, 3)), rng.standard_normal((4, 2)), make_onehot=False
    )
    assert model.eval(data, metric=Columns())[0] == 2
    cost = Multicost([Multicost([GeneralizedCost(SumSquared())])])
    model.initialize(data, cost)

    class Pairs:
        ndata, reset = 4, data.reset

        def __iter__(self) -> Any:
            return ((x, [[t]]) for x, t in data)

    loss = LossCallback(Pairs())._evaluate(model)
    values = [cost.get_cost(model.fprop(x, inference=True), [[t]])[0, 0] for x, t in data]
    assert loss == pytest.approx(np.mean(values))


def test_two_nodes_in_a_row_are_refused(be64: Any) -> None:
    node = BranchNode()
    net = Tree([[affine(2), node, fork()], [node, affine(1)]])
    with pytest.raises(ValueError, match="put a layer between the two nodes"):
        net.configure((2, 1))
