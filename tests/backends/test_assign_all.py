"""Several assignments at once: the same bits as one after the other, in one kernel if possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neonlike.backends import gen_backend
from neonlike.backends._evaluator import HOT

SHAPES = {"x": (5, 37), "y": (5, 37), "z": (5, 37), "row": (1, 37), "col": (5, 1), "part": (5, 37)}
RUNS = HOT + 2


def tensors(be: Any, dtype: Any = np.float32) -> dict[str, Any]:
    """Tensors by name; ``part`` is another view of the memory of ``y``."""
    rng = np.random.RandomState(0)
    found = {n: be.array(rng.uniform(0.5, 1, s), dtype=dtype) for n, s in SHAPES.items()}
    return found | {"part": found["y"][:, :]}


def final(
    be: Any, work: list[tuple[str, str]], at_once: bool, dtype: Any = np.float32
) -> list[Any]:
    """All tensors after some runs of the assignments (target, expression)."""
    found = tensors(be, dtype)

    def value(expression: str) -> Any:
        return eval(expression, {"be": be, **found})

    for _ in range(RUNS):
        if at_once:
            be.assign_all(*((found[target], value(tree)) for target, tree in work))
        else:
            for target, tree in work:
                found[target][:] = value(tree)
    return [t.get() for t in found.values()]


def check(be: Any, work: list[tuple[str, str]], dtype: Any = np.float32) -> None:
    together, apart = (final(be, work, at_once, dtype) for at_once in (True, False))
    for got, want in zip(together, apart, strict=True):
        np.testing.assert_array_equal(got, want)


def operations(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
    names = ["tanh", "sig", "exp", "square", "rint", "sqrt", "absolute"]
    one = st.builds("be.tanh(be.{}(be.absolute({})))".format, st.sampled_from(names), inner)
    truth = st.builds("(1.0 * ({} > {}))".format, inner, inner)
    rare = st.builds("be.sum(y * {}, axis=1)".format, inner) | st.builds(
        "(x + {}).T.T".format, inner
    )
    return infix | one | truth | rare


TREES = st.recursive(st.sampled_from([*SHAPES, "0.5", "-1.5"]), operations, max_leaves=6).map(
    "(x + {}) * 0.5".format
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(work=st.lists(st.tuples(st.sampled_from("xyz"), TREES), min_size=2, max_size=4))
def test_random_assignments(work: list[tuple[str, str]]) -> None:
    check(gen_backend("cpu", batch_size=4), work)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "work",
    [
        [("x", "x * 0.9 - y * 0.1"), ("z", "z + x")],
        [("x", "x * 0.9"), ("x", "x + 1"), ("y", "x * 2")],  # one target twice
        [("y", "x * 2"), ("z", "part + y")],  # the second reads the first by another name
        [("x", "y + part"), ("part", "x * y"), ("z", "part * 2")],
        [("x", "row * 2"), ("z", "x + col")],  # broadcast along with the assignment
        [("x", "y * 2"), ("z", "y * 2")],
        [("x", "y > 0.7"), ("z", "x + x")],  # a truth value becomes a number
        [("x", "be.exp(row) * col"), ("row", "row * 0.5")],  # of another shape
        [("x", "y.T.T * 2"), ("y", "x.T.T * 2")],
        [("x", "be.sum(y, axis=0) + x"), ("y", "x * 0.5")],
        [("z", "x"), ("x", "0.25"), ("y", "x * z")],  # no trees
    ],
)
def test_same_bits_as_one_by_one(be: Any, work: list[tuple[str, str]], dtype: Any) -> None:
    check(be, work, dtype)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each run of a fused kernel."""
    from neonlike.kernels.numba import fused

    found: list[int] = []
    original = fused.Call.__call__

    def call(self: Any, *words: Any) -> None:
        found.append(len(words))
        original(self, *words)

    monkeypatch.setattr(fused.Call, "__call__", call)
    return found


def momentum(be: Any, p: Any, g: Any, v: Any) -> None:
    be.assign_all((v, v * 0.9 - g * 0.1), (p, p + v))


def rmsprop(be: Any, p: Any, g: Any, r: Any) -> None:
    mean = r * 0.9 + be.square(g) * 0.1
    be.assign_all((r, mean), (p, p - g * 0.1 / (be.sqrt(r + 1e-6) + 1e-6)))


@compiled_only
@pytest.mark.parametrize("rule", [momentum, rmsprop])
def test_an_update_is_one_kernel(rule: Callable[..., None], calls: list[int]) -> None:
    be = gen_backend("cpu", batch_size=4)
    found = tensors(be)
    for _ in range(HOT):
        rule(be, found["x"], found["y"], found["z"])
    calls.clear()
    rule(be, found["x"], found["y"], found["z"])
    assert len(calls) == 1
    rule(be, found["part"], found["y"], found["z"])  # overlaps now
    assert len(calls) == 3


def test_other_dtypes_are_stored_in_between(be: Any) -> None:
    half, x, out = be.ones((2, 3), dtype=np.float16), be.ones((2, 3)), be.empty((2, 3))
    for _ in range(RUNS):
        be.assign_all((half, x * (1 + 1e-4)), (out, half * 1.0))
        assert out.get().tolist() == [[1] * 3] * 2


def test_random_numbers_are_drawn_once_for_each_tree(be: Any) -> None:
    x, y, found = be.empty((2, 3)), be.empty((2, 3)), []
    for at_once in (False, True):
        be.rng_reset()
        for _ in range(RUNS):
            if at_once:
                be.assign_all((x, be.rand() + 0), (y, x + be.rand()))
            else:
                x[:] = be.rand() + 0
                y[:] = x + be.rand()
        found.append([x.get(), y.get()])
    np.testing.assert_array_equal(*found)


def test_onehot(be: Any) -> None:
    labels, x, y = be.array([[2, 0]], dtype=np.int32), be.empty((3, 2)), be.empty((3, 2))
    be.assign_all((x, be.onehot(labels, axis=0)), (y, x * 2))
    assert y.get().tolist() == [[0, 2], [0, 0], [2, 0]]


def test_errors_are_those_of_the_assignments(be: Any) -> None:
    x, small = be.ones((3, 4)), be.ones((2, 4))
    for _ in range(RUNS):
        with pytest.raises(ValueError, match="broadcast"):
            be.assign_all((x, x * 1), (small, x * 2))
        with pytest.raises(TypeError, match="Invalid type"):
            be.assign_all((x, x * 1), (small, "2"))
    be.assign_all()
    assert x.get().min() == 1
