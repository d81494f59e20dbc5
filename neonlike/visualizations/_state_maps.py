"""What the units of a recurrent network do while they read a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._state_gradients import (
    ARROWS,
    GATES,
    has_state_signals,
    state_signals,
)
from neonlike.visualizations._layer_times import leaf_layers
from neonlike.visualizations._theme import LIGHT, Theme, new_figure, set_title, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
TITLES = {
    "h": "output h",
    "y": "output y",
    "c": "cell c",
    "s": "state s",
    "g": "cell input g",
    "q": "candidate q",
    "r": "reset gate",
    "z": "update gate",
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "inp_gate": "input gate",
    "out_gate": "output gate",
}


def state_activity(model: Any, x: Any) -> dict[str, dict[str, Array]]:
    """Run a model and return the states and gates of its recurrent layers.

    Args:
        model: an initialized model.
        x: a minibatch of inputs.

    Returns:
        layer name -> signal ("h", "c", "i", "f", "o", "g" of an LSTM, "h→" and so on of layers
        that go both ways) -> (units, T, N); of a ReNet (units, I, J, N), maps of its patches.
    """
    model.fprop(x, inference=True)
    layers = [layer for layer in leaf_layers(model.layers) if has_state_signals(layer)]
    return {layer.name: state_signals(layer) for layer in layers}


def plot_states(
    signals: Mapping[str, Array], example: int = 0, theme: Theme = LIGHT, title: str = ""
) -> Figure:
    """Draw heat maps of one example, one per signal: units by steps.

    Gates are drawn from 0 (shut) to 1 (open), all other signals around 0. Of a ReNet the maps are
    rows by columns of patches: the mean of all units, for signals other than gates that of their
    absolute values.

    Args:
        signals: name -> (units, T, N), one layer of ``state_activity`` or a ``trace``.
        example: column of the minibatch.
        theme: colours.
        title: of the figure.
    """
    ways = list(dict.fromkeys(way for _, way in map(split_signal, signals)))
    rows = -(-len(signals) // len(ways))
    picture = next(iter(signals.values())).ndim == 4
    figure = new_figure(theme, 9 if picture else 8, 0.5 + (2.1 if picture else 1.25) * rows)
    set_title(figure, theme, title)
    axes = figure.subplots(rows, len(ways), squeeze=False, sharex=True)
    for column, way in zip(axes.T, ways, strict=True):
        shown = {name: values for name, values in signals.items() if split_signal(name)[1] == way}
        for ax, (name, values) in zip(column, shown.items(), strict=False):
            draw_signal(ax, name, values[..., example], theme)
        xlabel = "column of patches" if picture else "step t"
        column[-1].set_xlabel(xlabel, color=theme.muted, fontsize=9)
    return figure


def split_signal(name: str) -> tuple[str, str]:
    """Return what a signal is and its direction: ("f", "→") of "f→", ("f", "") of "f"."""
    kind = name.rstrip(ARROWS)
    return kind, name.removeprefix(kind)


def draw_signal(ax: Any, name: str, values: Array, theme: Theme, note: str = "") -> None:
    """Draw the heat map of one signal of one example, see ``plot_states``; a note in its title."""
    from matplotlib.ticker import MaxNLocator

    gate, picture = split_signal(name)[0] in GATES, values.ndim == 3
    if picture:
        values = (values if gate else np.abs(values)).mean(axis=0)
    top = 1.0 if gate else max(float(np.abs(values).max()), 1e-12)
    image = ax.imshow(
        values,
        cmap=theme.heat if gate or picture else "RdBu",
        vmin=0.0 if gate or picture else -top,
        vmax=top,
        aspect="equal" if picture else "auto",
        interpolation="none",
    )
    style_axes(ax, theme, _title(name) + note, ylabel="row" if picture else "unit")
    ax.grid(visible=False)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01)
    bar.ax.tick_params(colors=theme.muted, labelsize=7, length=0)
    bar.outline.set_visible(False)


def _title(name: str) -> str:
    """What a signal is, for the reader: "forget gate →" of "f→"."""
    kind, arrow = split_signal(name)
    return f"{TITLES.get(kind, kind)} {arrow}".strip()
