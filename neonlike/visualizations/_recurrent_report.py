"""The section of a run report that shows how the recurrent layers of a model work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._state_gradients import has_state_gradients
from neonlike.visualizations._grad_flow import grad_flow
from neonlike.visualizations._layer_times import leaf_layers
from neonlike.visualizations._plots import Panel, Series, line_figure
from neonlike.visualizations._recurrent_history import add_recurrent_history, spans_decades
from neonlike.visualizations._recurrent_matrix import has_recurrent_matrix, plot_singular_values
from neonlike.visualizations._report import Report
from neonlike.visualizations._state_maps import plot_states, state_activity
from neonlike.visualizations._sweep_gradients import sweep_gradients
from neonlike.visualizations._theme import Theme, new_figure, set_title
from neonlike.visualizations._unroll import UnrolledGraph, unroll_graph

STEPS = 4  # of the unrolled graph
PATCHES = 2  # rows and columns of it, if the network sweeps over pictures
SEQUENCE_CAPTION = (
    f"The first {STEPS} steps. Arrows of one colour are the same weights at every step; the red "
    "ones show the way of the gradients, against all others. Layers that make no new vector at "
    "each step are left out."
)
PICTURE_CAPTION = (
    f"{PATCHES} x {PATCHES} patches x[row,column], rows behind each other. v1f and v1b sweep down "
    "and up the columns, h1f and h1b right and left along the rows; v1 and h1 are both together. "
    "Arrows of one colour are the same weights everywhere. Convolutions and poolings are left out."
)
Array = npt.NDArray[Any]


def add_recurrent(
    report: Report,
    model: Any,
    dataset: Any,
    title: str = "",
    history: str | os.PathLike[str] | None = None,
) -> None:
    """Add what shows how the recurrent layers of a model work; nothing if there are none.

    Figures (and PNG files): ``graph``, the network unrolled in time, or over patches of a picture;
    ``gradients``, the norm of the gradient by step; ``activity_<layer>``, states and gates over one
    example; ``singular_values`` of the matrices that lead from step to step.

    Args:
        report: where to.
        model: a model that has been through ``fit``, so that it knows its cost.
        dataset: iterator over (inputs, targets); its first minibatch is looked at.
        title: of the data, in all figures.
        history: history file of the training; what callbacks have recorded in it follows, see
            ``add_recurrent_history``.
    """
    flows = gradients_by_step(model, dataset)
    if not flows:
        return
    layers = {layer.name: layer for layer in leaf_layers(model.layers)}
    after = f" · {title}" if title else ""
    _add_graph(report, model, after)
    _add_gradients(report, flows, after)
    _add_activity(report, model, dataset, after)
    matrices = {name: layer for name, layer in layers.items() if has_recurrent_matrix(layer)}
    if matrices:
        _add_singular_values(report, matrices)
    if history is not None:
        add_recurrent_history(report, history, title)


def gradients_by_step(model: Any, dataset: Any) -> dict[str, dict[str, Array]]:
    """Return the mean norm of the gradient by step: layer -> state or direction -> (steps,)."""
    layers = list(leaf_layers(model.layers))
    found: dict[str, dict[str, Array]] = {layer.name: {} for layer in layers}
    if any(has_state_gradients(layer) for layer in layers):
        x, t = _first(dataset)
        for name, norms in grad_flow(model, x, t, loss_at="all").items():
            layer, _, state = name.rpartition(" ")
            found[layer][state] = norms.mean(axis=1)
    for name, values in sweep_gradients(model, dataset).items():
        layer, _, direction = name.rpartition(" ")
        if not {"h", "c"} & set(found[layer]):
            found[layer][direction] = values
    return {layer: lines for layer, lines in found.items() if lines}


def _first(dataset: Any) -> Any:
    dataset.reset()
    batch = next(iter(dataset))
    dataset.reset()
    return batch


def _add_graph(report: Report, model: Any, after: str) -> None:
    try:
        pictures = bool(unroll_graph(model, 1, folded=True).axes)
    except ValueError as reason:  # more than one chain of layers
        report.note(str(reason))
        return
    graph = unroll_graph(model, PATCHES if pictures else STEPS)
    title = "Unrolled over patches" if pictures else "Unrolled in time"
    report.figure(
        "graph",
        partial(_draw_graph, graph, not pictures, f"{title}{after}"),
        alt=f"Computation graph of {'a patch' if pictures else 'a step'}: "
        + unroll_graph(model, 1, folded=True).to_text().strip(),
        caption=PICTURE_CAPTION if pictures else SEQUENCE_CAPTION,
        wide=not pictures,
    )


def _draw_graph(graph: UnrolledGraph, backward: bool, title: str, theme: Theme) -> Any:
    if graph.centres:
        xs, ys = zip(*graph.centres.values(), strict=True)
        legend = 0.3 * -(-len({edge.parameter for edge in graph.edges}) // 4)
        height = 1.8 + legend + max(ys) - min(ys)
        figure = new_figure(theme, max(6.0, 2 + max(xs) - min(xs)), height)
    else:
        figure = new_figure(theme, 9.6, 2.7 + 0.9 * max(graph.levels.values()))
    set_title(figure, theme, title)
    graph.plot(figure.subplots(), theme, backward)
    return figure


def _add_gradients(report: Report, flows: Mapping[str, Mapping[str, Array]], after: str) -> None:
    panels = []
    for layer, lines in flows.items():
        series = [
            Series(label, np.arange(1, len(norms) + 1), norms, colour=colour, marker="o")
            for colour, (label, norms) in enumerate(lines.items())
        ]
        logarithmic = spans_decades(np.concatenate(list(lines.values())))
        panels.append(
            Panel(layer, "step", "norm of the gradient", series, log_y=logarithmic, integer_x=True)
        )
    report.figure(
        "gradients",
        lambda theme: line_figure(panels, theme, f"Gradient by step{after}"),
        alt="Norm of the gradient of the cost by the state, by step, of " + ", ".join(flows),
        caption="How strongly the cost depends on the state of each step (h, or c of memory "
        "cells), on one minibatch; sweeps count their steps from where they start. A line that "
        "falls towards the first steps shows a gradient that vanishes on its way back.",
        wide=True,
    )


def _add_activity(report: Report, model: Any, dataset: Any, after: str) -> None:
    x, _ = _first(dataset)
    for layer, signals in state_activity(model, x).items():
        title = f"{layer} over one example{after}"
        report.figure(
            f"activity_{layer}",
            partial(plot_states, signals, 0, title=title),
            alt=f"Heat maps of {', '.join(signals)} of {layer}",
            caption="The first example of a minibatch: units by steps, or, of layers that sweep "
            "over a picture, the mean of all units by patch; gates from 0, shut, to 1, open.",
            wide=True,
        )


def _add_singular_values(report: Report, layers: Mapping[str, Any]) -> None:
    report.figure(
        "singular_values",
        lambda theme: plot_singular_values(layers, theme),
        alt="Singular values of the recurrent matrices of " + ", ".join(layers),
        caption="What one step can do to the size of a state, and of a gradient on its way back: "
        "make it larger along directions with values above 1, smaller along the others.",
        wide=True,
    )
