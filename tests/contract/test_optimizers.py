"""Every optimizer keeps the same contract.

Rebuilt from its description it trains bit for bit the same, twice in one process; saved and
loaded it goes on as if it had not stopped; the mean gradient counts, not the batch size; steps
make no arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from short_training import ShortTraining

from neonlike.initializers import Gaussian
from neonlike.layers import Affine, Linear
from neonlike.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    GradientDescentMomentum,
    MultiOptimizer,
    RMSProp,
    ShiftAdaMax,
    StepSchedule,
)
from neonlike.optimizers import optimizer as optimizers
from neonlike.optimizers.optimizer import Optimizer
from neonlike.testing._memory import check_memory
from neonlike.transforms import Softmax, Tanh

INIT = Gaussian(scale=0.3)
CLIP: dict[str, Any] = {"gradient_clip_norm": 0.5, "gradient_clip_value": 0.2}
CASES: dict[str, Callable[[], Any]] = {
    "GradientDescentMomentum": lambda: GradientDescentMomentum(
        0.1, 0.9, wdecay=0.01, nesterov=True, schedule=StepSchedule([1], [0.05]), **CLIP
    ),
    "GradientDescentMomentum_plain": lambda: GradientDescentMomentum(0.1, 0.0),
    "RMSProp": lambda: RMSProp(learning_rate=0.01, **CLIP),
    "Adagrad": lambda: Adagrad(learning_rate=0.05, **CLIP),
    "Adadelta": lambda: Adadelta(decay=0.9),
    "Adam": lambda: Adam(learning_rate=0.01, **CLIP),
    "ShiftAdaMax": lambda: ShiftAdaMax(learning_rate=0.01),
    "MultiOptimizer": lambda: MultiOptimizer(
        {"default": Adam(), "Bias": GradientDescentMomentum(0.1, 0.9), "out": RMSProp()}
    ),
}
EXEMPT = {Optimizer: "a base: it has no rule"}


def train(be: Any, optimizer: Any, seed: int = 0) -> ShortTraining:
    """A small network with this optimizer."""
    be.rng_reset()
    layers = [
        Affine(6, INIT, bias=INIT, activation=Tanh()),
        Affine(3, INIT, activation=Softmax(), name="out"),
    ]
    training = ShortTraining(be, layers, (5,), seed)
    training.optimizer = optimizer
    return training


def assert_same(one: ShortTraining, two: ShortTraining) -> None:
    """Equal weights, bit for bit."""
    for a, b in zip(one.weights(), two.weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", list(CASES))
def test_twice_and_rebuilt(be: Any, name: str) -> None:
    first = CASES[name]()
    description = first.get_description()
    rebuilt = type(first).gen_class(description["config"])
    assert rebuilt.get_description() == description
    runs = [train(be, optimizer) for optimizer in (first, CASES[name](), rebuilt)]
    for run in runs:
        run.run(4)
    assert_same(runs[0], runs[1])
    assert_same(runs[0], runs[2])


@pytest.mark.parametrize("name", list(CASES))
def test_goes_on_after_loading(be: Any, name: str, tmp_path: Path) -> None:
    stopped = train(be, CASES[name]())
    stopped.run(3)
    stopped.model.save_params(str(tmp_path / "model.prm"))
    resumed = train(be, CASES[name]())
    resumed.model.load_params(str(tmp_path / "model.prm"))
    resumed.model.initialize((5,), resumed.cost)
    resumed.optimizer.load_train_state(stopped.optimizer.train_state())
    assert_same(stopped, resumed)
    assert stopped.run(3) == resumed.run(3)
    assert_same(stopped, resumed)


@pytest.mark.parametrize("name", list(CASES))
def test_batch_size_does_not_matter(make_be: Any, name: str) -> None:
    """A batch of which every sample occurs twice trains like the batch of the samples."""
    weights = []
    for copies in (1, 2):
        be = make_be(batch_size=4 * copies, datatype=np.float64)
        training = train(be, CASES[name]())
        rng = np.random.RandomState(0)
        x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 2, 1, 1]].T
        training.x.set(np.tile(x, copies))
        training.t.set(np.tile(t, copies))
        training.run(3)
        weights.append(training.weights())
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", list(CASES))
def test_steps_use_the_memory_they_have(be: Any, name: str) -> None:
    net = ShortTraining(be, [Affine(64, INIT, bias=INIT), Affine(3, INIT, name="out")], (256,))
    net.optimizer = CASES[name]()
    net.step()
    layers = net.model.layers_to_optimize
    assert isinstance(layers[0], Linear)
    check_memory(lambda: net.optimizer.optimize(layers, epoch=1))


def test_every_optimizer_is_in_the_table(be: Any) -> None:
    public = {getattr(optimizers, name) for name in optimizers.__all__}
    rules = {c for c in public if inspect.isclass(c) and issubclass(c, Optimizer)}
    assert rules - {type(make()) for make in CASES.values()} == set(EXEMPT)
