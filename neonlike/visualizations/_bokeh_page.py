"""Self-contained HTML pages of the training history; they load nothing when they are read."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from neonlike.serialization._atomic import atomic_write
from neonlike.version import VERSION
from neonlike.visualizations._bokeh import (
    Curve,
    FeatureMap,
    Histogram,
    bokeh,
    cost_fig,
    deconv_figs,
    hist_fig,
)
from neonlike.visualizations._page import PAGE, STYLE

HEIGHT, WIDTH = 400, 600
CARD = '<figure class="wide">{}</figure>'


def cost_hist_page(
    filename: str | os.PathLike[str],
    cost_data: Sequence[Curve],
    hist_data: Sequence[Histogram],
    epoch_axis: bool = True,
) -> None:
    """Write a page with the costs and, below, one histogram figure per parameter.

    Args:
        filename: the page.
        cost_data: what ``h5_cost_data`` returns.
        hist_data: what ``h5_hist_data`` returns.
        epoch_axis: x is in epochs.
    """
    costs = cost_fig(cost_data, HEIGHT, WIDTH, epoch_axis)
    figures = [costs]
    end = math.floor(max((x.max() for _, x, _ in cost_data if len(x)), default=0)) + 1
    for name, counts, height, _, bins, offset in hist_data:
        # neon gives the width in minibatches whatever the axis
        histogram = (name, counts, height, end, bins, offset)
        figures.append(hist_fig(histogram, HEIGHT // 2, WIDTH, costs.x_range, epoch_axis))
    for figure in figures:
        figure.sizing_mode = "stretch_width"
    _write(filename, "Training history", [("", figures)])


def deconv_summary_page(
    filename: str | os.PathLike[str],
    cost_data: Sequence[Curve],
    deconv_data: Sequence[tuple[str, Sequence[FeatureMap]]],
) -> None:
    """Write a page with the costs and what excites the feature maps of each convolution.

    Args:
        filename: the page.
        cost_data: what ``h5_cost_data`` returns.
        deconv_data: what ``h5_deconv_data`` returns.
    """
    sections: list[tuple[str, list[Any]]] = [("", [cost_fig(cost_data, HEIGHT // 2, WIDTH)])]
    for layer, maps in deconv_data:
        vis_keys, img_keys, figures = deconv_figs(layer, maps)
        rows = [[figures[key] for key in keys] for keys in (vis_keys, img_keys)]
        grid = bokeh().layouts.gridplot(rows, toolbar_location=None)
        sections.append((f"Layer {layer}: feature maps above, images below", [grid]))
    _write(filename, "Guided back-propagation", sections)


def _write(
    filename: str | os.PathLike[str], title: str, sections: Sequence[tuple[str, Sequence[Any]]]
) -> None:
    library = bokeh()
    figures = [figure for _, group in sections for figure in group]
    script, divs = library.embed.components(figures)
    resources = library.resources.Resources(mode="inline", components=["bokeh"])
    remaining = iter(divs)
    body = []
    for heading, group in sections:
        body.append(f"<h2>{escape(heading)}</h2>" if heading else "")
        cards = "".join(CARD.format(next(remaining)) for _ in group)
        body.append(f'<div class="plots">{cards}</div>')
    page = PAGE.format(
        title=title,
        style=STYLE,
        subtitle="Drag to move, wheel to zoom; a click on a name in the legend hides its curve.",
        body="\n".join([*body, resources.render_js(), script]),
        footer=f"Written by neonlike {VERSION}.",
    )
    atomic_write(Path(filename), page.encode())
