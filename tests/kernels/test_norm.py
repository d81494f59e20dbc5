"""Batch normalisation of both kernel sets against the formulas in float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np
import pytest

from neonlike.kernels.numba import _threads
from neonlike.kernels.numba import norm as fast
from neonlike.kernels.reference import norm as reference

TOLERANCE = {np.float32: {"rtol": 1e-4, "atol": 2e-5}, np.float64: {"rtol": 1e-11, "atol": 1e-11}}
SETS = pytest.mark.parametrize("kernels", [fast, reference], ids=["numba", "reference"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SHAPES = pytest.mark.parametrize("shape", [(1, 1), (3, 5001), (7, 33), (9, 1025)])


@pytest.fixture(params=[1, 2], autouse=True)
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = _threads.get_num_threads()
    if request.param > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("the machine has one core")
    monkeypatch.setattr(fast, "_PARALLEL_WORK", 0)
    _threads.set_num_threads(request.param)
    yield
    _threads.set_num_threads(before)


def case(shape: tuple[int, int], dtype: Any) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    column = (shape[0], 1)
    return {
        "x": (rng.standard_normal(shape) * 2 + 3).astype(dtype),
        "err": rng.standard_normal(shape).astype(dtype),
        "out": rng.standard_normal(shape).astype(dtype),
        **{
            name: rng.uniform(0.5, 1.5, column).astype(dtype)
            for name in ("xsum", "xvar", "gmean", "gvar", "gamma", "beta")
        },
    }


def train(kernels: Any, a: dict[str, np.ndarray], *, given: bool = False, accum: float = 0) -> None:
    if given:
        a["xsum"][...] = a["x"].sum(axis=1, keepdims=True)
    names = ("x", "xsum", "xvar", "gmean", "gvar", "gamma", "beta", "out")
    kernels.fprop_train(*(a[n] for n in names), 1e-3, 0.9, not given, accum)


def back(kernels: Any, a: dict[str, np.ndarray], out: np.ndarray) -> tuple[np.ndarray, ...]:
    grads = np.empty_like(a["gamma"]), np.empty_like(a["gamma"])
    kernels.bprop(a["err"], a["x"], a["xsum"], a["xvar"], a["gamma"], out, *grads, 1e-3)
    return (out, *grads)


@SETS
@DTYPES
@SHAPES
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("accum", [0.0, -0.5])
def test_train(kernels: Any, dtype: Any, shape: Any, given: bool, accum: float) -> None:
    a = case(shape, dtype)
    wide = {name: value.astype(np.float64) for name, value in a.items()}
    if not accum:
        a["out"][...] = np.nan
    train(kernels, a, given=given, accum=accum)
    mean = wide["x"].mean(axis=1, keepdims=True)
    var = wide["x"].var(axis=1, keepdims=True)
    xhat = (wide["x"] - mean) / np.sqrt(var + 1e-3)
    want = {
        "out": xhat * wide["gamma"] + wide["beta"] + (accum * wide["out"] if accum else 0),
        "xsum": mean,
        "xvar": var,
        "gmean": 0.9 * wide["gmean"] + 0.1 * mean,
        "gvar": 0.9 * wide["gvar"] + 0.1 * var,
    }
    for name, value in want.items():
        np.testing.assert_allclose(a[name], value, **TOLERANCE[dtype], err_msg=name)


@SETS
@DTYPES
@SHAPES
@pytest.mark.parametrize("accum", [0.0, -0.5])
def test_inference(kernels: Any, dtype: Any, shape: Any, accum: float) -> None:
    a = case(shape, dtype)
    xhat = (a["x"] - a["gmean"]) / np.sqrt(a["gvar"] + 1e-3)
    want = xhat * a["gamma"] + a["beta"] + accum * a["out"]
    if not accum:
        a["out"][...] = np.nan
    names = ("x", "gmean", "gvar", "gamma", "beta", "out")
    kernels.fprop_inference(*(a[n] for n in names), 1e-3, accum)
    np.testing.assert_allclose(a["out"], want, **TOLERANCE[dtype])


@SETS
@DTYPES
@SHAPES
@pytest.mark.parametrize("in_place", [False, True])
def test_bprop(kernels: Any, dtype: Any, shape: Any, in_place: bool) -> None:
    a = case(shape, dtype)
    train(kernels, a)
    wide = {name: value.astype(np.float64) for name, value in a.items()}
    out, grad_gamma, grad_beta = back(kernels, a, a["err"] if in_place else a["out"])
    inv = 1 / np.sqrt(wide["xvar"] + 1e-3)
    xhat, err = (wide["x"] - wide["xsum"]) * inv, wide["err"]
    want_gamma, want_beta = (v.sum(axis=1, keepdims=True) for v in (xhat * err, err))
    want = (err - (xhat * want_gamma + want_beta) / shape[1]) * wide["gamma"] * inv
    tolerance = dict(TOLERANCE[dtype], atol=1e-3 if dtype is np.float32 else 1e-9)
    np.testing.assert_allclose(grad_gamma, want_gamma, **tolerance)
    np.testing.assert_allclose(grad_beta, want_beta, **tolerance)
    np.testing.assert_allclose(out, want, **TOLERANCE[dtype])


@SETS
def test_statistics_far_from_zero(kernels: Any) -> None:
    a = case((5, 40_000), np.float32)
    a["x"] += 1000
    train(kernels, a)
    wide = a["x"].astype(np.float64)
    np.testing.assert_allclose(a["xsum"][:, 0], wide.mean(axis=1), rtol=2e-7)
    np.testing.assert_allclose(a["xvar"][:, 0], wide.var(axis=1), rtol=2e-5)


@SETS
def test_nan_stays_in_its_feature(kernels: Any) -> None:
    a = case((4, 50), np.float32)
    a["x"][1, 7] = np.nan
    train(kernels, a)
    assert np.isnan(a["out"]).all(axis=1).tolist() == [False, True, False, False]


def test_binary_products_are_shifts() -> None:
    results = []
    for kernels in (fast, reference):
        a = case((3, 40), np.float32)
        names = ("x", "xsum", "xvar", "gmean", "gvar", "gamma", "beta", "out")
        kernels.fprop_train(*(a[n] for n in names), 1e-3, 0.9, True, 0.0, True)
        results.append(a)
    first, second = results
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
    d = first["x"] - first["xsum"]
    power = np.exp2(np.rint(np.log2(np.abs(d))))
    np.testing.assert_allclose(
        first["xvar"], (np.abs(d) * power).mean(axis=1, keepdims=True), rtol=1e-5
    )


@SETS
@DTYPES
@SHAPES
@pytest.mark.parametrize("accum", [0.0, -0.5])
@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("training", [True, False], ids=["train", "inference"])
def test_slope(
    kernels: Any, dtype: Any, shape: Any, accum: float, slope: float, training: bool
) -> None:
    found = []
    for numbers in ({}, {"slope": slope}):
        a = case(shape, dtype)
        a["beta"] -= 1  # so that about half of the results are negative
        columns = [a[n] for n in ("gmean", "gvar", "gamma", "beta", "out")]
        if training:
            statistics = a["xsum"], a["xvar"]
            kernels.fprop_train(a["x"], *statistics, *columns, 1e-3, 0.9, True, accum, **numbers)
        else:
            kernels.fprop_inference(a["x"], *columns, 1e-3, accum, **numbers)
        found.append(a["out"])
    plain, bent = found
    np.testing.assert_array_equal(bent, np.where(plain < 0, plain * dtype(slope), plain))
