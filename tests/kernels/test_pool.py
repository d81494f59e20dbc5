"""Pooling of the Numba set against the reference set, and the reference set against windows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neonlike.backends._buffers import aligned_zeros
from neonlike.kernels.numba import _conv_direct, _threads
from neonlike.kernels.numba import pool as fast
from neonlike.kernels.reference import pool as reference

fast_streams = fast.streams
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 1e-5}, np.float64: {"rtol": 1e-12, "atol": 1e-12}}


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = _threads.get_num_threads()
    if request.param > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("the machine has one core")
    monkeypatch.setattr(fast, "_PARALLEL_WORK", 0)
    _threads.set_num_threads(request.param)
    yield
    _threads.set_num_threads(before)


@st.composite
def geometries(draw: Any) -> dict[str, Any]:
    """Sizes, windows, paddings and strides in which every window meets the image."""
    axes = []
    for biggest in (4, 2, 5, 7):
        size = draw(st.integers(1, biggest))
        window = draw(st.integers(1, 3))
        pad = draw(st.integers(0, min(window - 1, size)))
        stride = draw(st.integers(1, 3))
        outputs = max(1, (size + 2 * pad - window) // stride + 1)
        while (outputs - 1) * stride - pad >= size:
            outputs -= 1
        axes.append((size, window, pad, stride, outputs))
    sizes, window, pad, stride, outputs = zip(*axes, strict=True)
    batch = draw(st.sampled_from([1, 3, 8, 16, 19, 35]))
    return {
        "inputs": (*sizes, batch),
        "outputs": (*outputs, batch),
        "geometry": (window, pad, stride),
        "dtype": draw(st.sampled_from([np.float32, np.float64])),
        "seed": draw(st.integers(0, 99)),
    }


def integers(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray:
    """Few different values, so that windows have ties."""
    return np.random.default_rng(seed).integers(-5, 0, shape).astype(dtype)


@pytest.mark.usefixtures("threads")
@settings(max_examples=40, deadline=None)
@given(case=geometries(), beta=st.sampled_from([0.0, -0.5]))
def test_max(case: dict[str, Any], beta: float) -> None:
    x = integers(case["inputs"], case["dtype"], case["seed"])
    old = np.full(case["outputs"], 3 if beta else np.nan, case["dtype"])
    old_delta = np.full_like(x, 2 if beta else np.nan)
    results = []
    for kernels in (fast, reference):
        out, argmax, delta = old.copy(), np.empty(old.shape, np.uint8), old_delta.copy()
        kernels.fprop_max(x, out, argmax, *case["geometry"], beta)
        kernels.bprop_max(out, argmax, delta, *case["geometry"], beta)
        results.append((out, argmax, delta))
    for got, want in zip(*results, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [16, 48, 600])  # 600: two windows of a line at a time
@pytest.mark.parametrize(("width", "window"), [(12, 2), (13, 2), (12, 3), (13, 3), (3, 3)])
def test_max_of_the_usual_windows(
    width: int, window: int, batch: int, dtype: Any, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of deltas are written at once, past the caches if they are many."""
    monkeypatch.setattr(fast, "streams", lambda out: stream and fast_streams(out))
    monkeypatch.setattr(_conv_direct, "STREAM_BYTES", 0)
    geometry = (1, 1, window, window), (0,) * 4, (1, 1, 2, 2)
    x = integers((3, 1, 9, width, batch), dtype, 0)
    out = np.empty((3, 1, (9 - window) // 2 + 1, (width - window) // 2 + 1, batch), dtype)
    argmax, want = np.empty(out.shape, np.uint8), np.empty_like(x)
    reference.fprop_max(x, out, argmax, *geometry, 0.0)
    reference.bprop_max(out, argmax, want, *geometry, 0.0)
    got = aligned_zeros(x.shape, dtype)
    got[:] = np.nan
    fast.bprop_max(out, argmax, got, *geometry, 0.0)
    np.testing.assert_array_equal(got, want)


@pytest.mark.usefixtures("threads")
@settings(max_examples=40, deadline=None)
@given(case=geometries(), beta=st.sampled_from([0.0, -0.5]), op=st.sampled_from(["avg", "l2"]))
def test_avg_and_l2(case: dict[str, Any], beta: float, op: str) -> None:
    x = np.random.default_rng(case["seed"]).standard_normal(case["inputs"]).astype(case["dtype"])
    old = np.full(case["outputs"], 3 if beta else np.nan, case["dtype"])
    old_delta = np.full_like(x, 2 if beta else np.nan)
    results = []
    for kernels in (fast, reference):
        out, delta = old.copy(), old_delta.copy()
        getattr(kernels, f"fprop_{op}")(x, out, *case["geometry"], beta)
        kernels.bprop_avg(out, delta, *case["geometry"], beta)
        results.append((out, delta))
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, **TOLERANCE[case["dtype"]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
@pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])
def test_argmax_of_wide_windows(kernels: Any, dtype: Any) -> None:
    window = (1, 1, 17, 15) if dtype is np.uint8 else (1, 1, 20, 30)
    x = np.random.default_rng(0).permutation(math.prod(window) * 20).astype(np.float32)
    x = x.reshape(*window, 20)
    out, argmax = np.empty((1, 1, 1, 1, 20), np.float32), np.empty((1, 1, 1, 1, 20), dtype)
    kernels.fprop_max(x, out, argmax, window, (0,) * 4, window, 0.0)
    flat = x.reshape(-1, 20)
    np.testing.assert_array_equal(out.ravel(), flat.max(axis=0))
    np.testing.assert_array_equal(argmax.ravel(), flat.argmax(axis=0))
    delta = np.empty_like(x)
    kernels.bprop_max(out, argmax, delta, window, (0,) * 4, window, 0.0)
    np.testing.assert_array_equal(delta, np.where(x == out, out, 0))


@pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])
def test_nan_wins(kernels: Any) -> None:
    x = np.zeros((1, 1, 1, 4, 20), np.float32)
    x[0, 0, 0, 1:3] = np.nan
    x[0, 0, 0, 3] = 1
    out, argmax = np.empty((1, 1, 1, 1, 20), np.float32), np.empty((1, 1, 1, 1, 20), np.uint8)
    kernels.fprop_max(x, out, argmax, (1, 1, 1, 4), (0,) * 4, (1,) * 4, 0.0)
    assert np.isnan(out).all()
    assert (argmax == 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("depth", "bpower"), [(1, 1.0), (3, 0.75), (5, 0.5), (9, 0.6)])
def test_lrn(dtype: Any, depth: int, bpower: float) -> None:
    rng = np.random.default_rng(1)
    x, err = (rng.standard_normal((6, 1, 11, 10, 20)).astype(dtype) for _ in range(2))
    results = []
    for kernels in (fast, reference):
        out, denom, delta = (np.full_like(x, np.nan) for _ in range(3))
        kernels.fprop_lrn(x, out, denom, depth, 0.3, bpower)
        kernels.bprop_lrn(x, out, err, delta, denom, depth, 0.3, bpower)
        results.append((out, denom, delta))
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, **TOLERANCE[dtype])


def test_lrn_gradient() -> None:
    rng = np.random.default_rng(2)
    x, err = rng.standard_normal((2, 5, 1, 1, 1, 2))
    out, denom, delta, unused = (np.empty_like(x) for _ in range(4))
    reference.fprop_lrn(x, out, denom, 3, 0.4, 0.75)
    reference.bprop_lrn(x, out, err, delta, denom, 3, 0.4, 0.75)
    step = 1e-6
    for place in np.ndindex(x.shape):
        sides = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * step
            reference.fprop_lrn(moved, out, unused, 3, 0.4, 0.75)
            sides.append((out * err).sum())
        assert delta[place] == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-7)
