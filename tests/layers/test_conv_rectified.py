"""A convolution and its Rectlin in one pass leave what the two layers leave one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Conv, GeneralizedCost, Pooling
from neonlike.layers._conv_rectified import RectifiedConvolution
from neonlike.layers._forward_steps import forward_steps
from neonlike.layers._pointwise import Activation
from neonlike.models import Model
from neonlike.transforms import Rectlin, SumSquared, Tanh

MakeBackend = Callable[..., Any]
FILTERS = {"3x3": (3, 3, 20), "5x5": (5, 5, 20), "1x1": (1, 1, 20)}


class Halved(Activation):
    """A user's own activation layer."""

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        outputs = super().fprop(inputs, inference)
        outputs[:] = 0.5 * outputs
        return outputs


def network(
    be: Any, fshape: Any = (3, 3, 20), bias: Any = None, slope: float = 0.0, maps: int = 20
) -> tuple[Model, Any]:
    """A network of one convolution and pooling, and a batch for it."""
    init, pad = Gaussian(scale=0.3), fshape[0] // 2
    act = Rectlin(slope=slope)
    model = Model([Conv(fshape, init, bias=bias, padding=pad, activation=act), Pooling(2)])
    model.initialize((maps, 8, 8), GeneralizedCost(SumSquared()))
    x = be.array(np.random.RandomState(1).standard_normal((maps * 64, be.bsz)))
    return model, x


def one_by_one(model: Model, x: Any) -> Any:
    for layer in model.layers.layers:
        x = layer.fprop(x)
    return x


def check(model: Model, x: Any) -> None:
    """Equal outputs and state, with nan where nan comes in."""
    layers = model.layers.layers
    expected = one_by_one(model, x).get()
    states = [layer.outputs.get() for layer in layers]
    for layer in layers:
        layer.outputs.fill(7)
    np.testing.assert_array_equal(model.fprop(x).get(), expected)
    for layer, state in zip(layers, states, strict=True):
        np.testing.assert_array_equal(layer.outputs.get(), state)
    assert layers[1].inputs is layers[0].outputs


@pytest.mark.parametrize("numerics", ["strict", "fast"])
@pytest.mark.parametrize("fshape", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("bias", [None, Constant(-0.2)], ids=["plain", "bias"])
def test_same_as_one_by_one(
    make_be: MakeBackend, numerics: str, fshape: Any, slope: float, bias: Any
) -> None:
    be = make_be(batch_size=20, numerics=numerics)
    model, x = network(be, fshape, bias, slope)
    check(model, x)
    assert isinstance(model.layers._forward_steps()[0], RectifiedConvolution)


def test_nan_stays_visible(make_be: MakeBackend) -> None:
    be = make_be(batch_size=16)
    model, x = network(be)
    x[0, 3] = np.nan
    check(model, x)
    assert np.isnan(model.fprop(x).get()[:, 3]).any()


def test_the_next_transform_counts(make_be: MakeBackend) -> None:
    be = make_be(batch_size=16)
    model, x = network(be, bias=Constant(0.1))
    model.fprop(x)
    model.layers.layers[1].transform = Tanh()
    check(model, x)
    assert (model.layers.layers[1].outputs.get() < 0).any()


def test_a_method_set_on_the_object_is_called(make_be: MakeBackend) -> None:
    be = make_be(batch_size=16)
    model, x = network(be)
    model.fprop(x)
    conv, calls = model.layers.layers[0], []
    plain = conv.fprop

    def fprop(inputs: Any, **options: Any) -> Any:
        calls.append(options)
        return plain(inputs, **options)

    conv.fprop = fprop
    check(model, x)
    assert calls


def test_other_layers_are_left_alone(make_be: MakeBackend) -> None:
    be = make_be(batch_size=16)
    model, x = network(be)
    conv, activation, pooling = model.layers.layers
    own = Halved(Rectlin())
    assert forward_steps([conv, own, pooling]) == [conv, own, pooling]
    assert forward_steps([activation, conv, pooling]) == [activation, conv, pooling]
    model.layers.layers[1] = own.configure(conv)
    np.testing.assert_array_equal(model.fprop(x).get(), one_by_one(model, x).get())
