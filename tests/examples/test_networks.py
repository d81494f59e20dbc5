"""The eight networks: exactly the listed parameter counts and shapes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from networks import NETWORKS

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.models import Model
from neonlike.visualizations import count_parameters, leaf_layers

PARAMETERS = {
    "mlp": 1_581_378,
    "cnn": 146_450,
    "birnn": 59_090,
    "birnn_last": 59_090,
    "lstm_last": 83_538,
    "bilstm": 231_890,
    "renet": 195_282,
    "renet_reseg": 336_594,
}


@pytest.fixture(autouse=True)
def backend() -> Iterator[None]:
    gen_backend("reference", batch_size=2, rng_seed=0)
    yield
    cleanup_backend()


def test_there_are_the_eight_networks() -> None:
    assert list(NETWORKS) == list(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name: str) -> None:
    model = Model(NETWORKS[name]())
    model.initialize((3, 64, 64))
    assert count_parameters(model.layers_to_optimize) == PARAMETERS[name]
    assert model.layers.out_shape in (2, (2, 1))


def test_the_renet_blocks_halve_the_map() -> None:
    model = Model(NETWORKS["renet"]())
    model.initialize((3, 64, 64))
    shapes = [layer.out_shape for layer in leaf_layers(model.layers) if layer.classnm == "ReNet"]
    assert shapes == [(64, 8, 8), (64, 4, 4)]


def test_networks_can_be_built_twice() -> None:
    for _ in range(2):
        Model(NETWORKS["cnn"]()).initialize((3, 32, 32))
