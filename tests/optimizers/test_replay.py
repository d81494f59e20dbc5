"""Updates from memory: the same numbers as updates from op-trees, whatever changes in between."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neonlike.backends import _replay
from neonlike.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    ExpSchedule,
    GradientDescentMomentum,
    MultiOptimizer,
    RMSProp,
    ShiftAdaMax,
)
from neonlike.optimizers.optimizer import Optimizer

STEPS = 8
RULES: dict[str, Callable[[], Optimizer]] = {
    "momentum": lambda: GradientDescentMomentum(0.1, 0.9, wdecay=0.01),
    "nesterov": lambda: GradientDescentMomentum(0.1, 0.9, nesterov=True),
    "plain": lambda: GradientDescentMomentum(0.1, 0.0),
    "schedule": lambda: GradientDescentMomentum(0.1, 0.9, schedule=ExpSchedule(0.5)),
    "clipped": lambda: GradientDescentMomentum(0.1, 0.9, gradient_clip_norm=1.0),
    "rmsprop": lambda: RMSProp(gradient_clip_value=0.5, param_clip_value=2.0),
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamax": ShiftAdaMax,
    "multi": lambda: MultiOptimizer({"default": RMSProp(), "b": Adam()}),
}


class Layer:
    """A parameter with its gradient."""

    def __init__(self, be: Any, name: str, shape: tuple[int, int]) -> None:
        self.name = name
        self.param, self.grad = (
            be.array(np.random.RandomState(seed).uniform(-1, 1, shape)) for seed in range(2)
        )
        self.states: list[Any] = []

    def get_params(self) -> Any:
        return (self.param, self.grad), self.states


def layers_of(be: Any) -> list[Layer]:
    return [Layer(be, "a", (30, 20)), Layer(be, "b", (20, 1)), Layer(be, "c", (5, 7))]


def train(be: Any, rule: Optimizer, steps: int = STEPS) -> list[np.ndarray]:
    layers, rng = layers_of(be), np.random.RandomState(5)
    for step in range(steps):
        for layer in layers:
            layer.grad[:] = rng.uniform(-1, 1, layer.grad.shape)
        rule.optimize(layers, step // 3)
    return [layer.param.get() for layer in layers]


@pytest.mark.parametrize("name", RULES)
def test_same_as_op_trees(be: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = train(be, RULES[name]())
    monkeypatch.setattr(_replay, "record", lambda work: work())
    for got, want in zip(found, train(be, RULES[name]()), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.fixture
def compiling(be: Any) -> Any:
    """A backend with fused kernels."""
    if be.kernels.__name__.endswith("reference"):
        pytest.skip("nothing is compiled")
    return be


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with each update from memory."""
    runs: list[int] = []
    original = _replay.Replay.recall

    def recall(self: Any, *args: Any) -> Any:
        recorded = original(self, *args)
        if recorded is not None:
            runs.append(len(recorded.calls))
        return recorded

    monkeypatch.setattr(_replay.Replay, "recall", recall)
    return runs


def test_an_update_is_one_call_for_each_parameter(
    compiling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = counted(monkeypatch)
    train(compiling, GradientDescentMomentum(0.1, 0.9), steps=5)
    assert runs
    assert set(runs) == {3}


def test_changes_between_steps(compiling: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    be = compiling
    runs = counted(monkeypatch)
    rule, layers = GradientDescentMomentum(0.5, 0.0), layers_of(be)[:1]
    (layer,) = layers
    for _ in range(5):
        rule.optimize(layers, 0)
    assert runs
    rule.learning_rate = 0.25
    layer.param[:] = 1.0
    rule.optimize(layers, 0)
    np.testing.assert_allclose(layer.param.get(), 1 - 0.25 * layer.grad.get() / be.bsz, rtol=1e-6)
    layer.grad = be.ones(layer.grad.shape)
    layer.param[:] = 1.0
    rule.optimize(layers, 0)
    np.testing.assert_allclose(layer.param.get(), 1 - 0.25 / be.bsz, rtol=1e-6)


def test_a_rule_of_a_user_is_called_every_time(be: Any) -> None:
    class Counting(GradientDescentMomentum):
        calls = 0

        def _update(self, *args: Any) -> None:
            self.calls += 1
            super()._update(*args)

    rule = Counting(0.1, 0.9)
    train(be, rule)
    assert rule.calls == 3 * STEPS


def test_copies_start_anew(be: Any) -> None:
    rule = GradientDescentMomentum(0.1, 0.9)
    train(be, rule)
    train(be, copy.deepcopy(rule))
