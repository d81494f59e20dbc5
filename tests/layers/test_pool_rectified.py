"""A Rectlin and max pooling in one backward pass give what one after the other gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, Conv, Dropout, GeneralizedCost, Pooling
from neonlike.layers._pool_rectified import RectifiedPooling
from neonlike.models import Model
from neonlike.transforms import Rectlin, SumSquared, Tanh

MakeBackend = Callable[..., Any]


def network(be: Any, pooling: Pooling, act: Any = None, middle: tuple[Any, ...] = ()) -> Model:
    """Convolution, pooling and what follows, after a forward pass."""
    init = Gaussian(scale=0.3)
    first = Conv((3, 3, 6), init, padding=1)
    conv = Conv((3, 3, 5), init, bias=Constant(0.1), padding=1, activation=act or Rectlin())
    model = Model([first, conv, pooling, *middle, Affine(4, init)])
    model.initialize((2, 9, 9), GeneralizedCost(SumSquared()))
    x = np.random.RandomState(1).standard_normal((2 * 81, be.bsz))
    model.fprop(be.array(x))
    return model


def gradients(model: Model, one_by_one: bool) -> list[Any]:
    """All gradients of a backward pass."""
    error = model.be.array(np.random.RandomState(2).standard_normal((4, model.be.bsz)))
    if one_by_one:
        for layer in reversed(model.layers.layers):
            error = layer.bprop(error)
    else:
        model.bprop(error)
    return [layer.dW.get() for layer in model.layers_to_optimize]


def is_paired(model: Model) -> bool:
    steps = [step for step, *_ in model.layers._backward_steps()]
    return any(isinstance(step, RectifiedPooling) and step._is_one_pass() for step in steps)


def check(model: Model, paired: bool) -> None:
    expected = gradients(model, one_by_one=True)
    assert is_paired(model) == paired
    for got, want in zip(gradients(model, one_by_one=False), expected, strict=True):
        np.testing.assert_array_equal(got, want)
    assert all(np.abs(want).max() > 0 for want in expected)


@pytest.mark.parametrize(
    "window",
    [{"fshape": 2}, {"fshape": 3, "strides": 2}, {"fshape": 3, "strides": 1, "padding": 1}],
)
def test_same_as_one_by_one(make_be: MakeBackend, window: dict[str, Any]) -> None:
    be = make_be(batch_size=20)
    check(network(be, Pooling(**window)), paired=True)


def test_deltas_of_the_activation(make_be: MakeBackend) -> None:
    be = make_be(batch_size=8)
    model = network(be, Pooling(2))
    activation = model.layers.layers[2]
    seen = []
    conv, plain = model.layers.layers[1], model.layers.layers[1].bprop

    def bprop(error: Any, **scale: Any) -> Any:
        seen.append(error.get())
        assert error is activation.deltas
        return plain(error, **scale)

    conv.bprop = bprop
    gradients(model, one_by_one=True)
    gradients(model, one_by_one=False)
    np.testing.assert_array_equal(*seen)


@pytest.mark.parametrize("act", [Rectlin(slope=0.1), Tanh()], ids=["leaky", "tanh"])
def test_other_activations(make_be: MakeBackend, act: Any) -> None:
    check(network(make_be(batch_size=8), Pooling(2), act), paired=False)


def test_means_have_no_largest_input(make_be: MakeBackend) -> None:
    check(network(make_be(batch_size=8), Pooling(2, op="avg")), paired=False)


def test_a_layer_in_place_changes_the_outputs(make_be: MakeBackend) -> None:
    model = network(make_be(batch_size=8), Pooling(2), middle=(Dropout(keep=0.5),))
    check(model, paired=False)


def test_the_next_transform_counts(make_be: MakeBackend) -> None:
    be = make_be(batch_size=8)
    model = network(be, Pooling(2))
    check(model, paired=True)
    model.layers.layers[2].transform = Tanh()
    model.fprop(be.array(np.random.RandomState(1).standard_normal((2 * 81, 8))))
    check(model, paired=False)


def test_a_method_set_on_the_object_is_called(make_be: MakeBackend) -> None:
    model = network(make_be(batch_size=8), Pooling(2))
    pooling, calls = model.layers.layers[3], []
    plain = pooling.bprop

    def bprop(error: Any) -> Any:
        calls.append(error)
        return plain(error)

    pooling.bprop = bprop
    check(model, paired=False)
    assert len(calls) == 2
