"""Callbacks that watch recurrent layers: what they record, and that training does not notice."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from layer_runner import MakeBackend

from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import (
    Callback,
    GateActivityCallback,
    GradFlowCallback,
    MetricCallback,
    RecurrentMatrixCallback,
)
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    GRU,
    LSTM,
    LSTM97,
    Affine,
    BiLSTM,
    DeepTransitionRNN,
    GeneralizedCost,
    Jordan,
    LSTMVariant,
    MergeMultistream,
    Recurrent,
    RecurrentLast,
    ReNet,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Logistic, LogLoss, Softmax, Tanh
from neonlike.visualizations import singular_values, spectral_radius, state_activity

NIN, STEPS, UNITS, BATCH = 2, 5, 3, 4
INIT = GlorotUniform()
GATED: dict[str, Any] = {"activation": Tanh(), "gate_activation": Logistic()}
ALL = {
    GateActivityCallback: lambda: GateActivityCallback(data(seed=1)),
    GradFlowCallback: GradFlowCallback,
    RecurrentMatrixCallback: RecurrentMatrixCallback,
}


def data(seed: int = 0, shape: tuple[int, ...] = (NIN, STEPS)) -> ArrayIterator:
    rng = np.random.RandomState(seed)
    x = rng.normal(size=(2 * BATCH, int(np.prod(shape)))).astype(np.float32)
    return ArrayIterator(x, rng.randint(2, size=2 * BATCH), nclass=2, lshape=shape)


def classifier(*layers: Any, sequence: bool = True) -> Model:
    reduce = [RecurrentLast()] if sequence else []
    return Model([*layers, *reduce, Affine(2, INIT, bias=Constant(0), activation=Softmax())])


def fit(
    folder: Path,
    model: Model,
    *added: Any,
    epochs: int = 3,
    train: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """Train; return the history by path, without times."""
    path = folder / "history.h5"
    callbacks = Callbacks(model, output_file=path, progress_bar=False, **options)
    for callback in added:
        callbacks.add_callback(callback)
    optimizer = GradientDescentMomentum(0.1, 0.9)
    cost = GeneralizedCost(CrossEntropyMulti())
    model.fit(train or data(), cost, optimizer, epochs, callbacks)
    return read(path)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        if hasattr(item, "shape") and not name.startswith("time"):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


LAYERS: dict[str, tuple[Any, list[str]]] = {
    "LSTM": (lambda: LSTM(UNITS, INIT, **GATED), ["f", "i", "o"]),
    "GRU": (lambda: GRU(UNITS, INIT, **GATED), ["r", "z"]),
    "BiLSTM": (
        lambda: BiLSTM(UNITS, INIT, **GATED),
        [gate + arrow for gate in "fio" for arrow in "←→"],
    ),
    "LSTM97": (lambda: LSTM97(UNITS, INIT, gate_recurrence=False), ["inp_gate", "out_gate"]),
    "CIFG": (lambda: LSTMVariant(UNITS, INIT, variant="CIFG"), ["f", "i", "o"]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gates_over_a_sequence(make_be: MakeBackend, tmp_path: Path, name: str) -> None:
    make_be(batch_size=BATCH)
    layer, gates = LAYERS[name]
    layer = layer()
    model = classifier(layer)
    found = fit(tmp_path, model, GateActivityCallback(data(seed=1), freq=2, example=3), epochs=4)
    group = f"gates/{layer.name}/"
    assert found["gates/epochs"].tolist() == [0, 2, 4]
    assert sorted(key.removeprefix(group) for key in found if key.startswith(group)) == gates
    x, _ = next(iter(data(seed=1)))
    now = state_activity(model, x)[layer.name]
    for gate in gates:
        record = found[group + gate]
        assert record.shape == (UNITS, STEPS, 3)
        np.testing.assert_array_equal(record[..., -1], now[gate][..., 3])
        assert ((record >= 0) & (record <= 1)).all()
        assert not np.array_equal(record[..., 0], record[..., -1])


@pytest.mark.parametrize("mode", ["stacked", "parallel"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_of_a_renet_are_maps(
    make_be: MakeBackend, tmp_path: Path, cell: str, mode: Any
) -> None:
    make_be(batch_size=BATCH)
    layer = ReNet(UNITS, INIT, patch=(2, 1), cell=cell, mode=mode)
    model = classifier(layer, sequence=False)
    pictures = partial(data, shape=(1, 4, 3))
    watch = GateActivityCallback(pictures(seed=1))
    found = fit(tmp_path, model, watch, epochs=1, train=pictures())
    gates = {"lstm": "ifo", "gru": "rz"}[cell]
    for gate in gates:
        for arrow in "↓↑→←":
            assert found[f"gates/{layer.name}/{gate}{arrow}"].shape == (UNITS, 2, 3, 2)
    signals = state_activity(model, next(iter(pictures(seed=1)))[0])[layer.name]
    states = layer.trace()
    for arrows, way in (("↓↑", "vertical"), ("→←", "horizontal")):
        both = np.concatenate([signals[f"h{arrow}"] for arrow in arrows])
        np.testing.assert_array_equal(both, states[way])


@pytest.mark.parametrize("name", ["LSTM", "GRU", "BiLSTM", "CIFG", "plain", "deep"])
def test_singular_values_of_every_epoch(make_be: MakeBackend, tmp_path: Path, name: str) -> None:
    make_be(batch_size=BATCH)
    plain = {
        "plain": lambda: Recurrent(UNITS, INIT, activation=Tanh()),
        "deep": lambda: DeepTransitionRNN(UNITS, INIT, [UNITS], input_to="all"),
    }
    layer = (plain[name] if name in plain else LAYERS[name][0])()
    model = classifier(layer)
    model.initialize(data())
    first = singular_values(layer)
    found = fit(tmp_path, model, RecurrentMatrixCallback(freq=2), epochs=3)
    assert found["recurrent_matrices/epochs"].tolist() == [0, 2]
    values = found[f"recurrent_matrices/{layer.name}/singular_values"]
    assert values.shape == (*first.shape, 2)
    np.testing.assert_allclose(values[..., 0], first, rtol=1e-6)
    with h5py.File(tmp_path / "history.h5") as file:
        names = file[f"recurrent_matrices/{layer.name}"].attrs["matrices"].split(",")
    assert len(names) == len(set(names)) == len(first)
    found = fit(tmp_path, model, RecurrentMatrixCallback(), epochs=4)  # one epoch more
    radii = found[f"recurrent_matrices/{layer.name}/spectral_radius"]
    assert radii.shape == (len(first), 2)
    assert radii[:, -1].max() == pytest.approx(spectral_radius(layer), rel=1e-6)


def test_weights_that_are_lost_are_recorded_as_nan(make_be: MakeBackend, tmp_path: Path) -> None:
    make_be(batch_size=BATCH)
    layer = Recurrent(UNITS, INIT, activation=Tanh())
    model = classifier(layer)
    model.initialize(data())
    layer.W_recur[:] = np.inf
    watch = RecurrentMatrixCallback()
    watch.on_train_begin(
        history := h5py.File("x", "w", driver="core", backing_store=False), model, 1
    )
    assert np.isnan(history[f"recurrent_matrices/{layer.name}/singular_values"]).all()
    assert np.isnan(history[f"recurrent_matrices/{layer.name}/spectral_radius"]).all()


CARRYING: dict[str, Any] = {
    "LSTM": lambda: LSTM(UNITS, INIT, **GATED),
    "LSTMVariant": lambda: LSTMVariant(UNITS, INIT),
    "resetting": lambda: LSTM(UNITS, INIT, reset_cells=True, **GATED),
}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("evaluates", [False, True])
@pytest.mark.parametrize("name", CARRYING)
def test_a_training_that_is_watched_is_the_same(
    make_be: MakeBackend, tmp_path: Path, name: str, evaluates: bool, kind: Any
) -> None:
    """Costs, and a metric that is evaluated behind it, bit for bit; states are carried along."""
    histories = []
    for added in ([], [ALL[kind]]):
        make_be(batch_size=BATCH, rng_seed=1)
        model = classifier(CARRYING[name]())
        behind = [MetricCallback(data(seed=2), LogLoss())] if evaluates else []
        histories.append(fit(tmp_path, model, *(make() for make in added), *behind))
    alone, watched = histories
    assert alone.keys() < watched.keys()
    for path, values in alone.items():
        np.testing.assert_array_equal(watched[path], values, err_msg=path)


class PowerCut(Callback):
    """Ends the first of two trainings."""

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        if (epoch, minibatch) == (1, 0):
            raise RuntimeError("power cut")


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("planned", [1, 4])
def test_a_resumed_run_has_the_records_of_a_straight_one(
    make_be: MakeBackend, tmp_path: Path, planned: int, kind: Any
) -> None:
    def run(*added: Any, epochs: int = 4, **options: Any) -> dict[str, Any]:
        make_be(batch_size=BATCH, rng_seed=1)
        model = classifier(LSTM(UNITS, INIT, name="memory", **GATED))
        return fit(tmp_path, model, ALL[kind](), *added, epochs=epochs, **options)

    straight = run()
    options = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_freq": 1, "resume": True}
    if planned == 1:
        run(epochs=1, **options)
    else:
        with pytest.raises(RuntimeError, match="power cut"):
            run(PowerCut(), **options)
    resumed = run(**options)
    assert resumed.keys() == straight.keys()
    for path, values in straight.items():
        np.testing.assert_array_equal(resumed[path], values, err_msg=path)


def test_streams_of_several_inputs(make_be: MakeBackend, tmp_path: Path) -> None:
    make_be(batch_size=BATCH)
    rng = np.random.RandomState(0)
    streams = [rng.normal(size=(8, NIN * STEPS)).astype(np.float32) for _ in range(2)]
    pairs = ArrayIterator(streams, rng.randint(2, size=8), nclass=2, lshape=(NIN, STEPS))
    names = ("left", "right")
    chains = [[LSTM(UNITS, INIT, name=name, **GATED), RecurrentLast()] for name in names]
    model = classifier(MergeMultistream(chains, merge="stack"), sequence=False)
    found = fit(tmp_path, model, GateActivityCallback(pairs), epochs=1, train=pairs)
    assert {f"gates/{name}/f" for name in names} < found.keys()


def test_helper_methods_append_them(make_be: MakeBackend) -> None:
    make_be(batch_size=BATCH)
    model = classifier(LSTM(UNITS, INIT, **GATED))
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_grad_flow_callback(freq=2)
    callbacks.add_gate_activity_callback(data(), example=1)
    callbacks.add_recurrent_matrix_callback(freq=3)
    assert [type(callback) for callback in callbacks.callbacks[-3:]] == [
        GradFlowCallback,
        GateActivityCallback,
        RecurrentMatrixCallback,
    ]


MISTAKES: dict[str, tuple[Any, Any, str]] = {
    "gates": (
        lambda: GateActivityCallback(data()),
        lambda: Recurrent(UNITS, INIT, activation=Tanh()),
        "has gates; use it for models with layers such as LSTM",
    ),
    "example": (
        lambda: GateActivityCallback(data(), example=4),
        lambda: LSTM(UNITS, INIT, **GATED),
        "example must be from 0 to 3.*got 4",
    ),
    "matrix": (
        RecurrentMatrixCallback,
        lambda: Jordan(UNITS, 4, INIT),
        "no layer of .* has recurrent weights that are square matrices",
    ),
    "flow": (
        GradFlowCallback,
        lambda: BiLSTM(UNITS, INIT, **GATED),
        "no recurrent layer that goes forwards in time",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_models_without_are_refused(make_be: MakeBackend, tmp_path: Path, name: str) -> None:
    """With a sentence, and without a trace: the history is closed, Ctrl-C works as before."""
    make_be(batch_size=BATCH)
    callback, layer, message = MISTAKES[name]
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match=message):
        fit(tmp_path, classifier(layer()), callback())
    assert signal.getsignal(signal.SIGINT) is before
    (tmp_path / "history.h5").unlink()


@pytest.mark.parametrize("kind", [GradFlowCallback, RecurrentMatrixCallback])
def test_frequencies_are_positive(make_be: MakeBackend, kind: Any) -> None:
    make_be(batch_size=BATCH)
    with pytest.raises(ValueError, match=f"{kind.__name__}: freq must be at least 1, got 0"):
        kind(freq=0)
