"""The recurrent section of a run report: its figures for each kind of layer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
    RecurrentLast,
    ReNet,
)
from neonlike.models import Model
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.visualizations import Report, add_recurrent
from neonlike.visualizations._recurrent_matrix import plot_singular_values, singular_values

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


def test_a_renet_has_gradients_and_matrices(be: Any, tmp_path: Path) -> None:
    found = figures(tmp_path, [ReNet(3, INIT, patch=(2, 2))], sequence=False)
    assert found == {"gradients", "singular_values"}


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
