"""Figures of the training history that can be zoomed; each is a bokeh figure (spec util 11).

Bokeh and not matplotlib, because neon's scripts hand these figures to bokeh's ``show``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neonlike.visualizations._theme import LIGHT

Array = npt.NDArray[Any]
Curve = tuple[str, Array, Array]
Histogram = tuple[str, Array, int, int, int, int]
FeatureMap = tuple[int, Array, Array]

COLOURS = (*LIGHT.series, "#b0413e", "#4f772d", "#3d5a80")
GREY = "#8a93a3"  # readable on light and on dark pages
TOOLS = "pan,wheel_zoom,box_zoom,reset,save"


def x_label(epoch_axis: bool) -> str:
    """Return the label of the x axis."""
    return "Epoch" if epoch_axis else "Minibatch"


def cost_fig(
    cost_data: Sequence[Curve], plot_height: int, plot_width: int, epoch_axis: bool = True
) -> Any:
    """Draw cost curves.

    Args:
        cost_data: ``(name, x, y)`` of at most 11 curves, as from ``h5_cost_data``.
        plot_height, plot_width: size in pixels.
        epoch_axis: x is in epochs.

    Raises:
        AssertionError: more curves than colours.
        ImportError: bokeh is not installed.
    """
    assert len(cost_data) <= len(COLOURS), f"at most {len(COLOURS)} curves, got {len(cost_data)}"
    fig = _new(
        plot_height, plot_width, "Cost", x_label(epoch_axis), "Cross Entropy Error (%)", TOOLS
    )
    for (name, x, y), colour in zip(cost_data, COLOURS, strict=False):
        written = len(np.trim_zeros(y, "b"))  # a run that stopped early leaves zeros
        points = np.asarray(x)[:written], np.asarray(y)[:written]
        fig.line(*points, legend_label=name, color=colour, line_width=2)
        if written == 1:  # a line of one point is invisible
            fig.scatter(*points, legend_label=name, color=colour, size=7)
    if cost_data:
        fig.legend.click_policy = "hide"
        fig.legend.background_fill_alpha = 0.4
    return fig


def hist_fig(
    hist_data: Histogram,
    plot_height: int,
    plot_width: int,
    x_range: Any = None,
    epoch_axis: bool = True,
) -> Any:
    """Draw how the sizes of a parameter's values change over time; bright where many are.

    Args:
        hist_data: one entry of ``h5_hist_data``: name, counts (bins, steps), height,
            width, bins, offset.
        plot_height, plot_width: size in pixels.
        x_range: the x range of another figure, to move together with it.
        epoch_axis: x is in epochs.
    """
    name, counts, height, width, _, offset = hist_data
    fig = _new(plot_height, plot_width, name, x_label(epoch_axis), "log2 of the size", TOOLS)
    if x_range is not None:
        fig.x_range = x_range
    filled = np.flatnonzero(np.any(counts, axis=1))
    if len(filled):
        fig.y_range = _range((offset + int(filled[0]) - 1, offset + int(filled[-1]) + 2))
    most = max(float(np.max(counts, initial=1)), 2.0)
    models = bokeh().models
    colours = models.LogColorMapper(
        palette="Viridis256", low=1, high=most, low_color="rgba(0, 0, 0, 0)"
    )
    fig.image(
        [np.asarray(counts)],
        x=0,
        y=offset,
        dw=width,
        dh=height,
        color_mapper=colours,
        level="image",
    )
    scale = models.ColorBar(
        color_mapper=colours, background_fill_alpha=0, major_label_text_color=GREY
    )
    fig.add_layout(scale, "right")
    return fig


def image_fig(data: Array, h: int, w: int, x_range: Any, y_range: Any, plot_size: int) -> Any:
    """Show one picture.

    Args:
        data: (h, w) uint32 RGBA, as from ``convert_rgb_to_bokehrgba``.
        h, w: its size in pixels.
        x_range, y_range: ranges, ``(0, w)`` and ``(0, h)`` or those of another figure.
        plot_size: size of the figure in pixels.
    """
    fig = _new(plot_size, plot_size, "", "", "", "pan,wheel_zoom,reset")
    fig.x_range, fig.y_range = _range(x_range), _range(y_range)
    fig.image_rgba([data], x=0, y=0, dw=w, dh=h)
    fig.axis.visible = False
    fig.grid.visible = False
    fig.toolbar_location = None
    return fig


def deconv_figs(
    layer_name: str, layer_data: Sequence[FeatureMap], fm_max: int = 8, plot_size: int = 120
) -> tuple[list[str], list[str], dict[str, Any]]:
    """Show what excites the feature maps of a layer.

    Args:
        layer_name: name of the layer.
        layer_data: ``(feature map, its picture, the image)``, as from ``h5_deconv_data``.
        fm_max: number of feature maps shown.
        plot_size: size of each figure in pixels.

    Returns:
        Keys of the pictures (``vis_<layer>_fmap_0000``), keys of the images
        (``img_<layer>_fmap_0000``), and key -> figure; the two of a feature map
        move together.
    """
    vis_keys, img_keys, figures = [], [], {}
    for number, vis, image in layer_data[:fm_max]:
        h, w = vis.shape
        vis_key = f"vis_{layer_name}_fmap_{number:04d}"
        img_key = f"img_{layer_name}_fmap_{number:04d}"
        fig = image_fig(vis, h, w, (0, w), (0, h), plot_size)
        figures[vis_key] = fig
        figures[img_key] = image_fig(image, h, w, fig.x_range, fig.y_range, plot_size)
        vis_keys.append(vis_key)
        img_keys.append(img_key)
    return vis_keys, img_keys, figures


def bokeh() -> Any:
    """Return the plotting library.

    Raises:
        ImportError: it is not installed; the message has the pip line.
    """
    try:
        import bokeh.embed
        import bokeh.layouts
        import bokeh.models
        import bokeh.plotting
        import bokeh.resources
    except ImportError as problem:
        raise ImportError("these figures need bokeh: pip install 'neonlike[viz]'") from problem
    return bokeh


def _range(limits: Any) -> Any:
    return bokeh().models.Range1d(*limits) if isinstance(limits, tuple | list) else limits


def _new(height: int, width: int, title: str, xlabel: str, ylabel: str, tools: str) -> Any:
    """Make an empty figure without background, so that it suits light and dark pages."""
    fig = bokeh().plotting.figure(
        height=height, width=width, title=title, x_axis_label=xlabel, y_axis_label=ylabel,
        tools=tools, background_fill_alpha=0, border_fill_alpha=0, outline_line_color=None,
    )  # fmt: skip
    fig.toolbar.logo = None
    fig.title.text_color = GREY
    fig.axis.axis_label_text_color = fig.axis.major_label_text_color = GREY
    fig.axis.axis_line_color = fig.axis.major_tick_line_color = GREY
    fig.axis.minor_tick_line_color = None
    fig.grid.grid_line_color = GREY
    fig.grid.grid_line_alpha = 0.25
    return fig
