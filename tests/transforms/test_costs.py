"""Cost functions against the original's numbers, their errors, and user-defined ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file

from neonlike.layers import GeneralizedCost
from neonlike.layers.layer import Layer
from neonlike.transforms import CrossEntropyBinary, CrossEntropyMulti, GANCost, LogLoss, MeanSquared
from neonlike.transforms.cost import Cost

CASES = case_names("training", "cost/")
GAN = [case for case in CASES if "/gan_" in case]
MASK = [case for case in CASES if "mask" in case]
PLAIN = [case for case in CASES if case not in GAN + MASK]


def close(actual: Any, desired: Any) -> None:
    np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-6)


def load(make_be: Any, case: str) -> tuple[Any, Any, Any]:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    return be, gold, build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)


def evaluate(be: Any, tree: Any, shape: tuple[int, ...]) -> np.ndarray:
    out = be.empty(shape)
    out[:] = tree
    return out.get()


def terminal(features: int) -> Layer:
    layer = Layer()
    layer.out_shape = features
    return layer


@pytest.mark.parametrize("case", PLAIN)
def test_golden(make_be: Any, case: str) -> None:
    be, gold, cost = load(make_be, case)
    y, t = be.array(gold["y"][()]), be.array(gold["t"][()])
    close(evaluate(be, cost(y, t), gold["cost"].shape), gold["cost"])
    close(evaluate(be, cost.bprop(y, t), y.shape), gold["bprop"])
    layer = GeneralizedCost(costfunc=cost)
    layer.initialize(terminal(y.shape[0]))
    close(layer.get_cost(y, t), gold["generalized_cost"])
    close(layer.get_errors(y, t).get(), gold["bprop"])


@pytest.mark.parametrize("case", GAN)
def test_golden_gan(make_be: Any, case: str) -> None:
    be, gold, cost = load(make_be, case)
    y_data, y_noise = be.array(gold["y_data"][()]), be.array(gold["y_noise"][()])
    for kind in ("dis", "dis_data", "dis_noise", "gen"):
        value = evaluate(be, cost(y_data, y_noise, cost_type=kind), (1, be.bsz))
        close(value, gold[f"cost_{kind}"])
    for name, y in (("noise", y_noise), ("data", y_data), ("generator", y_noise)):
        derivative = getattr(cost, f"bprop_{name}")(y)
        close(evaluate(be, derivative, y.shape), gold[f"bprop_{name}"])


@pytest.mark.parametrize("case", MASK)
def test_golden_mask(make_be: Any, case: str) -> None:
    be, gold, layer = load(make_be, case)
    y, t, mask = (be.array(gold[name][()]) for name in ("y", "t", "mask"))
    layer.initialize(terminal(y.shape[0]))
    close(layer.get_cost(y, (t, mask)), gold["generalized_cost"])
    close(layer.get_errors(y, (t, mask)).get(), gold["bprop"])


def test_cost_of_layer_is_a_number(be: Any) -> None:
    layer = GeneralizedCost(costfunc=MeanSquared())
    layer.initialize(terminal(2))
    cost = layer.get_cost(be.ones((2, 4)), be.zeros((2, 4)))
    assert cost.shape == (1, 1)
    assert f"{cost:.2f} {float(cost)} {int(cost)}" == "0.50 0.5 0"
    assert "%.1f" % (cost * 100) == "50.0"


def test_shape_errors(be: Any) -> None:
    y, t = be.ones((3, 4)), be.ones((2, 4))
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(2, 4\)"):
        CrossEntropyMulti()(y, t)
    with pytest.raises(AssertionError, match=r"\(3, 4\).*\(2, 4\)"):
        CrossEntropyBinary()(y, t)
    with pytest.raises(AssertionError, match="equal shapes"):
        GANCost()(y, t)


def test_gan_argument_errors(be: Any) -> None:
    with pytest.raises(AssertionError, match="cost_type"):
        GANCost(cost_type="both")
    with pytest.raises(AssertionError, match="func"):
        GANCost(func="least squares")
    with pytest.raises(AssertionError, match="cost_type"):
        GANCost()(be.ones((1, 4)), be.ones((1, 4)), cost_type="data")


def test_user_cost_with_functions(be: Any) -> None:
    class Absolute(Cost):
        def __init__(self) -> None:
            self.func = lambda y, t: self.be.sum(self.be.absolute(y - t), axis=0)
            self.funcgrad = lambda y, t: self.be.sgn(y - t)

    cost, y, t = Absolute(), be.ones((2, 4)), be.zeros((2, 4))
    np.testing.assert_array_equal(evaluate(be, cost(y, t), (1, 4)), 2)
    np.testing.assert_array_equal(evaluate(be, cost.bprop(y, t), (2, 4)), 1)


@pytest.mark.parametrize("cost", [CrossEntropyBinary, CrossEntropyMulti, LogLoss])
def test_probabilities_that_float16_stores_as_0(make_be: Any, cost: Any) -> None:
    be = make_be(datatype=np.float16)
    y, t = be.array([[0, 1, 0, 1e-9], [1, 0, 1, 1]]), be.array([[0, 1, 1, 0], [1, 0, 0, 1]])
    value = cost()(y, t)
    if cost is not LogLoss:
        value = evaluate(be, value, (1, 4))
        np.testing.assert_array_equal(value[0, [0, 1, 3]], 0)
    assert 0 < np.max(value) < 40
