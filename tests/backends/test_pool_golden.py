"""Pooling and response normalisation on tensors: golden numbers, wide windows, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

TOLERANCE = {"rtol": 2e-5, "atol": 1e-5}


def load(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return case_info("backend", name), arrays(golden_file("backend")[name])


@pytest.mark.parametrize("name", case_names("backend", "pool_"))
def test_pool(make_be: Any, name: str) -> None:
    info, data = load(name)
    be = make_be(compat_mode=info["compat_mode"])
    layer = be.pool_layer(np.float32, **info["layer"])
    assert layer.overlap == info["overlap"]
    for key, value in info["info"].items():
        want = tuple(value) if isinstance(value, list) else value
        assert getattr(layer, key) == want, key
    outputs = be.array(data["O_before"])
    argmax = be.empty(outputs.shape, dtype=np.uint8) if "argmax" in data else None
    be.fprop_pool(layer, be.array(data["I"]), outputs, argmax, **info["fprop"])
    np.testing.assert_allclose(outputs.get(), data["O_after"], **TOLERANCE)
    if argmax is not None:
        np.testing.assert_array_equal(argmax.get(), data["argmax"])
    error = be.array(data["E_before"])
    if layer.op == "l2":
        with pytest.raises(NotImplementedError, match="l2"):
            be.bprop_pool(layer, error, be.array(data["I"]), argmax)
        return
    delta = be.array(data["delta_before"])
    be.bprop_pool(layer, error, delta, argmax, **info["bprop"])
    np.testing.assert_allclose(delta.get(), data["delta_after"], **TOLERANCE)
    np.testing.assert_allclose(error.get(), data["E_after"], **TOLERANCE)


@pytest.mark.parametrize("name", case_names("backend", "lrn_"))
def test_lrn(be: Any, name: str) -> None:
    info, data = load(name)
    layer = be.lrn_layer(np.float32, **info["layer"])
    for key, value in info["info"].items():
        want = tuple(value) if isinstance(value, list) else value
        assert getattr(layer, key) == want, key
    x, error = be.array(data["I"]), be.array(data["E"])
    out, denom, delta = (be.empty(x.shape) for _ in range(3))
    powers = {"ascale": info["ascale"], "bpower": info["bpower"]}
    be.fprop_lrn(layer, x, out, denom, **powers)
    be.bprop_lrn(layer, x, out, error, delta, denom, **powers)
    for got, key in ((out, "O"), (denom, "denom"), (delta, "delta")):
        np.testing.assert_allclose(got.get(), data[key], **TOLERANCE)


@pytest.mark.parametrize("op", ["max", "avg"])
def test_beta_0_overwrites(be: Any, op: str) -> None:
    layer = be.pool_layer(np.float32, op, 2, 1, H=4, W=4, R=2, S=2)
    x, out, delta = be.ones(layer.dimI2), be.empty(layer.dimO2), be.empty(layer.dimI2)
    argmax = be.empty(layer.dimO2, dtype=np.uint8)
    out.fill(np.nan)
    delta.fill(np.nan)
    be.fprop_pool(layer, x, out, argmax)
    be.bprop_pool(layer, out, delta, argmax)
    np.testing.assert_array_equal(out.get(), 1)
    assert delta.get().sum() == out.size


def test_window_of_more_than_256_elements(be: Any) -> None:
    """neon's uint8 argmax wrapped; a wide dtype is right, a narrow one is refused."""
    layer = be.pool_layer(np.float32, "max", 2, 1, H=20, W=30, R=20, S=30)
    x = np.random.RandomState(0).permutation(1200).reshape(600, 2).astype(np.float32)
    out, delta = be.empty((1, 2)), be.empty(x.shape)
    argmax = be.empty((1, 2), dtype=np.int32)
    be.fprop_pool(layer, be.array(x), out, argmax)
    be.bprop_pool(layer, out, delta, argmax)
    np.testing.assert_array_equal(argmax.get(), x.argmax(axis=0)[None])
    np.testing.assert_array_equal(delta.get(), np.where(x == x.max(axis=0), x, 0))
    with pytest.raises(AssertionError, match="uint8 cannot number the 600 elements.*uint16"):
        be.fprop_pool(layer, be.array(x), out, be.empty((1, 2), dtype=np.uint8))


def test_float16_storage(make_be: Any) -> None:
    be = make_be(datatype=np.float16)
    layer = be.pool_layer(np.float16, "max", 2, 1, H=2, W=2, R=2, S=2)
    x = be.array([[1, 8], [2, 7], [3, 6], [4, 5]])
    out, delta, argmax = be.empty((1, 2)), be.empty((4, 2)), be.empty((1, 2), dtype=np.uint8)
    be.fprop_pool(layer, x, out, argmax)
    be.bprop_pool(layer, out, delta, argmax)
    assert out.get().tolist() == [[4, 8]]
    assert delta.get().tolist() == [[0, 8], [0, 0], [0, 0], [4, 0]]


def test_non_contiguous_tensors(be: Any) -> None:
    layer = be.pool_layer(np.float32, "avg", 2, 1, H=2, W=2, R=2, S=2)
    wide_in, wide_out = be.ones((4, 4)), be.zeros((1, 4))
    be.fprop_pool(layer, wide_in[:, ::2], wide_out[:, ::2])
    assert wide_out.get().tolist() == [[1, 0, 1, 0]]


def test_refusals(be: Any) -> None:
    layer = be.pool_layer(np.float32, "max", 2, 1, H=4, W=4, R=2, S=2)
    x, out = be.ones(layer.dimI2), be.ones(layer.dimO2)
    with pytest.raises(AssertionError, match="needs argmax"):
        be.fprop_pool(layer, x, out)
    with pytest.raises(AssertionError, match="float32 cannot number"):
        be.fprop_pool(layer, x, out, be.empty(layer.dimO2))
    with pytest.raises(AssertionError, match="fprop_pool: I has shape"):
        be.fprop_pool(layer, out, out, be.empty(layer.dimO2, dtype=np.uint8))
    with pytest.raises(AssertionError, match="Only support odd LRN window size"):
        be.lrn_layer(np.float32, 2, 3, J=2)
    with pytest.raises(ValueError, match="Padding dim 2 incompatible with filter size 2"):
        be.pool_layer(np.float32, "max", 2, 1, H=4, W=4, R=2, S=2, pad_h=2)
