"""Colours of plots on light and dark pages, and the door to matplotlib, which is optional."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 144


@dataclass(frozen=True)
class Theme:
    """The colours of one page style.

    Attributes:
        name: "light" or "dark".
        surface: background of a plot.
        ink, muted, grid: text, secondary text, and lines that only guide the eye.
        series: colours of the data, told apart also by colour-blind readers.
        heat: name of the matplotlib colour map of sequential data.
    """

    name: str
    surface: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]
    heat: str


LIGHT = Theme(
    "light",
    surface="#ffffff",
    ink="#1b2230",
    muted="#5b6473",
    grid="#e3e7ed",
    series=(
        "#2a6fdb", "#d9622b", "#17885f", "#8a4fc7", "#a37b12", "#c0397a", "#1f8fa3", "#6b7280",
    ),
    heat="Blues",
)  # fmt: skip
DARK = Theme(
    "dark",
    surface="#1a1e26",
    ink="#e8ebf0",
    muted="#9aa4b4",
    grid="#303642",
    series=(
        "#6aa5ff", "#ff9a62", "#4cc596", "#b98af0", "#e0be5a", "#f07db0", "#58c8da", "#aab2bf",
    ),
    heat="Blues_r",
)  # fmt: skip


def new_figure(theme: Theme, width: float, height: float) -> Figure:
    """Make an empty figure of ``width`` x ``height`` inches.

    It belongs to no window and no global state, so figures can be drawn in any thread.

    Raises:
        ImportError: matplotlib is not installed; the message has the pip line.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise ImportError("plots need matplotlib: pip install 'neonlike[viz]'") from problem
    return Figure(figsize=(width, height), dpi=DPI, facecolor=theme.surface, layout="constrained")


def style_axes(ax: Any, theme: Theme, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Give axes the theme's colours, a quiet grid and no box."""
    ax.set_facecolor(theme.surface)
    ax.set_title(title, color=theme.ink, fontsize=10, loc="left")
    ax.set_xlabel(xlabel, color=theme.muted, fontsize=9)
    ax.set_ylabel(ylabel, color=theme.muted, fontsize=9)
    ax.tick_params(colors=theme.muted, labelsize=8, length=0)
    ax.grid(color=theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set_visible(False)


def add_legend(ax: Any, theme: Theme, **options: Any) -> None:
    """Add a frameless legend in the theme's ink, its lines long enough to show dashes."""
    ax.legend(frameon=False, fontsize=8, labelcolor=theme.ink, handlelength=3, **options)


def set_title(figure: Figure, theme: Theme, title: str) -> None:
    """Write the title of a figure at its upper left."""
    figure.suptitle(title, color=theme.ink, fontsize=11, fontweight="bold", x=0.01, ha="left")


def to_png(figure: Figure) -> bytes:
    """Render a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
