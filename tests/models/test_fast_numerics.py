"""Fast numerics against strict ones, and against the original: whole nets, whole training runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from golden_cases import case_info, case_names, golden_file
from training_runs import Recorder, build_network, iterators

from benchmarks.items import nets
from neonlike.backends import cleanup_backend, gen_backend
from neonlike.callbacks import Callbacks
from neonlike.models import Model

OUTPUTS = 1e-4  # largest difference of outputs, relative to the largest output
COST = 5e-3  # of the cost at the end of training


def _has_convolution(case: str) -> bool:
    layers = json.dumps(case_info("training", case).get("layers", {}))
    return '"Conv"' in layers or '"Deconv"' in layers


CONVOLUTIONAL = [c for c in case_names("training", "seeded/train_") if _has_convolution(c)]
# larger batches and images of the same nets add nothing but time
NETS = [net for net in nets.NETS if net.batch < 128 and not net.id.endswith(("h512", "s128_n32"))]


@pytest.fixture
def make_be() -> Iterator[Callable[..., Any]]:
    yield lambda **kwargs: gen_backend(**{"backend": "cpu", "rng_seed": 0, **kwargs})
    cleanup_backend()


@pytest.fixture
def fast_everywhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Force Winograd on every layer it can do, however small; the list names what it did."""
    from neonlike.kernels.numba import _winograd, _winograd_update, conv

    monkeypatch.setattr(_winograd, "_best_size", lambda taps, *args: _winograd_update.SIZE)
    done: list[str] = []
    for name in ("winograd", "winograd_gradient"):
        monkeypatch.setattr(conv, name, noted(name, getattr(conv, name), done))
    return done


def noted(name: str, function: Callable[..., Any], done: list[str]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        done.append(name)
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize("case", CONVOLUTIONAL)
def test_training_runs_end_at_the_golden_cost(
    make_be: Callable[..., Any], fast_everywhere: list[str], case: str
) -> None:
    info, gold = case_info("training", case), golden_file("training")[case]
    be = make_be(rng_seed=info["rng_seed"], batch_size=info["batch_size"])
    if be.kernels.__name__.endswith("reference"):
        pytest.skip("the plain kernels know one kind of numerics")
    train, _ = iterators(case)
    model = Model(layers=build_network(info["layers"]))
    callbacks, recorder = Callbacks(model, progress_bar=False), Recorder()
    callbacks.add_callback(recorder)
    optimizer, cost = (build_network(info[name]) for name in ("optimizer", "cost"))
    model.fit(train, cost, optimizer, info["num_epochs"], callbacks)
    np.testing.assert_allclose(recorder.epoch_total_cost, gold["epoch_total_cost"], rtol=COST)
    assert fast_everywhere


def outputs_of(be: Any, net: Any, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """What the net of a benchmark item, untrained, makes of random inputs."""

    def forward(be: Any, layers: list[Any], in_shape: Any, *rest: Any) -> Callable[[], Any]:
        model = Model(layers)
        model.initialize(in_shape)
        x = be.iobuf(in_shape)
        x[:] = np.random.RandomState(0).uniform(-1, 1, x.shape)
        return lambda: model.fprop(x)

    monkeypatch.setattr(nets, "training_step", forward)
    return np.array(net.neonlike(be)().get())


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.id)
def test_outputs_of_benchmark_nets(
    make_be: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, net: Any
) -> None:
    fast, strict = (
        outputs_of(make_be(batch_size=net.batch, numerics=numerics), net, monkeypatch)
        for numerics in ("fast", "strict")
    )
    assert np.abs(fast - strict).max() <= OUTPUTS * np.abs(strict).max()
