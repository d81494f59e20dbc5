"""Recurrent layers in every place of every container: trained, saved, loaded, used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Gaussian
from neonlike.layers import (
    GRU,
    LSTM,
    BiBNRNN,
    BiLSTM,
    BiRNN,
    BranchNode,
    DeepBiLSTM,
    DeepBiRNN,
    Linear,
    MergeBroadcast,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    RecurrentSum,
    Sequential,
    Tree,
)
from neonlike.layers.container import flatten
from neonlike.layers.recurrent import BiSum
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.testing import check_gradient
from neonlike.transforms import Logistic, Tanh

INIT = Gaussian(scale=0.5)
RNN: dict[str, Any] = {"init": INIT, "activation": Tanh(), "reset_cells": True}
GATED: dict[str, Any] = {**RNN, "gate_activation": Logistic()}
IN_SHAPE = (4, 3)
BATCH = 2

LAYERS: dict[str, Callable[[], Any]] = {
    "Recurrent": lambda: Recurrent(2, **RNN),
    "LSTM": lambda: LSTM(2, **GATED),
    "GRU": lambda: GRU(2, **GATED),
    "BiRNN": lambda: BiRNN(2, **RNN),
    "BiRNN_split": lambda: BiRNN(2, split_inputs=True, **RNN),
    "BiLSTM": lambda: BiLSTM(2, **GATED),
    "BiLSTM_split": lambda: BiLSTM(2, split_inputs=True, **GATED),
    "BiBNRNN": lambda: BiBNRNN(2, **RNN),
    "DeepBiRNN": lambda: DeepBiRNN(2, depth=2, **RNN),
    "DeepBiRNN_bn": lambda: DeepBiRNN(2, depth=2, batch_norm=True, **RNN),
    "DeepBiLSTM": lambda: DeepBiLSTM(2, depth=2, **GATED),
    "BiSum": BiSum,
    "RecurrentSum": RecurrentSum,
    "RecurrentMean": RecurrentMean,
    "RecurrentLast": RecurrentLast,
}
# layers around the one under test
PLACES: dict[str, tuple[int, int]] = {"first": (0, 1), "middle": (1, 1), "last": (1, 0)}
Chain = list[Any]


def chain(make: Callable[[], Any], place: str) -> Chain:
    """The layer in its place among others; an even number of features reaches it."""
    before, after = PLACES[place]
    return (
        [Linear(4, INIT) for _ in range(before)]
        + [make()]
        + [Linear(3, INIT) for _ in range(after)]
    )


def plain(make: Callable[[], Any], place: str) -> Any:
    return chain(make, place)


def sequential(make: Callable[[], Any], place: str) -> Any:
    return [Sequential(chain(make, place))]


def tree(make: Callable[[], Any], place: str) -> Any:
    """The layer in the trunk and in a branch, in the same place of both."""
    node = BranchNode()
    trunk = chain(make, place)
    trunk.insert(1, node)
    return Tree([trunk, [node, *chain(make, place)]])


def merge_broadcast(make: Callable[[], Any], place: str) -> Any:
    """The layer in two of three branches, in the middle of a network."""
    branches = [chain(make, place), [Linear(3, INIT)], chain(make, place)]
    return [Linear(2, INIT), MergeBroadcast(branches, merge="stack"), Linear(2, INIT)]


def merge_broadcast_first(make: Callable[[], Any], place: str) -> Any:
    """The same as a whole network."""
    return [MergeBroadcast([chain(make, place), [Linear(3, INIT)]], merge="stack")]


CONTAINERS = [plain, sequential, tree, merge_broadcast, merge_broadcast_first]


@pytest.fixture(params=CONTAINERS, ids=lambda container: container.__name__)
def container(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("name", list(LAYERS))
def test_gradient(make_be: Any, container: Any, place: str, name: str) -> None:
    make_be(batch_size=BATCH, datatype=np.float64)
    check_gradient(container(LAYERS[name], place), IN_SHAPE, input_gradient=False)


class Run:
    """A network that learns to answer random inputs with random errors."""

    def __init__(self, be: Any, layers: Any) -> None:
        self.model = Model(layers=layers)
        self.model.initialize(IN_SHAPE)
        rng = np.random.RandomState(0)
        self.x = be.array(rng.standard_normal((IN_SHAPE[0], IN_SHAPE[1] * be.bsz)))
        shapes = [y.shape for y in flatten(self.model.fprop(self.x, inference=True))]
        self.errors = [rng.standard_normal(shape) for shape in shapes]
        self.tensors = [be.array(error) for error in self.errors]
        self.optimizer = RMSProp(learning_rate=0.05)

    def train(self, steps: int) -> list[np.ndarray]:
        """Return the outputs of the last step."""
        for _ in range(steps):
            outputs = list(flatten(self.model.fprop(self.x)))
            for tensor, error in zip(self.tensors, self.errors, strict=True):
                tensor.set(error)  # a layer may write into its error
            several = len(self.tensors) > 1
            self.model.bprop(self.tensors if several else self.tensors[0])
            self.optimizer.optimize(self.model.layers_to_optimize, epoch=0)
        return [y.get() for y in outputs]

    def infer(self) -> list[np.ndarray]:
        """Return the outputs of inference."""
        return [y.get() for y in flatten(self.model.fprop(self.x, inference=True))]


def assert_same(one: list[np.ndarray], two: list[np.ndarray]) -> None:
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("name", list(LAYERS))
def test_saved_and_loaded(
    make_be: Any, container: Any, place: str, name: str, tmp_path: Path
) -> None:
    """A loaded network infers the same, bit for bit, and learns on as if nothing had happened."""
    be = make_be(batch_size=BATCH)
    path = str(tmp_path / "model.prm")
    trained = Run(be, container(LAYERS[name], place))
    before = trained.infer()
    trained.train(2)
    trained.model.save_params(path)
    after = trained.infer()
    if trained.model.layers_to_optimize:
        assert any(np.any(a != b) for a, b in zip(before, after, strict=True))
    rebuilt = Run(be, path)
    assert_same(rebuilt.infer(), after)
    loaded = Run(be, container(LAYERS[name], place))
    loaded.model.load_params(path)
    assert_same(loaded.infer(), after)
    expected = trained.train(2)
    assert_same(rebuilt.train(2), expected)
    assert_same(loaded.train(2), expected)
