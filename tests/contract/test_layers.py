"""Every layer class keeps the contract of layers: ``neonlike.testing.check_layer``."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from layer_cases import CASES, EXEMPT, skip_thought, words

import neonlike.layers as nl
import neonlike.layers.container
import neonlike.layers.layer
import neonlike.layers.recurrent
from neonlike.layers import RoiPooling, SkipNode
from neonlike.layers.container import flatten
from neonlike.testing import check_layer
from neonlike.testing._bench import Bench


@pytest.mark.parametrize("name", list(CASES))
def test_contract(be: Any, name: str) -> None:
    make, in_shape, options = CASES[name]
    # the reference kernels are plain NumPy expressions
    options = {"temporaries": be.kernels.__name__.endswith("reference"), **options}
    check_layer(make(), in_shape, **options)


@pytest.mark.parametrize("name", list(CASES))
def test_text_before_the_shapes_are_known(be: Any, name: str) -> None:
    layer = CASES[name][0]()
    for part in flatten([layer]):
        assert str(part).strip()
        assert repr(part) == f"<{type(part).__name__} {part.name!r}>"


def test_every_public_class_is_in_the_table_or_exempt() -> None:
    """A new layer has to come into the table."""
    modules = (nl, neonlike.layers.layer, neonlike.layers.container, neonlike.layers.recurrent)
    public = {
        item
        for module in modules
        for item in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(item)
    }
    tested = {name.partition("_")[0] for name in CASES} | set(CASES)
    missing = {item.__name__ for item in public - set(EXEMPT)} - tested
    assert not missing
    assert not tested & {item.__name__ for item in EXEMPT}


def test_skip_thought_ties_gradients(make_be: Any) -> None:
    """Tied layers get the mean of their gradients: the slope of moving them together."""
    be = make_be(batch_size=3, datatype=np.float64)
    bench = Bench(skip_thought(), [(4, 1), (3, 1), (3, 1)], first=True)
    net = bench.net
    net.embed_p.W[:] = net.embed_s.W
    net.embed_n.W[:] = net.embed_s.W
    rng = np.random.RandomState(0)
    x = words(bench.net.in_shape, be.bsz, rng)
    outputs = bench.fprop(x)
    targets = [np.eye(5)[rng.randint(0, 5, y.shape[1])].T for y in outputs]
    # the derivative of a softmax is that of its cost
    bench.bprop([y - t for y, t in zip(outputs, targets, strict=True)])

    def cost(tied: list[Any], weights: np.ndarray, step: float) -> float:
        moved = weights.copy()
        moved[-1, 0] += step
        for layer in tied:
            layer.W.set(moved)
        return -sum(np.sum(t * np.log(y)) for y, t in zip(bench.fprop(x), targets, strict=True))

    for tied in ([net.embed_s, net.embed_p, net.embed_n], [net.affine_p[0], net.affine_n[0]]):
        weights, gradient = tied[0].W.get(), tied[0].dW.get()
        slope = (cost(tied, weights, 1e-6) - cost(tied, weights, -1e-6)) / 2e-6
        cost(tied, weights, 0.0)
        np.testing.assert_allclose(len(tied) * gradient[-1, 0], slope, rtol=1e-5)
        for layer in tied:
            np.testing.assert_array_equal(layer.dW.get(), gradient)


def test_roi_pooling(make_be: Any) -> None:
    """Gradient of the feature map, description, repetition."""
    be = make_be(batch_size=1, datatype=np.float64)
    description = RoiPooling(HW=(2, 3), spatial_scale=0.5).get_description()
    layer = RoiPooling.gen_class(description["config"])
    assert layer.get_description() == description
    features, regions = SkipNode(), SkipNode()
    features.out_shape, regions.out_shape = (2, 5, 6), (5, 3)
    layer.configure([features, regions])
    layer.allocate()
    layer.set_deltas(None)
    rng = np.random.RandomState(0)
    picture = be.array(rng.permutation(60).reshape(60, 1))
    places = be.array([[0, 0, 0], [0, 2, 1], [0, 1, 3], [11, 9, 5], [9, 7, 9]])
    error = be.array(rng.standard_normal((12, 3)))
    outputs = layer.fprop([picture, places]).get()
    gradient = layer.bprop(error).get()
    np.testing.assert_array_equal(layer.fprop([picture, places]).get(), outputs)
    values, slopes = picture.get(), np.zeros(60)
    for place in range(60):
        for step in (0.25, -0.25):  # pixels differ by 1: the maxima stay where they are
            moved = values.copy()
            moved[place] += step
            picture.set(moved)
            change = np.sum(layer.fprop([picture, places]).get() * error.get())
            slopes[place] += change / (2 * step)
    np.testing.assert_allclose(gradient.reshape(60), slopes, atol=1e-9)
