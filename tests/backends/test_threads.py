"""Kernel threads give the same numbers again; Python threads take turns or are refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from short_training import ShortTraining

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.backends._threads import available_threads, get_num_threads, set_num_threads
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    Affine,
    Conv,
    DeepBiRNN,
    Dropout,
    Pooling,
    RecurrentMean,
    ReNet,
    Sequential,
)
from neonlike.transforms import Rectlin, Softmax, Tanh

INIT = GlorotUniform()
STEPS = 4
BATCH = 32


def conv_net() -> list[Any]:
    conv = {"init": INIT, "batch_norm": True, "activation": Rectlin()}
    return [
        Conv((3, 3, 16), padding=1, **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 16), padding=1, **conv),
        Dropout(0.5),
        Affine(3, init=INIT, bias=Constant(0), activation=Softmax()),
    ]


def birnn() -> list[Any]:
    return [
        DeepBiRNN(24, init=INIT, activation=Tanh(), reset_cells=True, depth=2, batch_norm=True),
        RecurrentMean(),
        Affine(3, init=INIT, bias=Constant(0), activation=Softmax()),
    ]


def renet() -> list[Any]:
    return [
        ReNet(12, INIT, patch=2, cell="gru"),
        Affine(3, init=INIT, bias=Constant(0), activation=Softmax()),
    ]


NETS: dict[str, tuple[Callable[[], list[Any]], tuple[int, ...]]] = {
    "conv_bn_dropout": (conv_net, (3, 12, 12)),
    "birnn": (birnn, (16, 10)),
    "renet": (renet, (3, 12, 12)),
}


def training_of(be: Any, name: str) -> ShortTraining:
    layers, in_shape = NETS[name]
    return ShortTraining(be, layers(), in_shape)


needs_two_cores = pytest.mark.skipif(available_threads() < 2, reason="one core only")


@pytest.fixture(autouse=True)
def _threads_back() -> Iterator[None]:
    before = get_num_threads()
    yield
    set_num_threads(before)
    cleanup_backend()


def trained(make_be: Callable[..., Any], name: str, threads: int) -> Any:
    set_num_threads(threads)
    be = make_be(batch_size=BATCH, rng_seed=1)
    training = training_of(be, name)
    return training.run(STEPS), training.weights()


# -------------------------------------------------------------- kernel threads
@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=needs_two_cores)])
@pytest.mark.parametrize("name", NETS)
def test_same_threads_same_bits(make_be: Callable[..., Any], name: str, threads: int) -> None:
    (costs, weights), (again, weights_again) = (trained(make_be, name, threads) for _ in range(2))
    assert costs == again
    assert costs[-1] < costs[0]
    for one, two in zip(weights, weights_again, strict=True):
        np.testing.assert_array_equal(one, two)


@needs_two_cores
@pytest.mark.parametrize("name", NETS)
def test_one_and_two_threads_agree(make_be: Callable[..., Any], name: str) -> None:
    (costs, weights), (costs2, weights2) = (trained(make_be, name, n) for n in (1, 2))
    np.testing.assert_allclose(costs, costs2, rtol=1e-5)
    for one, two in zip(weights, weights2, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=2e-6)


# -------------------------------------------------------------- Python threads
class Other(threading.Thread):
    """Runs a function in another Python thread and keeps what it returns or raises."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(name="the other", daemon=True)
        self.function = function
        self.result: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.result = self.function()
        except Exception as error:
            self.error = error

    def outcome(self) -> Any:
        """Wait; return the result or raise the error."""
        self.join(60)
        assert not self.is_alive()
        if self.error:
            raise self.error
        return self.result


