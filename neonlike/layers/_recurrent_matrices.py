"""The square matrices that lead from step to step, by direction and gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# direction by the ending of W_recur, those of one sweep side by side
SWEEPS = (
    {"_vf": "↓", "_vb": "↑"},
    {"_hf": "→", "_hb": "←"},
    {"_f": "→", "_b": "←"},
)
GATES = {1: ("",), 3: tuple("rzq"), 4: tuple("ifog")}  # of plain units, GRU and LSTM


def recurrent_matrices(layer: Any) -> list[dict[tuple[str, str], Array]]:
    """Return (direction, gate) -> matrix for each sweep of a layer that has its weights.

    Both are "" where a layer has just one. There are no sweeps if the weights are not one or more
    square matrices.
    """
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


def recurrent_blocks(layer: Any) -> dict[str, Array]:
    """Return the matrices of all sweeps under one name each: "i", "→", "i →", or "W" if alone.

    Raises:
        ValueError: the layer has no square recurrent matrix.
    """
    blocks = {
        f"{gate} {arrow}".strip() or "W": matrix
        for sweep in recurrent_matrices(layer)
        for (arrow, gate), matrix in sweep.items()
    }
    if not blocks:
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an allocated layer whose "
            "recurrent weights are one or more square matrices"
        )
    return blocks


def _by_gate(layer: Any, weights: Any) -> list[tuple[str, Array]]:
    """The square matrices in the weights; none if these are of another shape."""
    rows, columns = weights.shape
    count, rest = divmod(rows, columns)
    gates = tuple(getattr(layer, "gates", GATES.get(count, ())))
    if rest or len(gates) != count:
        return []
    return list(zip(gates, np.split(weights.get(), count), strict=True))


def spectral_radii(blocks: dict[str, Array]) -> Array:
    """Return the largest absolute eigenvalue of each matrix, nan if it has values like that."""
    return np.array(
        [
            np.abs(np.linalg.eigvals(block)).max() if np.isfinite(block).all() else np.nan
            for block in blocks.values()
        ]
    )


def singular_values_by_block(blocks: dict[str, Array]) -> Array:
    """Return the singular values of each matrix, falling: (matrices, units); nan as above."""
    return np.stack(
        [
            np.linalg.svd(block, compute_uv=False)
            if np.isfinite(block).all()
            else np.full(len(block), np.nan)
            for block in blocks.values()
        ]
    )
