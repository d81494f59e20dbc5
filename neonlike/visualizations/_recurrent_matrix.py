"""The matrices that lead from step to step: what they can do to states and gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.layers._recurrent_matrices import (
    recurrent_blocks,
    recurrent_matrices,
    singular_values_by_block,
    spectral_radii,
)
from neonlike.visualizations._plots import Panel, Series, line_figure
from neonlike.visualizations._theme import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]
BACKWARD = "↑←"


def has_recurrent_matrix(layer: Any) -> bool:
    """Tell whether the layer leads from step to step by one or more square matrices."""
    return bool(recurrent_matrices(layer))


def spectral_radius(layer: Any) -> float:
    """Return the largest absolute eigenvalue of the recurrent matrix (of all gates' matrices).

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return float(spectral_radii(recurrent_blocks(layer)).max())


def singular_values(layer: Any) -> Array:
    """Return the singular values of the recurrent matrix, falling; one row per gate.

    Layers that sweep in several directions have these rows for each of them. Values above 1 are
    directions in which states (and gradients) may grow from step to step.

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    return singular_values_by_block(recurrent_blocks(layer))


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
        recurrent_blocks(layer)  # refuses a layer without
        for sweep in recurrent_matrices(layer):
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
