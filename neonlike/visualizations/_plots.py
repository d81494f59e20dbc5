"""Plots of training runs: each function takes data and a theme, and returns a matplotlib figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neonlike.visualizations._theme import Theme, add_legend, new_figure, set_title, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Images = npt.NDArray[np.uint8]
PIXELS = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
HEAT = {"cmap": "inferno", "vmin": None, "vmax": None, "interpolation": "bilinear", "alpha": 0.6}


@dataclass(frozen=True)
class Series:
    """One line of a panel.

    Attributes:
        label: legend text; a series without one is drawn thin and pale, as background.
        x, y: the points.
        colour: index into the theme's series colours.
        dashed, marker: line style.
    """

    label: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    colour: int = 0
    dashed: bool = False
    marker: str = ""


@dataclass(frozen=True)
class Panel:
    """One pair of axes of :func:`line_figure`.

    Attributes:
        marks: notes ``(x, y, text)`` at points.
        integer_x: put ticks of the x axis at whole numbers only.
    """

    title: str
    xlabel: str
    ylabel: str
    series: Sequence[Series]
    marks: Sequence[tuple[float, float, str]] = field(default_factory=list)
    log_y: bool = False
    integer_x: bool = False


def line_figure(panels: Sequence[Panel], theme: Theme, title: str, width: float = 9.6) -> Figure:
    """Draw panels of lines side by side."""
    figure = new_figure(theme, width, 3.6)
    set_title(figure, theme, title)
    for ax, panel in zip(
        np.ravel(figure.subplots(1, len(panels), squeeze=False)), panels, strict=True
    ):
        _draw_panel(ax, panel, theme)
    return figure


def _draw_panel(ax: Any, panel: Panel, theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    style_axes(ax, theme, panel.title, panel.xlabel, panel.ylabel)
    for line in panel.series:
        ax.plot(
            line.x,
            line.y,
            color=theme.series[line.colour % len(theme.series)],
            linewidth=1.8 if line.label else 0.7,
            alpha=1.0 if line.label else 0.35,
            linestyle="--" if line.dashed else "-",
            marker=line.marker or None,
            markersize=3.5,
            label=line.label or None,
        )
    for x, y, text in panel.marks:
        ax.plot([x], [y], marker="o", markersize=7, color="none", markeredgecolor=theme.ink)
        ax.annotate(
            text, (x, y), (0, 10), textcoords="offset points", ha="center", fontsize=8,
            color=theme.ink,
        )  # fmt: skip
    if panel.log_y:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    if panel.integer_x:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if any(line.label for line in panel.series):
        add_legend(ax, theme)


def roc_figure(
    curves: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike, float]], theme: Theme, title: str
) -> Figure:
    """Draw ROC curves in one axis, the legend sorted by falling area.

    Args:
        curves: name -> (false positive rate, true positive rate, area under the curve).
    """
    figure = new_figure(theme, 4.8, 4.6)
    set_title(figure, theme, title)
    ax = figure.subplots()
    style_axes(ax, theme, "", "false positive rate", "true positive rate")
    ax.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=":")
    order = sorted(enumerate(curves.items()), key=lambda entry: -entry[1][1][2])
    for colour, (name, (fpr, tpr, area)) in order:
        ax.plot(
            fpr, tpr, color=theme.series[colour % len(theme.series)], linewidth=1.8,
            linestyle="--" if colour >= len(theme.series) else "-", label=f"{name}  AUC {area:.3f}",
        )  # fmt: skip
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_aspect("equal")
    add_legend(ax, theme, loc="lower right")
    return figure


def confusion_figure(
    matrix: npt.ArrayLike, classes: Sequence[str], theme: Theme, title: str
) -> Figure:
    """Draw a confusion matrix (rows true, columns predicted) with counts and shares of the row."""
    counts = np.asarray(matrix)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.6, 0.8 * len(classes))
    figure = new_figure(theme, side, side)
    set_title(figure, theme, title)
    ax = figure.subplots()
    style_axes(ax, theme, "", "predicted", "annotated")
    ax.grid(visible=False)
    ax.imshow(share, cmap=theme.heat, vmin=0, vmax=1.15)
    ax.set_xticks(range(len(classes)), classes)
    ax.set_yticks(range(len(classes)), classes, rotation=90, va="center")
    for row, column in np.ndindex(*counts.shape):
        strong = (share[row, column] > 0.5) == (theme.name == "light")
        ax.text(
            column, row, f"{int(counts[row, column])}\n{100 * share[row, column]:.1f} %",
            ha="center", va="center", fontsize=12, color="#ffffff" if strong else "#10151f",
        )  # fmt: skip
    return figure


def bar_figure(
    names: Sequence[str],
    values: Sequence[float],
    intervals: Sequence[tuple[float, float]],
    theme: Theme,
    title: str,
    xlabel: str,
) -> Figure:
    """Draw horizontal bars with their values and confidence intervals, first name on top."""
    figure = new_figure(theme, 4.8, 0.42 * len(names) + 1.2)
    set_title(figure, theme, title)
    ax = figure.subplots()
    style_axes(ax, theme, "", xlabel, "")
    ax.grid(visible=False, axis="y")
    rows = np.arange(len(names))
    spread = np.abs(np.array(intervals).T - np.array(values))
    ax.barh(rows, values, height=0.62, color=theme.series[0], alpha=0.85)
    ax.errorbar(values, rows, xerr=spread, fmt="none", ecolor=theme.ink, elinewidth=1.2, capsize=3)
    for row, (value, (_, high)) in enumerate(zip(values, intervals, strict=True)):
        ax.annotate(
            f"{value:.1f}", (max(value, high), row), (5, 0), textcoords="offset points",
            va="center", fontsize=8, color=theme.ink,
        )  # fmt: skip
    ax.set_yticks(rows, names, color=theme.ink)
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    return figure


def montage_figure(
    images: Images, captions: Sequence[str], theme: Theme, title: str, columns: int = 8
) -> Figure:
    """Draw small pictures in a grid, each with its caption above.

    Args:
        images: (n, 3, H, W) or (n, 1, H, W) uint8.
        captions: n texts, each of one or two short lines; may be empty.
    """
    columns = min(columns, max(len(images), 1))
    rows = max(math.ceil(len(images) / columns), 1)
    space = 0.14 * max((text.count("\n") + 1 for text in captions if text), default=0)
    figure, ax = _sheet(theme, title, columns, rows * (1 + space))
    for index, (image, text) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(index, columns)
        top = row * (1 + space) + space
        _show(ax, image, column, top)
        ax.text(
            column + 0.5, top - 0.01, text, ha="center", va="bottom", fontsize=7,
            color=theme.muted, linespacing=1.1,
        )  # fmt: skip
    return figure


def overlay_figure(
    images: Images,
    maps: Mapping[str, npt.NDArray[Any]],
    theme: Theme,
    title: str,
    captions: Sequence[str],
) -> Figure:
    """Lay heat maps over pictures: one column per picture, one row per map below the pictures.

    Args:
        images: (n, 3, H, W) uint8.
        maps: name -> (n, h, w); each is scaled from its own least to its own largest value.
        captions: n texts above the pictures.
    """
    space = 0.14
    figure, ax = _sheet(theme, title, len(images), len(maps) + 1 + space, cell=1.6)
    for row, name in enumerate(["picture", *maps]):
        ax.text(
            -0.03, row + space + 0.5, name, rotation=90, ha="right", va="center", fontsize=8,
            color=theme.ink,
        )  # fmt: skip
    for column, (image, caption) in enumerate(zip(images, captions, strict=True)):
        ax.text(
            column + 0.5, space - 0.02, caption, ha="center", va="bottom", fontsize=8,
            color=theme.muted,
        )  # fmt: skip
        _show(ax, image, column, space)
        grey = np.asarray(np.asarray(image, np.float32).mean(axis=0, keepdims=True), np.uint8)
        for row, heat in enumerate(maps.values(), 1):
            _show(ax, grey, column, row + space)
            _show(ax, heat[column], column, row + space, **HEAT)
    return figure


def _sheet(
    theme: Theme, title: str, width: float, height: float, cell: float = 1.2
) -> tuple[Figure, Any]:
    """Make a figure with one pair of bare axes, whose unit is a picture of ``cell`` inches."""
    figure = new_figure(theme, cell * width + 0.4, cell * height + 0.45)
    set_title(figure, theme, title)
    ax = figure.subplots()
    ax.set_axis_off()
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    return figure, ax


def filter_images(weights: npt.NDArray[Any]) -> Images:
    """Scale filters (n, C, H, W) to uint8 pictures: grey is 0, each filter fills the range."""
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    scaled = 127.5 + 127.5 * weights / np.where(largest > 0, largest, 1)
    return np.asarray(np.rint(scaled), np.uint8)


def _show(ax: Any, image: npt.NDArray[Any], column: float, top: float, **options: Any) -> None:
    """Show a (3, H, W) colour, (1, H, W) grey or (H, W) plain picture in a cell of a sheet."""
    if image.ndim == 3:
        image = image[0] if image.shape[0] == 1 else image.transpose(1, 2, 0)
    extent = (column + 0.02, column + 0.98, top + 0.97, top + 0.01)
    ax.imshow(image, extent=extent, **(PIXELS | options))
