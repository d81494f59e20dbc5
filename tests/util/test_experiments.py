"""YAML experiments, and saved experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neonlike import NervanaObject
from neonlike.backends import cleanup_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.layers import GeneralizedCost
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer
from neonlike.transforms import CrossEntropyBinary
from neonlike.util.load_experiment import deserialize
from neonlike.util.persist import load_obj, save_obj, serialize
from neonlike.util.yaml_parse import create_objects, format_yaml_dict

EXPERIMENT = """
backend: cpu
wt_init: &wt
    type: Gaussian
    config: {loc: 0.0, scale: 0.01}
layers:
-   type: Linear
    config: {nout: 9, init: *wt}
-   type: Activation
    config: {transform: {type: Rectlin}}
-   type: Linear
    config: {nout: 3, init: *wt, name: special_linear}
-   type: Activation
    config: {transform: {type: Logistic, config: {shortcut: true}}}
cost: CrossEntropyBinary
optimizer:
    type: MultiOptimizer
    config:
        optimizer_mapping:
            default:
                type: GradientDescentMomentum
                config: {learning_rate: 0.1, momentum_coef: 0.9}
            special_linear: {type: RMSProp}
"""


def test_create_objects(be: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(EXPERIMENT)
    model, cost, optimizer = create_objects(str(path))
    assert [layer.classnm for layer in model.layers.layers] == ["Linear", "Activation"] * 2
    assert model.layers.layers[2].name == "special_linear"
    assert isinstance(cost, GeneralizedCost)
    assert isinstance(cost.costfunc, CrossEntropyBinary)
    assert isinstance(optimizer, MultiOptimizer)
    default = optimizer.optimizer_mapping["default"]
    assert isinstance(default, GradientDescentMomentum)
    assert default.learning_rate == 0.1
    data = ArrayIterator(np.eye(8), np.arange(8) % 3, nclass=3)
    callbacks = Callbacks(model, progress_bar=False)
    model.fit(data, cost, optimizer, 1, callbacks)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers": None}, KeyError, "the experiment has no entry 'layers'"),
        ({"cost": None}, KeyError, "no entry 'cost'"),
        ({"layers": [3]}, TypeError, "expected an entry with 'type' and 'config', got 3"),
        ({"layers": [{"type": "Lineal"}]}, ValueError, "Lineal"),
        ({"layers": [{"type": "Linear", "config": {"n": 3}}]}, TypeError, "Linear: .*'n'"),
    ],
)
def test_refused_experiments(
    be: Any, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    root = {"layers": [], "cost": "SumSquared"} | change
    root = {key: value for key, value in root.items() if value is not None}
    with pytest.raises(error, match=message):
        create_objects(root)


def test_experiment_is_not_changed_and_needs_a_backend(be: Any, tmp_path: Path) -> None:
    inner = {"type": "Linear", "config": {"nout": 2, "init": {"type": "GlorotUniform"}}}
    root = {"layers": [inner], "cost": "SumSquared"}
    _, _, optimizer = create_objects(root)
    assert optimizer is None
    assert inner["config"] == {"nout": 2, "init": {"type": "GlorotUniform"}}
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(TypeError, match="expected a mapping"):
        create_objects(tmp_path / "list.yaml")
    cleanup_backend()
    assert NervanaObject.be is None
    with pytest.raises(AssertionError, match="Must generate a backend"):
        create_objects(root)


def test_format_yaml_dict() -> None:
    given = {"type": "Linear"}
    assert format_yaml_dict(given, "neon.layers.") is given
    assert given == {"type": "neon.layers.Linear"}


@pytest.fixture
def experiment(be: Any, tmp_path: Path) -> str:
    """A saved experiment on a tiny MNIST, with a loss callback."""
    images = np.zeros((8, 28, 28), np.uint8)
    save_obj(((images, np.arange(8)), (images, np.arange(8))), tmp_path / "mnist.pkl.gz")
    dataset = MNIST(path=str(tmp_path), size=4)
    root = {
        "layers": [
            {"type": "Linear", "config": {"nout": 10, "init": {"type": "GlorotUniform"}}},
            {"type": "Activation", "config": {"transform": {"type": "Softmax"}}},
        ],
        "cost": "CrossEntropyMulti",
        "optimizer": {"type": "Adam"},
    }
    model, cost, optimizer = create_objects(root)
    callbacks = Callbacks(model, eval_set=dataset.valid_iter, eval_freq=1, progress_bar=False)
    model.fit(dataset.train_iter, cost, optimizer, 1, callbacks)
    path = str(tmp_path / "experiment.prm")
    save_obj(serialize(model, callbacks, dataset), path)
    return path


def test_deserialize(experiment: str) -> None:
    model, datasets, callbacks = deserialize(experiment)
    assert sorted(datasets) == ["train", "valid"]
    assert datasets["train"].shape == (1, 4, 4)
    saved = load_obj(experiment)["callbacks"]["callbacks"]
    assert [type(c).__name__ for c in callbacks.callbacks] == [
        c["type"].rpartition(".")[2] for c in saved
    ]
    (loss,) = [c for c in callbacks.callbacks if hasattr(c, "eval_set")]
    assert loss.eval_set is datasets["valid"]
    model.initialize(datasets["train"])
    assert model.get_outputs(datasets["train"]).shape == (8, 10)


def test_deserialize_with_other_data(experiment: str) -> None:
    mine = {"valid": ArrayIterator(np.ones((4, 16)), np.arange(4), nclass=10, name="valid")}
    _, datasets, callbacks = deserialize(experiment, datasets=mine)
    assert datasets is mine
    assert [c.eval_set for c in callbacks.callbacks if hasattr(c, "eval_set")] == [mine["valid"]]


def test_deserialize_a_model_alone(experiment: str) -> None:
    content = load_obj(experiment)
    for key in ("callbacks", "datasets"):
        del content[key]
    save_obj(content, experiment)
    _, datasets, callbacks = deserialize(experiment)
    assert (datasets, callbacks) == (None, None)
