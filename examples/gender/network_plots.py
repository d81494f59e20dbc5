"""Plots of what is inside a trained network: filters, feature maps, times."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from data import GenderData
from outcome import Outcome
from photos import CLASSES

from neonlike.visualizations import (
    Report,
    filter_images,
    layer_table,
    leaf_layers,
    montage_figure,
    overlay_figure,
)

FILTERS = 32  # at most so many filters are shown
PHOTOS = 6  # photos that feature maps are laid over


def add_filters(report: Report, model: Any, title: str) -> None:
    """Show the weights of the first layer that has any, as pictures."""
    layer = next(layer for layer in leaf_layers(model.layers) if hasattr(layer, "W"))
    weights = layer.W.get()
    shape = layer.in_shape
    if layer.classnm.startswith("Convolution"):
        size = round((weights.shape[0] / shape[0]) ** 0.5)
        filters = weights.T.reshape(-1, shape[0], size, size)
    else:
        filters = weights.reshape(-1, *model.layers.in_shape)
    pictures = filter_images(filters[:FILTERS])
    report.figure(
        "filters",
        lambda theme: montage_figure(
            pictures, [""] * len(pictures), theme, f"First-layer filters · {title}"
        ),
        alt=f"{len(pictures)} filters of {pictures.shape[2]} by {pictures.shape[3]} pixels",
        caption=f"The weights of {layer.name} on red, green and blue; grey is zero.",
        wide=True,
    )


def add_feature_maps(report: Report, model: Any, data: GenderData, outcome: Outcome) -> None:
    """Lay the strength of the layers' answers over some photos, right and wrong ones."""
    count = min(PHOTOS, model.be.bsz)
    rows = _examples(outcome, count)
    images = data.images("test", rows)
    model.predict(images.astype(np.float32) - np.array(data.mean())[:, None, None])
    maps = {layer.name: _strength(layer, len(rows)) for layer in _shown_layers(model)}
    if not maps:
        return
    names = [
        f"{CLASSES[outcome.labels[row]]}, {'wrong' if outcome.wrong[row] else 'right'}"
        for row in rows
    ]
    report.figure(
        "feature_maps",
        lambda theme: overlay_figure(images, maps, theme, f"Feature maps · {outcome.title}", names),
        alt=f"Heat maps of {', '.join(maps)} over {len(rows)} pictures",
        caption="Mean size of the activations over all channels, bright where it is large, scaled "
        "map by map and laid over the picture.",
        wide=True,
    )


def _examples(outcome: Outcome, count: int) -> list[int]:
    """Choose test pictures: right ones of both classes, then confident errors."""
    right = [np.flatnonzero(~outcome.wrong & (outcome.labels == label))[:2] for label in (0, 1)]
    chosen = [int(row) for rows in right for row in rows] + outcome.confident_errors()
    return chosen[:count]


def _shown_layers(model: Any) -> list[Any]:
    """Return the layers that sweep over the picture, or else the last one that keeps a map."""
    spatial = [layer for layer in leaf_layers(model.layers) if _is_spatial(layer.out_shape)]
    sweeping = [layer for layer in spatial if hasattr(layer, "W_recur") or layer.classnm == "ReNet"]
    return sweeping or spatial[-1:]


def _is_spatial(shape: Any) -> bool:
    return isinstance(shape, tuple) and len(shape) in (2, 3) and max(shape[1:]) > 1


def _strength(layer: Any, count: int) -> npt.NDArray[Any]:
    """Return the mean |activation| over channels: (n, H, W), a sequence as (n, 1, T)."""
    channels, *extent = layer.out_shape
    values = np.abs(layer.outputs.get()).reshape(channels, *extent, -1).mean(axis=0)
    rows = values if len(extent) == 2 else values[None]
    by_picture: npt.NDArray[Any] = np.moveaxis(rows, -1, 0)[:count]
    return by_picture


def add_layers(report: Report, model: Any, train: Any) -> None:
    rows = layer_table(model, train)
    report.section("Layers", f"Milliseconds for a minibatch of {model.be.bsz} pictures (median).")
    report.table(
        ["layer", "kind", "output", "parameters", "forward ms", "backward ms"],
        [[r.name, r.kind, r.output, r.parameters, r.fprop_ms, r.bprop_ms] for r in rows],
        caption=f"together {sum(r.fprop_ms for r in rows):.1f} ms forward, "
        f"{sum(r.bprop_ms for r in rows):.1f} ms backward",
        bars=(4, 5),
    )
