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


def spectral_radius(layer: Any) -> float:
    """Return the largest absolute eigenvalue of the recurrent matrix (of all gates' matrices).

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return max(float(np.abs(np.linalg.eigvals(block)).max()) for block in _blocks(layer))


def singular_values(layer: Any) -> Array:
    """Return the singular values of the recurrent matrix, falling; one row per gate.

    Values above 1 are directions in which states (and gradients) may grow from step to step.

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return np.stack([np.linalg.svd(block, compute_uv=False) for block in _blocks(layer)])


def _blocks(layer: Any) -> list[Array]:
    """The matrices from states to the next step: one of plain layers, one per gate of others."""
    weights = getattr(layer, "W_recur", None)
    weights = getattr(layer, "W_1", None) if weights is None else weights
    if weights is None or weights.shape[0] % weights.shape[1]:
        shape = None if weights is None else weights.shape
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an allocated layer whose "
            f"recurrent weights are one or more square matrices, got weights of shape {shape}"
        )
    return np.split(weights.get(), weights.shape[0] // weights.shape[1])


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


def plot_singular_values(layers: Mapping[str, Any], theme: Theme = LIGHT) -> Figure:
    """Draw the singular values of recurrent matrices, one line per layer and gate.

    Args:
        layers: legend -> layer.
        theme: colours.
    """
    rows = {
        name if len(values) == 1 else f"{name}, gate {gate}": row
        for name, values in ((name, singular_values(layer)) for name, layer in layers.items())
        for gate, row in enumerate(values)
    }
    series = [
        Series(label, np.arange(1, len(row) + 1), row, colour, marker="o")
        for colour, (label, row) in enumerate(rows.items())
    ]
    panel = Panel("", "rank", "singular value", series, integer_x=True)
    return line_figure([panel], theme, "Recurrent matrix")
