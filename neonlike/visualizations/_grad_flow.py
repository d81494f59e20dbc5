"""How far back in time a recurrent network can see: gradient norms of its states, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._state_gradients import recorded_state_gradients
from neonlike.visualizations._layer_times import leaf_layers
from neonlike.visualizations._plots import Panel, Series, line_figure
from neonlike.visualizations._theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]


def grad_flow(model: Any, x: Any, t: Any, loss_at: str = "last") -> dict[str, Array]:
    """Return the norms of dL/dh_t, and of dL/dc_t of memory cells, for every step and example.

    The network runs once forwards (in inference mode) and once backwards: gradients of its
    parameters are those of this pass afterwards, and states that layers carry from minibatch to
    minibatch are those of this sequence.

    Args:
        model: a model that knows its cost: after ``fit``, or ``initialize(shape, cost)`` and
            ``model.cost = cost``.
        x: a minibatch of inputs.
        t: its targets.
        loss_at: "last": only the cost of the last step counts; "all": that of all steps.

    Returns:
        ``"<layer> h"`` and ``"<layer> c"`` -> (T, N), the layers from bottom to top.

    Raises:
        ValueError: another ``loss_at``, or no recurrent layer that goes forwards in time
            (``sweep_gradients`` is for those that sweep in several directions).

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997),
    section 3.1: the error that flows q steps back is a sum of products of q factors
    phi'(net) * w; with logistic units (phi' <= 0.25) weights below 4/n make it fade.
    """
    if loss_at not in ("last", "all"):
        raise ValueError(f"grad_flow: loss_at must be 'last' or 'all', got {loss_at!r}")
    with recorded_state_gradients(leaf_layers(model.layers)) as found:
        if not found:
            raise ValueError(
                "grad_flow: the model has no recurrent layer that goes forwards in time; for "
                "bidirectional layers and ReNet use sweep_gradients"
            )
        errors = model.cost.get_errors(model.fprop(x, inference=True), t)
        early = errors.shape[1] - model.be.bsz
        if loss_at == "last" and early:
            errors[:, :early] = 0
        model.bprop(errors)
    return {
        f"{layer} {state}": np.linalg.norm(gradient, axis=0)
        for layer, states in found.items()
        for state, gradient in states.items()
    }


def plot_grad_flow(
    flows: Mapping[str, npt.ArrayLike],
    radii: Mapping[str, float] | None = None,
    theme: Theme = LIGHT,
    title: str = "Gradient of the states",
) -> Figure:
    """Draw log10 of gradient norms against the step, one curve per entry.

    Args:
        flows: legend -> (T, N) of ``grad_flow``, or (T,) means; examples are averaged.
        radii: spectral radius by legend, added to it.
        theme: colours.
        title: of the figure.
    """
    series = []
    for colour, (name, flow) in enumerate(flows.items()):
        norms = np.asarray(flow, dtype=float)
        norms = norms if norms.ndim == 1 else norms.mean(axis=1)
        radius = (radii or {}).get(name)
        label = name if radius is None else f"{name}, ρ = {radius:.2f}"
        series.append(Series(label, np.arange(len(norms)), norms, colour))
    panel = Panel("", "step t", "gradient norm", series, log_y=True, integer_x=True)
    return line_figure([panel], theme, title)
