"""The matrices that lead from step to step: what they can do to states and gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.visualizations._plots import Panel, Series, line_figure
from neonlike.visualizations._theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
# direction by the ending of W_recur, those of one sweep side by side; "" of layers that have one
SWEEPS = (
    {"_vf": "↓", "_vb": "↑"},
    {"_hf": "→", "_hb": "←"},
    {"_f": "→", "_b": "←"},
)
BACKWARD = "↑←"
GATES = {1: ("",), 3: tuple("rzq"), 4: tuple("ifog")}  # of plain units, GRU and LSTM


def has_recurrent_matrix(layer: Any) -> bool:
    """Tell whether the layer leads from step to step by one or more square matrices."""
    return bool(_sweeps(layer))


def spectral_radius(layer: Any) -> float:
    """Return the largest absolute eigenvalue of the recurrent matrix (of all gates' matrices).

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return max(float(np.abs(np.linalg.eigvals(block)).max()) for block in _blocks(layer))


def singular_values(layer: Any) -> Array:
    """Return the singular values of the recurrent matrix, falling; one row per gate.

    Layers that sweep in several directions have these rows for each of them. Values above 1 are
    directions in which states (and gradients) may grow from step to step.

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return np.stack([np.linalg.svd(block, compute_uv=False) for block in _blocks(layer)])


def plot_singular_values(layers: Mapping[str, Any], theme: Theme = LIGHT) -> Figure:
    """Draw the singular values of recurrent matrices, a panel per sweep and a line per gate.

    Args:
        layers: title -> layer.
        theme: colours.

    Raises:
        ValueError: a layer has no square recurrent matrix.
    """
    panels = []
    for name, layer in layers.items():
        _blocks(layer)
        for sweep in _sweeps(layer):
            arrows = "".join(dict.fromkeys(arrow for arrow, _ in sweep))
            panels.append(Panel(f"{name} {arrows}", "rank", "", _lines(sweep), integer_x=True))
    width = max(9.6, 2.4 * len(panels))
    return line_figure(panels, theme, "Singular values of the recurrent matrix", width)


def _lines(sweep: Mapping[tuple[str, str], Array]) -> list[Series]:
    """The gates by colour, the way back dashed."""
    colours = list(dict.fromkeys(gate for _, gate in sweep))
    lines = []
    for (arrow, gate), matrix in sweep.items():
        values = np.linalg.svd(matrix, compute_uv=False)
        label, back = f"{gate} {arrow}".strip(), arrow in tuple(BACKWARD)
        ranks = np.arange(1, len(values) + 1)
        lines.append(Series(label or "W", ranks, values, colours.index(gate), dashed=back))
    return lines


def _sweeps(layer: Any) -> list[dict[tuple[str, str], Array]]:
    """For each sweep (direction, gate) -> matrix; none if the matrices are not square."""
    named = [
        {arrow: getattr(layer, f"W_recur{ending}", None) for ending, arrow in endings.items()}
        for endings in SWEEPS
    ]
    named = [sweep for sweep in named if all(w is not None for w in sweep.values())]
    weights = getattr(layer, "W_recur", getattr(layer, "W_1", None))
    sweeps = named or ([] if weights is None else [{"": weights}])
    return [
        {(arrow, gate): w for arrow, both in sweep.items() for gate, w in _by_gate(layer, both)}
        for sweep in sweeps
        if all(_by_gate(layer, weights) for weights in sweep.values())
    ]


def _by_gate(layer: Any, weights: Any) -> list[tuple[str, Array]]:
    """The square matrices in the weights; none if these are of another shape."""
    rows, columns = weights.shape
    count, rest = divmod(rows, columns)
    gates = tuple(getattr(layer, "gates", GATES.get(count, ())))
    if rest or len(gates) != count:
        return []
    return list(zip(gates, np.split(weights.get(), count), strict=True))


def _blocks(layer: Any) -> list[Array]:
    blocks = [matrix for sweep in _sweeps(layer) for matrix in sweep.values()]
    if not blocks:
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an allocated layer whose "
            "recurrent weights are one or more square matrices"
        )
    return blocks
