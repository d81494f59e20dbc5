"""Gradients of op-trees beside the golden cases: numeric checks, views, memory, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.backends import Autodiff
from neonlike.backends.autodiff import GradNode, GradUtil, grad_map
from neonlike.backends.backend import OpCollection


def numeric_gradient(be: Any, expression: str, tensors: dict[str, Any], error: Any) -> Any:
    """Central differences of sum(error * expression) for the tensor x."""
    x, step = tensors["x"]._tensor, 1e-6
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        start = x[place]
        sums = []
        for value in (start + step, start - step):
            x[place] = value
            tree = eval(expression, {"be": be, **tensors})
            sums.append((tree.asnumpyarray() * error).sum())
        x[place] = start
        gradient[place] = (sums[0] - sums[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize(
    "expression",
    [
        "be.safelog(x) * row",
        "be.sum(x, axis=1) + row",
        "be.sum(x + row, axis=1) * 2",
        "be.sum(x, axis=0) * col",
        "be.sum(x, axis=1) + 0 * x + one * x",
        "be.dot(be.sum(x, axis=1) + 0 * col, row)",
        "be.dot(x.T * 2, x) * 3",
        "be.dot(be.sum(x, axis=0).T + 0 * (row * 1).T, be.max(x, axis=0))",
        "be.var(x, axis=-1) * row",
        "be.tanh(be.sig(x) * x) ** 3 / x",
        "be.rint(x) + x + be.binarize_(x)",
        "(x + 1).T * (col * 2).T",
        "be.clip(x, 0.3, 0.9) * be.std(x)",
    ],
)
def test_against_differences(make_be: Any, expression: str) -> None:
    be = make_be(datatype=np.float64)
    be.binarize_ = lambda t: be.build("binarize", t)
    rng = np.random.RandomState(2)
    shapes = {"x": (3, 4), "row": (1, 4), "col": (3, 1), "one": (1, 1)}
    tensors = {key: be.array(rng.uniform(0.2, 1.4, shape)) for key, shape in shapes.items()}
    tree = eval(expression, {"be": be, **tensors})
    error = rng.uniform(-1, 1, tree.asnumpyarray().shape)
    expected = numeric_gradient(be, expression, tensors, error)
    gradient = Autodiff(tree, be, next_error=be.array(error)).get_grad_asnumpyarray([tensors["x"]])
    np.testing.assert_allclose(gradient[0], expected, rtol=1e-6, atol=1e-8)


def test_table_is_complete() -> None:
    assert set(grad_map) == (OpCollection.float_ops | OpCollection.reduction_ops) - {"assign"}


def test_views_of_one_tensor(be: Any) -> None:
    x = be.array(np.arange(1.0, 7.0).reshape(2, 3))
    twin = x.reshape(3, 2).reshape(2, 3)
    gradient = Autodiff(x * twin, be).get_grad_asnumpyarray([x])[0]
    np.testing.assert_allclose(gradient, 2 * x.get())
    flipped = Autodiff(x.T * 2 + 3 * x.T, be).get_grad_asnumpyarray([x])[0]
    np.testing.assert_allclose(flipped, np.full((2, 3), 5))
    left, right = x[:, 0:1], x[:, 1:2]
    gradients = Autodiff(left * right, be).get_grad_asnumpyarray([left, right])
    np.testing.assert_allclose(gradients[0], right.get())
    with pytest.raises(ValueError, match="ask for the gradient of that view"):
        Autodiff(left * 2, be).get_grad_tensor([x])


def test_same_arguments_give_the_same_object(be: Any) -> None:
    x, error = be.ones((2, 2)), be.ones((2, 2))
    first = Autodiff(x * 2, be)
    assert Autodiff(x * 2, be) is first
    assert Autodiff(x * 3, be) is not first
    assert Autodiff(x * 2, be, next_error=error) is not first
    assert type(first).__name__ == "Autodiff"
    first.cleanup()
    assert Autodiff(x * 2, be) is not first
    for i in range(100):
        Autodiff(x * (i + 10.0), be)
    assert len(be._autodiffs) <= 64


def test_cleanup_makes_it_useless(be: Any) -> None:
    x = be.ones((2, 2))
    ad = Autodiff(x * 2, be)
    ad.cleanup()
    ad.cleanup()
    with pytest.raises(AttributeError):
        ad.back_prop_grad([x], [be.empty((2, 2))])


def test_errors(be: Any) -> None:
    x = be.ones((2, 3))
    with pytest.raises(AttributeError, match="takes an op-tree"):
        Autodiff(x, be)
    with pytest.raises(AssertionError, match=r"\(2, 2\).*\(2, 3\)"):
        Autodiff(x * 2, be, next_error=be.ones((2, 2)))
    with pytest.raises(TypeError, match="must be a tensor"):
        Autodiff(x * 2, be, next_error=x + 1)
    with pytest.raises(AssertionError, match="of the op-tree itself"):
        Autodiff(x * 2, be).back_prop_grad([x], [x])
    with pytest.raises(TypeError, match="those of tensors, got ndarray"):
        Autodiff(x * 2, be).get_grad_op_tree([x.get()])


def test_unused_tensor_and_trees(be: Any) -> None:
    x, unused = be.array([[3.0]]), be.ones((2, 2))
    ad = Autodiff(x * x, be)
    trees = ad.get_grad_op_tree([x, unused])
    assert trees[0].asnumpyarray().item() == 6
    assert not trees[1].asnumpyarray().any()
    assert isinstance(ad.grad_node, GradNode)
    assert ad.get_grad_tensor([x])[0].get().item() == 6


def test_is_invalid(be: Any) -> None:
    x = be.array([[1.0, 2.0]])
    assert not GradUtil.is_invalid(x * 3, be)
    assert GradUtil.is_invalid(x * 40000, be)
    assert GradUtil.is_invalid(x * float("nan"), be)
