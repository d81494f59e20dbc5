"""What the callbacks for recurrent layers have recorded: matrices, gates, gradients by epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._state_gradients import GATES
from neonlike.visualizations._plots import Panel, Series, line_figure
from neonlike.visualizations._report import Report
from neonlike.visualizations._state_maps import draw_signal, split_signal
from neonlike.visualizations._theme import LIGHT, Theme, new_figure, set_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
DECADES = 30  # largest over smallest value from which on an axis is logarithmic
BACKWARD = ("↑", "←")
QUANTITIES = {"singular_values": "largest singular value", "spectral_radius": "spectral radius"}


@dataclass
class Records:
    """What one callback has recorded of one layer.

    Attributes:
        epochs: how many were done at each record.
        values: name -> array whose last axis are the records.
        attrs: attributes of the layer's group.
    """

    epochs: Array
    values: dict[str, Array]
    attrs: dict[str, Any]


def read_records(path: str | os.PathLike[str], group: str) -> dict[str, Records]:
    """Read a group of a history: layer -> records; nothing if no callback has written it.

    Args:
        path: history file of ``Callbacks``.
        group: "recurrent_matrices", "gates" or "grad_flow".
    """
    import h5py

    with h5py.File(path, "r") as file:
        layers = file.get(group, {})
        return {
            name: Records(
                layers["epochs"][()],
                {key: data[()] for key, data in layer.items()},
                dict(layer.attrs),
            )
            for name, layer in layers.items()
            if name != "epochs"
        }


def plot_matrix_history(records: Records, theme: Theme = LIGHT, title: str = "") -> Figure:
    """Draw the largest singular value and the spectral radius of each matrix against the epoch.

    One colour per gate, ways back dashed; thin lines are the median singular values.

    Args:
        records: of a layer, group "recurrent_matrices".
        theme: colours.
        title: of the figure.
    """
    names = records.attrs["matrices"].split(",")
    sweeps: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        sweeps.setdefault("↓↑" if name[-1] in "↓↑" else "→←", []).append(row)
    panels = [
        Panel(
            f"{text} {arrows if len(sweeps) > 1 else ''}",
            "epoch",
            "",
            _matrix_lines(records, quantity, {row: names[row] for row in rows}),
            integer_x=True,
        )
        for arrows, rows in sweeps.items()
        for quantity, text in QUANTITIES.items()
    ]
    return line_figure(panels, theme, title, max(9.6, 3.2 * len(panels)))


def _matrix_lines(records: Records, quantity: str, names: Mapping[int, str]) -> list[Series]:
    gates = list(dict.fromkeys(name.split()[0] for name in names.values() if " " in name))
    lines = []
    for place, (row, name) in enumerate(names.items()):
        values = records.values[quantity][row]
        colour = gates.index(name.split()[0]) if gates else place
        if values.ndim == 2:  # all singular values, falling
            lines.append(Series("", records.epochs, np.median(values, axis=0), colour))
            values = values[0]
        back = name.endswith(BACKWARD)
        lines.append(Series(name, records.epochs, values, colour, dashed=back, marker="o"))
    return lines


def plot_gate_history(records: Records, theme: Theme = LIGHT, title: str = "") -> Figure:
    """Draw the gates over the recorded sequence, at the first record beside the last one.

    Args:
        records: of a layer, group "gates".
        theme: colours.
        title: of the figure.
    """
    parts = [split_signal(name) for name in records.values]  # HDF5 has sorted the names
    gates = sorted({gate for gate, _ in parts}, key=GATES.index)
    ways = sorted({way for _, way in parts}, key="↓↑→←".find)
    picture = next(iter(records.values.values())).ndim == 4
    moments = [(0, _when(records.epochs[0])), (-1, _when(records.epochs[-1]))]
    columns = [(way, *moment) for way in ways for moment in moments]
    between = ",\n" if len(columns) > 4 else ", "
    height = 2.2 if picture else 1.5
    figure = new_figure(theme, max(8.0, 2.2 * len(columns)), 0.5 + height * len(gates))
    set_title(figure, theme, title)
    axes = figure.subplots(len(gates), len(columns), squeeze=False, sharex=True)
    for line, gate in zip(axes, gates, strict=True):
        for ax, (way, record, moment) in zip(line, columns, strict=True):
            values = records.values[gate + way][..., record]
            draw_signal(ax, gate + way, values, theme, note=between + moment)
    for ax in axes[-1]:
        ax.set_xlabel("column of patches" if picture else "step t", color=theme.muted, fontsize=9)
    return figure


def _when(epochs: int) -> str:
    if not epochs:
        return "before training"
    return "after 1 epoch" if epochs == 1 else f"after {epochs} epochs"


def plot_flow_history(
    records: Mapping[str, Records], theme: Theme = LIGHT, title: str = ""
) -> Figure:
    """Draw the recorded gradient norms against the step: of the first, middle and last epoch.

    Args:
        records: layer -> records, group "grad_flow".
        theme: colours.
        title: of the figure.
    """
    panels = []
    for layer, flow in records.items():
        shown = sorted({0, len(flow.epochs) // 2, len(flow.epochs) - 1})
        for state, norms in reversed(flow.values.items()):  # h before c
            norms = np.where(norms > 0, norms, np.nan)  # steps that no error reaches
            lines = [
                Series(f"epoch {flow.epochs[k] + 1}", np.arange(len(norms)), norms[:, k], colour)
                for colour, k in enumerate(shown)
            ]
            decades = spans_decades(norms[:, shown])
            panels.append(
                Panel(f"{layer} {state}", "step t", "", lines, log_y=decades, integer_x=True)
            )
    return line_figure(panels, theme, title, max(9.6, 2.4 * len(panels)))


def spans_decades(values: Array) -> bool:
    """Tell whether an axis for these values should be logarithmic."""
    values = values[~np.isnan(values)]
    return bool(values.size and values.min() > 0 and values.max() > DECADES * values.min())


def add_recurrent_history(report: Report, path: str | os.PathLike[str], title: str = "") -> None:
    """Add what callbacks have recorded of recurrent layers; nothing if there were none.

    Figures (and PNG files): ``matrices_<layer>`` of a ``RecurrentMatrixCallback``,
    ``gates_<layer>`` of a ``GateActivityCallback``, ``gradient_history`` of a ``GradFlowCallback``.

    Args:
        report: where to.
        path: history file of ``Callbacks``.
        title: of the data, in all figures.
    """
    after = f" · {title}" if title else ""
    for layer, records in read_records(path, "recurrent_matrices").items():
        report.figure(
            f"matrices_{layer}",
            partial(plot_matrix_history, records, title=f"Recurrent matrices of {layer}{after}"),
            alt=f"Largest singular value and spectral radius by epoch: {_last_radii(records)}",
            caption="What one step can make of a state (largest singular value), and many steps "
            "in the long run (spectral radius), by epoch. Thin: the median singular value.",
            wide=True,
        )
    flows = read_records(path, "grad_flow")
    if flows:
        report.figure(
            "gradient_history",
            partial(plot_flow_history, flows, title=f"Gradient by step and epoch{after}"),
            alt="Norm of the gradient by step, of some epochs, of " + ", ".join(flows),
            caption="How far the error reaches back through the steps, while the network learns; "
            "on the first minibatch of an epoch.",
            wide=True,
        )
    for layer, records in read_records(path, "gates").items():
        report.figure(
            f"gates_{layer}",
            partial(plot_gate_history, records, title=f"Gates of {layer}{after}"),
            alt=f"Heat maps of {', '.join(records.values)} of {layer}, first and last record",
            caption="The same sequence, before and after: gates from 0, shut, to 1, open.",
            wide=True,
        )


def _last_radii(records: Records) -> str:
    radii = records.values["spectral_radius"][:, -1]
    names = records.attrs["matrices"].split(",")
    parts = (f"{name} {radius:.2f}" for name, radius in zip(names, radii, strict=True))
    return "spectral radius at the end " + ", ".join(parts)