def in_other_thread(function: Callable[[], Any]) -> Any:
    other = Other(function)
    other.start()
    return other.outcome()


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "assignment": lambda be, model: model.x.fill(1),
    "product": lambda be, model: be.compound_dot(model.x, model.x, model.x),
    "fprop": lambda be, model: model.model.fprop(model.x),
    "predict": lambda be, model: model.model.predict(np.ones((1, 16, 10))),
    "backend": lambda be, model: gen_backend("reference"),
    "cleanup": lambda be, model: cleanup_backend(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_second_thread_is_refused(make_be: Callable[..., Any], call: str) -> None:
    be = make_be(batch_size=BATCH)
    mine, other = (training_of(be, "birnn") for _ in range(2))
    bystander = mine.model.layers.layers[0]
    refused: list[Exception] = []

    def fprop(inputs: Any, inference: bool = False) -> Any:
        thread = Other(lambda: CALLS[call](be, other))
        thread.start()
        thread.join(60)
        assert thread.error is not None
        refused.append(thread.error)
        return type(bystander).fprop(bystander, inputs, inference)

    bystander.fprop = fprop
    mine.step()
    assert len(refused) == 1
    assert isinstance(refused[0], RuntimeError)
    message = str(refused[0])
    assert "'the other' while 'MainThread' is at work" in message
    assert "take turns" in message
    assert "process of its own" in message


def test_threads_take_turns(make_be: Callable[..., Any]) -> None:
    """Two models, each in a thread of its own, give what they give one after the other."""
    be = make_be(batch_size=BATCH, rng_seed=1)
    first, second = (training_of(be, n) for n in ("birnn", "renet"))
    expected = first.run(STEPS), second.run(STEPS)

    be = make_be(batch_size=BATCH, rng_seed=1)
    trainings = [training_of(be, n) for n in ("birnn", "renet")]
    turn = threading.Lock()

    def run(training: ShortTraining) -> list[float]:
        costs = []
        for _ in range(STEPS):
            with turn:
                costs.append(training.step())
        return costs

    threads = [Other(lambda t=t: run(t)) for t in trainings]
    for thread in threads:
        thread.start()
    assert tuple(thread.outcome() for thread in threads) == expected


def test_who_comes_through_is_right(make_be: Callable[..., Any]) -> None:
    """Without turns one thread is refused; the numbers of one that is not are right."""
    be = make_be(batch_size=BATCH, rng_seed=1)
    expected = [training_of(be, n).run(10 * STEPS) for n in ("birnn", "renet")]

    be = make_be(batch_size=BATCH, rng_seed=1)
    trainings = [training_of(be, n) for n in ("birnn", "renet")]
    start = threading.Barrier(2)

    def run(training: ShortTraining) -> list[float]:
        start.wait(60)
        return training.run(10 * STEPS)

    threads = [Other(lambda t=t: run(t)) for t in trainings]
    for thread in threads:
        thread.start()
    finished = 0
    for thread, costs in zip(threads, expected, strict=True):
        thread.join(60)
        assert thread.error is None or "at work" in str(thread.error)
        if thread.error is None:
            assert thread.result == costs
            finished += 1
    assert finished >= 1


def test_a_layer_without_a_model(make_be: Callable[..., Any]) -> None:
    """What was made in one thread works in the next."""
    be = make_be(batch_size=BATCH)
    layers = Sequential(conv_net())
    layers.configure((3, 12, 12))
    layers.allocate()
    layers.allocate_deltas()
    x = be.array(np.random.RandomState(0).standard_normal((432, BATCH)))
    here = layers.fprop(x, inference=True).get()
    there = in_other_thread(lambda: layers.fprop(x, inference=True).get())
    np.testing.assert_array_equal(here, there)


@compiled_only
def test_other_threads_use_the_same_number_of_kernel_threads() -> None:
    import numba

    set_num_threads(1)
    be = gen_backend("cpu", batch_size=4)
    a, b, c = (be.ones((2, 2)) for _ in range(3))

    def work() -> int:
        be.compound_dot(a, b, c)
        return int(numba.get_num_threads())

    assert in_other_thread(work) == 1
    be.compound_dot(a, b, c)
    assert numba.get_num_threads() == 1
