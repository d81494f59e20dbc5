"""Drawings of computation graphs: one geometry, put out as SVG or on matplotlib axes.

Lengths are in steps: step t stands at x = t, levels are LEVEL apart, y grows upwards.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from neonlike.visualizations._cells import IDENTITY
from neonlike.visualizations._theme import Theme, add_legend

if TYPE_CHECKING:
    from neonlike.visualizations._unroll import UnrolledGraph

LEVEL = 0.8
RADIUS = 0.19
BEND = 0.3
ASIDE = 0.06  # gradients beside the arrows that they follow
LETTERS = 6  # of a name that fits into a circle
SCALE = 110  # pixels per step
GRADIENT = "#d0312d"

Point = tuple[float, float]


class Curve(NamedTuple):
    """A quadratic Bezier curve with an arrow at its end; dashed if its colour is used before."""

    start: Point
    control: Point
    end: Point
    colour: str
    label: str
    dashed: bool = False


def places(graph: UnrolledGraph) -> dict[str, Point]:
    """Return the centre of every node."""
    return graph.centres or {
        node.id: (
            float(node.t if isinstance(node.t, int) else 0),
            LEVEL * graph.levels[node.id.partition("[")[0]],
        )
        for node in graph.nodes
    }


def parameters(graph: UnrolledGraph) -> list[str]:
    """Return the names of all parameters, from bottom to top."""
    edges = sorted(graph.edges, key=lambda edge: graph.levels[edge.target.partition("[")[0]])
    return list(dict.fromkeys(edge.parameter for edge in edges if edge.parameter != IDENTITY))


def curves(graph: UnrolledGraph, theme: Theme, backward: bool) -> Iterator[Curve]:
    """Yield a curve per edge, the colour by the parameter, and one back per edge if wanted."""
    centres = places(graph)
    names = parameters(graph)
    join = _line if graph.centres else _curve
    for edge in graph.edges:
        again, colour = 0, theme.ink
        if edge.parameter != IDENTITY:
            again, place = divmod(names.index(edge.parameter), len(theme.series))
            colour = theme.series[place]
        curve = join(centres[edge.source], centres[edge.target], colour, edge.parameter)
        curve = curve._replace(dashed=again > 0)
        yield curve
        if backward:
            yield _gradient(curve)


def _line(source: Point, target: Point, colour: str, label: str) -> Curve:
    middle = (source[0] + target[0]) / 2, (source[1] + target[1]) / 2
    return Curve(_rim(source, middle), middle, _rim(target, middle), colour, label)


def _curve(source: Point, target: Point, colour: str, label: str) -> Curve:
    (x0, y0), (x1, y1) = source, target
    if source == target:
        reach = x0 + 3.4 * RADIUS
        ends = [(x0 + 0.8 * RADIUS, y0 + sign * 0.6 * RADIUS) for sign in (1, -1)]
        return Curve(ends[0], (reach, y0), ends[1], colour, label)
    levels = (y1 - y0) / LEVEL
    beside = x0 == x1 and abs(round(levels)) != 1  # around the nodes between
    downwards = x0 == x1 and y1 < y0
    aside = BEND * (abs(levels) if beside else 1.2) if beside or downwards else 0.0
    control = (x0 + x1) / 2 + (aside if downwards else -aside), (y0 + y1) / 2
    return Curve(_rim(source, control), control, _rim(target, control), colour, label)


def _rim(centre: Point, towards: Point) -> Point:
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    share = RADIUS / math.hypot(dx, dy)
    return centre[0] + share * dx, centre[1] + share * dy


def _gradient(curve: Curve) -> Curve:
    (x0, y0), (x1, y1) = curve.start, curve.end
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = ASIDE * (y1 - y0) / length, ASIDE * (x0 - x1) / length
    moved = [(x + dx, y + dy) for x, y in curve[:3]]
    return Curve(moved[2], moved[1], moved[0], GRADIENT, "gradient")


def _box(graph: UnrolledGraph) -> tuple[float, float, float, float]:
    points = list(places(graph).values())
    xs, ys = zip(*points, strict=True)
    return min(xs) - 0.75, max(xs) + 0.75, min(ys) - 0.4, max(ys) + 0.4


def draw(graph: UnrolledGraph, ax: Any, theme: Theme, backward: bool) -> None:
    """Draw on matplotlib axes, see ``UnrolledGraph.plot``."""
    from matplotlib.patches import Circle, FancyArrowPatch
    from matplotlib.path import Path

    seen: set[str] = set()
    for curve in curves(graph, theme, backward):
        path = Path(curve[:3], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "linewidth": 1.3}
        line: dict[str, Any] = {"color": curve.colour, "linestyle": "--" if curve.dashed else "-"}
        ax.add_patch(FancyArrowPatch(path=path, **line, **style))
        if curve.label not in seen:
            ax.plot([], [], label=curve.label, **line)
            seen.add(curve.label)
    for name, centre in places(graph).items():
        ax.add_patch(Circle(centre, RADIUS, facecolor=theme.surface, edgecolor=theme.muted))
        ax.text(*centre, name, color=theme.ink, fontsize=_font(name, 7), ha="center", va="center")
    left, right, bottom, top = _box(graph)
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.set_axis_off()
    if seen:
        add_legend(ax, theme, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4)


def svg_text(graph: UnrolledGraph, theme: Theme, backward: bool) -> str:
    """Return the drawing as SVG, see ``UnrolledGraph.to_svg``."""
    left, right, bottom, top = _box(graph)
    found = list(curves(graph, theme, backward))
    legend = dict.fromkeys((curve.label, curve.colour, curve.dashed) for curve in found)
    width, height = SCALE * (right - left), SCALE * (top - bottom)

    def at(point: Point) -> str:
        return f"{SCALE * (point[0] - left):.1f} {SCALE * (top - point[1]):.1f}"

    colours = {curve.colour for curve in found}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
        f'height="{height + 18 * len(legend) + 8:.0f}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="{theme.surface}"/>',
        *(_marker(colour) for colour in sorted(colours)),
    ]
    for curve in found:
        way = f"M {at(curve.start)} Q {at(curve.control)} {at(curve.end)}"
        dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
        parts.append(
            f'<path d="{way}" fill="none" stroke="{curve.colour}" stroke-width="1.6"{dash} '
            f'marker-end="url(#{_marker_id(curve.colour)})"><title>{html.escape(curve.label)}'
            "</title></path>"
        )
    for name, centre in places(graph).items():
        x, y = at(centre).split()
        text = _text(x, float(y) + 4, name, theme.ink, "middle", _font(name))
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{SCALE * RADIUS:.1f}" fill="{theme.surface}" '
            f'stroke="{theme.muted}"/>{text}'
        )
    for row, (label, colour, dashed) in enumerate(legend):
        text = f"{'- -' if dashed else '—'} {label}"
        parts.append(_text("14", height + 12 + 18 * row, text, colour, "start"))
    return "\n".join([*parts, "</svg>\n"])


def _marker_id(colour: str) -> str:
    return "arrow" + colour.lstrip("#")


def _marker(colour: str) -> str:
    return (
        f'<marker id="{_marker_id(colour)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
        f'markerHeight="6" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{colour}"/></marker>'
    )


def _font(name: str, largest: float = 12) -> float:
    """The size at which a name fits into its circle."""
    return largest * min(1.0, LETTERS / len(name))


def _text(x: str, y: float, text: str, colour: str, anchor: str, size: float = 12) -> str:
    return (
        f'<text x="{x}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size:.3g}">'
        f"{html.escape(text)}</text>"
    )
