"""Geometry objects: windows position by position, and the operations they offer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from neonlike.backends.layer_cpu import ceil_div

GEOMETRIES: dict[str, dict[str, int]] = {
    "plain": {"H": 5, "W": 4, "R": 3, "S": 2},
    "padded": {"H": 5, "W": 5, "R": 3, "S": 3, "pad_h": 1, "pad_w": 2, "str_w": 2},
    "dilated": {"H": 7, "W": 6, "R": 3, "S": 2, "dil_h": 2, "dil_w": 3, "pad_h": 2, "str_h": 2},
    "skipping": {"H": 7, "W": 7, "R": 2, "S": 1, "str_h": 3, "str_w": 4},
    "all_padding": {"H": 2, "W": 2, "R": 2, "S": 2, "pad_h": 3, "pad_w": 3},
    "volume": {"D": 4, "H": 3, "W": 3, "T": 2, "R": 2, "S": 2, "str_d": 2, "pad_d": 1},
}


def conv_layer(be: Any, name: str, c: int = 2, k: int = 3) -> Any:
    return be.conv_layer(np.float32, be.bsz, c, k, **GEOMETRIES[name])


def normal(be: Any, shape: Any, seed: int) -> Any:
    return be.array(np.random.RandomState(seed).standard_normal(shape).astype(np.float32))


def windows(layer: Any) -> Any:
    """(output position, filter slices, input slices) of every window with a part in the image."""
    for m, p, q in itertools.product(*map(range, layer.MPQ)):
        met = layer.mSlice[m], layer.pSlice[p], layer.qSlice[q]
        if all(length for _, _, length in met):
            yield (m, p, q), tuple(f for f, _, _ in met), tuple(x for _, x, _ in met)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_windows_make_the_convolution(be: Any, name: str) -> None:
    layer = conv_layer(be, name)
    x, w, out = normal(be, layer.dimI, 0), normal(be, layer.dimF, 1), be.empty(layer.dimO)
    be.fprop_conv(layer, x, w, out)
    expected = np.zeros(layer.dimO)
    for place, filters, inputs in windows(layer):
        f, part = w.get()[:, *filters], x.get()[:, *inputs]
        expected[:, *place] = np.einsum("ctrsk,ctrsn->kn", f, part)
    np.testing.assert_allclose(out.get(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_contacts_make_the_input_gradient(be: Any, name: str) -> None:
    layer = conv_layer(be, name)
    err, w, out = normal(be, layer.dimO, 0), normal(be, layer.dimF, 1), be.empty(layer.dimI)
    be.bprop_conv(layer, w, err, out)
    expected = np.zeros(layer.dimI)
    for d, h, x in itertools.product(*map(range, layer.DHW)):
        met = layer.dSlice[d], layer.hSlice[h], layer.wSlice[x]
        assert [length for _, _, length in met] == [len(f) for f, _, _ in met]
        filters, outputs = np.ix_(*(f for f, _, _ in met)), np.ix_(*(q for _, q, _ in met))
        f, e = w.get()[:, *filters], err.get()[:, *outputs]
        expected[:, d, h, x] = np.einsum("ctrsk,ktrsn->cn", f, e)
    np.testing.assert_allclose(out.get(), expected, rtol=1e-5, atol=1e-5)


def test_deconvolution_has_windows(be: Any) -> None:
    layer = be.deconv_layer(np.float32, be.bsz, 1, 2, 1, 3, 3, R=2, S=3, str_h=2)
    assert [len(s) for s in (layer.mSlice, layer.pSlice, layer.qSlice)] == [1, 3, 3]
    assert [len(s) for s in (layer.dSlice, layer.hSlice, layer.wSlice)] == [1, 6, 5]


@pytest.mark.parametrize("mode", [None, "caffe"])
def test_pooling_windows(make_be: Any, mode: str | None) -> None:
    be = make_be(compat_mode=mode)
    sizes = {"D": 2, "H": 6, "W": 5, "J": 2, "T": 2, "R": 3, "S": 2}
    layer = be.pool_layer(np.float32, "avg", be.bsz, 4, **sizes, pad_h=1, pad_w=1, str_h=2, str_w=2)
    x, out = normal(be, layer.dimI, 0), be.empty(layer.dimO)
    be.fprop_pool(layer, x, out)
    axes = (layer.kSlice, layer.mSlice, layer.pSlice, layer.qSlice)
    for place in itertools.product(*(range(len(axis)) for axis in axes)):
        met = [axis[i] for axis, i in zip(axes, place, strict=True)]
        part = x.get()[*(where for where, _ in met)]
        assert part.shape[:4] == tuple(length for _, length in met)
        np.testing.assert_allclose(out.get()[place], part.mean((0, 1, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("backward", [False, True])
def test_operations_of_a_geometry_are_the_backends(be: Any, backward: bool) -> None:
    layer = conv_layer(be, "padded")
    source = normal(be, layer.dimO if backward else layer.dimI, 0)
    w, shape = normal(be, layer.dimF, 1), layer.dimI if backward else layer.dimO
    bias, bsum = normal(be, (shape[0], 1), 2), [be.empty((shape[0], 1)) for _ in range(2)]
    direct, whole, parts = (be.empty(shape) for _ in range(3))
    options = {"relu": True, "slope": 0.1}
    if backward:
        be.bprop_conv(layer, w, source, direct, bias=bias, bsum=bsum[0], **options)
    else:
        be.fprop_conv(layer, source, w, direct, bias=bias, bsum=bsum[0], **options)
    layer.xprop_conv(source, w, whole, bias=bias, bsum=bsum[1], backward=backward, **options)
    np.testing.assert_array_equal(whole.get(), direct.get())
    np.testing.assert_array_equal(bsum[1].get(), bsum[0].get())

    layer.xprop_conv(source, w, parts, backward=backward)
    layer.compound_ops(parts, None, bias, bsum[1], True, False, 0.1)
    np.testing.assert_allclose(parts.get(), direct.get(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(bsum[1].get(), bsum[0].get(), rtol=1e-4, atol=1e-5)


def test_backward_rectifier_looks_at_another_tensor(be: Any) -> None:
    layer = conv_layer(be, "plain")
    at, out = normal(be, layer.dimO, 0), be.ones(layer.dimO)
    layer.compound_ops(out, at, None, None, False, True, 0.5)
    np.testing.assert_array_equal(out.get(), np.where(at.get() > 0, 1, 0.5))
    layer.compound_ops(out, None, None, None, False, False, 0.0)
    np.testing.assert_array_equal(out.get(), np.where(at.get() > 0, 1, 0.5))


def test_weight_gradient_of_a_geometry(be: Any) -> None:
    layer = conv_layer(be, "dilated")
    x, err = normal(be, layer.dimI, 0), normal(be, layer.dimO, 1)
    results = [(be.empty(layer.dimF), be.empty((layer.K, 1))) for _ in range(2)]
    be.update_conv(layer, x, err, results[0][0], 2.0, grad_bias=results[0][1])
    layer.update_conv(x, err, results[1][0], 2.0, grad_bias=results[1][1])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one.get(), two.get())


def test_ceil_div() -> None:
    assert [ceil_div(x, 3) for x in (-4, -3, 0, 1, 3, 4)] == [-1, -1, 0, 1, 1, 2]
