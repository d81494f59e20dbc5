"""Matrix products on tensors: golden numbers, repaired quirks, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

TOLERANCE = {"rtol": 2e-5, "atol": 1e-5}
PLAIN = [
    name
    for name in case_names("backend", "compound_dot_")
    if case_info("backend", name)["kind"] == "compound_dot" and "alpha_is_ignored" not in name
]


def load(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return case_info("backend", name), arrays(golden_file("backend")[name])


def rectify(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


@pytest.mark.parametrize("name", PLAIN)
def test_compound_dot(be: Any, name: str) -> None:
    info, data = load(name)
    a, b = (
        be.array(data[key]).T if info[f"trans{key}"] else be.array(data[key]) for key in ("A", "B")
    )
    c, bsum = be.array(data["C_in"]), be.empty((data["C_in"].shape[0], 1))
    assert be.compound_dot(a, b, c, bsum=bsum, **info["kwargs"]) is c
    np.testing.assert_allclose(c.get(), data["C_out"], **TOLERANCE)
    if "bsum" in data:
        np.testing.assert_allclose(bsum.get(), data["bsum"], rtol=2e-5, atol=5e-5)


@pytest.mark.parametrize("name", case_names("backend", "compound_dot_slice_out"))
def test_compound_dot_into_a_slice(be: Any, name: str) -> None:
    info, data = load(name)
    assert info["view"] == "[:, 2:4]"
    c = be.array(data["C_in"])
    be.compound_dot(be.array(data["A"]), be.array(data["B"]), c[:, 2:4], **info["kwargs"])
    np.testing.assert_allclose(c.get(), data["C_out"], **TOLERANCE)


def test_alpha_counts_when_beta_is_0(be: Any) -> None:
    """neon ignored it (design section 4, Q2); the golden case keeps the rest."""
    info, data = load("compound_dot_alpha_is_ignored_when_beta_is_0")
    a, b = data["A"].astype(np.float64), data["B"].astype(np.float64)
    c = be.array(data["C_in"])
    be.compound_dot(be.array(data["A"]), be.array(data["B"]), c, **info["kwargs"])
    np.testing.assert_allclose(c.get(), info["kwargs"]["alpha"] * (a @ b), **TOLERANCE)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("beta", [0.0, -0.5])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_compound_dot_formula(make_be: Any, dtype: Any, beta: float, relu: bool) -> None:
    be = make_be(datatype=dtype)
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(shape).astype(dtype) for shape in ((3, 9), (9, 5), (3, 5)))
    product = 2 * a.astype(np.float64) @ b.astype(np.float64)
    want = (rectify(product) if relu else product) + beta * c.astype(np.float64)
    target, bsum = be.array(c), be.empty((3, 1))
    if not beta:
        target.fill(np.nan)
    be.compound_dot(be.array(a), be.array(b), target, 2.0, beta, relu, bsum)
    tolerance = {"rtol": 1e-2, "atol": 3e-2} if dtype is np.float16 else TOLERANCE
    np.testing.assert_allclose(target.get(), want, **tolerance)
    np.testing.assert_allclose(bsum.get(), want.sum(axis=1, keepdims=True), **tolerance)


def test_transposed_and_sliced_operands(be: Any) -> None:
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal(s).astype(np.float32) for s in ((8, 6), (5, 8), (10, 3)))
    target = be.array(c)
    be.compound_dot(be.array(a).T[1:4], be.array(b).T, target[::2].T)
    np.testing.assert_allclose(target.get()[::2].T, a.T[1:4] @ b.T, **TOLERANCE)
    np.testing.assert_array_equal(target.get()[1::2], c[1::2])


def test_xnor_compound_dot(be: Any) -> None:
    _, data = load("xnor_compound_dot")
    c, bsum = be.empty(data["C_out"].shape), be.empty(data["bsum"].shape)
    c.fill(np.nan)
    a, b = be.array(data["A"]), be.array(data["B"])
    assert be.xnor_compound_dot(a, b, c, beta=1.0, bsum=bsum) is c
    np.testing.assert_allclose(c.get(), data["C_out"], **TOLERANCE)
    np.testing.assert_allclose(bsum.get(), data["bsum"], rtol=2e-5, atol=5e-5)


@pytest.mark.parametrize("name", case_names("backend", "batched_dot_"))
def test_batched_dot(be: Any, name: str) -> None:
    info, data = load(name)
    tensors = {key: be.array(data[key]) for key in "WIE"}
    a, b = (
        tensors[key[0]].T if key.endswith(".T") else tensors[key] for key in (info["A"], info["B"])
    )
    c = be.array(data["C_in"])
    assert be.batched_dot(a, b, c, **info["kwargs"]) is c
    np.testing.assert_allclose(c.get(), data["C_out"], **TOLERANCE)


def test_batched_dot_with_beta_0_overwrites(be: Any) -> None:
    a, b, c = be.ones((2, 3)), be.ones((4, 3, 5)), be.empty((4, 2, 5))
    c.fill(np.nan)
    be.batched_dot(a, b, c)
    np.testing.assert_array_equal(c.get(), 3)


def test_fc_bias(be: Any) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    inputs, sums = be.array(x), be.empty((2, 1))
    be.add_fc_bias(inputs, be.array([[10], [20]]))
    np.testing.assert_array_equal(inputs.get(), x + [[10], [20]])
    be.update_fc_bias(be.array(x), sums)
    np.testing.assert_array_equal(sums.get(), [[3], [12]])


@pytest.mark.parametrize("call", ["compound_dot", "xnor_compound_dot"])
def test_refusals(be: Any, call: str) -> None:
    dot = getattr(be, call)
    a, b, c = be.ones((2, 3)), be.ones((3, 4)), be.ones((2, 4))
    with pytest.raises(AssertionError, match=r"A \(2, 3\) times B \(2, 4\)"):
        dot(a, c, c)
    with pytest.raises(AssertionError, match=r"into C \(3, 4\)"):
        dot(a, b, be.ones((3, 4)))
    with pytest.raises(AssertionError, match="one dtype, got float32, float32 and float64"):
        dot(a, b, be.ones((2, 4), dtype=np.float64))
    with pytest.raises(AssertionError, match="A must be a tensor, got OpTreeNode"):
        dot(a + 1, b, c)
    with pytest.raises(AssertionError, match="2 axes"):
        dot(a, be.ones((3, 2, 2)), c)
    with pytest.raises(AssertionError, match=r"bsum must have shape \(2, 1\)"):
        dot(a, b, c, bsum=be.ones((1, 2)))


def test_batched_dot_refusals(be: Any) -> None:
    a, b, c = be.ones((2, 3)), be.ones((5, 3, 4)), be.ones((5, 2, 4))
    with pytest.raises(AssertionError, match="must have 3 dims"):
        be.batched_dot(a, be.ones((3, 4)), c)
    with pytest.raises(AssertionError, match="batched_dot multiplies"):
        be.batched_dot(b, a, c)
    with pytest.raises(AssertionError, match="stacks of different sizes"):
        be.batched_dot(a, b, be.ones((4, 2, 4)))
    with pytest.raises(AssertionError, match="does not fit"):
        be.batched_dot(a, c, c)
