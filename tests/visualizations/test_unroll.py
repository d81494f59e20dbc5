"""Computation graphs: the counts of the specification, texts and drawings."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    DTSRNN,
    GRU,
    LSTM,
    LSTM97,
    Affine,
    BiLSTM,
    BiRNN,
    Dropout,
    Elman,
    Jordan,
    LookupTable,
    LSTMVariant,
    RecurrentLast,
    RecurrentMean,
    ReNet,
    Sequential,
    StackedRNN,
)
from neonlike.transforms import Logistic, Softmax, Tanh
from neonlike.visualizations import unroll_graph
from neonlike.visualizations._theme import DARK, LIGHT, new_figure

INIT = GlorotUniform()
GATED = {"activation": Tanh(), "gate_activation": Logistic()}


def labels(layers: Any, nsteps: int, folded: bool = False) -> Counter[str]:
    return Counter(edge.parameter for edge in unroll_graph(layers, nsteps, folded).edges)


@pytest.mark.parametrize("steps", [1, 4, 9])
def test_elman_has_the_counts_of_the_specification(be: Any, steps: int) -> None:
    layers = Elman(5, 2, INIT)
    graph = unroll_graph(layers, steps)
    assert len(graph.nodes) == 3 * steps + 1
    assert "h1[-1]" in {node.id for node in graph.nodes}
    assert labels(layers, steps) == {"W_input": steps, "W_recur": steps, "W_out": steps}


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("steps", [1, 4])
def test_jordan_has_the_counts_of_the_specification(be: Any, steps: int, alpha: float) -> None:
    layers = [Jordan(2, 5, INIT, alpha=alpha)]
    expected = Counter(W_input=steps, W_state=steps, W_out=steps, identity=steps - 1)
    if alpha:
        expected["alpha = 0.5"] = steps - 1
    assert len(unroll_graph(layers, steps).nodes) == 4 * steps
    assert labels(layers, steps) == +expected


def test_the_folded_graph_has_one_node_per_layer_and_a_cycle(be: Any) -> None:
    graph = unroll_graph(Elman(5, 2, INIT), 4, folded=True)
    assert [node.id for node in graph.nodes] == ["x", "h1", "y"]
    assert [tuple(edge) for edge in graph.edges] == [
        ("x", "h1", "W_input", 0),
        ("h1", "h1", "W_recur", 1),
        ("h1", "y", "W_out", 0),
    ]
    assert graph.to_text() == (
        "each step: x; h1 = W_input x + W_recur h1(t-1); y = W_out h1\n"
    )  # fmt: skip


def test_text_has_a_line_per_step(be: Any) -> None:
    assert unroll_graph(Elman(5, 2, INIT), 2).to_text() == (
        "t=-1: h1[-1]\n"
        "t=0: x[0]; h1[0] = W_input x[0] + W_recur h1[-1]; y[0] = W_out h1[0]\n"
        "t=1: x[1]; h1[1] = W_input x[1] + W_recur h1[0]; y[1] = W_out h1[1]\n"
    )


def test_shapes_are_those_of_the_layers(be: Any) -> None:
    net = Sequential(Elman(5, 2, INIT))
    net.configure((3, 4))
    shapes = {node.id: node.shape for node in unroll_graph(net, 2).nodes}
    assert (shapes["x[0]"], shapes["h1[-1]"], shapes["y[1]"]) == ((3,), (5,), (2,))
    assert unroll_graph(Elman(5, 2, INIT), 1).nodes[1].shape is None


def test_a_configured_network_has_the_graph_of_its_list(be: Any) -> None:
    def layers() -> list[Any]:
        return [
            LookupTable(20, 6, INIT),
            *Elman(5, 2, INIT, out_activation=Softmax()),
            Dropout(keep=0.5),
            Affine(2, INIT, bias=Constant(0), activation=Tanh()),
        ]

    net = Sequential(layers())
    net.configure((4, 1))
    assert unroll_graph(net, 4).to_text() == unroll_graph(layers(), 4).to_text()
    assert set(labels(net, 1)) == {"r1.W", "W_input", "W_recur", "r2.W", "W_out"}


@pytest.mark.parametrize(
    ("layer", "kept"),
    [
        (lambda: LSTM(4, INIT, **GATED), "forget gate"),
        (lambda: LSTMVariant(4, INIT), "forget gate"),
        (lambda: LSTMVariant(4, INIT, variant="NFG"), "identity"),
        (lambda: LSTM97(2, INIT, block_size=2), "identity"),
    ],
)
def test_memory_cells_have_their_own_way_through_time(be: Any, layer: Any, kept: str) -> None:
    graph = unroll_graph([layer()], 3)
    ways = [e for e in graph.edges if e.source[0] == e.target[0] == "c"]
    assert [(e.source, e.target) for e in ways] == [
        ("c1[-1]", "c1[0]"),
        ("c1[0]", "c1[1]"),
        ("c1[1]", "c1[2]"),
    ]
    assert {e.parameter for e in ways} == {kept}
    assert {node.shape for node in graph.nodes} == {None, (4,)}


def test_deep_transitions_show_their_levels_and_shortcuts(be: Any) -> None:
    found = labels(DTSRNN(3, INIT, [6, 5]), 2)
    assert found == {
        f"{name}_{level}": 2 for name in "UWS" for level in (1, 2, 3) if (name, level) != ("S", 1)
    }


def test_stacked_layers_keep_their_parameters_apart(be: Any) -> None:
    layers = [*StackedRNN([4, 3], INIT), GRU(2, INIT, **GATED), Affine(2, INIT)]
    assert set(labels(layers, 3)) == {
        *("W_input", "W_recur", "h2.W_input", "h2.W_recur", "h3.W_input", "h3.W_recur", "W_out")
    }


@pytest.mark.parametrize(("reduce", "edges"), [(RecurrentLast, 1), (RecurrentMean, 3)])
def test_what_reads_the_whole_sequence_exists_once(be: Any, reduce: Any, edges: int) -> None:
    recurrent = StackedRNN([4], INIT)
    layers = [*recurrent, reduce(), Affine(2, INIT, bias=Constant(0), activation=Softmax())]
    graph = unroll_graph(layers, 3)
    (summary,) = [node.id for node in graph.nodes if node.kind == "summary"]
    assert sum(edge.target == summary for edge in graph.edges) == edges
    assert [node.id for node in graph.nodes if node.kind == "output"] == ["y[2]"]


def test_bidirectional_layers_come_from_both_ends(be: Any) -> None:
    layers = [BiRNN(3, INIT, activation=Tanh()), Affine(2, INIT)]
    graph = unroll_graph(layers, 2)
    assert graph.to_text() == (
        "t=-1: h1f[-1]\n"
        "t=0: x[0]; h1f[0] = W_input_f x[0] + W_recur_f h1f[-1]; "
        "h1b[0] = W_input_b x[0] + W_recur_b h1b[1]; "
        "h1[0] = identity h1f[0] + identity h1b[0]; y[0] = W_out h1[0]\n"
        "t=1: x[1]; h1f[1] = W_input_f x[1] + W_recur_f h1f[0]; "
        "h1b[1] = W_input_b x[1] + W_recur_b h1b[2]; "
        "h1[1] = identity h1f[1] + identity h1b[1]; y[1] = W_out h1[1]\n"
        "t=2: h1b[2]\n"
    )
    folded = unroll_graph(layers, 2, folded=True)
    assert "h1b = W_input_b x + W_recur_b h1b(t+1)" in folded.to_text()
    assert graph.to_svg().count("<circle") == len(graph.nodes)


def test_bidirectional_cells(be: Any) -> None:
    layers = [BiLSTM(3, INIT, **GATED), BiRNN(3, INIT, activation=Tanh(), split_inputs=True)]
    found = labels(layers, 4)
    assert found["forget gate"] == found["output gate"] == 8
    assert found["W_recur_b"] == found["h2.W_input_f"] == 4


def test_dot_names_every_node_and_edge(be: Any) -> None:
    graph = unroll_graph([LSTM(4, INIT, **GATED)], 2)
    text = graph.to_dot()
    assert text.startswith("digraph")
    assert text.count("->") == len(graph.edges)
    assert all(f'"{node.id}" [' in text for node in graph.nodes)


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_drawings_have_all_nodes_and_edges(
    be: Any, tmp_path: Path, folded: bool, backward: bool
) -> None:
    graph = unroll_graph([Jordan(2, 5, INIT, alpha=0.5)], 3, folded)
    path = tmp_path / "graph.svg"
    assert graph.to_svg(path, DARK, backward) == path.read_text(encoding="utf-8")
    root = ET.parse(path).getroot()
    count = {kind: len(root.findall(f"{{*}}{kind}")) for kind in ("circle", "path")}
    assert count == {"circle": len(graph.nodes), "path": len(graph.edges) * (1 + backward)}
    ax = new_figure(LIGHT, 6, 3).subplots()
    graph.plot(ax, backward=backward)
    assert len(ax.patches) == sum(count.values())


def test_mistakes_are_explained(be: Any) -> None:
    with pytest.raises(ValueError, match="nsteps must be at least 1"):
        unroll_graph(Elman(5, 2, INIT), 0)
    with pytest.raises(ValueError, match="no layers"):
        unroll_graph([], 3)
    with pytest.raises(ValueError, match=r"\(ReNet\) sweeps over pictures"):
        unroll_graph([ReNet(3, INIT)], 3)
