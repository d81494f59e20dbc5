"""Batch normalisation on tensors: golden numbers, stale outputs, storage, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, case_info, case_names, golden_file

TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}
STATISTICS = ("xsum", "xvar", "gmean", "gvar")


@pytest.mark.parametrize("name", case_names("backend", "bn_"))
def test_bn(be: Any, name: str) -> None:
    info, group = case_info("backend", name), golden_file("backend")[name]
    before, after = arrays(group["before"]), arrays(group["after"])
    t = {key: be.array(value) for key, value in before.items()}
    columns = [t[key] for key in (*STATISTICS, "gamma", "beta")]
    for i in range(info["iters"]):
        if i and not info["compute_batch_sum"]:
            t["xsum"][:] = be.sum(t["x"], axis=1)
        be.compound_fprop_bn(
            t["x"],
            *columns,
            t["y"],
            info["eps"],
            info["rho"],
            info["compute_batch_sum"],
            accumbeta=info["accumbeta"],
            binary=info["binary"],
            inference=info["inference"],
        )
    for key, want in after.items():
        np.testing.assert_allclose(t[key].get(), want, **TOLERANCE, err_msg=key)
    if "delta" not in group:
        return
    delta = t["err"] if info["delta_aliases_error"] else be.empty(before["err"].shape)
    grad_gamma, grad_beta = be.empty(before["gamma"].shape), be.empty(before["gamma"].shape)
    be.compound_bprop_bn(
        delta,
        grad_gamma,
        grad_beta,
        t["err"],
        t["x"],
        t["xsum"],
        t["xvar"],
        t["gamma"],
        info["eps"],
        binary=info["binary"],
    )
    got = {"delta": delta, "grad_gamma": grad_gamma, "grad_beta": grad_beta}
    for key, tensor in got.items():
        np.testing.assert_allclose(tensor.get(), group[key][()], **TOLERANCE, err_msg=key)


def columns_of(be: Any, maps: int) -> list[Any]:
    """xsum, xvar, gmean, gvar, gamma, beta."""
    zeros = [be.zeros((maps, 1), dtype=np.float32) for _ in range(4)]
    return [*zeros, be.ones((maps, 1), dtype=np.float32), be.zeros((maps, 1), dtype=np.float32)]


@pytest.mark.parametrize("inference", [False, True])
def test_accumbeta_0_overwrites(be: Any, inference: bool) -> None:
    y = be.empty((2, 4))
    y.fill(np.nan)
    x = be.array([[1, -1, 1, -1], [2, -2, 2, -2]])
    columns = columns_of(be, 2)
    columns[3].fill(1)
    be.compound_fprop_bn(x, *columns, y, 0.0, 0.9, True, inference=inference)
    assert y.get()[0].tolist() == [1, -1, 1, -1]


def test_float16_storage_with_float32_statistics(make_be: Any) -> None:
    be = make_be(datatype=np.float16)
    x = np.random.RandomState(0).standard_normal((3, 50)).astype(np.float16)
    columns, y = columns_of(be, 3), be.empty((3, 50))
    be.compound_fprop_bn(be.array(x), *columns, y, 1e-3, 0.9, True)
    wide = x.astype(np.float64)
    mean, var = wide.mean(axis=1, keepdims=True), wide.var(axis=1, keepdims=True)
    np.testing.assert_allclose(y.get(), (wide - mean) / np.sqrt(var + 1e-3), rtol=1e-2, atol=3e-2)
    np.testing.assert_allclose(columns[0].get(), mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(columns[1].get(), var, rtol=1e-5)


def test_refusal(be: Any) -> None:
    columns = columns_of(be, 2)
    x = be.ones((2, 4))
    with pytest.raises(AssertionError, match="compound_fprop_bn: y has shape"):
        be.compound_fprop_bn(x, *columns, be.ones((2, 3)), 1e-3, 0.9, True)
    columns[4] = be.ones((3, 1))
    with pytest.raises(AssertionError, match="gamma has shape"):
        be.compound_fprop_bn(x, *columns, be.ones((2, 4)), 1e-3, 0.9, True)
