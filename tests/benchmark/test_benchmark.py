"""``neonlike.benchmark``."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from neonlike.benchmark import Benchmark
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import (
    Affine,
    GeneralizedCost,
    Linear,
    MergeSum,
    SkipNode,
)
from neonlike.layers.container import GenerativeAdversarial, Sequential
from neonlike.layers.layer import GeneralizedGANCost
from neonlike.models.model import GAN, Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, GANCost, Logistic, Softmax, Tanh

INIT = Gaussian(scale=0.1)


class Display:
    def __init__(self) -> None:
        self.text = ""

    def display(self, text: str) -> None:
        self.text += text


@pytest.fixture
def data(be: Any) -> ArrayIterator:
    return ArrayIterator(np.eye(8, 5), np.arange(8) % 3, nclass=3)


@pytest.fixture
def model(data: ArrayIterator) -> Model:
    layers = [
        MergeSum([SkipNode(), [Affine(5, INIT, activation=Tanh())]]),
        Linear(3, INIT, name="last"),
        Affine(3, INIT, activation=Softmax()),
    ]
    model = Model(layers, optimizer=GradientDescentMomentum(0.1, 0.9))
    model.initialize(data, cost=GeneralizedCost(CrossEntropyMulti()))
    return model


def test_training(model: Model, data: ArrayIterator) -> None:
    times = Benchmark(model).time(data, niterations=5)
    names = list(times)
    assert names[:4] == ["fprop", "bprop", "iteration", "data_loading"]
    assert names[-6:-4] == ["fprop last", "bprop last"]
    leaves = [layer.name for layer in model.layers.flatten_layers]
    assert len(leaves) == 6
    pairs = itertools.product(leaves, ["fprop", "bprop"])
    assert names[4:] == [f"{way} {name}" for name, way in pairs]
    assert {len(values) for values in times.values()} == {5}
    np.testing.assert_allclose(times["iteration"], times["fprop"] + times["bprop"])
    assert (times["fprop"] >= times["data_loading"]).all()


def test_inference_without_layers(model: Model, data: ArrayIterator) -> None:
    times = Benchmark(model, time_layers=False).time(data, inference=True, niterations=3)
    assert list(times) == ["fprop", "data_loading"]


def test_what_is_missing(model: Model, data: ArrayIterator) -> None:
    benchmark = Benchmark(model, time_layers=False)
    with pytest.raises(ValueError, match="Provide correct dataset for timing"):
        benchmark.time(None)
    with pytest.raises(ValueError, match="niterations must be at least 1, got 0"):
        benchmark.time(data, niterations=0)
    model.optimizer = None
    with pytest.raises(RuntimeError, match="Need cost or optimizer to benchmark bprop"):
        benchmark.time(data)


def test_table() -> None:
    out = Display()
    stats = {"fprop": np.array([9.0, 1, 2, 3]), "bprop x": np.zeros(4)}
    Benchmark.print_stats(stats, output=out, nskip=1)
    lines = out.text.splitlines()
    assert {len(line) for line in lines[1:]} == {107}
    titles = [cell.strip() for cell in lines[4].strip("|").split("|")]
    assert titles == ["Func", "Mean", "Median", "Amin", "Amax", "Units"]
    assert "|  2          |  2          |  1          |  3          |    msec     |" in lines[6]
    assert "bprop x" not in out.text
    Benchmark.print_stats(stats, functions=[np.std], output=(other := Display()))
    assert "Std" in other.text
    with pytest.raises(ValueError, match="Provide stats"):
        Benchmark.print_stats({})
    with pytest.raises(TypeError, match="must have a method display"):
        Benchmark.print_stats(stats, output=print)


def test_table_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="neonlike")
    Benchmark.print_stats({"fprop": np.ones(2)})
    (record,) = caplog.records
    assert record.levelname == "DISPLAY"


def test_gan(be: Any) -> None:
    generator = Sequential([Affine(5, INIT, activation=Tanh())])
    discriminator = Sequential([Affine(1, INIT, activation=Logistic())])
    layers = GenerativeAdversarial(generator=generator, discriminator=discriminator)
    model = GAN(layers=layers, noise_dim=(2,), k=2, optimizer=GradientDescentMomentum(0.1, 0.9))
    model.cost = GeneralizedGANCost(costfunc=GANCost(func="modified"))
    data = ArrayIterator(np.eye(8, 5))
    benchmark = Benchmark(model, time_layers=False)
    with pytest.raises(ValueError, match="niterations must be at least 3, got 2"):
        benchmark.time_gan(data, niterations=2)
    times = benchmark.time_gan(data, niterations=4)
    assert list(times) == ["fprop", "bprop", "iteration", "data_loading"]
    assert model.gen_iter == 1  # after two updates of the discriminator
