"""Convolution, batch norm and Rectlin in one step leave what the layers leave one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Gaussian
from neonlike.layers import Affine, BatchNorm, Conv, Convolution, GeneralizedCost
from neonlike.layers._forward_steps import forward_steps
from neonlike.layers._norm_rectified import NormalizationStep
from neonlike.layers._pointwise import Activation
from neonlike.models import Model
from neonlike.transforms import Rectlin, SumSquared, Tanh

MakeBackend = Callable[..., Any]
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "rectlin": Rectlin,
    "leaky": lambda: Rectlin(slope=0.25),
    "tanh": Tanh,
    "none": lambda: None,
}


class OwnNorm(BatchNorm):
    """A user's own batch norm."""

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        return super().fprop(inputs, inference, beta)


def network(be: Any, activation: Any) -> tuple[Model, Any]:
    """Conv, batch norm, activation; then the same with a dense layer; and a batch."""
    init = Gaussian(scale=0.3)
    options: dict[str, Any] = {"batch_norm": True, "activation": activation}
    layers = [Conv((3, 3, 20), init, padding=1, **options), Affine(7, init, **options)]
    model = Model(layers)
    model.initialize((20, 6, 6), GeneralizedCost(SumSquared()))
    return model, be.array(np.random.RandomState(1).standard_normal((20 * 36, be.bsz)))


def steps(model: Model) -> list[NormalizationStep]:
    return [s for s in model.layers._forward_steps() if isinstance(s, NormalizationStep)]


def one_by_one(model: Model, x: Any, inference: bool) -> Any:
    for layer in model.layers.layers:
        x = layer.fprop(x, inference=inference)
    return x


def results(model: Model, x: Any, inference: bool, joined: bool) -> list[np.ndarray]:
    """Outputs, statistics and gradients after a training step and another pass."""
    model.bprop(model.fprop(x))  # running values for inference
    outputs = model.fprop(x, inference) if joined else one_by_one(model, x, inference)
    kept = [layer.outputs.get() for layer in model.layers.layers]
    for norm in model.layers.layers:
        if isinstance(norm, BatchNorm):
            kept += [norm.xvar.get(), norm.gmean.get(), norm.gvar.get()]
    if not inference:
        model.bprop(outputs)
        for layer in model.layers_to_optimize:
            pairs = layer.get_params()
            kept += [pair[0][1].get() for pair in (pairs if isinstance(pairs, list) else [pairs])]
    return kept


@pytest.mark.parametrize("inference", [False, True], ids=["training", "inference"])
@pytest.mark.parametrize("make", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_same_as_one_by_one(make_be: MakeBackend, make: Callable[[], Any], inference: bool) -> None:
    found = []
    for joined in (True, False):
        model, x = network(make_be(batch_size=20, rng_seed=5), make())
        assert len(steps(model)) == 1 + (make() is not None)
        found.append(results(model, x, inference, joined))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_binary_norm_and_nan(make_be: MakeBackend) -> None:
    be = make_be(batch_size=16)
    model, x = network(be, Rectlin())
    for layer in model.layers.layers:
        if isinstance(layer, BatchNorm):
            layer.binary = True
    expected = one_by_one(model, x, False).get()
    np.testing.assert_allclose(model.fprop(x).get(), expected, rtol=1e-5, atol=1e-5)
    x[0, 3] = np.nan
    model.fprop(x)
    assert np.isnan(model.layers.layers[2].outputs.get()).any()


def test_the_next_transform_counts(make_be: MakeBackend) -> None:
    model, x = network(make_be(batch_size=16), Rectlin())
    model.fprop(x)
    model.layers.layers[2].transform = Tanh()
    model.fprop(x)
    assert (model.layers.layers[2].outputs.get() < 0).any()


@pytest.mark.parametrize("number", [0, 1, 2], ids=["convolution", "norm", "activation"])
def test_a_method_set_on_the_object_is_called(make_be: MakeBackend, number: int) -> None:
    model, x = network(make_be(batch_size=16), Rectlin())
    layer, calls = model.layers.layers[number], []
    plain = layer.fprop

    def fprop(inputs: Any, **options: Any) -> Any:
        calls.append(options)
        return plain(inputs, **options)

    expected = model.fprop(x).get()
    layer.fprop = fprop
    np.testing.assert_allclose(model.fprop(x).get(), expected, rtol=1e-5, atol=1e-5)
    assert calls == [{"inference": False}]


def test_a_backend_method_of_ones_own_gets_neons_arguments(
    make_be: MakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    be = make_be(batch_size=16)
    model, x = network(be, Rectlin())
    expected = model.fprop(x).get()
    plain, calls = be.compound_fprop_bn, []

    def own(*args: Any, accumbeta: float = 0.0, binary: bool = False, inference: bool) -> None:
        calls.append(inference)
        plain(*args, accumbeta=accumbeta, binary=binary, inference=inference)

    monkeypatch.setattr(be, "compound_fprop_bn", own)
    np.testing.assert_allclose(model.fprop(x).get(), expected, rtol=1e-5, atol=1e-5)
    assert calls == [False, False]


def test_other_layers_are_left_alone(make_be: MakeBackend) -> None:
    make_be(batch_size=16)
    conv, norm, activation = Convolution((3, 3, 4)), BatchNorm(), Activation(Rectlin())
    own = OwnNorm()
    assert forward_steps([conv, own, activation]) == [conv, own, activation]
    assert forward_steps([norm, conv]) == [norm, conv]
    assert forward_steps([activation, norm]) == [activation, norm]
    joined = forward_steps([conv, norm, activation, activation])
    assert (joined[0].first, joined[0].norm, joined[1]) == (conv, norm, activation)
