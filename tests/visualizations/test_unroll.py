"""Computation graphs: the counts of the specification, texts and drawings."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from neonlike import layers as layers_module
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    DTSRNN,
    GRU,
    LSTM,
    LSTM97,
    Affine,
    BiBNRNN,
    BiLSTM,
    BiRNN,
    DeepBiRNN,
    DeepTransitionRNN,
    Dropout,
    Elman,
    ElmanLayer,
    Jordan,
    LookupTable,
    LSTMVariant,
    MergeBroadcast,
    MergeMultistream,
    MergeSum,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    ReNet,
    ReSeg,
    Seq2Seq,
    Sequential,
    StackedRNN,
    TruncatedRecurrent,
)
from neonlike.layers._rnn_base import SweepLayer
from neonlike.layers._zoo_base import ZooLayer
from neonlike.models import Model
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
    gated = {"init": INIT, **GATED}
    several = Seq2Seq([[GRU(3, **gated)], [GRU(3, **gated), Affine(2, INIT)]])
    for layers in (several, [several], Model([several])):
        with pytest.raises(ValueError, match="Seq2Seq .* draw its encoder and its decoder"):
            unroll_graph(layers, 3)


# ------------------------------------------------------ every recurrent layer --

RECURRENT: dict[type, Any] = {
    BiBNRNN: lambda: BiBNRNN(3, INIT, activation=Tanh()),
    BiLSTM: lambda: BiLSTM(3, INIT, **GATED),
    BiRNN: lambda: BiRNN(3, INIT, activation=Tanh()),
    DeepTransitionRNN: lambda: DeepTransitionRNN(3, INIT, [4], shortcut=True),
    ElmanLayer: lambda: ElmanLayer(3, INIT, activation=Tanh()),
    GRU: lambda: GRU(3, INIT, **GATED),
    Jordan: lambda: Jordan(3, 4, INIT),
    LSTM: lambda: LSTM(3, INIT, **GATED),
    LSTM97: lambda: LSTM97(3, INIT),
    LSTMVariant: lambda: LSTMVariant(3, INIT, variant="FGR"),
    ReNet: lambda: ReNet(3, INIT),
    Recurrent: lambda: Recurrent(3, INIT, activation=Tanh()),
    TruncatedRecurrent: lambda: TruncatedRecurrent(3, INIT),
}


def test_the_table_has_every_recurrent_layer() -> None:
    public = {getattr(layers_module, name) for name in layers_module.__all__}
    bases = SweepLayer, ZooLayer, ReNet
    assert set(RECURRENT) == {c for c in public if isinstance(c, type) and issubclass(c, bases)}


@pytest.mark.parametrize("kind", RECURRENT, ids=lambda kind: kind.__name__)
def test_every_recurrent_layer_is_drawn(be: Any, kind: type) -> None:
    """Its matrices are in the graph under the names that the layer gives them; alone and stacked.

    All nodes are connected, and the drawings have each node and edge once.
    """
    layer = RECURRENT[kind]()
    net = Sequential([layer, Affine(2, INIT)])
    net.configure((2, 4, 4))
    net.allocate()
    graph = unroll_graph(net, 2)
    named = {edge.parameter for edge in graph.edges if edge.parameter[:2] in ("W_", "U_", "S_")}
    assert len(named) > 2
    assert all(name == "W_out" or hasattr(layer, name) for name in named)
    stacked = unroll_graph([RECURRENT[kind](), RECURRENT[kind](), Affine(2, INIT)], 3)
    for shown in (graph, stacked, unroll_graph([RECURRENT[kind]()], 3, folded=True)):
        ids = {node.id for node in shown.nodes}
        ends = {end for edge in shown.edges for end in (edge.source, edge.target)}
        assert len(ids) == len(shown.nodes)
        assert ends == ids
        assert len(set(shown.edges)) == len(shown.edges)
        svg = ET.fromstring(shown.to_svg())
        assert len(svg.findall("{*}circle")) == len(shown.nodes)
        assert len(svg.findall("{*}path")) == len(shown.edges)
        assert shown.to_text().count(" = ") == len({edge.target for edge in shown.edges})


def test_split_inputs_keep_the_directions_apart(be: Any) -> None:
    layers = DeepBiRNN(3, INIT, activation=Tanh(), depth=2)
    text = unroll_graph(layers, 1, folded=True).to_text()
    assert "h2f = h2.W_input_f h1f + " in text
    assert "h2b = h2.W_input_b h1b + " in text
    summed = unroll_graph(DeepBiRNN(3, INIT, activation=Tanh(), depth=2, bi_sum=True), 1)
    assert "h2f[0] = h2.W_input_f m1[0]" in summed.to_text()
    assert {node.id: node.shape for node in summed.nodes}["m1[0]"] == (3,)


# ------------------------------------------------------------------- pictures --


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_renet_has_four_directions_over_the_patches(be: Any, n: int) -> None:
    graph = unroll_graph([ReNet(3, INIT, patch=(2, 2)), Affine(2, INIT)], n)
    assert len(graph.nodes) == 7 * n * n + 1
    across = {f"W_recur_{way}": n * (n - 1) for way in ("vf", "vb", "hf", "hb")}
    into = {f"W_input_{way}": n * n for way in ("vf", "vb", "hf", "hb")}
    found = Counter(edge.parameter for edge in graph.edges)
    assert found == +Counter(across | into | {"identity": 4 * n * n, "W_out": n * n})
    ways = {
        edge.parameter[-2:]: (edge.source, edge.target)
        for edge in graph.edges
        if "W_recur" in edge.parameter
    }
    if n == 2:
        assert ways == {
            "vf": ("v1f[0,1]", "v1f[1,1]"),
            "vb": ("v1b[1,1]", "v1b[0,1]"),
            "hf": ("h1f[1,0]", "h1f[1,1]"),
            "hb": ("h1b[1,1]", "h1b[1,0]"),
        }


def test_the_text_of_a_renet_has_a_line_per_patch(be: Any) -> None:
    layers = [ReNet(3, INIT), Affine(2, INIT)]
    *patches, end = unroll_graph(layers, 2).to_text().splitlines()
    assert [line.partition(":")[0] for line in patches] == [
        f"row {i}, column {j}" for i in range(2) for j in range(2)
    ]
    assert patches[2].endswith(
        "h1f[1,0] = W_input_hf v1[1,0]; h1b[1,0] = W_input_hb v1[1,0] + W_recur_hb h1b[1,1]; "
        "h1[1,0] = identity h1f[1,0] + identity h1b[1,0]"
    )
    assert end.startswith("at the end: y = W_out h1[0,0] + W_out h1[0,1]")
    folded = unroll_graph(layers, 2, folded=True).to_text()
    assert folded.startswith("each patch: x; v1f = W_input_vf x + W_recur_vf v1f(i-1); ")
    assert "h1b = W_input_hb v1 + W_recur_hb h1b(j+1)" in folded


def test_orders_and_modes_of_a_renet(be: Any) -> None:
    def inputs(**options: Any) -> dict[str, str]:
        graph = unroll_graph([ReNet(3, INIT, **options), Affine(2, INIT)], 1, folded=True)
        kept = [
            edge for edge in graph.edges if "W_input" in edge.parameter or "W_out" in edge.parameter
        ]
        return {edge.parameter[2:]: edge.source for edge in kept}

    assert inputs() == {
        "input_vf": "x",
        "input_vb": "x",
        "input_hf": "v1",
        "input_hb": "v1",
        "out": "h1",
    }
    assert inputs(order="hv") == {
        "input_hf": "x", "input_hb": "x", "input_vf": "h1", "input_vb": "h1", "out": "v1"
    }  # fmt: skip
    assert set(inputs(mode="parallel").values()) == {"x", "p1"}


def test_a_patch_of_a_later_renet_covers_cells_of_the_first(be: Any) -> None:
    layers = [*ReSeg(2, (3, 3), patch=[(2, 2), (2, 1)], up_filters=(4,))]
    net = Sequential(layers)
    net.configure((1, 8, 8))
    graph = unroll_graph(net, 3)
    shapes = {node.id: node.shape for node in graph.nodes}
    assert shapes["x[2,2]"] == (4,)
    assert {node.t for node in graph.nodes if node.id.startswith("h2[")} == {
        (i, j) for i in range(2) for j in range(3)
    }
    below = [e.source for e in graph.edges if e.target == "v2f[0,1]" and "W_input" in e.parameter]
    assert below == ["h1[0,1]", "h1[1,1]"]
    last = [e.source for e in graph.edges if e.target == "v2f[1,1]" and "W_input" in e.parameter]
    assert last == ["h1[2,1]"]  # the rows below are padding


@pytest.mark.parametrize(("reduce", "columns"), [(RecurrentLast, [1]), (RecurrentMean, [0, 1])])
def test_a_sequence_layer_reads_maps_column_by_column(
    be: Any, reduce: Any, columns: list[int]
) -> None:
    layers = [ReNet(3, INIT), LSTM(2, INIT, **GATED), reduce(), Affine(2, INIT)]
    graph = unroll_graph(layers, 2)
    assert [e.source for e in graph.edges if e.target == "c2[1]"] == [
        "h1[0,1]", "h1[1,1]", "h2[0]", "c2[0]"
    ]  # fmt: skip
    (summary,) = (node.id for node in graph.nodes if node.kind == "summary")
    assert [e.source for e in graph.edges if e.target == summary] == [f"h2[{j}]" for j in columns]
    assert "column 1: c2[1] = " in graph.to_text()


# ------------------------------------------------------------------- branches --


def branch(cell: Any, reduce: Any = RecurrentLast) -> list[Any]:
    return [cell(3, INIT, **GATED), reduce()]


def test_branches_stand_side_by_side(be: Any) -> None:
    branches = [branch(LSTM), branch(GRU)]
    text = unroll_graph([MergeBroadcast(branches, "stack"), Affine(2, INIT)], 1, True).to_text()
    assert "c1 = W_input x" in text
    assert "h2 = h2.W_input x" in text
    assert text.endswith("m1 = identity last + identity last2; y = W_out m1\n")
    added = [MergeSum([branch(LSTM, RecurrentMean), branch(GRU, RecurrentMean)]), Affine(2, INIT)]
    assert "m1[1] = sum mean[1] + sum mean2[1]" in unroll_graph(added, 2).to_text()


def test_streams_have_inputs_of_their_own(be: Any) -> None:
    net = Sequential([MergeMultistream([branch(LSTM), branch(GRU)], "stack"), Affine(2, INIT)])
    net.configure([(5, 4), (6, 4)])
    graph = unroll_graph(net, 2)
    shapes = {node.id: node.shape for node in graph.nodes}
    assert (shapes["x1[0]"], shapes["x2[0]"], shapes["m1[1]"]) == ((5,), (6,), (6,))
    assert "x[0]" not in shapes


def test_branches_that_sweep_over_a_picture(be: Any) -> None:
    merge = MergeBroadcast([ReNet(3, INIT), ReNet(3, INIT, order="hv")], "depth")
    graph = unroll_graph([merge, Affine(2, INIT)], 2)
    assert len(graph.nodes) == (1 + 2 * 6 + 1) * 4 + 1
    made = {(e.source, e.target) for e in graph.edges}
    assert {("x[1,0]", "v1f[1,0]"), ("x[1,0]", "h2f[1,0]"), ("h1[1,0]", "m1[1,0]")} < made
    assert {e.source for e in graph.edges if e.target == "y"} == {
        f"m1[{i},{j}]" for i in range(2) for j in range(2)
    }
