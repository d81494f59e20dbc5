"""Activations against the original's numbers, and their derivatives against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file

from neonlike.transforms import Explin, Logistic, Rectlin, Rectlinclip, Tanh
from neonlike.transforms.transform import Transform

CASES = case_names("training", "activation/")


@pytest.mark.parametrize("case", CASES)
def test_golden(make_be: Any, case: str) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(batch_size=info["batch_size"])
    f = build({"class": info["class"], "kwargs": info["kwargs"]}, tuples=False)
    y, error = be.empty(gold["x"].shape), be.array(gold["error"][()])
    y[:] = f(be.array(gold["x"][()]))
    np.testing.assert_allclose(y.get(), gold["y"], rtol=1e-5, atol=1e-6)
    deltas = be.empty(y.shape)
    deltas[:] = f.bprop(y)
    np.testing.assert_allclose(deltas.get(), np.broadcast_to(gold["bprop"], y.shape), rtol=1e-5)
    deltas[:] = f.bprop(y) * error
    np.testing.assert_allclose(deltas.get(), gold["deltas"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "f",
    [Rectlin, lambda: Rectlin(0.3), lambda: Rectlinclip(0.2, xcut=1.0), Explin, Tanh, Logistic],
)
def test_derivative_is_slope(make_be: Any, f: Any) -> None:
    be = make_be(datatype=np.float64)
    x = np.linspace(-2.03, 2.01, 24).reshape(6, 4)
    f, eps = f(), 1e-6
    ys = [be.array(x), be.array(x + eps), be.array(x - eps)]
    for y in ys:
        y[:] = f(y)
    slope = be.empty((6, 4))
    slope[:] = f.bprop(ys[0])
    difference = (ys[1].get() - ys[2].get()) / (2 * eps)
    np.testing.assert_allclose(slope.get(), difference, atol=1e-8)


def test_shortcut_can_be_switched(be: Any) -> None:
    f = Logistic(shortcut=True)
    assert f.bprop(be.ones((2, 4))) == 1
    f.set_shortcut(False)
    y = be.empty((2, 4))
    y[:] = f.bprop(be.ones((2, 4)) * 0.5)
    np.testing.assert_array_equal(y.get(), 0.25)


def test_user_transform_with_functions(be: Any) -> None:
    class Cube(Transform):
        def __init__(self, name: str | None = None) -> None:
            super().__init__(name)
            self.func = lambda x: x * x * x
            self.funcgrad = lambda y: 3.0 * y ** (2.0 / 3.0)

    y = be.empty((1, 4))
    y[:] = Cube()(be.ones((1, 4)) * 2.0)
    np.testing.assert_allclose(y.get(), 8.0)
    y[:] = Cube().bprop(y)
    np.testing.assert_allclose(y.get(), 12.0, rtol=1e-6)
