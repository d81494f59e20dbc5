"""The model's own behaviour: prediction, description, resuming, errors, steady memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_runs import Recorder, SeqIterator

from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import (
    Affine,
    BranchNode,
    Conv,
    GeneralizedCost,
    MergeMultistream,
    Multicost,
    Recurrent,
    Tree,
)
from neonlike.layers.layer import Activation
from neonlike.models import Model
from neonlike.optimizers import Adam, GradientDescentMomentum, RMSProp, StepSchedule
from neonlike.transforms import (
    ConfusionMatrix,
    CrossEntropyBinary,
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    Rectlin,
    Score,
    Softmax,
    Tanh,
)
from neonlike.transforms.cost import Metric

INIT = Gaussian(scale=0.2)


def mlp(nout: int = 3) -> list[Any]:
    return [Affine(6, INIT, activation=Rectlin()), Affine(nout, INIT, activation=Softmax())]


def arrays(n: int = 18, features: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(3)
    return rng.standard_normal((n, features)).astype(np.float32), rng.randint(0, 3, n)


def data(n: int = 18) -> ArrayIterator:
    x, y = arrays(n)
    return ArrayIterator(x, y, nclass=3)


def fit(
    model: Model, train: Any = None, optimizer: Any = None, epochs: int = 2, **kwargs: Any
) -> Recorder:
    recorder, callbacks = Recorder(), Callbacks(model, progress_bar=False, **kwargs)
    callbacks.add_callback(recorder)
    cost = GeneralizedCost(CrossEntropyMulti())
    model.fit(train or data(), cost, optimizer or Adam(), epochs, callbacks)
    return recorder


# --------------------------------------------------------------- prediction --


@pytest.mark.parametrize("n", [1, 3, 4, 10])
def test_predict_any_number_of_examples(be: Any, n: int) -> None:
    model = Model(mlp())
    outputs = model.get_outputs(data())
    np.testing.assert_allclose(model.predict(arrays()[0][:n]), outputs[:n], rtol=1e-5)


def test_predict_keeps_to_the_batch_size_of_the_model(be: Any) -> None:
    model = Model(mlp())
    outputs = model.get_outputs(data())
    be.bsz = 7
    np.testing.assert_allclose(model.predict(arrays()[0][:9]), outputs[:9], rtol=1e-5)
    assert be.bsz == 7


def test_predict_initializes_and_takes_pictures(be: Any) -> None:
    x = np.random.RandomState(0).standard_normal((5, 2, 4, 4)).astype(np.float32)
    model = Model([Conv((3, 3, 2), INIT), Affine(3, INIT, activation=Softmax())])
    outputs = model.predict(x)
    assert outputs.shape == (5, 3)
    flat = ArrayIterator(x.reshape(5, -1), lshape=(2, 4, 4))
    np.testing.assert_allclose(outputs, model.get_outputs(flat), rtol=1e-5)


def test_predict_sequences(be: Any) -> None:
    tokens = np.random.RandomState(0).randint(0, 3, (2, 4, 5))
    train = SeqIterator(tokens, tokens, 3)
    model = Model([Recurrent(4, INIT, activation=Tanh(), reset_cells=True), Affine(2, INIT)])
    outputs = model.get_outputs(train)
    assert outputs.shape == (8, 5, 2)
    x = np.eye(3)[tokens].reshape(8, 5, 3).transpose(0, 2, 1)
    np.testing.assert_allclose(model.predict(x[:6]), outputs[:6], rtol=1e-5, atol=1e-7)


def test_predict_several_inputs_and_outputs(be: Any) -> None:
    x = arrays()[0]
    two = Model([MergeMultistream([Affine(3, INIT), Affine(2, INIT)], merge="stack")])
    assert two.predict([x, x]).shape == (18, 5)
    node = BranchNode("fork")
    fork = Model(Tree([[Affine(4, INIT), node, Affine(3, INIT)], [node, Affine(2, INIT)]]))
    outputs = fork.predict(x)
    assert [y.shape for y in outputs] == [(18, 3), (18, 2)]
    with pytest.raises(ValueError, match="2"):
        fork.get_outputs(ArrayIterator(x))


def test_predict_refuses_what_does_not_fit(be: Any) -> None:
    model = Model(mlp())
    model.initialize(5)
    for wrong in (np.ones((2, 6)), np.ones(5), np.ones((0, 5))):
        with pytest.raises(ValueError, match=r"5|examples"):
            model.predict(wrong)
    with pytest.raises(ValueError, match="1 inputs, got 2"):
        model.predict([np.ones((2, 5)), np.ones((2, 5))])


def test_eval_result_is_a_number_too(be: Any) -> None:
    model = Model(mlp())
    error = model.eval(data(), metric=Misclassification())
    assert isinstance(error, Score)
    assert error.shape == (1,)
    assert "%.1f" % (error * 100) == f"{float(error[0]) * 100:.1f}"


def test_eval_of_confusion_matrix(be: Any) -> None:
    model, metric = Model(mlp()), ConfusionMatrix(3)
    for _ in range(2):  # the second evaluation starts from zero
        accuracy = model.eval(data(), metric)
    assert metric.matrix.sum() == 18
    outputs, y = model.get_outputs(data()).argmax(axis=1), arrays()[1]
    expected = [np.mean(outputs[y == k] == k) for k in range(3)]
    np.testing.assert_allclose(accuracy, expected, rtol=1e-6)


def test_eval_of_a_user_metric(be: Any) -> None:
    class Largest(Metric):
        def __init__(self) -> None:
            self.metric_names = ["Largest"]

        def __call__(self, y: Any, t: Any, calcrange: slice = slice(0, None)) -> Any:
            return y.get()[:, calcrange].max(axis=0).mean()

    model = Model(mlp())
    expected = model.get_outputs(data()).max(axis=1).mean()
    np.testing.assert_allclose(model.eval(data(), Largest()), [expected], rtol=1e-6)


# ----------------------------------------------------------------- training --


def test_fit_after_eval_has_its_cost(be: Any) -> None:
    model = Model(mlp())
    model.eval(data(), Misclassification())
    fit(model)
    assert model.cost.cost.shape == (1, 1)


def test_train_step_can_be_replaced(be: Any) -> None:
    class Frozen(Model):
        def train_step(self, x: Any, t: Any) -> Any:
            return self.cost.get_cost(self.fprop(x), t)

    model = Frozen(mlp())
    model.initialize(data())
    before = model.layers.layers[0].W.get()
    fit(model)
    np.testing.assert_array_equal(model.layers.layers[0].W.get(), before)


def test_own_training_loop(be: Any) -> None:
    """Scripts drive fprop, cost, bprop and optimizer by hand."""
    twin = Model(mlp())
    recorder = fit(twin, epochs=1)
    be.rng_reset()
    model, cost, optimizer = Model(mlp()), GeneralizedCost(CrossEntropyMulti()), Adam()
    model.initialize(data(), cost)
    costs = []
    for x, t in data():
        y = model.fprop(x)
        costs.append(float(cost.get_cost(y, t)))
        model.bprop(cost.get_errors(y, t))
        optimizer.optimize(model.layers_to_optimize, epoch=0)
    np.testing.assert_array_equal(costs, recorder.minibatch_cost)


def test_callbacks_may_be_any_object(be: Any) -> None:
    class Hooks:
        def __getattr__(self, name: str) -> Any:
            if not name.startswith("on_"):
                raise AttributeError(name)
            return lambda *args: None

    model = Model(mlp())
    model.fit(data(), GeneralizedCost(CrossEntropyMulti()), Adam(), 1, Hooks())
    assert model.epoch_index == 1


def test_shortcut(be: Any) -> None:
    model = Model([Affine(1, INIT, activation=Logistic())])
    model.set_shortcut()
    last = model.layers.layers[-1]
    assert isinstance(last, Activation)
    assert not last.transform.shortcut
    model.initialize(data(), GeneralizedCost(CrossEntropyBinary()))
    model.set_shortcut()
    assert last.transform.shortcut


def test_steady_training_allocates_nothing_large(be: Any) -> None:
    model, cost = Model(mlp()), GeneralizedCost(CrossEntropyMulti())
    train = data(200)
    model.initialize(train, cost)
    model.optimizer, model.cost = RMSProp(gradient_clip_norm=1.0), cost
    step = model.train_step
    for x, t in train:
        step(x, t)
    tracemalloc.start()
    try:
        for x, t in train:
            step(x, t)
        current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
    assert current < 50_000


# -------------------------------------------------------------- persistence --


def test_save_and_load_into_an_existing_model(be: Any, tmp_path: Path) -> None:
    first, path = Model(mlp()), tmp_path / "model.prm"
    fit(first)
    first.save_params(path)
    second = Model(mlp())
    second.initialize(data())
    second.load_params(path)
    assert second.epoch_index == 3
    np.testing.assert_array_equal(second.get_outputs(data()), first.get_outputs(data()))
    third = Model(str(path), weights_only=True)
    assert third.layers.layers[0].states == []
    np.testing.assert_array_equal(third.get_outputs(data()), first.get_outputs(data()))


def test_description_into_another_model(be: Any) -> None:
    first = Model(mlp())
    fit(first)
    description = first.get_description(get_weights=True, keep_states=True)
    assert {"neon_version", "backend", "cost", "optimizer", "model"} == description.keys()
    second = Model(mlp())
    second.deserialize(description, load_states=True)
    np.testing.assert_array_equal(second.get_outputs(data()), first.get_outputs(data()))
    assert Model(first.serialize()).epoch_index == 3


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: Adam(learning_rate=0.05),
        lambda: GradientDescentMomentum(0.1, 0.9, schedule=StepSchedule([1], [0.01])),
    ],
)
def test_resume_is_exact(make_be: Any, tmp_path: Path, optimizer: Any) -> None:
    """Counters of optimizer and schedule and the position in the data are part of a snapshot."""
    path = tmp_path / "model.prm"

    def run(layers: Any, epochs: int, **kwargs: Any) -> list[float]:
        make_be(rng_seed=5)
        return fit(Model(layers()), optimizer=optimizer(), epochs=epochs, **kwargs).minibatch_cost

    straight = run(mlp, 4)
    first = run(mlp, 2, save_path=path)
    resumed = run(lambda: str(path), 4)
    assert first + resumed == straight
    resumed = fit(_with_model_file(make_be), optimizer=optimizer(), epochs=4, model_file=path)
    assert first + resumed.minibatch_cost == straight


def _with_model_file(make_be: Any) -> Model:
    make_be(rng_seed=6)
    return Model(mlp())


def test_broken_random_state_only_warns(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = Model(mlp())
    model.initialize(data())
    description = model.serialize()
    assert description is not None
    description["backend"]["rng_state"] = ("MT19937", np.zeros(3, dtype=np.uint32), 1, 0, 0.0)
    with caplog.at_level("WARNING"):
        Model(description)
    assert "RNG state" in caplog.text


def test_file_from_before_networks_were_stored(be: Any) -> None:
    first = Model(mlp())
    fit(first)
    entries = [
        {"params": layer.W.get(), "states": [s.get() for s in layer.states]}
        for layer in first.layers_to_optimize
    ]
    old = {"epoch_index": 2, "layer_params_states": entries}
    second = Model(mlp())
    second.deserialize(old)
    np.testing.assert_array_equal(second.get_outputs(data()), first.get_outputs(data()))
    with pytest.raises(ValueError, match="1.2"):
        Model(old)
    with pytest.raises(ValueError, match="2 layers, the model has 1"):
        Model([Affine(3, INIT)]).deserialize(old)


# -------------------------------------------------------------- description --


def test_summary_and_text(be: Any) -> None:
    model = Model(mlp())
    assert "Parameters" in model.summary()
    assert "Linear" in str(model)  # its layers do not know their shapes yet
    model.initialize(data())
    lines = model.summary().splitlines()
    assert lines[-1] == "48 parameters"
    assert lines[2].split()[1:] == ["Linear", "5", "(6,", "1)", "30"]
    assert str(model).startswith("Network Layers:\nSequential")


def test_benchmark(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    model, cost = Model(mlp()), GeneralizedCost(CrossEntropyMulti())
    stats = model.benchmark(data(), cost=cost, optimizer=Adam(), niterations=3, nskip=1)
    assert stats.keys() == {"fprop", "bprop", "iteration"}
    assert stats["iteration"]["min"] <= stats["iteration"]["median"] <= stats["iteration"]["max"]
    assert "Median" in caplog.text
    stats = model.benchmark(data(), inference=True, niterations=2)
    assert stats.keys() == {"fprop", "iteration"}
    with pytest.raises(RuntimeError, match="cost and optimizer"):
        model.benchmark(data())
    with pytest.raises(ValueError, match="niterations must be a whole number of at least 1, got 0"):
        model.benchmark(data(), inference=True, niterations=0)


def test_multicost_total(be: Any) -> None:
    node = BranchNode("fork")
    model = Model(
        Tree(
            [
                [Affine(4, INIT), node, Affine(3, INIT, activation=Softmax())],
                [node, Affine(3, INIT, activation=Softmax())],
            ]
        )
    )
    cost = Multicost([GeneralizedCost(CrossEntropyMulti()) for _ in range(2)], weights=[1, 0.5])
    callbacks = Callbacks(model, progress_bar=False, multicost=True)
    model.fit(data(), cost, Adam(), 1, callbacks)
    assert float(model.total_cost.get()[0, 0]) > 0
