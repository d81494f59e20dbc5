"""Initializers against the original's draws; both random streams must stand where they stood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file

from neonlike import NervanaObject
from neonlike.initializers import Array, Constant, IdentityInit, SparseSpectral
from neonlike.initializers.initializer import Initializer
from neonlike.util.persist import load_class

CASES = case_names("training", "seeded/init_")


@pytest.mark.parametrize("case", CASES)
def test_golden(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    datatype = {"f32": np.float32, "f64": np.float64}[info["datatype"]]
    be = make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"], datatype=datatype)
    np.random.seed(info["np_random_seed"])
    initializer = build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)
    for i, shape in enumerate(info["shapes"]):
        param = be.empty(tuple(shape))
        initializer.fill(param)
        compare = (
            same_up_to_signs if "Orthonormal" in info["class"] else np.testing.assert_array_equal
        )
        compare(param.get(), gold[f"fill_{i}"][()])
    np.testing.assert_array_equal(be.rng.uniform(size=3), gold["next_backend_rand"])
    np.testing.assert_array_equal(np.random.uniform(size=3), gold["next_global_rand"])


def same_up_to_signs(actual: np.ndarray, desired: np.ndarray) -> None:
    axis = 0 if actual.shape[0] >= actual.shape[1] else 1
    sign = np.sign(np.sum(actual * desired, axis=axis, keepdims=True))
    np.testing.assert_allclose(actual, sign * desired, atol=1e-6)


def test_given_values(be: Any) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for val in (values, be.array(values)):
        param = be.empty((2, 3))
        Array(val).fill(param)
        np.testing.assert_array_equal(param.get(), values)
    column = be.empty((3, 1))
    Array(np.array([1.0, 2.0, 3.0])).fill(column)
    np.testing.assert_array_equal(column.get(), [[1], [2], [3]])


def test_given_values_that_do_not_fit(be: Any) -> None:
    with pytest.raises(AssertionError, match=r"\(2, 3\).*\(3, 2\)"):
        Constant(be.ones((2, 3))).fill(be.empty((3, 2)))
    with pytest.raises(AssertionError):
        Array(np.ones(5)).fill(be.empty((3, 2)))
    with pytest.raises(ValueError, match="columns"):
        IdentityInit().fill(be.empty((3, 2)))


@pytest.mark.parametrize("tensor", [False, True])
def test_array_is_described_as_ndarray(be: Any, tensor: bool) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    description = Array(be.array(values) if tensor else values).get_description()
    assert isinstance(description["config"]["val"], np.ndarray)
    rebuilt = load_class(description["type"]).gen_class(description["config"])
    param = be.empty((2, 3))
    rebuilt.fill(param)
    np.testing.assert_array_equal(param.get(), values)


def test_base_class_fills_nothing(be: Any) -> None:
    assert issubclass(Initializer, NervanaObject)
    with pytest.raises(NotImplementedError):
        Initializer().fill(be.empty((1, 1)))


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (6, 6)])
def test_sparse_spectral(make_be: Any, shape: tuple[int, int]) -> None:
    """As many values per row as asked for, and the largest singular value."""
    be = make_be(datatype=np.float64)
    param = be.empty(shape)
    SparseSpectral(nonzero=8, scale=1.5).fill(param)
    np.testing.assert_array_equal((param.get() != 0).sum(axis=1), min(8, shape[1]))
    assert np.linalg.norm(param.get(), 2) == pytest.approx(1.5)
    sums = np.abs(param.get()).sum(axis=1)
    np.testing.assert_allclose(sums, sums[0])  # rows are normalized alike
