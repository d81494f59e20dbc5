"""The recurrent section of a run report: its figures for each kind of layer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    GRU,
    LSTM,
    LSTM97,
    Affine,
    BiLSTM,
    BiRNN,
    GeneralizedCost,
    Jordan,
    LSTMVariant,
    Recurrent,
    RecurrentLast,
    ReNet,
    Seq2Seq,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.visualizations import (
    Records,
    Report,
    add_recurrent,
    add_recurrent_history,
    plot_flow_history,
    plot_gate_history,
    plot_matrix_history,
    read_records,
)
from neonlike.visualizations._recurrent_matrix import plot_singular_values, singular_values
from neonlike.visualizations._recurrent_report import _add_graph

INIT = GlorotUniform()
GATED = {"activation": Tanh(), "gate_activation": Logistic()}


def figures(tmp_path: Path, layers: list[Any], sequence: bool = True) -> set[str]:
    """Write a report of a network with these layers; return the names of its PNG files."""
    reduce = [RecurrentLast()] if sequence else []
    read_out = Affine(2, INIT, bias=Constant(0), activation=Softmax())
    model = Model([*layers, *reduce, read_out])
    rng = np.random.default_rng(0)
    shape = (3, 4) if sequence else (1, 4, 4)
    x, labels = rng.normal(size=(8, int(np.prod(shape)))), np.arange(8) % 2
    data = ArrayIterator(x, labels, nclass=2, lshape=shape)
    cost = GeneralizedCost(CrossEntropyMulti())
    model.initialize(data, cost)
    model.cost = cost
    report = Report("a run")
    add_recurrent(report, model, data, "noise")
    report.write(tmp_path)
    return {re.sub(r"_\d+$", "", path.stem) for path in tmp_path.glob("*.png")}


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (lambda: LSTM(3, INIT, **GATED), "LSTM"),
        (lambda: GRU(3, INIT, **GATED), "GRU"),
        (lambda: LSTMVariant(3, INIT, variant="CIFG"), "LSTMVariant"),
        (lambda: BiRNN(3, INIT, activation=Tanh()), "BiRNN"),
        (lambda: BiLSTM(3, INIT, **GATED), "BiLSTM"),
    ],
)
def test_sequences_have_all_four(be: Any, tmp_path: Path, layer: Any, name: str) -> None:
    expected = {"graph", "gradients", f"activity_{name}", "singular_values"}
    assert figures(tmp_path, [layer()]) == expected


def test_a_jordan_net_has_no_square_matrix(be: Any, tmp_path: Path) -> None:
    found = figures(tmp_path, [Jordan(3, 4, INIT)])
    assert found == {"graph", "gradients", "activity_Jordan"}


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
def test_a_renet_has_all_four(be: Any, tmp_path: Path, cell: str) -> None:
    found = figures(tmp_path, [ReNet(3, INIT, patch=(2, 2), cell=cell)], sequence=False)
    assert found == {"graph", "gradients", "activity_ReNet", "singular_values"}


def test_several_chains_have_no_graph_but_a_reason(be: Any) -> None:
    gated = {"init": INIT, **GATED}
    model = Model(Seq2Seq([[GRU(3, **gated)], [GRU(3, **gated), Affine(2, INIT)]]))
    report = Report("a run")
    _add_graph(report, model, "")
    assert "draw its encoder and its decoder" in report.html()


def test_other_networks_have_no_such_section(be: Any, tmp_path: Path) -> None:
    assert figures(tmp_path, [Affine(3, INIT)], sequence=False) == set()


@pytest.mark.parametrize(
    ("layer", "shape", "panels", "lines"),
    [
        (lambda: LSTMVariant(3, INIT, variant="NOG"), (2, 4), 1, ["i", "f", "g"]),
        (lambda: LSTM97(2, INIT), (2, 4), 1, ["W"]),
        (lambda: BiRNN(3, INIT, activation=Tanh()), (2, 4), 1, ["→", "←"]),
        (lambda: ReNet(3, INIT, cell="rnn"), (1, 4, 4), 2, ["↓", "↑"]),
    ],
)
def test_singular_values_have_a_panel_per_sweep_and_a_line_per_gate(
    be: Any, layer: Any, shape: Any, panels: int, lines: list[str]
) -> None:
    layer = layer()
    Model([layer]).initialize(shape)
    axes = plot_singular_values({"net": layer}).axes
    assert len(axes) == panels
    assert [line.get_label() for line in axes[0].lines] == lines
    assert len(singular_values(layer)) == panels * len(lines)


def test_what_callbacks_recorded_follows(be: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = ArrayIterator(rng.normal(size=(8, 12)), np.arange(8) % 2, nclass=2, lshape=(3, 4))
    recurrent = [
        Recurrent(3, INIT, activation=Tanh(), name="plain"),
        BiLSTM(3, INIT, name="both", **GATED),
    ]
    model = Model([*recurrent, RecurrentLast(), Affine(2, INIT, activation=Softmax())])
    callbacks = Callbacks(model, output_file=tmp_path / "history.h5", progress_bar=False)
    callbacks.add_recurrent_matrix_callback()
    callbacks.add_gate_activity_callback(data)
    callbacks.add_grad_flow_callback()
    cost, optimizer = GeneralizedCost(CrossEntropyMulti()), GradientDescentMomentum(0.1, 0.9)
    model.fit(data, cost, optimizer, 2, callbacks)
    report = Report("a run")
    add_recurrent_history(report, tmp_path / "history.h5", "noise")
    report.write(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.png")} == {
        "gates_both", "gradient_history", "matrices_both", "matrices_plain"
    }  # fmt: skip
    assert "spectral radius at the end i → " in (tmp_path / "report.html").read_text("utf-8")
    records = read_records(tmp_path / "history.h5", "gates")["both"]
    figure = plot_gate_history(records)
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert titles[:4] == [
        "input gate →, before training",
        "input gate →, after 2 epochs",
        "input gate ←, before training",
        "input gate ←, after 2 epochs",
    ]
    shown = figure.axes[1].images[0].get_array()
    np.testing.assert_array_equal(shown, records.values["i→"][..., -1])


def test_matrices_by_epoch(be: Any) -> None:
    names = [f"{gate} {arrow}" for arrow in "↓↑→←" for gate in "rz"]
    values = np.arange(8 * 3 * 4.0).reshape(8, 3, 4)[:, ::-1]
    recorded = {"singular_values": values, "spectral_radius": values[:, 0]}
    records = Records(np.array([0, 1, 2, 4]), recorded, {"matrices": ",".join(names)})
    axes = plot_matrix_history(records).axes
    assert [ax.get_title(loc="left") for ax in axes] == [
        f"{text} {arrows}"
        for arrows in ("↓↑", "→←")
        for text in ("largest singular value", "spectral radius")
    ]
    lines = {line.get_label(): line for line in axes[0].lines if line.get_label()[0] != "_"}
    assert list(lines) == ["r ↓", "z ↓", "r ↑", "z ↑"]
    assert lines["r ↓"].get_color() == lines["r ↑"].get_color() != lines["z ↑"].get_color()
    assert (lines["r ↓"].get_linestyle(), lines["r ↑"].get_linestyle()) == ("-", "--")
    np.testing.assert_array_equal(lines["r ↑"].get_xydata(), np.c_[records.epochs, values[2, 0]])


def test_gradients_that_reach_no_step_are_left_out(be: Any) -> None:
    norms = np.array([[1e-4, 1e-3], [1.0, 1.0], [0.0, 0.0]])  # padding behind the last step
    figure = plot_flow_history({"memory": Records(np.array([0, 3]), {"h": norms}, {})})
    (ax,) = figure.axes
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.lines] == ["epoch 1", "epoch 4"]
    assert np.isnan(ax.lines[0].get_ydata()[2])


def test_a_history_without_records_adds_nothing(be: Any, tmp_path: Path) -> None:
    path = tmp_path / "history.h5"
    h5py.File(path, "w").close()
    assert read_records(path, "gates") == {}
    report = Report("a run")
    add_recurrent_history(report, path)
    report.write(tmp_path)
    assert not list(tmp_path.glob("*.png"))
