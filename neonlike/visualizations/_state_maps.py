"""What the units of a recurrent network do while they read a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._state_gradients import has_state_signals, state_signals
from neonlike.visualizations._layer_times import leaf_layers
from neonlike.visualizations._theme import LIGHT, Theme, new_figure, set_title, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
GATES = ("i", "f", "o", "r", "z", "inp_gate", "out_gate")
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
        that go both ways) -> (units, T, N).
    """
    model.fprop(x, inference=True)
    layers = [layer for layer in leaf_layers(model.layers) if has_state_signals(layer)]
    return {layer.name: state_signals(layer) for layer in layers}


def plot_states(
    signals: Mapping[str, Array], example: int = 0, theme: Theme = LIGHT, title: str = ""
) -> Figure:
    """Draw heat maps of one example, units by steps: one per signal.

    Gates are drawn from 0 (shut) to 1 (open), all other signals around 0.

    Args:
        signals: name -> (units, T, N), one layer of ``state_activity`` or a ``trace``.
        example: column of the minibatch.
        theme: colours.
        title: of the figure.
    """
    ways = sorted({_arrow(name) for name in signals}, reverse=True)
    rows = -(-len(signals) // len(ways))
    figure = new_figure(theme, 8, 0.5 + 1.25 * rows)
    set_title(figure, theme, title)
    axes = figure.subplots(rows, len(ways), squeeze=False, sharex=True)
    for column, way in zip(axes.T, ways, strict=True):
        shown = {name: values for name, values in signals.items() if _arrow(name) == way}
        for ax, (name, values) in zip(column, shown.items(), strict=False):
            _heat_map(ax, name, values[:, :, example], theme)
        column[-1].set_xlabel("step t", color=theme.muted, fontsize=9)
    return figure


def _arrow(name: str) -> str:
    return name[-1] if name[-1] in "→←" else ""


def _heat_map(ax: Any, name: str, values: Array, theme: Theme) -> None:
    top = max(float(np.abs(values).max()), 1e-12)
    kind, arrow = name.rstrip("→←"), _arrow(name)
    colours = (theme.heat, 0.0, 1.0) if kind in GATES else ("RdBu", -top, top)
    cmap, low, high = colours
    image = ax.imshow(values, cmap=cmap, vmin=low, vmax=high, aspect="auto", interpolation="none")
    style_axes(ax, theme, f"{TITLES.get(kind, kind)} {arrow}", ylabel="unit")
    ax.grid(visible=False)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.01)
    bar.ax.tick_params(colors=theme.muted, labelsize=7, length=0)
    bar.outline.set_visible(False)
